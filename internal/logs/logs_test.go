package logs_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/logs"
)

var sources = []logs.Source{{Name: "plan", Group: "/aws/lambda/plan"}, {Name: "complete", Group: "/aws/lambda/complete"}}

// groups are log groups as CloudWatch shows them: two events a page, with empty pages between.
type groups struct {
	*awsfake.Fake
	client *cwl.Client

	mu     sync.Mutex
	events map[string][]types.FilteredLogEvent
	fail   error
}

func newGroups(t *testing.T) *groups {
	g := &groups{Fake: awsfake.New(t), events: map[string][]types.FilteredLogEvent{}}
	g.client = cwl.NewFromConfig(g.Config())
	awsfake.On(g.Fake, func(in *cwl.FilterLogEventsInput) (*cwl.FilterLogEventsOutput, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.fail != nil {
			return nil, g.fail
		}
		all, ok := g.events[*in.LogGroupName]
		if !ok {
			return nil, awsfake.Error{Code: "ResourceNotFoundException", Message: "The specified log group does not exist."}
		}
		all = slices.DeleteFunc(slices.Clone(all), func(e types.FilteredLogEvent) bool { return *e.Timestamp < *in.StartTime })
		page := len(aws.ToString(in.NextToken)) // the token of page n is n letters
		out := &cwl.FilterLogEventsOutput{NextToken: aws.String(aws.ToString(in.NextToken) + "x")}
		if page%2 == 1 {
			from := min(page-1, len(all))
			out.Events = all[from:min(from+2, len(all))]
			if from+2 >= len(all) {
				out.NextToken = nil
			}
		}
		return out, nil
	})
	return g
}

// log adds an event to a group.
func (g *groups) log(group, id string, at time.Time, message string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.events[group] = append(g.events[group], types.FilteredLogEvent{
		EventId: &id, Timestamp: aws.Int64(at.UnixMilli()), Message: &message, LogStreamName: aws.String("2026/11/23/[$LATEST]ab"),
	})
}

func messages(entries []logs.Entry) []string {
	var list []string
	for _, e := range entries {
		list = append(list, e.Source+" "+e.Message)
	}
	return list
}

func TestReadMergesGroupsByTime(t *testing.T) {
	g := newGroups(t)
	start := time.UnixMilli(1_763_892_000_000)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	g.log("/aws/lambda/plan", "1", at(-1), "before")
	g.log("/aws/lambda/plan", "2", at(0), "first\n")
	g.log("/aws/lambda/plan", "3", at(20), "third, with\na second line\n")
	g.log("/aws/lambda/plan", "4", at(40), "fifth")
	g.log("/aws/lambda/complete", "5", at(10), "second")
	g.log("/aws/lambda/complete", "6", at(40), "sixth: at the same time, in the order of the sources")

	entries, err := logs.Read(t.Context(), g.client, sources, start, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"plan first", "complete second", "plan third, with\na second line", "plan fifth",
		"complete sixth: at the same time, in the order of the sources",
	}
	if got := messages(entries); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if e := entries[0]; e.ID != "2" || !e.Time.Equal(start) || e.Stream != "2026/11/23/[$LATEST]ab" {
		t.Errorf("entry %+v", e)
	}
}

func TestReadOfWhatIsNotThere(t *testing.T) {
	g := newGroups(t)
	g.log("/aws/lambda/plan", "1", time.Now(), "there")
	if entries, err := logs.Read(t.Context(), g.client, sources, time.Time{}, time.Time{}); err != nil || len(entries) != 1 {
		t.Errorf("one group of two: %v, %v", messages(entries), err)
	}
	g.fail = awsfake.Error{Code: "AccessDeniedException", Message: "no"}
	if _, err := logs.Read(t.Context(), g.client, sources, time.Time{}, time.Time{}); cloud.KindOf(err) != cloud.Denied {
		t.Errorf("without permission: %v", err)
	}
}

// Entries become visible late and out of order; each is shown once, in the
// order in which it came to light.
func TestTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroups(t)
		start := time.Now()
		at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
		const plan, complete = "/aws/lambda/plan", "/aws/lambda/complete"
		g.log(plan, "1", at(-5), "already there")
		g.log(complete, "", at(-7200), "long ago") // the group is there
		go func() {
			time.Sleep(time.Until(at(3)))
			g.log(plan, "2", at(2), "new")
			time.Sleep(time.Until(at(30)))
			g.log(complete, "3", at(1), "half a minute late")
			time.Sleep(time.Until(at(40)))
			g.mu.Lock()
			g.fail = awsfake.Error{Code: "ThrottlingException", Message: "Rate exceeded"}
			g.mu.Unlock()
			time.Sleep(time.Until(at(45)))
			g.mu.Lock()
			g.fail = nil
			g.mu.Unlock()
			g.log(plan, "4", at(44), "while it was throttled")
			time.Sleep(time.Until(at(200)))
			g.log(plan, "5", at(200), "last")
		}()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got []string
		var end error
		for e, err := range logs.Tail(ctx, g.client, sources, at(-60)) {
			if err != nil {
				end = err
				break
			}
			got = append(got, e.Message)
			if e.ID == "5" {
				cancel()
			}
		}
		if want := []string{"already there", "new", "half a minute late", "while it was throttled", "last"}; !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		if !errors.Is(end, context.Canceled) {
			t.Errorf("ended with %v", end)
		}
		// It reads again from a minute before the newest entry, not from the start.
		asked := awsfake.Inputs[cwl.FilterLogEventsInput](g.Fake)
		if last := *asked[len(asked)-1].StartTime; last != at(200-60).UnixMilli() && last != at(44-60).UnixMilli() {
			t.Errorf("the last look reached back to %s", time.UnixMilli(last))
		}
		if looks := time.Since(start) / time.Second; looks < 199 || looks > 202 {
			t.Errorf("saw the last entry %d s after the start, want one look a second", looks)
		}
	})
}

func TestTailEndsWithWhatCannotBeMended(t *testing.T) {
	g := newGroups(t)
	g.fail = awsfake.Error{Code: "ExpiredTokenException", Message: "expired"}
	for _, err := range logs.Tail(t.Context(), g.client, sources, time.Now()) {
		if cloud.KindOf(err) != cloud.Expired {
			t.Errorf("gave %v", err)
		}
	}
	if n := len(g.Calls()); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

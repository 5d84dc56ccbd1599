package logs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

const plan, complete = "/aws/lambda/plan", "/aws/lambda/complete"

var sources = []logs.Source{{Name: "plan", Group: plan}, {Name: "complete", Group: complete}}

// groups are log groups as CloudWatch shows them: two events a page, with empty pages between.
type groups struct {
	*awsfake.Fake
	client *cwl.Client

	mu     sync.Mutex
	events map[string][]types.FilteredLogEvent
	fail   map[string]error // by group
	whole  bool             // pages of 10,000, and no token ever, as MiniStack answers
}

func newGroups(t *testing.T) *groups {
	g := &groups{Fake: awsfake.New(t), events: map[string][]types.FilteredLogEvent{}, fail: map[string]error{}}
	g.client = cwl.NewFromConfig(g.Config())
	awsfake.On(g.Fake, func(in *cwl.FilterLogEventsInput) (*cwl.FilterLogEventsOutput, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if err := g.fail[*in.LogGroupName]; err != nil {
			return nil, err
		}
		all, ok := g.events[*in.LogGroupName]
		if !ok {
			return nil, awsfake.Error{Code: "ResourceNotFoundException", Message: "The specified log group does not exist."}
		}
		all = slices.DeleteFunc(slices.Clone(all), func(e types.FilteredLogEvent) bool {
			return *e.Timestamp < *in.StartTime || in.EndTime != nil && *e.Timestamp > *in.EndTime
		})
		slices.SortStableFunc(all, func(a, b types.FilteredLogEvent) int { return int(*a.Timestamp - *b.Timestamp) })
		if g.whole {
			return &cwl.FilterLogEventsOutput{Events: all[:min(len(all), 10_000)]}, nil
		}
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

// log adds an event to a group, which CloudWatch takes now. One whose id is "" has none.
func (g *groups) log(group, id string, at time.Time, message string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := types.FilteredLogEvent{
		Timestamp: aws.Int64(at.UnixMilli()), IngestionTime: aws.Int64(time.Now().UnixMilli()),
		Message: &message, LogStreamName: aws.String("2026/11/23/[$LATEST]ab"),
	}
	if id != "" {
		e.EventId = &id
	}
	g.events[group] = append(g.events[group], e)
}

func (g *groups) fails(group string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fail[group] = err
}

// listener keeps what it is told, "plan first", and when.
type listener struct {
	told []string
	at   []time.Time
	gaps []string // what is missing, each time that changes: "complete: Denied"
	end  func(last string) error
}

func (l *listener) Entry(e logs.Entry) error {
	text := e.Source + " " + e.Message
	if e.Late {
		text += " (late)"
	}
	l.told, l.at = append(l.told, text), append(l.at, time.Now())
	if l.end != nil {
		return l.end(e.Message)
	}
	return nil
}

func (l *listener) Looked(gaps []logs.Gap) error {
	var list []string
	for _, g := range gaps {
		list = append(list, fmt.Sprint(g.Source, " ", cloud.KindOf(g.Err)))
	}
	if text := strings.Join(list, ", "); len(l.gaps) == 0 && text != "" || len(l.gaps) > 0 && l.gaps[len(l.gaps)-1] != text {
		l.gaps = append(l.gaps, text)
	}
	return nil
}

func all() logs.Query { return logs.Query{Since: time.UnixMilli(0)} }

func TestReadMergesGroupsByTime(t *testing.T) {
	g := newGroups(t)
	start := time.UnixMilli(1_763_892_000_000)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	g.log(plan, "1", at(-1), "before")
	g.log(plan, "2", at(0), "first\n")
	g.log(plan, "3", at(20), "third, with\na second line\n")
	g.log(plan, "4", at(40), "fifth")
	g.log(complete, "5", at(10), "second")
	g.log(complete, "6", at(40), "sixth: at the same time, in the order of the sources")
	g.log(complete, "7", at(50), "after")

	var l listener
	if err := logs.Read(t.Context(), g.client, sources, logs.Query{Since: start, Until: at(50)}, &l); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"plan first", "complete second", "plan third, with\na second line", "plan fifth",
		"complete sixth: at the same time, in the order of the sources",
	}
	if !slices.Equal(l.told, want) {
		t.Errorf("got  %q\nwant %q", l.told, want)
	}
}

// What can be read is told, and each gap named.
func TestReadOfWhatCannotBeRead(t *testing.T) {
	g := newGroups(t)
	g.log(plan, "1", time.Now(), "there")
	var l listener
	if err := logs.Read(t.Context(), g.client, sources, all(), &l); err != nil || len(l.told) != 1 || !slices.Equal(l.gaps, []string{fmt.Sprint("complete ", cloud.NotFound)}) {
		t.Errorf("one group of two: %q, %q, %v", l.told, l.gaps, err)
	}
	g.fails(complete, awsfake.Error{Code: "AccessDeniedException", Message: "no"})
	l = listener{}
	if err := logs.Read(t.Context(), g.client, sources, all(), &l); err != nil || len(l.told) != 1 || !slices.Equal(l.gaps, []string{fmt.Sprint("complete ", cloud.Denied)}) {
		t.Errorf("without permission for one: %q, %q, %v", l.told, l.gaps, err)
	}
}

// A reader who is asked to slow down does, and misses nothing.
func TestReadSlowsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroups(t)
		g.log(plan, "1", time.Now(), "there")
		g.fails(plan, awsfake.Error{Code: "ThrottlingException", Message: "Rate exceeded"})
		time.AfterFunc(5*time.Second, func() { g.fails(plan, nil) })
		var l listener
		if err := logs.Read(t.Context(), g.client, sources[:1], all(), &l); err != nil || len(l.told) != 1 || l.gaps != nil {
			t.Errorf("%q, %q, %v", l.told, l.gaps, err)
		}
	})
}

// A full page need not be the last, whatever it says.
func TestReadGoesOnAfterAFullPage(t *testing.T) {
	for _, ids := range []bool{true, false} {
		g := newGroups(t)
		g.whole = true
		start := time.UnixMilli(1_763_892_000_000)
		const many = 25_000
		for i := range many {
			id := ""
			if ids {
				id = fmt.Sprint(i)
			}
			g.log(plan, id, start.Add(time.Duration(i/7)*time.Millisecond), fmt.Sprint(i%3))
		}
		var l listener
		if err := logs.Read(t.Context(), g.client, sources[:1], all(), &l); err != nil || len(l.told) != many || l.gaps != nil {
			t.Errorf("with ids %v: %d entries, %q, %v", ids, len(l.told), l.gaps, err)
		}
	}
}

// follow follows what happens from now on, after half an hour of silence, until a
// message "last" is told or the time is over.
func follow(t *testing.T, client logs.Client, limit time.Duration, happens func(at func(seconds float64) time.Time)) *listener {
	t.Helper()
	start := time.Now()
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	go happens(at)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	l := &listener{end: func(message string) error {
		if message == "last" {
			return errEnd
		}
		return nil
	}}
	err := logs.Follow(ctx, client, sources, logs.Query{Since: at(-1800)}, l)
	if !errors.Is(err, errEnd) {
		t.Errorf("ended with %v", err)
	}
	return l
}

// client is a function as a client.
type client func(context.Context, *cwl.FilterLogEventsInput, ...func(*cwl.Options)) (*cwl.FilterLogEventsOutput, error)

func (f client) FilterLogEvents(ctx context.Context, in *cwl.FilterLogEventsInput, options ...func(*cwl.Options)) (*cwl.FilterLogEventsOutput, error) {
	return f(ctx, in, options...)
}

var errEnd = errors.New("that is enough")

// sleepUntil lets the time of a bubble pass.
func sleepUntil(at time.Time) { time.Sleep(time.Until(at)) }

// Entries become visible late and out of order; each is told once, in the order
// in which it came to light, and marked if it is late.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroups(t)
		g.log(plan, "1", time.Now().Add(-5*time.Second), "already there")
		g.log(complete, "0", time.Now().Add(-2*time.Hour), "long ago")
		l := follow(t, g.client, time.Hour, func(at func(float64) time.Time) {
			sleepUntil(at(3))
			g.log(plan, "2", at(2), "new")
			sleepUntil(at(30.1)) // between two looks
			g.log(plan, "3", at(29), "another")
			g.log(plan, "4", at(1), "half a minute late")
			g.log(complete, "5", at(28), "of the other group")
			sleepUntil(at(40))
			g.log(plan, "6", at(7000), "dated ahead")
			sleepUntil(at(45))
			g.log(complete, "9", at(20), "late indeed")
			sleepUntil(at(50))
			g.log(plan, "7", at(50), "after that")
			sleepUntil(at(200))
			g.log(plan, "8", at(200), "last")
		})
		want := []string{"plan already there", "plan new", "plan half a minute late", "complete of the other group", "plan another", "plan dated ahead", "complete late indeed (late)", "plan after that", "plan last"}
		if !slices.Equal(l.told, want) {
			t.Errorf("got  %q\nwant %q", l.told, want)
		}
	})
}

// An entry is told within a second after CloudWatch has it.
func TestFollowTellsWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroups(t)
		g.whole = true
		g.SetLatency(30 * time.Millisecond)
		g.log(plan, "", time.Now(), "there")
		g.log(complete, "", time.Now(), "there")
		var begun []time.Time
		l := follow(t, g.client, time.Hour, func(at func(float64) time.Time) {
			for i := range 40 {
				sleepUntil(at(5 + float64(i)*1.13))
				begun = append(begun, time.Now())
				g.log(plan, fmt.Sprint(i), time.Now(), "new")
			}
			time.Sleep(5 * time.Second)
			g.log(plan, "", time.Now(), "last")
		})
		for i, b := range begun {
			if took := l.at[i+2].Sub(b); took > time.Second {
				t.Errorf("entry %d took %s", i, took)
			}
		}
	})
}

// Lines without ids are told apart, also where several are equal in one millisecond.
func TestFollowWithoutIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroups(t)
		g.log(complete, "", time.Now(), "there")
		l := follow(t, g.client, time.Hour, func(at func(float64) time.Time) {
			for range 3 {
				g.log(plan, "", at(1), "equal")
			}
			sleepUntil(at(20))
			g.log(plan, "", at(1), "equal")
			g.log(plan, "", at(1), "other")
			sleepUntil(at(300)) // when the first ones are out of sight
			g.log(plan, "", at(300), "equal")
			sleepUntil(at(310))
			g.log(plan, "", at(310), "last")
		})
		count := map[string]int{}
		for _, text := range l.told {
			count[strings.TrimSuffix(text, " (late)")]++
		}
		// CloudWatch took the fourth one later, by which it is another event.
		if count["plan equal"] != 5 || count["plan other"] != 1 || len(l.told) != 8 {
			t.Errorf("told %q", l.told)
		}
	})
}

// What fails for a while is a gap that is told, and nothing of it is lost; the
// other source goes on.
func TestFollowAfterTrouble(t *testing.T) {
	for _, trouble := range []error{
		awsfake.ErrLost,
		awsfake.Error{Code: "ThrottlingException", Message: "Rate exceeded"},
		awsfake.Error{Code: "ExpiredTokenException", Message: "expired"},
		awsfake.Error{Code: "InternalFailure", Status: 500},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := newGroups(t)
			g.log(plan, "", time.Now(), "there")
			g.log(complete, "", time.Now(), "there")
			l := follow(t, g.client, time.Hour, func(at func(float64) time.Time) {
				sleepUntil(at(10))
				g.fails(plan, trouble)
				g.log(plan, "a", at(10), "just before")
				sleepUntil(at(100))
				g.log(plan, "b", at(100), "while it was gone")
				g.log(complete, "c", at(100), "meanwhile")
				sleepUntil(at(600))
				g.fails(plan, nil)
				sleepUntil(at(700))
				g.log(plan, "d", at(700), "last")
			})
			want := []string{"plan there", "complete there", "complete meanwhile", "plan just before (late)", "plan while it was gone", "plan last"}
			if !slices.Equal(l.told, want) {
				t.Errorf("%v: got %q\nwant %q", trouble, l.told, want)
			}
			if len(l.gaps) != 2 || !strings.HasPrefix(l.gaps[0], "plan ") || l.gaps[1] != "" {
				t.Errorf("%v: gaps %q", trouble, l.gaps)
			}
		})
	}
}

// A source that never answers is a gap soon, and holds up no other.
func TestFollowWithoutAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroups(t)
		g.log(plan, "", time.Now(), "there")
		g.log(complete, "", time.Now(), "there")
		var silent, over atomic.Bool
		f := func(ctx context.Context, in *cwl.FilterLogEventsInput, options ...func(*cwl.Options)) (*cwl.FilterLogEventsOutput, error) {
			if silent.Load() && !over.Load() && *in.LogGroupName == plan {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return g.client.FilterLogEvents(ctx, in, options...)
		}
		l := follow(t, client(f), time.Hour, func(at func(float64) time.Time) {
			sleepUntil(at(10))
			silent.Store(true)
			sleepUntil(at(12))
			g.log(complete, "c", time.Now(), "meanwhile")
			g.log(plan, "d", time.Now(), "behind the silence")
			sleepUntil(at(60))
			over.Store(true)
			sleepUntil(at(100))
			g.log(complete, "e", time.Now(), "last")
		})
		want := []string{"plan there", "complete there", "complete meanwhile", "plan behind the silence", "complete last"}
		if !slices.Equal(l.told, want) || l.at[2].Sub(l.at[0]) > 13*time.Second {
			t.Errorf("told %q at %v", l.told, l.at)
		}
		if !slices.Equal(l.gaps, []string{fmt.Sprint("plan ", cloud.Unreachable), ""}) {
			t.Errorf("gaps %q", l.gaps)
		}
	})
}

// A group may be made, and go, while it is followed.
func TestFollowOfAGroupThatComesAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroups(t)
		g.log(complete, "", time.Now(), "there")
		l := follow(t, g.client, time.Hour, func(at func(float64) time.Time) {
			sleepUntil(at(10))
			g.log(plan, "a", at(10), "new")
			sleepUntil(at(20))
			g.mu.Lock()
			delete(g.events, plan)
			g.mu.Unlock()
			sleepUntil(at(30))
			g.log(complete, "b", at(30), "last")
		})
		missing := fmt.Sprint("plan ", cloud.NotFound)
		if took := l.at[1].Sub(l.at[0]); took > 11*time.Second {
			t.Errorf("the new group's line took until %s", took)
		}
		if !slices.Equal(l.told, []string{"complete there", "plan new", "complete last"}) || !slices.Equal(l.gaps, []string{missing, "", missing}) {
			t.Errorf("told %q, gaps %q", l.told, l.gaps)
		}
	})
}

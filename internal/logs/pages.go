package logs

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// fullPage is how many events a page has at most (API reference, FilterLogEvents).
const fullPage = 10_000

// pages streams the events of a group by page, from one time to another in Unix
// milliseconds, both included; 0 is no end. CloudWatch sorts them by time and may
// send empty pages before the last. A full page that says it is the last is not
// believed: what comes after it is asked for by time.
func pages(ctx context.Context, client Client, group, pattern string, from, to int64) iter.Seq2[[]types.FilteredLogEvent, error] {
	return func(yield func([]types.FilteredLogEvent, error) bool) {
		in := &cwl.FilterLogEventsInput{LogGroupName: &group, StartTime: &from}
		if to != 0 {
			in.EndTime = &to
		}
		if pattern != "" {
			in.FilterPattern = &pattern
		}
		var told multiset // of the time that is asked from
		for {
			out, err := client.FilterLogEvents(ctx, in)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(told.others(out.Events), nil) {
				return
			}
			in.NextToken = out.NextToken
			switch {
			case out.NextToken != nil:
				continue
			case len(out.Events) < fullPage:
				return
			}
			last := aws.ToInt64(out.Events[len(out.Events)-1].Timestamp)
			if last == *in.StartTime && aws.ToInt64(out.Events[0].Timestamp) == last && told != nil {
				yield(nil, fmt.Errorf("%d lines and more have one and the same time, of which no more can be read", fullPage))
				return
			}
			told, in.StartTime = multisetAt(out.Events, last), &last
		}
	}
}

// multiset counts equal events.
type multiset map[uint64]int

// multisetAt has the events of a time, in Unix milliseconds.
func multisetAt(events []types.FilteredLogEvent, at int64) multiset {
	m := multiset{}
	for i := range events {
		if aws.ToInt64(events[i].Timestamp) == at {
			m[key(&events[i])]++
		}
	}
	return m
}

// others returns the events that are not in the multiset, each of whose members
// stands for one event.
func (m multiset) others(events []types.FilteredLogEvent) []types.FilteredLogEvent {
	if len(m) == 0 {
		return events
	}
	var rest []types.FilteredLogEvent
	for i := range events {
		if k := key(&events[i]); m[k] > 0 {
			m[k]--
		} else {
			rest = append(rest, events[i])
		}
	}
	return rest
}

var seed = maphash.MakeSeed()

// key tells events apart, by their id if they have one. Equal lines of one
// millisecond are legal, so that without ids the same key can stand for several.
func key(e *types.FilteredLogEvent) uint64 {
	if id := aws.ToString(e.EventId); id != "" {
		return maphash.String(seed, id)
	}
	return maphash.Comparable(seed, [...]any{aws.ToString(e.LogStreamName), aws.ToInt64(e.Timestamp), aws.ToInt64(e.IngestionTime), aws.ToString(e.Message)})
}

// answerWithin is how long one page may take.
const answerWithin = 20 * time.Second

// prompt gives up on a call that is not answered.
type prompt struct{ Client }

func (p prompt) FilterLogEvents(ctx context.Context, in *cwl.FilterLogEventsInput, options ...func(*cwl.Options)) (*cwl.FilterLogEventsOutput, error) {
	return cloud.Within(ctx, answerWithin, func(ctx context.Context) (*cwl.FilterLogEventsOutput, error) {
		return p.Client.FilterLogEvents(ctx, in, options...)
	})
}

// maxPatience is the longest pause of one who is asked to slow down.
const maxPatience = 8 * time.Second

// patient slows down when it is asked to, also when the SDK has given up.
type patient struct{ Client }

func (p patient) FilterLogEvents(ctx context.Context, in *cwl.FilterLogEventsInput, options ...func(*cwl.Options)) (*cwl.FilterLogEventsOutput, error) {
	for pause := time.Second; ; pause *= 2 {
		out, err := p.Client.FilterLogEvents(ctx, in, options...)
		if cloud.KindOf(err) != cloud.Throttled || pause > maxPatience {
			return out, err
		}
		if err := cloud.Sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// once leaves it to the caller to try again, who tells of trouble meanwhile. One
// connection that has grown stale is no trouble.
type once struct{ Client }

func (o once) FilterLogEvents(ctx context.Context, in *cwl.FilterLogEventsInput, options ...func(*cwl.Options)) (*cwl.FilterLogEventsOutput, error) {
	return o.Client.FilterLogEvents(ctx, in, append(options, func(o *cwl.Options) { o.RetryMaxAttempts = 2 })...)
}

// Package logs reads CloudWatch log groups.
package logs

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Client is the part of the CloudWatch Logs API that this package uses.
type Client interface{ cwl.FilterLogEventsAPIClient }

var _ Client = (*cwl.Client)(nil)

// Source is a log group and the short name that people know it by.
type Source struct{ Name, Group string }

// Entry is one logged line.
type Entry struct {
	ID      string
	Time    time.Time
	Source  string // the source's short name
	Stream  string
	Message string
}

// Read returns the entries of the sources since a time, oldest first, and before
// another unless that is zero. A group that does not exist has none.
func Read(ctx context.Context, client Client, sources []Source, since, until time.Time) ([]Entry, error) {
	var all []Entry
	for _, s := range sources {
		entries, err := read(ctx, client, s, since, until)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return a.Time.Compare(b.Time) })
	return all, nil
}

// read follows every page: CloudWatch may send empty ones before the last.
func read(ctx context.Context, client Client, s Source, since, until time.Time) ([]Entry, error) {
	var entries []Entry
	in := &cwl.FilterLogEventsInput{LogGroupName: &s.Group, StartTime: aws.Int64(since.UnixMilli())}
	if !until.IsZero() {
		in.EndTime = aws.Int64(until.UnixMilli() - 1) // what is logged at the end counts to CloudWatch
	}
	pages := cwl.NewFilterLogEventsPaginator(client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read log group %s: %w", s.Group, err)
		}
		for _, e := range page.Events {
			entries = append(entries, Entry{
				ID: aws.ToString(e.EventId), Time: time.UnixMilli(aws.ToInt64(e.Timestamp)),
				Source: s.Name, Stream: aws.ToString(e.LogStreamName),
				Message: strings.TrimRight(aws.ToString(e.Message), "\n"),
			})
		}
	}
	return entries, nil
}

const (
	// tailPeriod is the pause between two looks.
	tailPeriod = time.Second
	// tailOverlap is how far back each look reaches: entries become visible
	// late and out of order, so the last minute is read again and what was
	// seen is left out by its id.
	tailOverlap = time.Minute
)

// Tail streams the entries of the sources since a time, and goes on with new
// ones as they appear until ctx ends, which is its only ordinary end.
func Tail(ctx context.Context, client Client, sources []Source, since time.Time) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		seen := map[string]time.Time{}
		for {
			entries, err := Read(ctx, client, sources, since, time.Time{})
			if err != nil && cloud.KindOf(err) != cloud.Throttled {
				yield(Entry{}, err)
				return
			}
			for _, e := range entries {
				if _, old := seen[e.ID]; old {
					continue
				}
				seen[e.ID] = e.Time
				if !yield(e, nil) {
					return
				}
				if next := e.Time.Add(-tailOverlap); next.After(since) {
					since = next
				}
			}
			for id, t := range seen {
				if t.Before(since) {
					delete(seen, id)
				}
			}
			if err := cloud.Sleep(ctx, tailPeriod); err != nil {
				yield(Entry{}, err)
				return
			}
		}
	}
}

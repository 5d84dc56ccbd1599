package logs

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Read tells the entries that a query chooses, oldest first, and of one time in
// the order of the sources. It holds two pages of each source, however many there
// are. The error is the listener's, or that of ctx.
func Read(ctx context.Context, client Client, sources []Source, q Query, l Listener) error {
	return read(ctx, patient{prompt{client}}, sources, q, l, func(int, *types.FilteredLogEvent) {})
}

// read is [Read] that notes every event with the index of its source before it is told.
func read(ctx context.Context, client Client, sources []Source, q Query, l Listener, note func(int, *types.FilteredLogEvent)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cursors := make([]*cursor, len(sources))
	for i, s := range sources {
		cursors[i] = open(ctx, client, s, q)
	}
	for {
		first := -1
		for i, c := range cursors {
			if c.more() && (first < 0 || c.time() < cursors[first].time()) {
				first = i
			}
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if first < 0 {
			break
		}
		e := cursors[first].take()
		note(first, e)
		if err := l.Entry(entry(sources[first].Name, e)); err != nil {
			return err
		}
	}
	var gaps []Gap
	for i, c := range cursors {
		if c.err != nil {
			gaps = append(gaps, Gap{sources[i].Name, gapError(sources[i], c.err)})
		}
	}
	return l.Looked(gaps)
}

// cursor is a place among the events of a source. The page after its own is
// fetched meanwhile.
type cursor struct {
	pages <-chan page
	page  []types.FilteredLogEvent // what is left of it
	err   error                    // why there are no more
}

type page struct {
	events []types.FilteredLogEvent
	err    error
}

func open(ctx context.Context, client Client, s Source, q Query) *cursor {
	fetched := make(chan page)
	go func() {
		defer close(fetched)
		for events, err := range pages(ctx, client, s.Group, q.Pattern, q.from(), q.to()) {
			select {
			case fetched <- page{events, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return &cursor{pages: fetched}
}

func (q Query) from() int64 { return max(q.Since.UnixMilli(), 0) }

// to is 0 for no end. To CloudWatch the end of a period is part of it.
func (q Query) to() int64 {
	if q.Until.IsZero() {
		return 0
	}
	return q.Until.UnixMilli() - 1
}

// more tells whether there is an event here, which may have to be waited for.
func (c *cursor) more() bool {
	for len(c.page) == 0 {
		next, ok := <-c.pages
		if !ok {
			return false
		}
		c.page, c.err = next.events, next.err
	}
	return true
}

func (c *cursor) time() int64 { return aws.ToInt64(c.page[0].Timestamp) }

func (c *cursor) take() *types.FilteredLogEvent {
	e := &c.page[0]
	c.page = c.page[1:]
	return e
}

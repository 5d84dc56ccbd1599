package logs

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

const (
	// period is the time from one look to the next. With three sources that is four
	// calls a second, which is below what every region allows to an account (5).
	period = 750 * time.Millisecond
	// maxPause is the longest pause between two looks while they fail.
	maxPause = 15 * time.Second
	// settle is how long entries of one source wait for those of others, which
	// then are told in the order of time.
	settle = 100 * time.Millisecond
	// batch is how many entries wait at most.
	batch = fullPage
	// lateAfter is how much older than the newest an entry is that counts as late.
	lateAfter = 10 * time.Second
	// farShare is the part of the time, as its inverse, that looks may take which
	// reach far back.
	farShare = 5
)

// Follow is [Read], and then goes on with what appears, each event once. What a
// source could not tell for a while it tells when it can again; meanwhile the
// listener hears of the gap with every look, and the other sources go on. What
// comes to light more than two minutes late is missed once younger events of its
// source were told. The error is the listener's, or that of ctx, which is the only
// ordinary end.
func Follow(ctx context.Context, client Client, sources []Source, q Query, l Listener) error {
	all := make([]*seen, len(sources))
	for i := range all {
		all[i] = newSeen(q.from())
	}
	f := &follower{Listener: l, sources: sources, gaps: map[string]error{}}
	if err := read(ctx, patient{prompt{client}}, sources, q, f, func(i int, e *types.FilteredLogEvent) { all[i].isNew(e) }); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	news := make(chan glance)
	for i, s := range sources {
		w := &watch{client: once{prompt{client}}, source: s, query: q, seen: all[i]}
		go w.run(ctx, func(g glance) bool {
			g.source = s.Name
			select {
			case news <- g:
				return true
			case <-ctx.Done():
				return false
			}
		})
	}
	return f.tell(ctx, news)
}

// glance is what one page of a look has brought, or its end.
type glance struct {
	source  string
	entries []Entry
	end     bool
	err     error // of the end, nil if all went well
}

// watch looks at one source again and again.
type watch struct {
	client Client
	source Source
	query  Query
	seen   *seen

	nextFar time.Time
}

func (w *watch) run(ctx context.Context, tell func(glance) bool) {
	pause := period
	for cloud.Sleep(ctx, pause) == nil {
		begin := time.Now()
		err := w.look(ctx, tell)
		if !tell(glance{end: true, err: err}) {
			return
		}
		if err != nil && !cloud.IsNotFound(err) {
			pause = min(2*pause, maxPause)
		} else {
			pause = max(period-time.Since(begin), 0)
		}
	}
}

// look tells what is new. It reaches far back unless such looks take too much of the time.
func (w *watch) look(ctx context.Context, tell func(glance) bool) error {
	reach, begin := near, time.Now()
	if !begin.Before(w.nextFar) {
		reach = far
		defer func() { w.nextFar = begin.Add(farShare * time.Since(begin)) }()
	}
	from := w.seen.begin(reach)
	for events, err := range pages(ctx, w.client, w.source.Group, w.query.Pattern, from, 0) {
		if err != nil {
			return gapError(w.source, err)
		}
		var entries []Entry
		for i := range events {
			if w.seen.isNew(&events[i]) {
				entries = append(entries, entry(w.source.Name, &events[i]))
			}
		}
		if len(entries) > 0 && !tell(glance{entries: entries}) {
			return ctx.Err()
		}
	}
	return nil
}

// follower passes on to a listener what the watches tell.
type follower struct {
	Listener
	sources []Source
	gaps    map[string]error // by source
	newest  int64            // of all entries that were told, see [known]
}

// Entry marks an entry that is late.
func (f *follower) Entry(e Entry) error {
	e.Late = e.Time.UnixMilli() < f.newest-lateAfter.Milliseconds()
	f.newest = max(f.newest, e.known)
	return f.Listener.Entry(e)
}

// Looked keeps what could not be read in the first look.
func (f *follower) Looked(gaps []Gap) error {
	for _, g := range gaps {
		f.gaps[g.Source] = g.Err
	}
	return f.Listener.Looked(gaps)
}

func (f *follower) tell(ctx context.Context, news <-chan glance) error {
	var waiting []Entry
	var settled <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case g := <-news:
			waiting = append(waiting, g.entries...)
			if g.end {
				f.gaps[g.source] = g.err
			}
			if settled == nil {
				settled = time.After(settle)
			}
			if len(waiting) < batch {
				continue
			}
		case <-settled:
		}
		if err := f.tellAll(waiting); err != nil {
			return err
		}
		waiting, settled = waiting[:0], nil
	}
}

// tellAll tells entries that have come in together, and then how the sources are.
func (f *follower) tellAll(entries []Entry) error {
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Time.UnixMilli(), b.Time.UnixMilli()) })
	for _, e := range entries {
		if err := f.Entry(e); err != nil {
			return err
		}
	}
	var gaps []Gap
	for _, s := range f.sources {
		if err := f.gaps[s.Name]; err != nil {
			gaps = append(gaps, Gap{s.Name, err})
		}
	}
	return f.Looked(gaps)
}

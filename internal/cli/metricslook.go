package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/logs"
	"github.com/renpy-cloud/renpyctl/internal/metrics"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// look is what is to be seen of a stage's metrics.
type look struct {
	*session
	stack        stack.Stack
	metric       string // "" for all
	since, until time.Time
	most         int // how many periods there may be
}

// seen is what a look has found. What it could not find out is in missing, by name.
type seen struct {
	stage        string
	since, until time.Time
	reading      metrics.Reading
	releases     []stage.Listed // of the time between, the oldest first
	digest       *logs.Digest   // nil if nothing was read of the logs
	cut          bool           // they were read up to its last line
	logGaps      []logs.Gap     // logs that are there and could not be read, or not to their end
	missing      []missing
}

// missing is something that could not be found out.
type missing struct {
	what string
	err  error
}

// failure is why something is missing, the first of it; nil if nothing is.
func (s *seen) failure() error {
	if len(s.missing) == 0 {
		return nil
	}
	return s.missing[0].err
}

func (l *look) metrics() []metrics.Metric {
	all := metrics.All(l.at.Measured(l.stack))
	if l.metric == "" {
		return all
	}
	return metrics.Named(all, l.metric)
}

// logsWithin is for how long a look reads logs.
const logsWithin = 10 * time.Second

// see looks at metrics and releases, and at the logs too if it is told to. What
// cannot be read is missing; the error is for when nothing can.
func (l *look) see(ctx context.Context, withLogs bool) (*seen, error) {
	s := &seen{stage: l.flags.stage, since: l.since, until: l.until}
	now := time.Now()
	var releases missing
	calls := []func(context.Context) error{
		func(ctx context.Context) (err error) {
			s.reading, err = metrics.Read(ctx, l.at.Metrics(), metrics.Over(l.since, l.until, now, l.most), l.metrics())
			return err
		},
		func(ctx context.Context) (err error) {
			s.releases, err = l.releasesBetween(ctx)
			releases = missing{"releases", err}
			return nil
		},
	}
	if withLogs {
		calls = append(calls, func(ctx context.Context) error { return s.readLogs(ctx, l) })
	}
	if err := cloud.Together(ctx, calls...); err != nil {
		return nil, err
	}
	if err := s.reading.Failed(); err != nil {
		return nil, err
	}
	for _, g := range s.reading.Gaps() {
		s.missing = append(s.missing, missing{g.Metric.Name, g.Err})
	}
	if releases.err != nil {
		s.missing = append(s.missing, releases)
	}
	for _, g := range s.logGaps {
		s.missing = append(s.missing, missing{"logs of " + g.Source, g.Err})
	}
	return s, nil
}

// releasesBetween are the releases of the time that is looked at, the oldest first.
func (l *look) releasesBetween(ctx context.Context) ([]stage.Listed, error) {
	archive, err := l.at.Archive(ctx)
	if err != nil {
		return nil, err
	}
	list, err := archive.Releases(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the releases: %w", err)
	}
	list = slices.DeleteFunc(list, func(r stage.Listed) bool {
		return r.Damaged != "" || r.Time.Before(l.since) || r.Time.After(l.until)
	})
	slices.Reverse(list)
	return list, nil
}

// errLogsLate says that nothing came of a log while a look had time for it: no answer,
// or faults that were tried again.
var errLogsLate = fmt.Errorf("nothing could be read of it in %s", ui.Elapsed(logsWithin))

// readLogs counts in the logs for as long as a look has time for. Where no line of theirs
// was told, that is a gap in place of a count of nothing.
func (s *seen) readLogs(ctx context.Context, l *look) error {
	sources, err := l.logSources(nil)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, logsWithin)
	defer cancel()
	digest := &logs.Digest{}
	err = logs.Read(limited, cwl.NewFromConfig(l.at.Config), sources, logs.Query{Since: l.since, Until: l.until}, digest)
	late := err != nil && ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded)
	switch {
	case late && digest.Last.IsZero():
		for _, source := range sources {
			s.logGaps = append(s.logGaps, logs.Gap{Source: source.Name, Err: errLogsLate})
		}
		return nil
	case late:
		s.cut, err = true, digest.Looked(nil)
	case err != nil:
		return err
	}
	for _, g := range digest.Gaps {
		if !cloud.IsNotFound(g.Err) { // of what has never logged nothing is missing
			s.logGaps = append(s.logGaps, g)
		}
	}
	if len(s.logGaps) < len(sources) || !digest.Last.IsZero() {
		s.digest = digest
	}
	return err
}

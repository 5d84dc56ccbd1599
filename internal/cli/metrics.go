package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/metrics"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

type metricsOptions struct {
	metric string // "" for all
	since  string
	until  string
	csv    bool
	watch  bool
	out    string
}

func newMetrics(a *app) *cobra.Command {
	var o metricsOptions
	cmd := &cobra.Command{
		Use:   "metrics [METRIC]",
		Short: "Show requests, errors, durations, capacity, bytes and sign-ups over time",
		Long: `Show what AWS's services have counted of the stage, all of it in a table, or one
metric as a chart. Errors by kind, cold starts and players are counted in the
logs, as far as these can be read in ` + ui.Elapsed(logsWithin) + `.

A blank in a chart means that there is no data, which is not 0. The period that
is not over yet is in no chart, since it would look like a drop.

` + strings.Join(wrapped("Metrics: ", metricNames(), 78), "\n"),
		Example: `  renpyctl metrics --since 1w
  renpyctl metrics latency-p95 --since 2026-11-25
  renpyctl metrics --out week.html --since 1w
  renpyctl metrics --csv --since 30d > month.csv`,
		Args:      atMostOne,
		ValidArgs: metricNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.metric = args[0]
			}
			if cmd.Flags().Changed("out") && o.out == "" {
				return usagef("--out needs a file")
			}
			return a.metrics(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.since, "since", "1d", "how far back, or since when: "+when.Forms)
	flags.StringVar(&o.until, "until", "", "until when (default: now)")
	flags.BoolVar(&o.csv, "csv", false, "print every value as CSV")
	flags.BoolVar(&o.watch, "watch", false, "look again every minute until Ctrl-C")
	flags.StringVar(&o.out, "out", "", "write one page with all of it into this `FILE`, for a browser")
	return cmd
}

// metricNames are the names of all metrics.
func metricNames() []string {
	parts := metrics.Parts{API: "-", Table: "-", Bucket: "-", UserPool: "-", Client: "-"}
	for _, name := range stage.FunctionNames() {
		parts.Functions = append(parts.Functions, metrics.Function{Name: name, InLambda: "-"})
	}
	var names []string
	for _, m := range metrics.All(parts) {
		names = append(names, m.Name)
	}
	return names
}

func (a *app) metrics(ctx context.Context, o metricsOptions) error {
	now := time.Now()
	since, until, err := o.period(now)
	if err != nil {
		return err
	}
	if err := o.check(a); err != nil {
		return err
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	l := &look{session: s, metric: o.metric, since: since, until: until, most: a.columns(o)}
	if l.stack, err = s.at.Deployed(ctx); err != nil {
		return err
	}
	switch {
	case o.watch:
		return a.watchMetrics(ctx, l, o)
	case o.out != "":
		return a.writePage(ctx, l, o.out)
	}
	seen, err := l.see(ctx, o.metric == "" && !o.csv)
	if err != nil {
		return err
	}
	return a.printMetrics(seen, o)
}

// period is what --since and --until span, until now without an end.
func (o metricsOptions) period(now time.Time) (since, until time.Time, err error) {
	from, err := past("since", o.since, now)
	if err != nil {
		return since, until, err
	}
	if now.Sub(from.From) > metrics.Kept {
		return since, until, usagef("--since %s: CloudWatch keeps metrics for %.0f days", o.since, metrics.Kept.Hours()/24)
	}
	if o.until == "" {
		return from.From, now, nil
	}
	to, err := past("until", o.until, now)
	if err == nil && !to.To.After(from.From) {
		err = usagef("--until %s is before --since %s", o.until, o.since)
	}
	return from.From, to.To, err
}

// check refuses what does not go together, and names that there are none of. It
// leaves the metric's name as the table of metrics has it.
func (o *metricsOptions) check(a *app) error {
	switch {
	case o.watch && o.until != "":
		return usagef("--watch goes on: leave out --until")
	case o.out != "" && (o.watch || o.csv || o.metric != "" || a.json()):
		return usagef("--out writes a page of all metrics: leave out METRIC, --watch, --csv and --output json")
	case o.csv && (o.watch || a.json()):
		return usagef("--csv prints CSV once: leave out --watch and --output json")
	case o.metric == "":
		return nil
	}
	for _, name := range metricNames() {
		if strings.EqualFold(name, o.metric) {
			o.metric = name
			return nil
		}
	}
	return didYouMean(usagef("there is no metric %q", o.metric), likeMetric(o.metric)...)
}

// likeMetric are the metrics that may be meant: those that have what was typed in
// their names, or the one that is spelled almost so.
func likeMetric(typed string) []string {
	var names, stems []string
	for _, name := range metricNames() {
		if strings.Contains(strings.ToLower(name), strings.ToLower(typed)) {
			names = append(names, name)
		}
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			stems = append(stems, name[:i])
		}
	}
	if len(names) > 0 {
		return names[:min(len(names), 4)]
	}
	near := nearest(typed, append(metricNames(), stems...))
	if near == "" || slices.Contains(metricNames(), near) {
		return []string{near}
	}
	return likeMetric(near)
}

// columns is into how many periods the time is cut: as many as the screen has room
// for, or as a program will want.
func (a *app) columns(o metricsOptions) int {
	width, _ := a.streams.Size()
	switch {
	case o.csv || a.json():
		return 300
	case o.out != "":
		return 150
	case o.metric != "":
		return max(width-12, 20)
	}
	return max(min(width-rowWidth, 60), 25)
}

// watchEvery is how long a watch waits between two looks.
const watchEvery = time.Minute

// watchMetrics looks again and again. Trouble that may pass is told, and does not end it.
func (a *app) watchMetrics(ctx context.Context, l *look, o metricsOptions) error {
	length := l.until.Sub(l.since)
	calls := int64(metrics.Calls(l.metrics()))
	const minutes = 30 * 24 * 60
	a.say("%s", ui.Dim(fmt.Sprintf("%s a minute. The account's first 1,000,000 a month are free, 1,000 more cost $0.01; a month of this takes %s.",
		ui.Plural(calls, "call"), ui.Count(calls*minutes))))
	for {
		seen, err := l.seeDeployed(ctx)
		if ctx.Err() != nil {
			return nil // Ctrl-C is how watching ends
		}
		switch {
		case err != nil && (undeployed(err) || !cloud.Passing(err)):
			return err
		case err != nil:
			a.say("%s", ui.Warning("no news: "+cloud.OneLine(a.text(err))+"; trying on"))
		default:
			if err := a.printWatched(seen, o); err != nil {
				return err
			}
		}
		a.streams.Done() // between two looks nobody is waited for
		if cloud.Sleep(ctx, watchEvery) != nil {
			return nil
		}
		l.until = time.Now()
		l.since = l.until.Add(-length)
	}
}

// seeDeployed is one look of a watch. That of a stage which was taken down meanwhile is
// *[stage.NoStageError]: CloudWatch answers for it all the same.
func (l *look) seeDeployed(ctx context.Context) (*seen, error) {
	if _, err := l.at.Deployed(ctx); err != nil {
		return nil, err
	}
	return l.see(ctx, false)
}

// undeployed tells that there is no such stage, which no waiting mends.
func undeployed(err error) bool {
	_, none := errors.AsType[*stage.NoStageError](err)
	return none
}

// printWatched prints one look of a watch. What could not be read may be there at the next one.
func (a *app) printWatched(seen *seen, o metricsOptions) error {
	if a.json() {
		return a.printJSONLine(seen.view())
	}
	if a.streams.OutTerminal {
		a.say("\n%s", ui.Strong(time.Now().Format(time.TimeOnly)))
	}
	if err := a.printMetrics(seen, o); err != nil && !cloud.Passing(err) {
		return err
	}
	return nil
}

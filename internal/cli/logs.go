package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/logs"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

type logsOptions struct {
	function string
	tail     bool
	since    string
	until    string
}

func newLogs(a *app) *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use:   "logs [FUNCTION]",
		Short: "Show the functions' logs",
		Long:  "Show the logs of syncPlan, syncComplete or, without an argument, both.",
		Example: `  renpyctl logs --since 2h
  renpyctl logs --since 2026-11-25 --until 2026-11-26
  renpyctl logs syncPlan --tail`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes one function, got %d arguments", cmd.CommandPath(), len(args))
			}
			return nil
		},
		ValidArgs: stage.FunctionNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.function = args[0]
			}
			return a.logs(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVarP(&o.tail, "tail", "t", false, "go on with new lines until Ctrl-C")
	cmd.Flags().StringVar(&o.since, "since", "1h", "how far back, or since when: "+when.Forms)
	cmd.Flags().StringVar(&o.until, "until", "", "until when (default: now)")
	return cmd
}

// logEntry is the JSON of a line.
type logEntry struct {
	Time     time.Time `json:"time"`
	Function string    `json:"function"`
	Stream   string    `json:"stream"`
	Message  string    `json:"message"`
}

func (a *app) logs(ctx context.Context, o logsOptions) error {
	since, until, err := o.period(time.Now())
	if err != nil {
		return err
	}
	sources, err := a.logSources(o.function)
	if err != nil {
		return err
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	if _, err := s.at.Deployed(ctx); err != nil {
		return err
	}
	client := cwl.NewFromConfig(s.at.Config)
	if o.tail {
		for e, err := range logs.Tail(ctx, client, sources, since) {
			if errors.Is(err, context.Canceled) {
				return nil // Ctrl-C is how a tail ends
			}
			if err == nil {
				err = a.printEntry(e)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	entries, err := logs.Read(ctx, client, sources, since, until)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := a.printEntry(e); err != nil {
			return err
		}
	}
	if len(entries) == 0 {
		a.say("Nothing was logged %s.", span(since, until))
	}
	return nil
}

// period is what --since and --until span; the end is zero for none.
func (o logsOptions) period(now time.Time) (since, until time.Time, err error) {
	from, err := past("since", o.since, now)
	if err != nil || o.until == "" {
		return from.From, time.Time{}, err
	}
	if o.tail {
		return since, until, usagef("--tail goes on: leave out --until")
	}
	to, err := past("until", o.until, now)
	if err == nil && !to.To.After(from.From) {
		err = usagef("--until %s is before --since %s", o.until, o.since)
	}
	return from.From, to.To, err
}

// span says a period; the end is zero for none.
func span(since, until time.Time) string {
	zone := " (" + when.Zone(since.Local()) + ")"
	if until.IsZero() {
		return "since " + when.Format(since, time.Local) + zone
	}
	return "from " + when.Format(since, time.Local) + " to " + when.Format(until, time.Local) + zone
}

func (a *app) logSources(function string) ([]logs.Source, error) {
	var sources []logs.Source
	for _, f := range stage.Functions() {
		if function == "" || function == f.Name {
			sources = append(sources, logs.Source{Name: f.Name, Group: a.stage().LogGroup(f.Function)})
		}
	}
	if len(sources) == 0 {
		return nil, usagef("function %q: there are %s", function, strings.Join(stage.FunctionNames(), " and "))
	}
	return sources, nil
}

func (a *app) printEntry(e logs.Entry) error {
	if a.json() {
		return a.printJSONLine(logEntry{e.Time.UTC(), e.Source, e.Stream, e.Message})
	}
	if !a.streams.OutTerminal {
		return a.printTable(ui.Table{Rows: [][]string{{e.Time.UTC().Format(time.RFC3339Nano), e.Source, e.Message}}})
	}
	// Further lines of a message are set in, so that they pass for nobody else's.
	_, err := fmt.Fprintf(a.streams.Out, "%s  %s  %s\n", ui.Dim(e.Time.Local().Format(time.DateTime)), ui.Accent(fmt.Sprintf("%-12s", e.Source)), strings.ReplaceAll(e.Message, "\n", "\n    "))
	return err
}

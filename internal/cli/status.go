package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/health"
	"github.com/renpy-cloud/renpyctl/internal/metrics"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

func newStatus(a *app) *cobra.Command {
	var strict bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say whether the stage is well, on one screen",
		Long: `Say whether the stage is well: its stack and live release, the last hour, how
many players and saves there are, and what protects them. It takes about a
second, and asks nothing that costs; doctor looks closer.

It exits with 8 if the stage is not well, with 9 if something could not be found
out and nothing is known to be wrong, and with 0 for warnings alone.`,
		Example: `  renpyctl status --stage prod
  renpyctl status --stage prod --strict`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.status(cmd.Context(), strict) },
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "exit with 8 for warnings, too")
	return cmd
}

// statusView is the JSON of `status`. A number that could not be found out is
// absent, and a finding says why.
type statusView struct {
	Stage    string       `json:"stage"`
	Region   string       `json:"region"`
	Account  string       `json:"account"`
	Status   string       `json:"status"` // of the stack
	Release  int          `json:"release"`
	Deployed time.Time    `json:"deployed"`
	Version  string       `json:"version,omitempty"` // of renpyctl, that deployed the release
	Drifted  *int         `json:"drifted,omitempty"`
	LastHour hourView     `json:"lastHour"`
	Players  playersCount `json:"players"`
	Saves    savesCount   `json:"saves"`
	Findings []checkView  `json:"findings"`
}

// hourView is what came in the last hour. Without requests there is no latency.
type hourView struct {
	Requests  *float64 `json:"requests,omitempty"`
	Errors    *float64 `json:"errors,omitempty"`    // 5xx
	Refused   *float64 `json:"refused,omitempty"`   // 4xx
	Throttled *float64 `json:"throttled,omitempty"` // by Lambda
	P95       *float64 `json:"p95Milliseconds,omitempty"`
}

type playersCount struct {
	Accounts *int64   `json:"accounts,omitempty"` // as Cognito estimates
	SignUps  *float64 `json:"signUps,omitempty"`  // of the last 24 hours
	SignIns  *float64 `json:"signIns,omitempty"`
}

// savesCount is what S3 measures once a day, older versions included.
type savesCount struct {
	Files    *float64  `json:"files,omitempty"`
	Bytes    *float64  `json:"bytes,omitempty"`
	Measured time.Time `json:"measured,omitzero"`
}

func (a *app) status(ctx context.Context, strict bool) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	v, err := health.Glance(ctx, s.at, health.Options{Program: version().Version})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return a.unknowable(ctx, err)
	}
	view := s.statusView(v)
	switch {
	case a.json():
		err = a.printJSON(view)
	case a.streams.OutTerminal:
		err = a.printStatus(view, v)
	default:
		err = a.printStatusFields(view)
	}
	if err != nil {
		return err
	}
	return a.judge(v.Findings, strict)
}

func (s *session) statusView(v health.Overview) statusView {
	view := statusView{
		Stage: s.flags.stage, Region: s.region(), Account: v.Stack.Account(), Status: string(v.Stack.Status),
		Release: v.Number, Deployed: health.Deployed(v.Stack), Findings: s.findings(v.Findings),
		LastHour: hourView{Requests: total(v.Hour, metrics.Requests), Errors: total(v.Hour, metrics.ServerErrors), Refused: total(v.Hour, metrics.ClientErrors)},
		Players:  playersCount{SignUps: total(v.Day, metrics.SignUps), SignIns: total(v.Day, metrics.SignIns)},
	}
	if v.Record != nil {
		view.Version = v.Record.Version
	}
	if v.Drifted >= 0 {
		view.Drifted = &v.Drifted
	}
	if v.Accounts >= 0 {
		view.Players.Accounts = &v.Accounts
	}
	if n, err := health.OverFunctions(v.Hour, metrics.Throttles); err == nil && len(v.Hour.Series) > 0 {
		view.LastHour.Throttled = &n
	}
	view.LastHour.P95, _ = last(v.Hour, metrics.LatencyP95)
	view.Saves.Files, view.Saves.Measured = last(v.Day, metrics.StoredObjects)
	view.Saves.Bytes, _ = last(v.Day, metrics.StoredBytes)
	return view
}

// total is what a metric adds up to, nil where it could not be read. Without data
// there was nothing: what is counted here is counted only when it happens.
func total(r metrics.Reading, name string) *float64 {
	s := r.Of(name)
	if s.Err != nil || len(s.Points) == 0 {
		return nil
	}
	n, _ := s.Total()
	return &n
}

// last is the youngest value of a metric, nil where there is none, and when it was
// measured.
func last(r metrics.Reading, name string) (*float64, time.Time) {
	v, at, ok := r.Of(name).Last()
	if !ok {
		return nil, time.Time{}
	}
	return &v, at
}

// printStatusFields prints a line for each thing that is known, and one for each
// that is not well.
func (a *app) printStatusFields(v statusView) error {
	var t ui.Table
	add := func(name string, value string) { t.Rows = append(t.Rows, []string{name, value}) }
	number := func(name string, n *float64) {
		if n != nil {
			add(name, strconv.FormatFloat(*n, 'f', -1, 64))
		}
	}
	add("stage", v.Stage)
	add("region", v.Region)
	add("account", v.Account)
	add("status", v.Status)
	add("release", strconv.Itoa(v.Release))
	add("deployed", v.Deployed.UTC().Format(time.RFC3339))
	add("version", v.Version)
	if v.Drifted != nil {
		add("drifted", strconv.Itoa(*v.Drifted))
	}
	number("requests", v.LastHour.Requests)
	number("errors", v.LastHour.Errors)
	number("refused", v.LastHour.Refused)
	number("throttled", v.LastHour.Throttled)
	number("p95Milliseconds", v.LastHour.P95)
	if v.Players.Accounts != nil {
		add("accounts", strconv.FormatInt(*v.Players.Accounts, 10))
	}
	number("signUps", v.Players.SignUps)
	number("signIns", v.Players.SignIns)
	number("files", v.Saves.Files)
	number("bytes", v.Saves.Bytes)
	for _, f := range v.Findings {
		if f.Grade != string(health.Well) {
			t.Rows = append(t.Rows, []string{f.Grade, f.Check, f.Found, f.Mend})
		}
	}
	return a.printTable(t)
}

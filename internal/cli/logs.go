package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/logs"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

type logsOptions struct {
	names   []string
	follow  bool
	since   string
	until   string
	filter  string
	player  string
	request string
	errors  bool
	limit   int
	raw     bool
}

// accessLog is what people call the API's access log.
const accessLog = "api"

func newLogs(a *app) *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use:   "logs [FUNCTION...]",
		Short: "Show what the functions and the API have logged",
		Long: `Show the logs of syncPlan, syncComplete and api, which is the API's access
log; without an argument all of them, in the order of time. A request is one
line. What API Gateway has answered by itself, as with an expired token, comes
from the access log; what a function has answered is told once, by the function.

--filter takes a filter pattern of CloudWatch Logs: words that all have to be
there, "a phrase" in quotes, or { $.field = value }.`,
		Example: `  renpyctl logs --since 2h
  renpyctl logs --follow --errors
  renpyctl logs --player ann.lee@example.com --since yesterday
  renpyctl logs syncPlan --filter '{ $.took_ms > 1000 }' \
    --since 2026-11-25 --until 2026-11-26`,
		Args:      cobra.ArbitraryArgs,
		ValidArgs: append(stage.FunctionNames(), accessLog),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			return a.logs(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.follow, "follow", "f", false, "go on with new lines until Ctrl-C")
	flags.BoolVarP(&o.follow, "tail", "t", false, "the same as --follow")
	flags.StringVar(&o.since, "since", "1h", "how far back, or since when: "+when.Forms)
	flags.StringVar(&o.until, "until", "", "until when (default: now)")
	flags.StringVar(&o.filter, "filter", "", "only lines that match a filter pattern of CloudWatch Logs")
	flags.StringVar(&o.player, "player", "", "only requests of "+aPlayer)
	flags.StringVar(&o.request, "request", "", "only what belongs to a request: Lambda's id or the API's")
	flags.BoolVar(&o.errors, "errors", false, "only what went wrong")
	flags.IntVar(&o.limit, "limit", 0, "only the last `N` lines, before --follow goes on")
	flags.BoolVar(&o.raw, "raw", false, "every line as it was logged")
	return cmd
}

// readLimit is what the heap grows to, in bytes, while a period is read: many lines
// pass, and few stay. With the pages of the program itself it stays below 48 MB.
const readLimit = 24 << 20

func (a *app) logs(ctx context.Context, o logsOptions) error {
	since, until, err := o.period(time.Now())
	if err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	sources, err := a.logSources(o.names)
	if err != nil {
		return err
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	st, err := s.at.Deployed(ctx)
	if err != nil {
		return err
	}
	l := newLogListener(a, o, sources)
	if l.wanted.Player, err = s.logPlayer(ctx, st, o.player, l.names); err != nil {
		return err
	}
	q := logs.Query{Since: since, Until: until, Pattern: o.filter}
	if q.Pattern == "" {
		q.Pattern = l.wanted.Pattern()
	}
	client := cwl.NewFromConfig(s.at.Config)
	if o.follow {
		s.streams.Done() // lines come when there are some
		err := logs.Follow(ctx, client, sources, q, l)
		if errors.Is(err, context.Canceled) {
			return l.out.Flush() // Ctrl-C is how following ends
		}
		return err
	}
	debug.SetMemoryLimit(readLimit)
	if err := logs.Read(ctx, client, sources, q, l); err != nil {
		return err
	}
	l.sayNothing(since, until)
	return l.failure()
}

// period is what --since and --until span; the end is zero for none.
func (o logsOptions) period(now time.Time) (since, until time.Time, err error) {
	from, err := past("since", o.since, now)
	if err != nil || o.until == "" {
		return from.From, time.Time{}, err
	}
	if o.follow {
		return since, until, usagef("--follow goes on: leave out --until")
	}
	to, err := past("until", o.until, now)
	if err == nil && !to.To.After(from.From) {
		err = usagef("--until %s is before --since %s", o.until, o.since)
	}
	return from.From, to.To, err
}

// maxPattern is how long a filter pattern may be (API reference, FilterLogEvents).
const maxPattern = 1024

// requestPattern is an id of Lambda's (a UUID) or of API Gateway's ("JKJaXmPLvHcESHA=").
var requestPattern = regexp.MustCompile(`^[0-9A-Za-z_=-]{8,64}$`)

// check refuses what AWS would refuse in its own words, and what can match nothing.
func (o logsOptions) check() error {
	filter := strings.TrimSpace(o.filter)
	switch {
	case o.limit < 0:
		return usagef("--limit %d: how many of the last lines, 1 or more", o.limit)
	case len(filter) > maxPattern:
		return usagef("--filter: %d characters, and CloudWatch takes %d", len(filter), maxPattern)
	case strings.Count(strings.ReplaceAll(filter, `\"`, ""), `"`)%2 == 1:
		return badPattern(o.filter, `a " has no partner`)
	case strings.HasPrefix(filter, "{") != strings.HasSuffix(filter, "}"):
		return badPattern(o.filter, "a brace has no partner")
	case o.request != "" && !requestPattern.MatchString(o.request):
		return usagef("--request %q is no id of a request, as logs --output json shows them", o.request)
	}
	return nil
}

func badPattern(pattern, why string) error {
	return &hintedError{usagef("--filter %q: %s", pattern, why),
		`words that all have to be there: --filter 'timeout table'; a phrase: --filter '"timed out"'; a field: --filter '{ $.status >= 500 }'`}
}

// logSources returns the logs of those names, all without any.
func (a *app) logSources(names []string) ([]logs.Source, error) {
	var all []logs.Source
	var known []string
	for _, f := range stage.Functions() {
		all = append(all, logs.Source{Name: f.Name, Group: a.stage().LogGroup(f.Function)})
		known = append(known, f.Name)
	}
	all, known = append(all, logs.Source{Name: accessLog, Group: a.stage().AccessLog()}), append(known, accessLog)
	if len(names) == 0 {
		return all, nil
	}
	chosen := map[string]bool{}
	for _, name := range names {
		i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) || strings.EqualFold(operation(k), name) })
		if i < 0 {
			return nil, &strayError{oneOf("function", name, known), "renpyctl logs", name}
		}
		chosen[known[i]] = true
	}
	return slices.DeleteFunc(all, func(s logs.Source) bool { return !chosen[s.Name] }), nil
}

// logPlayer returns the sub of the player that is meant, whose name lines then may
// show. A whole sub is taken as it is: the account may be gone.
func (s *session) logPlayer(ctx context.Context, st stack.Stack, typed string, names map[string]string) (string, error) {
	if typed == "" || players.IsSub(typed) {
		return strings.ToLower(typed), nil
	}
	pool, err := s.at.Accounts(st)
	if err != nil {
		return "", err
	}
	player, err := pool.Find(ctx, typed)
	if err != nil {
		return "", fmt.Errorf("logs of %s: %w", typed, err)
	}
	names[player.Sub] = player.Email
	return player.Sub, nil
}

// span says a period; the end is zero for none.
func span(since, until time.Time) string {
	zone := " (" + when.Zone(since.Local()) + ")"
	if until.IsZero() {
		return "since " + when.Format(since, time.Local) + zone
	}
	return "from " + when.Format(since, time.Local) + " to " + when.Format(until, time.Local) + zone
}

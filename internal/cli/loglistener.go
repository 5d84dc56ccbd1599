package cli

import (
	"bufio"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/logs"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// logListener prints what is wanted of what is logged, and says what cannot be read.
type logListener struct {
	*app
	o       logsOptions
	sources []logs.Source
	wanted  logs.Wanted
	names   map[string]string // e-mail addresses that are known, by sub
	out     *bufio.Writer

	looked  bool      // the first look is over
	last    []logItem // of --limit, until then
	read    int       // entries
	printed int       // lines
	gaps    []logs.Gap
	day     string // that was printed last
}

// logItem is a wanted entry and what it says.
type logItem struct {
	logs.Entry
	record logs.Record
}

func newLogListener(a *app, o logsOptions, sources []logs.Source) *logListener {
	return &logListener{
		app: a, o: o, sources: sources, wanted: logs.Wanted{Request: o.request, Errors: o.errors},
		names: map[string]string{}, out: bufio.NewWriterSize(a.streams.Out, 64<<10),
	}
}

// Entry prints an entry if it is wanted, or keeps it while it may not be of the last ones.
func (l *logListener) Entry(e logs.Entry) error {
	l.read++
	item := logItem{Entry: e}
	if !l.o.raw || l.json() || l.wanted != (logs.Wanted{}) {
		item.record = logs.Parse(e.Message)
	}
	if !l.wanted.Match(item.record) || l.folded(item.record) {
		return nil
	}
	if l.o.limit == 0 || l.looked {
		return l.print(item)
	}
	if l.last = append(l.last, item); len(l.last) >= 2*l.o.limit {
		l.last = slices.Delete(l.last, 0, len(l.last)-l.o.limit)
	}
	return nil
}

// folded tells what a person does not need to see: what another line says too.
func (l *logListener) folded(r logs.Record) bool {
	if l.o.raw || l.json() {
		return false
	}
	switch r.Kind {
	case logs.Platform:
		return true
	case logs.Report:
		return r.Init == 0 && !r.Failed()
	case logs.Access:
		return r.ByFunction && len(l.sources) > 1
	}
	return false
}

// Looked lets everything go, and tells of gaps that begin and end. Those that no
// time mends end the following.
func (l *logListener) Looked(gaps []logs.Gap) error {
	for _, item := range l.last[max(len(l.last)-l.o.limit, 0):] {
		if err := l.print(item); err != nil {
			return err
		}
	}
	l.looked, l.last = true, nil
	if err := l.out.Flush(); err != nil {
		return err
	}
	before := l.gaps
	l.gaps = gaps
	if !l.o.follow {
		return nil
	}
	if len(gaps) == len(l.sources) && slices.ContainsFunc(gaps, func(g logs.Gap) bool { return !l.mayPass(g.Err) }) {
		return l.failure()
	}
	l.sayChanges(before)
	return nil
}

// sayChanges says which gaps are new, and that none is left.
func (l *logListener) sayChanges(before []logs.Gap) {
	said := map[string]bool{}
	for _, g := range before {
		said[l.gapText(g)] = true
	}
	for _, g := range l.gaps {
		if text := l.gapText(g); !said[text] {
			said[text] = true
			l.say("%s", ui.Warning(text))
		}
	}
	if len(before) > 0 && len(l.gaps) == 0 {
		l.say("%s", ui.Dim("all logs are read again; what was logged meanwhile stands above or follows"))
	}
}

// gapText says in a line what is not read, and why. What keeps all sources from
// being read reads the same for each of them.
func (l *logListener) gapText(g logs.Gap) string {
	switch {
	case cloud.IsNotFound(g.Err):
		return g.Source + " has no log: it has never run, or the stage is being made or removed"
	case ofTheWay(g.Err):
		return "no news: " + cloud.OneLine(l.text(errors.Unwrap(g.Err))) + "; trying on"
	}
	return g.Source + " is not read: " + cloud.OneLine(l.text(g.Err))
}

// ofTheWay tells trouble with the way to AWS or who goes it, which keeps any log
// from being read, from that with a single one.
func ofTheWay(err error) bool {
	switch cloud.KindOf(err) {
	case cloud.Other, cloud.NotFound, cloud.Denied:
		return false
	}
	return true
}

// mayPass tells whether trouble may be over at the next look.
func (l *logListener) mayPass(err error) bool {
	switch cloud.KindOf(err) {
	case cloud.NotFound, cloud.Unreachable, cloud.NotAWS, cloud.Throttled:
		return true
	case cloud.Expired: // the SDK asks again for credentials that somebody renews elsewhere, but reads these only once
		by := cloud.SignInOf(l.cloud)
		return by != cloud.SignInEnvironment && by != cloud.SignInProfileKeys
	}
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	return ok && response.HTTPStatusCode() >= http.StatusInternalServerError
}

// failure is the error that the gaps are, nil if there is none. What has never
// been logged to is none.
func (l *logListener) failure() error {
	gaps := slices.DeleteFunc(slices.Clone(l.gaps), func(g logs.Gap) bool { return cloud.IsNotFound(g.Err) })
	if len(gaps) == 0 {
		return nil
	}
	first := gaps[0].Err
	if api, ok := errors.AsType[smithy.APIError](first); ok && api.ErrorCode() == "InvalidParameterException" && l.o.filter != "" {
		return badPattern(l.o.filter, "CloudWatch does not take it: "+api.ErrorMessage())
	}
	for _, g := range gaps[1:] {
		if ofTheWay(first) && ofTheWay(g.Err) {
			continue // the same trouble
		}
		l.say("%s %s", ui.Failure("renpyctl:"), cloud.OneLine(l.text(g.Err)))
	}
	return first
}

// sayNothing explains why nothing was printed.
func (l *logListener) sayNothing(since, until time.Time) {
	if l.printed > 0 || len(l.gaps) > 0 && l.failure() != nil {
		return
	}
	var never []string
	for _, g := range l.gaps {
		never = append(never, g.Source)
	}
	switch {
	case len(never) == len(l.sources):
		l.say("Nothing yet: %s has never logged.", strings.Join(never, ", "))
	case l.o.filter != "" || l.wanted != (logs.Wanted{}):
		l.say("Nothing of that kind was logged %s.", span(since, until))
	case l.read > 0:
		l.say("Nothing but Lambda's own lines was logged %s; --raw shows them.", span(since, until))
	default:
		l.say("Nothing was logged %s.", span(since, until))
	}
}

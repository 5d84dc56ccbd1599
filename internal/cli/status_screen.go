package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/health"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// printStatus prints the screen: whether the stage is well, a line for each thing,
// and what is not well.
func (a *app) printStatus(view statusView, v health.Overview) error {
	width, _ := a.streams.Size()
	verdict, place := a.verdictLine(v), view.Region+"  account "+view.Account
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s%s\n", verdict, strings.Repeat(" ", max(2, width-ui.Width(verdict)-ui.Width(place))), ui.Dim(place))
	for _, line := range [][2]string{
		{"stack", a.stackLine(view)}, {"last hour", a.hourLine(view.LastHour)}, {"players", playersLine(view.Players)},
		{"saves", savesLine(view.Saves)}, {"safety", safetyLine(v)},
	} {
		fmt.Fprintf(&b, "  %s  %s\n", ui.Dim(fmt.Sprintf("%-9s", line[0])), ui.Wrap(line[1], width, 13))
	}
	for _, f := range view.Findings {
		if f.Grade != string(health.Well) {
			b.WriteString(findingText(f, width))
		}
	}
	_, err := fmt.Fprint(a.streams.Out, b.String())
	return err
}

// verdictLine answers: the stage is well, is not, or nobody can tell.
func (a *app) verdictLine(v health.Overview) string {
	name := ui.Accent(a.flags.stage)
	switch t := health.Count(v.Findings); {
	case t.Problems > 0:
		return name + ui.Failure(" is not well: "+worstOf(v.Findings, health.Problem))
	case t.Unchecked > 0:
		return name + ui.Warning(" may be well: not all could be found out")
	}
	return name + ui.Success(" is well")
}

// worstOf names the checks that found something of a grade.
func worstOf(list []health.Finding, grade health.Grade) string {
	var names []string
	for _, f := range list {
		if f.Grade == grade && (len(names) == 0 || names[len(names)-1] != f.Check) {
			names = append(names, f.Check)
		}
	}
	return strings.Join(names, ", ")
}

const unknown = "unknown"

func (a *app) stackLine(v statusView) string {
	text := fmt.Sprintf("%s, release %d (%s", v.Status, v.Release, ui.Ago(v.Deployed, time.Now()))
	if v.Version != "" {
		text += ", " + v.Version
	}
	text += "), "
	switch {
	case v.Drifted == nil:
		return text + "drift " + unknown
	case *v.Drifted == 0:
		return text + "no drift"
	}
	return text + fmt.Sprintf("%d drifted", *v.Drifted)
}

func (a *app) hourLine(h hourView) string {
	if h.Requests == nil {
		return unknown
	}
	if *h.Requests == 0 && h.P95 == nil {
		if at := cloud.Elsewhere(a.cloud); len(at) > 0 {
			return "not counted by what answers in AWS's place; " + a.command("logs") + " shows the requests"
		}
		return "CloudWatch counted no requests"
	}
	text := counted(h.Requests, "request") + ", " + counted(h.Errors, "error")
	if h.Errors != nil && *h.Errors > 0 && *h.Requests > 0 {
		text += fmt.Sprintf(" (%.1f %%)", *h.Errors / *h.Requests * 100)
	}
	if h.P95 != nil {
		text += fmt.Sprintf(", p95 %.0f ms", *h.P95)
	}
	return text + ", " + counted(h.Refused, "") + " refused, " + counted(h.Throttled, "") + " throttled"
}

func playersLine(p playersCount) string {
	accounts := unknown
	if p.Accounts != nil {
		accounts = ui.Count(*p.Accounts)
	}
	return accounts + "; counted in 24 hours: " + counted(p.SignUps, "sign-up") + ", " + counted(p.SignIns, "sign-in")
}

func savesLine(s savesCount) string {
	if s.Bytes == nil {
		return "not measured yet: S3 does so once a day"
	}
	return fmt.Sprintf("%s with their older versions, %s, on %s", counted(s.Files, "file"), ui.Bytes(int64(*s.Bytes)), s.Measured.Format(time.DateOnly))
}

// counted is a number with its noun, which may be left out.
func counted(n *float64, noun string) string {
	switch {
	case n == nil && noun == "":
		return unknown
	case n == nil:
		return unknown + " " + noun + "s"
	case noun == "":
		return ui.Count(int64(*n))
	}
	return ui.Plural(int64(*n), noun)
}

// safetyLine says what keeps accounts and saves.
func safetyLine(v health.Overview) string {
	var parts []string
	for _, s := range []struct{ check, on, off string }{
		{"drift", "protected", "not as released"}, {"table", "table can be restored", "table cannot be restored"},
		{"versions", "versions kept", "no versions kept"}, {"private", "private", "not private"},
	} {
		switch v.Worst(s.check) {
		case health.Well:
			parts = append(parts, s.on)
		case health.Problem, health.Warning:
			parts = append(parts, ui.Failure(s.off))
		default:
			parts = append(parts, s.check+" "+unknown)
		}
	}
	return strings.Join(parts, ", ")
}

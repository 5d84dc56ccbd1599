package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/health"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

type doctorOptions struct {
	launch  bool
	players int64
	verbose bool
	strict  bool
}

func newDoctor(a *app) *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look whether anything about the stage is wrong, and say what mends it",
		Long: `Look at credentials, quotas, protections and backups, all at once, and say of
each that is not well what it means to a player and what mends it. Nothing is
changed, and nothing that costs is asked for.

With --launch it computes what breaks first if so many players sign up in one
day and start within one minute; docs/scale.md has the arithmetic.

It exits with 8 if there is a problem, with 9 if something could not be checked
and nothing is known to be wrong, and with 0 for warnings alone.`,
		Example: `  renpyctl doctor --stage prod
  renpyctl doctor --stage prod --launch --players 5000`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case cmd.Flags().Changed("players") && !o.launch:
				return usagef("--players says how many to count with at a launch: add --launch")
			case o.players < 1:
				return usagef("--players %d is not a number of players", o.players)
			}
			return a.doctor(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.launch, "launch", false, "compute what breaks first when the game comes out")
	cmd.Flags().Int64Var(&o.players, "players", 10_000, "players to count with at the launch")
	cmd.Flags().BoolVar(&o.verbose, "verbose", false, "list what is well, too")
	cmd.Flags().BoolVar(&o.strict, "strict", false, "exit with 8 for warnings, too")
	return cmd
}

// doctorView is the JSON of `doctor`.
type doctorView struct {
	Stage    string      `json:"stage"`
	Region   string      `json:"region"`
	Findings []checkView `json:"findings"`
	Launch   *launchView `json:"launch,omitempty"`
}

// checkView is one finding.
type checkView struct {
	Check string `json:"check"`
	Grade string `json:"grade"` // ok, warning, problem, unchecked
	Found string `json:"found"`
	Means string `json:"means,omitempty"`
	// Mend is a command that mends it, and Advice what is to be done beside it, or without.
	Mend   string `json:"mend,omitempty"`
	Advice string `json:"advice,omitempty"`
}

func (a *app) doctor(ctx context.Context, o doctorOptions) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	options := health.Options{Program: version().Version}
	if o.launch {
		options.Launch = o.players
	}
	report, none := health.Examine(ctx, s.at, options)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	views := a.findings(report.Findings)
	if a.json() {
		err = a.printJSON(doctorView{a.flags.stage, s.region(), views, a.launchView(report.Launch)})
	} else {
		err = a.printFindings(views, o.verbose)
		if err == nil && report.Launch != nil && a.streams.OutTerminal {
			err = a.printLaunch(*report.Launch)
		}
	}
	switch {
	case err != nil:
		return err
	case none != nil:
		return none
	}
	a.hint("%s looks whether every save is there that a record names", a.command("saves verify"))
	return a.judge(report.Findings, o.strict)
}

// findings says findings in words.
func (a *app) findings(list []health.Finding) []checkView {
	views := make([]checkView, len(list))
	for i, f := range list {
		views[i] = checkView{f.Check, string(f.Grade), f.Found, f.Means, a.mend(f.Mend), f.Mend.Advice}
		if f.Err != nil {
			views[i].Found = "could not be checked: " + cloud.OneLine(a.text(f.Err))
			_, views[i].Advice = a.explainAWS(f.Err)
		}
	}
	return views
}

// mend is the command of a mend, "" where there is none.
func (a *app) mend(m health.Mend) string {
	switch {
	case m.Ours != "":
		return a.command(m.Ours)
	case m.AWS != "":
		line := a.withProfile(m.AWS) + " --region " + a.cloud.Region
		if a.cloud.BaseEndpoint != nil { // or the account would be meant, not what stands in its place
			line += " --endpoint-url " + *a.cloud.BaseEndpoint
		}
		return line
	}
	return ""
}

// printFindings prints what is not well, for people with all that is well in one
// line unless they want it, for programs every finding in a line.
func (a *app) printFindings(views []checkView, verbose bool) error {
	if !a.streams.OutTerminal {
		var t ui.Table
		for _, v := range views {
			t.Rows = append(t.Rows, []string{v.Grade, v.Check, v.Found, v.Means, v.Mend, v.Advice})
		}
		return a.printTable(t)
	}
	width, _ := a.streams.Size()
	var b strings.Builder
	fine := 0
	for _, v := range views {
		if v.Grade == string(health.Well) && !verbose {
			fine++
			continue
		}
		b.WriteString(findingText(v, width))
	}
	if fine > 0 {
		fmt.Fprintf(&b, "%s %s\n", ui.Success("✓"), ui.Dim(ui.Plural(int64(fine), "more check")+" found all well (--verbose)"))
	}
	_, err := fmt.Fprint(a.streams.Out, b.String())
	return err
}

// checkColumn is as wide as the longest name of a check.
const checkColumn = 11

// findingText is a finding in lines: what was found beside the check's name, what it
// means and what mends it below.
func findingText(v checkView, width int) string {
	const indent = 2 + checkColumn + 2
	text := fmt.Sprintf("%s %s  %s\n", gradeMark(v.Grade), ui.Accent(fmt.Sprintf("%-*s", checkColumn, v.Check)), ui.Wrap(ui.SingleLine(v.Found), width, indent))
	pad := strings.Repeat(" ", indent)
	if v.Means != "" {
		text += pad + ui.Wrap(ui.SingleLine(v.Means), width, indent) + "\n"
	}
	if v.Mend != "" {
		text += pad + "→ " + v.Mend + "\n" // whole, so that it can be copied
	}
	if v.Advice != "" {
		text += pad + "→ " + ui.Wrap(ui.SingleLine(v.Advice), width, indent+2) + "\n"
	}
	return text
}

// unknowable is the verdict where nothing at all could be found out, for a reason
// that has no exit code of its own.
func (a *app) unknowable(ctx context.Context, err error) error {
	if code, hint := a.explain(ctx, err); code == exitError {
		return &verdictError{verdict: notSure, text: a.text(err), hint: hint}
	}
	return err
}

// gradeMark is the sign of a grade.
func gradeMark(grade string) string {
	switch health.Grade(grade) {
	case health.Well:
		return ui.Success("✓")
	case health.Problem:
		return ui.Failure("✗")
	case health.Unchecked:
		return ui.Warning("?")
	}
	return ui.Warning("!")
}

// judge is the verdict on findings: nil if all is well, and if there is nothing but
// warnings unless they count as problems.
func (a *app) judge(list []health.Finding, strict bool) error {
	t := health.Count(list)
	var said []string
	for _, c := range []struct {
		n    int64
		noun string
	}{{t.Problems, "problem"}, {t.Warnings, "warning"}, {t.Unchecked, "thing"}} {
		if c.n > 0 {
			said = append(said, ui.Plural(c.n, c.noun))
		}
	}
	text := strings.Join(said, ", ")
	if t.Unchecked > 0 {
		text += " that could not be checked"
	}
	switch {
	case t.Problems > 0 || strict && t.Warnings > 0:
		return &verdictError{verdict: notWell, text: text}
	case t.Unchecked > 0 && t.Denied == t.Unchecked:
		return &verdictError{verdict: notAllowed, text: text, hint: a.command("policy support --read-only") + " prints what looking needs, " + a.command("policy caller") + " all"}
	case t.Unchecked > 0:
		return &verdictError{verdict: notSure, text: text, hint: "nothing is known to be wrong; what was in the way is said above"}
	case text != "":
		a.say("%s", text)
	}
	return nil
}

package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/lambda"
)

func newDrift(a *app) *cobra.Command {
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "Show what somebody has changed past renpyctl",
		Long: `Show how the stage differs from what its stack and template say: fast deploys,
edits in the AWS console, what was deleted, and what a removal that was not
finished has changed. A deploy puts it right.`,
		Example: `  renpyctl drift --stage prod
  renpyctl drift --stage prod --exit-code`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.showDrift(cmd.Context(), exitCode) },
	}
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 8 if there are differences")
	return cmd
}

func (a *app) showDrift(ctx context.Context, exitCode bool) error {
	_, st, err := a.surveyDeployed(ctx)
	if err != nil {
		return err
	}
	if st.Stack.Status.InProgress() {
		return stage.Busy(st.Stack)
	}
	if !st.Stack.Status.Updatable() {
		return &stackError{
			text: fmt.Sprintf("the stack %s is %s: what it should be is not certain", st.Stack.Name, st.Stack.Status),
			hint: "docs/deploying.md explains every state",
		}
	}
	c, err := st.Compare(ctx)
	if err != nil {
		return err
	}
	sender, err := st.Sender(ctx)
	if err != nil {
		return err
	}
	list := append([]stage.Drifted{}, c.Drift...)
	if sender != "" {
		list = append(list, st.DriftedSender(sender))
	}
	switch {
	case a.json():
		err = a.printJSON(list)
	case len(list) == 0:
		a.say("No differences: the stage is what release %d made it.", st.Release())
	default:
		err = a.printDrift(list)
		if len(c.Drift) > 0 {
			a.hint("%s puts it right", a.command("deploy"))
		}
		if sender != "" {
			a.hint("%s --set %s=%s, with %s, keeps that sender of mails; the next update of the user pool takes it back otherwise",
				a.command("deploy"), cfn.ParamEmailIdentity, sender, cfn.ParamEmailFrom)
		}
	}
	if err == nil && exitCode && len(list) > 0 {
		err = changesError{}
	}
	return err
}

// printDrift prints differences: in lines for people, in columns for programs.
func (a *app) printDrift(list []stage.Drifted) error {
	if a.streams.OutTerminal {
		_, err := io.WriteString(a.streams.Out, driftText(list))
		return err
	}
	var t ui.Table
	for _, f := range list {
		for _, d := range f.Differences {
			t.Rows = append(t.Rows, driftCells(f, d))
		}
	}
	return a.printTable(t)
}

// driftCells are a difference for programs: what is nowhere is empty.
func driftCells(f stage.Drifted, d functions.Difference) []string {
	want, have := d.Want, d.Have
	switch {
	case f.Deleted():
		have = "deleted"
	case d.Setting == "codeSha256":
		want, have = lambda.HexSum(want), lambda.HexSum(have)
	case strings.HasPrefix(d.Setting, "environment.") && want == "":
		have = "a value" // perhaps a secret, as in shown
	}
	return []string{f.Name, d.Setting, want, have}
}

// driftText is a line for each difference.
func driftText(list []stage.Drifted) string {
	var b strings.Builder
	for _, f := range list {
		for _, d := range f.Differences {
			want, have := shown(f, d)
			fmt.Fprintf(&b, "  %s %s  %s is %s, should be %s\n", ui.Warning("~"), ui.Accent(f.Name), d.Setting, brief(have), brief(want))
		}
	}
	return b.String()
}

// shown are the two values of a difference as people see them: code by the hash
// that info shows, and nothing that somebody has put into a variable of their
// own, which may be a secret.
func shown(f stage.Drifted, d functions.Difference) (want, have string) {
	switch {
	case f.Deleted():
		return d.Want, "deleted"
	case d.Setting == "codeSha256":
		return short(lambda.HexSum(d.Want)), short(lambda.HexSum(d.Have))
	case strings.HasPrefix(d.Setting, "environment.") && d.Want == "":
		return "none", "a value"
	}
	return quoteEmpty(d.Want), quoteEmpty(d.Have)
}

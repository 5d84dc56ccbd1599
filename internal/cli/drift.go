package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/ui"
)

func newDrift(a *app) *cobra.Command {
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "Show what somebody has changed past renpyctl",
		Long: `Show how the functions differ from what the live release gave them: fast
deploys, and edits in the AWS console. A deploy puts them right.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.showDrift(cmd.Context(), exitCode) },
	}
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 8 if there are differences")
	return cmd
}

func (a *app) showDrift(ctx context.Context, exitCode bool) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	if _, err := s.deployed(ctx); err != nil {
		return err
	}
	sit, err := s.look(ctx)
	if err != nil {
		return err
	}
	list, err := s.drift(ctx, sit)
	if err != nil {
		return err
	}
	switch {
	case a.json():
		if list == nil {
			list = []drifted{}
		}
		err = a.printJSON(list)
	case len(list) == 0:
		a.say("No differences: the functions run what release %d gave them.", sit.release())
	default:
		err = a.printDrift(list)
		a.hint("%s puts them right", a.command("deploy"))
	}
	if err == nil && exitCode && len(list) > 0 {
		err = changesError{}
	}
	return err
}

func driftTable(list []drifted) ui.Table {
	t := ui.Table{Header: []string{"FUNCTION", "SETTING", "RELEASE", "RUNS"}}
	for _, f := range list {
		for _, d := range f.Differences {
			t.Rows = append(t.Rows, []string{f.Name, d.Setting, quoteEmpty(d.Want), quoteEmpty(d.Have)})
		}
	}
	return t
}

func (a *app) printDrift(list []drifted) error { return a.printTable(driftTable(list)) }

// sayDrift shows differences on the way to a question.
func (a *app) sayDrift(list []drifted) {
	// An error of standard error has nowhere to be reported.
	_ = driftTable(list).Write(a.streams.Err, a.streams.ErrTerminal)
}

package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

type removeOptions struct {
	keepData bool
	confirm  string
}

func newRemove(a *app) *cobra.Command {
	var o removeOptions
	cmd := &cobra.Command{
		Use:   "remove",
		Short: "Delete a stage with everything in it",
		Long: `Delete a stage: players' accounts, saves with all their versions, and the stack.
What will go is shown first. An interrupted removal is finished by running it
again. --keep-data deletes the stack only, and leaves the user pool, the table
and the bucket where they are.`,
		Example: `  renpyctl remove --stage dev
  renpyctl remove --stage prod --yes --confirm prod`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.remove(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.keepData, "keep-data", false, "keep the players' accounts and saves")
	cmd.Flags().StringVar(&o.confirm, "confirm", "", "the stage's name, instead of typing it; prod and production need it beside --yes")
	return cmd
}

// remove deletes the stage: look, count, ask, note what there is, lift
// protections, empty, delete the stack, delete what outlives it, check.
func (a *app) remove(ctx context.Context, o removeOptions) error {
	if err := a.checkConfirm(o, a.stage().Protected(stack.Stack{})); err != nil {
		return err // before anything is started
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	h, id, err := s.holdings(ctx)
	if err != nil {
		return err
	}
	if err := a.checkConfirm(o, s.stage().Protected(h.stack)); err != nil {
		return err
	}
	if err := s.count(ctx, h, id); err != nil {
		return err
	}
	h.totals.Kept = o.keepData
	if o.keepData && h.stack.Status == stack.None {
		s.listRemains(h.data)
		return s.at.None()
	}
	s.announce(h, o)
	if err := a.confirmRemoval(ctx, o, s.stage().Protected(h.stack)); err != nil {
		return err
	}
	if err := s.keepNote(ctx, h); err != nil {
		return err
	}
	if o.keepData {
		return s.removeStackOnly(ctx, h)
	}
	return s.removeAll(ctx, h, id)
}

// checkConfirm refuses flags that do not confirm what they should.
func (a *app) checkConfirm(o removeOptions, protected bool) error {
	stage := a.flags.stage
	if o.confirm != "" && o.confirm != stage {
		return usagef("--confirm %s does not name the stage %s", o.confirm, stage)
	}
	if a.flags.yes && o.confirm == "" && protected {
		return usagef("removing the protected stage %s needs --confirm %s beside --yes", stage, stage)
	}
	return nil
}

func (a *app) confirmRemoval(ctx context.Context, o removeOptions, protected bool) error {
	if o.confirm != "" || a.flags.yes {
		return nil
	}
	flag := "--yes"
	if protected {
		flag = "--confirm " + a.flags.stage
	}
	return needsFlag(a.streams.ConfirmTyped(ctx, "Type the stage's name to go on:", a.flags.stage), flag)
}

// announce says what will go.
func (s *session) announce(h *holdings, o removeOptions) {
	t := h.totals
	what := "This deletes stage %s for ever:"
	if o.keepData {
		what = "This deletes the stack of stage %s and keeps its data:"
	}
	s.say("\n"+what, ui.Accent(s.flags.stage))
	s.say("  players  %8s", ui.Count(t.Players))
	s.say("  saves    %8s (%s in the bucket, %s)", ui.Count(t.Saves.Files), ui.Plural(t.Saves.Versions, "version"), ui.Bytes(t.Saves.Bytes))
	if n := h.earlier(); n > 0 {
		s.say("  of which some were kept from %s", ui.Plural(int64(n), "earlier stack"))
	}
	s.say("")
}

// removeStackOnly deletes the stack; its deletion policies keep the data.
func (s *session) removeStackOnly(ctx context.Context, h *holdings) error {
	if err := s.deleteStack(ctx, h); err != nil {
		return err
	}
	if s.json() {
		h.totals.Remains = h.data
		return s.printJSON(h.totals)
	}
	s.say("Removed the stack of stage %s.", ui.Accent(s.flags.stage))
	s.listRemains(h.data)
	return nil
}

// listRemains names data that outlives its stack, and how it is deleted.
func (s *session) listRemains(list []release.Remains) {
	if len(list) == 0 {
		return
	}
	s.say("The players' data stays, and costs what it stores:")
	s.sayRemains(list)
	s.say("A new deploy makes new, empty ones;\ndocs/keeping-data.md says how a stack takes these back.")
	s.hint("%s deletes them too", s.command("remove"))
}

// sayRemains names data by its ids.
func (s *session) sayRemains(list []release.Remains) {
	for _, r := range list {
		for _, of := range [][2]string{{"user pool", r.UserPoolID}, {"app client", r.ClientID}, {"table", r.Table}, {"bucket", r.Bucket}} {
			if of[1] != "" {
				s.say("  %-10s  %s", of[0], of[1])
			}
		}
	}
}

// warnOfRemains says before a first deploy that an earlier stack's data is not its own.
func (s *session) warnOfRemains(ctx context.Context, sit *situation) error {
	if !sit.Stack.Status.Uncreated() || !sit.contents.HasRemains() {
		return nil
	}
	list, err := sit.Store.Remains(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	s.say("%s", ui.Warning("An earlier stack's data is kept; a new one does not use it and begins empty:"))
	s.sayRemains(list)
	s.say("docs/keeping-data.md says how a stack takes these back.")
	return nil
}

// removeAll deletes data and stack, and checks that nothing is left.
func (s *session) removeAll(ctx context.Context, h *holdings, id cloud.Identity) error {
	p := ui.NewProgress(s.streams)
	defer p.Close()
	if err := s.step(p, "protections", "lifting", "lifted", func() error { return s.unprotect(ctx, h, id) }); err != nil {
		return err
	}
	for _, r := range h.data {
		if err := s.emptySaves(ctx, p, r, id, h.totals.Saves.Versions); err != nil {
			return err
		}
	}
	p.Close()
	if err := s.deleteStack(ctx, h); err != nil {
		return err
	}
	p = ui.NewProgress(s.streams)
	defer p.Close()
	if err := s.step(p, "kept resources", "deleting", "deleted", func() error { return s.deleteData(ctx, h, id) }); err != nil {
		return err
	}
	if err := s.step(p, "artefacts", "deleting", "deleted", func() error { return s.deleteArtifacts(ctx, h, id) }); err != nil {
		return err
	}
	if err := s.step(p, "check", "looking for leftovers", "nothing is left", func() error { return s.checkGone(ctx, h, id) }); err != nil {
		return err
	}
	p.Close()
	if s.json() {
		return s.printJSON(h.totals)
	}
	s.say("Removed. Nothing of stage %s is left in %s (checked).", ui.Accent(s.flags.stage), s.region())
	return nil
}

// step runs one part of the removal as a row of progress.
func (s *session) step(p *ui.Progress, name, doing, done string, do func() error) error {
	t := ui.Task{Key: name, Name: name, State: ui.Running, Text: doing}
	p.Set(t)
	err := do()
	t.State, t.Text = ui.Done, done
	if err != nil {
		t.State, t.Text = ui.Failed, "failed"
	}
	p.Set(t)
	return err
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/teardown"
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
again. DynamoDB keeps a free backup of the table for 35 more days. --keep-data
deletes the stack only, and leaves the user pool, the table and the bucket where
they are.`,
		Example: `  renpyctl remove --stage dev
  renpyctl remove --stage prod --yes --confirm prod`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.remove(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.keepData, "keep-data", false, "keep the players' accounts and saves")
	cmd.Flags().StringVar(&o.confirm, "confirm", "", "the stage's name, instead of typing it; prod and production need it beside --yes")
	return cmd
}

// totals is the JSON of `remove`: what the data amounted to.
type totals struct {
	Stage   string            `json:"stage"`
	Players int64             `json:"players"`
	Saves   bucket.Stats      `json:"saves"`
	Kept    bool              `json:"kept"`              // --keep-data
	Remains []release.Remains `json:"remains,omitempty"` // what is kept
	Backups []teardown.Backup `json:"backups,omitempty"` // of what is not
}

// remove deletes the stage: look, count, ask, erase it.
func (a *app) remove(ctx context.Context, o removeOptions) error {
	if err := a.checkConfirm(o, a.stage().Protected(stack.Stack{})); err != nil {
		return err // before anything is started
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	id, st, err := s.at.Glance(ctx)
	if err != nil {
		return err
	}
	s.where(id)
	s.sayRemoval(st)
	show := s.screen()
	defer show.close()
	h, err := teardown.Find(ctx, s.at, id.Account, st, show)
	if err != nil {
		return err
	}
	protected := h.Protected()
	if err := a.checkConfirm(o, protected); err != nil {
		return err
	}
	t, err := h.Count(ctx, show)
	if err != nil {
		return err
	}
	if o.keepData && h.Stack.Status == stack.None {
		s.listRemains(h.Data)
		return s.at.None()
	}
	s.announce(h, t, o)
	if err := a.confirmRemoval(ctx, o, protected); err != nil {
		return err
	}
	view := totals{Stage: s.flags.stage, Players: t.Players, Saves: t.Saves, Kept: o.keepData}
	if o.keepData {
		view.Remains = h.Data
		err = h.DeleteStack(ctx, show)
	} else {
		err = h.Erase(ctx, t, show)
		view.Backups = h.Backups(time.Now())
	}
	if err != nil {
		return s.notRemoved(err, o)
	}
	show.close()
	s.rememberStage(false)
	if s.json() {
		return s.printJSON(view)
	}
	if o.keepData {
		s.say("Removed the stack of stage %s.", ui.Accent(s.flags.stage))
		s.listRemains(h.Data)
		return nil
	}
	s.say("Removed. Nothing of stage %s is left in %s (checked)%s", ui.Accent(s.flags.stage), s.region(), but(view.Backups))
	return nil
}

// but ends the sentence that nothing is left.
func but(backups []teardown.Backup) string {
	if len(backups) == 0 {
		return "."
	}
	text := " but a backup that DynamoDB keeps by itself, free of charge:"
	for _, b := range backups {
		text += fmt.Sprintf("\n  table       %s until %s", b.Table, b.Until.Format(time.DateOnly))
	}
	return text
}

// notRemoved advises on a removal that failed: to do the same again, with the
// data kept if it was to be.
func (s *session) notRemoved(err error, o removeOptions) error {
	again := s.command("remove")
	if o.keepData {
		again += " --keep-data"
	}
	if e, ok := errors.AsType[*stage.FailedError](err); ok && e.Final.Status == stack.DeleteFailed {
		return &hintedError{err, "mend the cause and run " + again + " again"}
	}
	if _, left := errors.AsType[*teardown.LeftError](err); !left {
		s.say("The removal is not finished: %s goes on with it; as long as the stack is there, %s takes it back.", again, s.command("deploy"))
	}
	return err
}

// sayRemoval says of a stage that is being removed what that means for players,
// and the two ways on.
func (a *app) sayRemoval(st stack.Stack) {
	if !stage.Removing(st) {
		return
	}
	a.say("%s", ui.Warning("A removal of stage "+a.flags.stage+" has begun and is not finished: players may be unable to save, and what they have may be unprotected."))
	a.say("%s goes on with it, %s takes it back.", a.command("remove"), a.command("deploy"))
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
func (s *session) announce(h *teardown.Holdings, t teardown.Totals, o removeOptions) {
	what := "This deletes stage %s for ever:"
	if o.keepData {
		what = "This deletes the stack of stage %s and keeps its data:"
	}
	s.say("\n"+what, ui.Accent(s.flags.stage))
	s.say("  players  %8s", ui.Count(t.Players))
	s.say("  saves    %8s in %s", ui.Count(t.Saves.Files), inBucket(t.Saves))
	if n := h.Earlier(); n > 0 {
		s.say("  of which some were kept from %s", ui.Plural(int64(n), "earlier stack"))
	}
	s.sayRemains(h.Data)
	s.warnOfDoubts(h.Doubts)
	s.say("")
}

// inBucket says what is kept of saves, and how much that is in the bucket, where uploads
// and deletions leave entries of their own.
func inBucket(st bucket.Stats) string {
	text := ui.Plural(st.FileVersions, "version")
	if st.Versions != st.FileVersions {
		text += fmt.Sprintf(" (%s entries in the bucket)", ui.Count(st.Versions))
	}
	return text + ", " + ui.Bytes(st.Bytes)
}

// warnOfDoubts says what of the artefact bucket is passed over: the bucket is
// no proof, since more people may write to it than may deploy.
func (s *session) warnOfDoubts(doubts []string) {
	for _, d := range doubts {
		s.say("%s", ui.Warning("Passed over: "+d))
	}
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
func (s *session) warnOfRemains(n teardown.Noted) {
	s.warnOfDoubts(n.Doubts)
	if len(n.Data) == 0 {
		return
	}
	s.say("%s", ui.Warning("An earlier stack's data is kept; a new one does not use it and begins empty:"))
	s.sayRemains(n.Data)
	s.say("docs/keeping-data.md says how a stack takes these back.")
}

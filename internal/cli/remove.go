package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/saves"
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

// holdings is what a stage consists of, and what removing it takes away.
type holdings struct {
	stack  stack.Stack       // zero if it is gone already
	data   []release.Remains // of this stack, and of earlier ones that left theirs
	store  *release.Store
	totals totals
}

// totals is what the data amounts to; the JSON of `remove`.
type totals struct {
	Stage   string       `json:"stage"`
	Players int64        `json:"players"`
	Saves   bucket.Stats `json:"saves"`
	Kept    bool         `json:"kept"` // --keep-data
}

// remove deletes the stage: look, count, ask, note what there is, lift
// protections, empty, delete the stack, delete what outlives it, check.
func (a *app) remove(ctx context.Context, o removeOptions) error {
	if err := a.checkConfirm(o, a.protected(stack.Stack{})); err != nil {
		return err // before anything is started
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	id, err := cloud.WhoAmI(ctx, s.cfg)
	if err != nil {
		return err
	}
	s.where(id)
	h, err := s.holdings(ctx, id)
	if err != nil {
		return err
	}
	if err := a.checkConfirm(o, s.protected(h.stack)); err != nil {
		return err
	}
	if err := s.count(ctx, h, id); err != nil {
		return err
	}
	h.totals.Kept = o.keepData
	s.announce(h, o)
	if err := a.confirmRemoval(ctx, o); err != nil {
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

func (a *app) confirmRemoval(ctx context.Context, o removeOptions) error {
	if o.confirm != "" || a.flags.yes {
		return nil
	}
	return needsFlag(a.streams.ConfirmTyped(ctx, "Type the stage's name to go on:", a.flags.stage), "--confirm "+a.flags.stage)
}

// holdings finds the stack and whatever earlier ones left. The error is
// *noStageError if there is neither a stack nor anything else of the stage.
func (s *session) holdings(ctx context.Context, id cloud.Identity) (*holdings, error) {
	h := &holdings{store: s.artifacts(id.Account)}
	st, err := s.describe(ctx)
	_, none := errors.AsType[*noStageError](err)
	if err != nil && !none {
		return nil, err
	}
	if !none {
		if st.Status.InProgress() && st.Status != "DELETE_IN_PROGRESS" {
			return nil, busy(st)
		}
		h.stack = st
	}
	if h.data, err = h.store.Remains(ctx); err != nil {
		return nil, err
	}
	if !none {
		return h, s.addCurrent(ctx, h)
	}
	if len(h.data) == 0 {
		// An interrupted removal may have left the artefact bucket alone.
		if left, err := h.store.Exists(ctx); err != nil || !left {
			return nil, errors.Join(err, &noStageError{s.flags.stage, s.cfg.Region})
		}
	}
	return h, nil
}

// addCurrent adds the data of the stack itself, unless it was noted before.
func (s *session) addCurrent(ctx context.Context, h *holdings) error {
	for _, r := range h.data {
		if r.StackID == h.stack.ID {
			return nil
		}
	}
	resources, err := s.engine.Resources(ctx, h.stack.ID)
	if err != nil {
		return err
	}
	r := release.Remains{StackID: h.stack.ID, Since: time.Now().UTC()}
	for _, res := range resources {
		switch res.LogicalID {
		case cfn.UserPool:
			r.UserPoolID = res.PhysicalID
		case cfn.UserPoolClient:
			r.ClientID = res.PhysicalID
		case cfn.ManifestTable:
			r.Table = res.PhysicalID
		case cfn.SaveFilesBucket:
			r.Bucket = res.PhysicalID
		}
	}
	h.data = append(h.data, r)
	return nil
}

// count finds out how much there is, so that nobody deletes more than they think.
func (s *session) count(ctx context.Context, h *holdings, id cloud.Identity) error {
	h.totals.Stage = s.flags.stage
	p := ui.NewProgress(s.streams)
	defer p.Close()
	for _, r := range h.data {
		if r.UserPoolID != "" {
			n, err := s.pool(r.UserPoolID).Count(ctx)
			if err != nil {
				return err
			}
			h.totals.Players += n
		}
		if r.Bucket == "" {
			continue
		}
		stats, err := bucket.Count(ctx, cloud.S3(s.cfg), bucket.Bucket{Name: r.Bucket, Owner: id.Account}, func(st bucket.Stats) {
			if st.Versions >= 10_000 { // otherwise it is over in a moment
				p.Set(ui.Task{Key: r.Bucket, Name: "counting saves", State: ui.Running, Text: ui.Plural(st.Versions, "version")})
			}
		})
		if err != nil {
			return err
		}
		h.totals.Saves.Files += stats.Files
		h.totals.Saves.Versions += stats.Versions
		h.totals.Saves.Bytes += stats.Bytes
	}
	return nil
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
	s.say("  saves    %8s files, %s, %s", ui.Count(t.Saves.Files), ui.Plural(t.Saves.Versions, "version"), ui.Bytes(t.Saves.Bytes))
	if n := len(h.data); n > 1 {
		s.say("  of which some were kept from %s", ui.Plural(int64(n-1), "earlier stack"))
	}
	s.say("")
}

// keepNote writes down what outlives the stack, before anything is touched.
func (s *session) keepNote(ctx context.Context, h *holdings) error {
	if h.stack.Status == stack.None {
		return nil
	}
	if err := h.store.Ensure(ctx); err != nil {
		return err
	}
	return h.store.KeepRemains(ctx, h.data[len(h.data)-1])
}

// removeStackOnly deletes the stack; its deletion policies keep the data.
func (s *session) removeStackOnly(ctx context.Context, h *holdings) error {
	if err := s.deleteStack(ctx, h.stack); err != nil {
		return err
	}
	if s.json() {
		return s.printJSON(h.totals)
	}
	s.say("Removed the stack of stage %s.", ui.Accent(s.flags.stage))
	s.listRemains(h.data)
	s.hint("%s deletes them too", s.command("remove"))
	return nil
}

// listRemains names data that outlives its stack.
func (s *session) listRemains(list []release.Remains) {
	s.say("The players' data stays, and costs what it stores:")
	for _, r := range list {
		s.say("  user pool  %s (app client %s)\n  table      %s\n  bucket     %s", r.UserPoolID, r.ClientID, r.Table, r.Bucket)
	}
	s.say("A new deploy makes new, empty ones. docs/keeping-data.md says how a stack takes these back.")
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
	if err := s.deleteStack(ctx, h.stack); err != nil {
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
	s.say("Removed. Nothing of stage %s is left in %s (checked).", ui.Accent(s.flags.stage), s.cfg.Region)
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

// unprotect lifts every protection and refuses uploads from then on.
func (s *session) unprotect(ctx context.Context, h *holdings, id cloud.Identity) error {
	group, ctx := errgroup.WithContext(ctx)
	if h.stack.TerminationProtection {
		group.Go(func() error { return s.engine.SetTerminationProtection(ctx, h.stack.ID, false) })
	}
	for _, r := range h.data {
		if r.UserPoolID != "" {
			group.Go(func() error { return s.pool(r.UserPoolID).Unprotect(ctx) })
		}
		if r.Table != "" {
			group.Go(func() error { return s.table(r).Unprotect(ctx) })
		}
		if r.Bucket != "" {
			group.Go(func() error { return s.bucket(r, id).Freeze(ctx, cloud.Partition(s.cfg.Region)) })
		}
	}
	return group.Wait()
}

func (s *session) table(r release.Remains) *saves.Table {
	return saves.NewTable(dynamodb.NewFromConfig(s.cfg), r.Table)
}

func (s *session) bucket(r release.Remains, id cloud.Identity) *saves.Bucket {
	return saves.NewBucket(cloud.S3(s.cfg), r.Bucket, id.Account)
}

// emptySaves deletes every version in the bucket of saves, with a bar.
func (s *session) emptySaves(ctx context.Context, p *ui.Progress, r release.Remains, id cloud.Identity, total int64) error {
	if r.Bucket == "" {
		return nil
	}
	start := time.Now()
	t := ui.Task{Key: r.Bucket, Name: "saves", State: ui.Running, Text: "deleting versions"}
	p.Set(t)
	var gone int64
	err := bucket.Empty(ctx, cloud.S3(s.cfg), bucket.Bucket{Name: r.Bucket, Owner: id.Account}, func(deleted int64) {
		gone = deleted
		t := t
		t.Text = fmt.Sprintf("%s of %s versions  %s  %s/s", ui.Count(deleted), ui.Count(total),
			ui.Bar(deleted, total, 12), ui.Count(int64(float64(deleted)/time.Since(start).Seconds())))
		p.Set(t)
	})
	t.State, t.Text = ui.Done, ui.Plural(gone, "version")+" deleted"
	if err != nil {
		t.State, t.Text = ui.Failed, "not all deleted"
	}
	p.Set(t)
	return err
}

// deleteStack deletes the stack and returns when it is gone. A deletion that
// already runs is followed.
func (s *session) deleteStack(ctx context.Context, st stack.Stack) error {
	if st.Status == stack.None {
		return nil
	}
	resources, err := s.engine.Resources(ctx, st.ID)
	if err != nil {
		return err
	}
	var mark string
	if st.Status == "DELETE_IN_PROGRESS" {
		mark, err = s.engine.OperationStart(ctx, st.ID)
	} else {
		if mark, err = s.engine.LatestEvent(ctx, st.ID); err == nil {
			err = s.engine.Delete(ctx, st.ID)
		}
	}
	if err != nil {
		return err
	}
	return s.followDelete(ctx, st.ID, mark, len(resources))
}

// deleteData deletes what outlives the stack by its deletion policies.
func (s *session) deleteData(ctx context.Context, h *holdings, id cloud.Identity) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range h.data {
		if r.UserPoolID != "" {
			group.Go(func() error { return s.pool(r.UserPoolID).DeletePool(ctx) })
		}
		if r.Table != "" {
			group.Go(func() error { return s.table(r).Delete(ctx) })
		}
		if r.Bucket != "" {
			group.Go(func() error {
				// A game may have written after the first emptying, until the uploads were refused everywhere.
				b := bucket.Bucket{Name: r.Bucket, Owner: id.Account}
				if err := bucket.Empty(ctx, cloud.S3(s.cfg), b, nil); err != nil {
					return err
				}
				return s.bucket(r, id).Delete(ctx)
			})
		}
	}
	return group.Wait()
}

// deleteArtifacts deletes the artefact bucket, and with it the note of what
// outlived the stack: it comes last, so that an interrupted removal finds it.
func (s *session) deleteArtifacts(ctx context.Context, h *holdings, id cloud.Identity) error {
	if err := bucket.Empty(ctx, cloud.S3(s.cfg), bucket.Bucket{Name: h.store.Bucket, Owner: id.Account}, nil); err != nil {
		return err
	}
	return h.store.DeleteBucket(ctx)
}

// checkGone looks for everything that there was.
func (s *session) checkGone(ctx context.Context, h *holdings, id cloud.Identity) error {
	checks := map[string]func(context.Context) (bool, error){
		"artefact bucket " + h.store.Bucket: h.store.Exists,
		"stack " + s.stackName(): func(ctx context.Context) (bool, error) {
			_, err := s.engine.Describe(ctx, s.stackName())
			if errors.Is(err, stack.ErrNotFound) {
				return false, nil
			}
			return err == nil, err
		},
		"functions": func(ctx context.Context) (bool, error) {
			list, err := s.functions(ctx)
			return len(list) > 0, err
		},
	}
	for _, r := range h.data {
		if r.UserPoolID != "" {
			checks["user pool "+r.UserPoolID] = s.pool(r.UserPoolID).Exists
		}
		if r.Table != "" {
			checks["table "+r.Table] = s.table(r).Exists
		}
		if r.Bucket != "" {
			checks["bucket "+r.Bucket] = s.bucket(r, id).Exists
		}
	}
	left := make(chan string, len(checks))
	group, ctx := errgroup.WithContext(ctx)
	for what, exists := range checks {
		group.Go(func() error {
			there, err := exists(ctx)
			if there {
				left <- what
			}
			return err
		})
	}
	err := group.Wait()
	close(left)
	var names []string
	for what := range left {
		names = append(names, what)
	}
	if len(names) > 0 {
		return fmt.Errorf("still there: %s; run the removal again", strings.Join(names, ", "))
	}
	return err
}

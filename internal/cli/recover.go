package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/teardown"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

type recoverOptions struct {
	skip   []string
	retain []string
	adopt  bool
}

func newRecover(a *app) *cobra.Command {
	var o recoverOptions
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Bring a stuck stack back",
		Long: `Bring a stack back that CloudFormation left in a state from which a deploy
cannot go on. What failed is listed first. Players' data is never deleted by
this. With --adopt a stack that has lost the tag renpyctl:stage gets it back.`,
		Example: `  renpyctl recover --stage prod
  renpyctl recover --stage prod --skip SyncPlanLambdaFunction`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.recover(cmd.Context(), o) },
	}
	cmd.Flags().StringArrayVar(&o.skip, "skip", nil, "leave this resource out of a rollback that fails on it (UPDATE_ROLLBACK_FAILED)")
	cmd.Flags().StringArrayVar(&o.retain, "retain", nil, "leave this resource behind when the stack's deletion fails on it (DELETE_FAILED)")
	cmd.Flags().BoolVar(&o.adopt, "adopt", false, "take the stack for the stage's although it has lost its tag, and give that back")
	return cmd
}

// recover does what the stack's state calls for.
func (a *app) recover(ctx context.Context, o recoverOptions) error {
	a.adopts = o.adopt
	s, state, err := a.survey(ctx)
	if err != nil {
		return err
	}
	st, err := s.at.AfterCleanup(ctx, state.Stack, s.screen())
	if err != nil {
		return err
	}
	switch {
	case st.Status == stack.None:
		return s.at.None()
	case st.Status.InProgress():
		return stage.Busy(st)
	case st.Status.Updatable() && s.at.LostTag(st):
		return s.giveTagBack(ctx, state)
	case st.Status.Updatable():
		s.say("Nothing to recover: the stack %s is %s.", st.Name, st.Status)
		return s.printState(st)
	}
	s.say("The stack %s is %s.", st.Name, ui.Warning(string(st.Status)))
	if st.Reason != "" {
		s.say("  %s", ui.Dim("AWS said: "+cloud.OneLine(st.Reason)))
	}
	broken, err := s.sayBroken(ctx, st)
	if err != nil {
		return err
	}
	failed, err := s.at.FirstFailed(ctx, st)
	if err != nil {
		return err
	}
	if failed {
		return s.recoverCreate(ctx, state.ID.Account, st)
	}
	switch st.Status {
	case stack.UpdateRollbackFailed:
		return s.continueRollback(ctx, st, broken, o)
	case stack.UpdateFailed:
		return s.rollBackUpdate(ctx, st)
	case stack.DeleteFailed:
		return s.deleteAgain(ctx, state.ID.Account, st, broken, o)
	case stack.ReviewInProgress:
		return s.deleteShell(ctx, st)
	}
	return &stackError{text: fmt.Sprintf("renpyctl knows no way out of %s", st.Status), hint: "docs/deploying.md explains every state"}
}

// giveTagBack deploys a stage that has lost its tag once more as it is: a change
// set gives the stack its tags.
func (s *session) giveTagBack(ctx context.Context, state *stage.State) error {
	state, err := deploy.Changeable(ctx, state, true, s.screen())
	if err != nil {
		return err
	}
	in, err := state.Inspect(ctx)
	if err != nil {
		return err
	}
	s.say("The stack %s has lost the tag %s. Deployed once more as it is, it gets that back.", state.Stack.Name, stage.Tag)
	return s.change(ctx, in, deploy.Deployed(state), s.how(release.Deploy, 0, deployOptions{}), deployOptions{})
}

// sayBroken lists the resources that failed, with AWS's reasons.
func (s *session) sayBroken(ctx context.Context, st stack.Stack) ([]stack.Resource, error) {
	resources, err := s.at.Stacks.Resources(ctx, st.ID)
	if err != nil {
		return nil, err
	}
	broken := stack.Broken(resources)
	for _, r := range broken {
		s.say("  %s %s  %s", ui.Failure("✗"), ui.Accent(r.LogicalID), r.Status)
		if advice := advise(stack.Event{Type: r.Type, Reason: r.Reason}); advice != "" {
			s.say("    %s", advice)
		}
		if r.Reason != "" {
			s.say("    %s", ui.Dim("AWS said: "+cloud.OneLine(r.Reason)))
		}
	}
	return broken, nil
}

// named checks that every resource that a flag names is one that failed.
func named(flag string, ids []string, broken []stack.Resource) error {
	for _, id := range ids {
		found := false
		for _, r := range broken {
			found = found || r.LogicalID == id
		}
		if !found {
			return usagef("%s %s: this resource has not failed", flag, id)
		}
	}
	return nil
}

// continueRollback goes on with a rollback that failed.
func (s *session) continueRollback(ctx context.Context, st stack.Stack, broken []stack.Resource, o recoverOptions) error {
	if err := named("--skip", o.skip, broken); err != nil {
		return err
	}
	if err := s.confirm(ctx, "Go on with the rollback?"); err != nil {
		return err
	}
	final, err := deploy.ContinueRollback(ctx, s.at, st, o.skip, s.screen())
	if e, ok := errors.AsType[*stage.FailedError](err); ok && e.Final.Status == stack.UpdateRollbackFailed {
		return &hintedError{err, "mend the cause and recover again, or leave a resource out with --skip; a deploy then has to put it right"}
	}
	if err != nil {
		return err
	}
	s.say("%s: the stack is what it was before the failed deploy.", ui.Success("Recovered"))
	for _, id := range o.skip {
		s.say("%s", ui.Warning(id+" was left out: CloudFormation believes it to be what it was, whatever it is. Deploy now, and look at it."))
	}
	return s.printState(final)
}

// rollBackUpdate rolls back an update that failed with rolling back switched off.
func (s *session) rollBackUpdate(ctx context.Context, st stack.Stack) error {
	if err := s.confirm(ctx, "Roll the failed update back?"); err != nil {
		return err
	}
	final, err := deploy.RollBack(ctx, s.at, st, s.screen())
	if err != nil {
		return err
	}
	s.say("%s: the stack is what it was before the failed deploy.", ui.Success("Recovered"))
	return s.printState(final)
}

// deleteAgain finishes a deletion that failed.
func (s *session) deleteAgain(ctx context.Context, account string, st stack.Stack, broken []stack.Resource, o recoverOptions) error {
	if err := named("--retain", o.retain, broken); err != nil {
		return err
	}
	h, err := teardown.Of(ctx, s.at, account, st)
	if err != nil {
		return err
	}
	s.say("The stack is deleted again; players' accounts and saves in it stay where they are.")
	if err := s.confirm(ctx, "Delete the stack?"); err != nil {
		return err
	}
	err = h.DeleteAgain(ctx, o.retain, s.screen())
	if _, failed := errors.AsType[*stage.FailedError](err); failed {
		return &hintedError{err, "mend the cause and recover again, or leave a resource behind with --retain"}
	}
	if err != nil {
		return err
	}
	s.say("The stack is deleted.")
	for _, r := range broken {
		for _, id := range o.retain {
			if r.LogicalID == id {
				s.say("%s", ui.Warning(fmt.Sprintf("%s was left behind: %s. Nothing manages it any more.", id, r.PhysicalID)))
			}
		}
	}
	s.listRemains(h.Data)
	return s.printState(deleted(st))
}

// recoverCreate clears away what a failed first deploy left.
func (s *session) recoverCreate(ctx context.Context, account string, st stack.Stack) error {
	if err := s.confirm(ctx, "Delete what the failed first deploy left?"); err != nil {
		return err
	}
	if err := teardown.ClearLeftovers(ctx, s.at, account, st, s.screen()); err != nil {
		return err
	}
	s.say("%s: nothing of the failed deploy is left.", ui.Success("Recovered"))
	s.hint("%s creates the stage", s.command("deploy"))
	return s.printState(deleted(st))
}

// deleteShell deletes an empty stack that only ever held a plan.
func (s *session) deleteShell(ctx context.Context, st stack.Stack) error {
	if err := s.confirm(ctx, "Delete the empty stack, with any plan that was kept for it?"); err != nil {
		return err
	}
	if err := s.at.Stacks.Delete(ctx, st.ID); err != nil {
		return err
	}
	s.say("Deleted: the stage was never deployed.")
	return s.printState(deleted(st))
}

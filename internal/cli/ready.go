package cli

import (
	"context"
	"fmt"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// makeReady brings a stack into a state that can be updated, or says what has
// to be done first. docs/deploying.md has the table of states.
func (s *session) makeReady(ctx context.Context, sit *situation, o deployOptions) error {
	if err := s.waitFor(ctx, sit, o); err != nil {
		return err
	}
	if !failedFirst(sit.Stack) {
		return s.checkUsable(sit.Stack)
	}
	s.say("The first deploy of stage %s failed and left the stack as %s.", ui.Accent(s.flags.stage), sit.Stack.Status)
	if err := s.clearLeftovers(ctx, sit); err != nil {
		return err
	}
	s.say("Now it is created anew.")
	return nil
}

// makeChangeable is makeReady for commands that need a stack that was deployed
// once: what a failed first deploy left is not theirs to clear away.
func (s *session) makeChangeable(ctx context.Context, sit *situation, o deployOptions) error {
	if err := s.waitFor(ctx, sit, o); err != nil {
		return err
	}
	if failedFirst(sit.Stack) {
		return &stackError{
			text: fmt.Sprintf("the first deploy of stage %s failed and left the stack as %s", s.flags.stage, sit.Stack.Status),
			hint: s.command("deploy") + " clears that away, if it holds no player's data, and shows its plan before it goes on",
		}
	}
	return s.checkUsable(sit.Stack)
}

// failedFirst tells that the stack is what a failed first deploy left.
func failedFirst(st stack.Stack) bool {
	switch st.Status {
	case stack.CreateFailed, stack.RollbackComplete, stack.RollbackFailed:
		return true
	}
	return false
}

// checkUsable refuses a stack that is stuck. One that is yet to be created is usable.
func (s *session) checkUsable(st stack.Stack) error {
	switch st.Status {
	case stack.UpdateRollbackFailed, stack.UpdateFailed, stack.DeleteFailed:
		return &stackError{
			text: fmt.Sprintf("the stack %s is stuck in %s", st.Name, st.Status), reason: string(st.Status),
			hint: s.command("recover") + " shows why and brings it back",
		}
	}
	if st.Status.Updatable() || st.Status.Uncreated() {
		return nil
	}
	return &stackError{
		text:   fmt.Sprintf("the stack %s is %s, from which only CloudFormation's own tools lead on", st.Name, st.Status),
		reason: string(st.Status), hint: "docs/deploying.md explains every state",
	}
}

// clearLeftovers deletes what a failed first deploy left, so that it can be
// created anew. It refuses if anything in it might be a player's.
func (s *session) clearLeftovers(ctx context.Context, sit *situation) error {
	all := &holdings{stack: sit.Stack, store: sit.Store}
	if err := s.gather(ctx, all); err != nil {
		return err
	}
	h := all.ofStack()
	if err := s.count(ctx, h, sit.ID); err != nil {
		return err
	}
	if h.totals.Players > 0 || h.totals.Saves.Versions > 0 {
		return &refusedError{
			text: fmt.Sprintf("deploy %s: the stack is %s, and holds %s and %s", s.flags.stage, sit.Stack.Status,
				ui.Plural(h.totals.Players, "player"), ui.Plural(h.totals.Saves.Versions, "version")+" of saves"),
			hint: s.command("remove") + " deletes all of it; --keep-data there keeps players and saves",
		}
	}
	s.say("It holds no players and no saves, so it is deleted.")
	if err := s.keepNote(ctx, all); err != nil {
		return err
	}
	if err := s.deleteEmpty(ctx, h, sit.ID); err != nil {
		return err
	}
	*sit = situation{State: sit.WithoutStack()}
	return nil
}

// deleteEmpty deletes a stack that holds no data, with what outlives it. The
// protections have to go first: DynamoDB and Cognito refuse to delete what is
// protected, even for a rollback.
func (s *session) deleteEmpty(ctx context.Context, h *holdings, id cloud.Identity) error {
	if err := s.unprotect(ctx, h, id); err != nil {
		return err
	}
	if err := s.deleteStack(ctx, h); err != nil {
		return err
	}
	for _, r := range h.data {
		if err := s.deleteIfEmpty(ctx, r, id); err != nil {
			return err
		}
	}
	return h.store.ForgetRemains(ctx, h.stack.ID)
}

// deleteIfEmpty deletes what a stack left, and looks once more that it holds nothing.
func (s *session) deleteIfEmpty(ctx context.Context, r release.Remains, id cloud.Identity) error {
	h := &holdings{data: []release.Remains{r}}
	if err := s.count(ctx, h, id); err != nil {
		return err
	}
	if h.totals.Players > 0 || h.totals.Saves.Versions > 0 {
		return &refusedError{
			text: "something has been written to the stage while it was deleted: it is kept",
			hint: s.command("remove") + " shows it and deletes it",
		}
	}
	return s.deleteData(ctx, h, id)
}

package cli

import (
	"context"
	"fmt"

	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/teardown"
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
// created anew.
func (s *session) clearLeftovers(ctx context.Context, sit *situation) error {
	if err := teardown.ClearLeftovers(ctx, s.at, sit.ID.Account, sit.Stack, s.screen()); err != nil {
		return err
	}
	*sit = situation{State: sit.WithoutStack()}
	return nil
}

package cli

import (
	"context"
	"fmt"

	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// Failed says why an operation on the stack did not succeed, root cause first,
// and what the players now have.
func (s *screen) Failed(e *stage.FailedError) {
	s.sayCause(e.Cause)
	switch e.Final.Status {
	case stack.UpdateRollbackDone:
		s.say("Rolled back: the version before still serves the players.")
	case stack.UpdateRollbackFailed:
		s.say("%s", ui.Failure("The rollback failed too: the stack is stuck, and may serve the players or not."))
	case stack.None, stack.DeleteComplete:
		s.say("The stack was deleted meanwhile.")
	case stack.DeleteFailed:
		s.say("The stack is not deleted; what is left of it is listed by %s.", s.command("recover"))
	default:
		s.say("The stack is %s.", e.Final.Status)
	}
}

// afterFailure says what to do after an operation that did not succeed.
func (a *app) afterFailure(e *stage.FailedError) string {
	switch e.Final.Status {
	case stack.UpdateRollbackDone:
		return "mend the cause and run " + a.command("deploy") + " again"
	case stack.UpdateRollbackFailed:
		return a.command("recover") + " brings it back"
	case stack.None, stack.DeleteComplete:
		return a.command("deploy") + " creates the stage anew"
	case stack.DeleteFailed:
		return "mend the cause and run " + a.command(e.Verb) + " again"
	}
	return a.command("recover") + " says what can be done"
}

// failedCreate does the same for a first deploy, and takes back what
// CloudFormation could not: it does not delete what is protected.
func (s *session) failedCreate(ctx context.Context, final stack.Stack, events []stack.Event) error {
	if there, err := s.at.Find(ctx); err == nil && there.Status != stack.None && there.ID != final.ID {
		return stage.Busy(there) // somebody else has created the stage
	}
	cause, _ := stack.RootCause(events)
	s.sayCause(cause)
	e := &stackError{
		text:   fmt.Sprintf("deploy %s: the stack could not be created", s.flags.stage),
		reason: stage.Reason(cause),
		hint:   "mend the cause and run " + s.command("deploy") + " again",
	}
	if final.Status == stack.None || final.Status == stack.DeleteComplete {
		s.say("Taken back: nothing is running.")
		return e
	}
	s.say("CloudFormation left the stack as %s: taking it back.", final.Status)
	id, err := s.at.WhoAmI(ctx)
	if err == nil {
		err = s.clearLeftovers(ctx, &situation{State: &stage.State{Stage: s.at, ID: id, Store: s.at.Artifacts(id.Account), Stack: final}})
	}
	if err != nil {
		s.say("That did not succeed: %s", s.text(err))
		e.hint = s.command("deploy") + " tries again, " + s.command("remove") + " deletes what is there"
		return e
	}
	s.say("Taken back: nothing is running.")
	return e
}

// sayCause prints the root cause of a failure, if it is known.
func (s *session) sayCause(cause stack.Event) {
	if cause.LogicalID == "" {
		return
	}
	s.say("%s", ui.Failure(fmt.Sprintf("✗ %s failed", cause.LogicalID)))
	if advice := advise(cause); advice != "" {
		s.say("  %s", advice)
	}
	s.say("  %s", ui.Dim("AWS said: "+oneLine(cause.Reason)))
}

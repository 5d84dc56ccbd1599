package cli

import (
	"fmt"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
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
		return "mend the cause and run " + a.command(a.again) + " again"
	case stack.UpdateRollbackFailed:
		return a.command("recover") + " brings it back"
	case stack.None, stack.DeleteComplete:
		return a.command("deploy") + " creates the stage anew"
	}
	return a.command("recover") + " says what can be done"
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
	s.say("  %s", ui.Dim("AWS said: "+cloud.OneLine(cause.Reason)))
}

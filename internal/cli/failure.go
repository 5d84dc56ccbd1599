package cli

import (
	"context"
	"fmt"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// failed says why an operation on the stack did not succeed, root cause first,
// and what the players now have. Verb is what was asked for: "deploy".
func (s *session) failed(verb string, final stack.Stack, events []stack.Event) error {
	e := &stackError{
		text:   fmt.Sprintf("%s %s: the stack did not get there", verb, s.flags.stage),
		reason: s.sayCause(events),
	}
	switch final.Status {
	case stack.UpdateRollbackDone:
		s.say("Rolled back: the version before still serves the players.")
		e.hint = "mend the cause and run " + s.command("deploy") + " again"
	case stack.UpdateRollbackFailed:
		s.say("%s", ui.Failure("The rollback failed too: the stack is stuck, and may serve the players or not."))
		e.hint = s.command("recover") + " brings it back"
	case stack.None, stack.DeleteComplete:
		s.say("The stack was deleted meanwhile.")
		e.hint = s.command("deploy") + " creates the stage anew"
	case stack.DeleteFailed:
		s.say("The stack is not deleted; what is left of it is listed by %s.", s.command("recover"))
		e.hint = "mend the cause and run " + s.command(verb) + " again"
	default:
		s.say("The stack is %s.", final.Status)
		e.hint = s.command("recover") + " says what can be done"
	}
	return e
}

// failedCreate does the same for a first deploy, and takes back what
// CloudFormation could not: it does not delete what is protected.
func (s *session) failedCreate(ctx context.Context, final stack.Stack, events []stack.Event) error {
	if there, err := s.describeAny(ctx); err == nil && there.Status != stack.None && there.ID != final.ID {
		return busy(there) // somebody else has created the stage
	}
	e := &stackError{
		text:   fmt.Sprintf("deploy %s: the stack could not be created", s.flags.stage),
		reason: s.sayCause(events),
		hint:   "mend the cause and run " + s.command("deploy") + " again",
	}
	if final.Status == stack.None || final.Status == stack.DeleteComplete {
		s.say("Taken back: nothing is running.")
		return e
	}
	s.say("CloudFormation left the stack as %s: taking it back.", final.Status)
	id, err := cloud.WhoAmI(ctx, s.cfg)
	if err == nil {
		err = s.clearLeftovers(ctx, &situation{id: id, store: s.artifacts(id.Account), stack: final})
	}
	if err != nil {
		s.say("That did not succeed: %s", cloud.Text(err))
		e.hint = s.command("deploy") + " tries again, " + s.command("remove") + " deletes what is there"
		return e
	}
	s.say("Taken back: nothing is running.")
	return e
}

// sayCause prints the root cause of a failure and returns it in one line.
func (s *session) sayCause(events []stack.Event) string {
	cause, ok := stack.RootCause(events)
	if !ok {
		return ""
	}
	reason := oneLine(cause.Reason)
	s.say("%s", ui.Failure(fmt.Sprintf("✗ %s failed", cause.LogicalID)))
	if advice := advise(cause); advice != "" {
		s.say("  %s", advice)
	}
	s.say("  %s", ui.Dim("AWS said: "+reason))
	return cause.LogicalID + ": " + reason
}

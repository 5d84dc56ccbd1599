package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// follow shows the stack's events until the operation has ended and returns them.
func (s *session) follow(ctx context.Context, stackID, mark string, expected int) ([]stack.Event, error) {
	p := ui.NewProgress(s.streams)
	defer p.Close()
	p.Expect(expected)
	var events []stack.Event
	for ev, err := range s.engine.Follow(ctx, stackID, mark) {
		if err != nil {
			if ctx.Err() != nil {
				p.Close()
				s.say("Interrupted. AWS goes on with the stack by itself; %s shows where it stands.", s.command("info"))
			}
			return events, err
		}
		events = append(events, ev)
		if ev.OfStack {
			if ev.Status.Failed() && ev.Status.InProgress() {
				p.Note(ui.Warning("The stack is rolled back: " + oneLine(ev.Reason)))
			}
			continue
		}
		p.Set(taskOf(ev))
	}
	return events, nil
}

// taskOf turns an event of a resource into its row of the board.
func taskOf(ev stack.Event) ui.Task {
	t := ui.Task{Key: ev.LogicalID, Name: ev.LogicalID, State: ui.Done, At: ev.Time}
	verb, phase, _ := strings.Cut(string(ev.Status), "_")
	switch {
	case strings.HasSuffix(phase, "IN_PROGRESS"):
		t.State = ui.Running
		t.Text = map[string]string{"CREATE": "creating", "UPDATE": "updating", "DELETE": "deleting", "IMPORT": "importing"}[verb]
	case strings.HasSuffix(phase, "FAILED"):
		t.State = ui.Failed
		t.Text = oneLine(ev.Reason)
	case phase == "SKIPPED":
		t.Text = "kept"
	default:
		t.Text = map[string]string{"CREATE": "created", "UPDATE": "updated", "DELETE": "deleted", "IMPORT": "imported"}[verb]
	}
	if t.Text == "" {
		t.Text = strings.ToLower(strings.ReplaceAll(string(ev.Status), "_", " "))
	}
	return t
}

// failed says why an operation on the stack did not succeed, root cause first,
// and what the players now have. Verb is what was asked for: "deploy".
func (s *session) failed(verb string, create bool, final stack.Stack, events []stack.Event) error {
	e := &stackError{hint: s.command("info") + " shows the stack"}
	if cause, ok := stack.RootCause(events); ok {
		s.say("%s", ui.Failure(fmt.Sprintf("✗ %s failed", cause.LogicalID)))
		if action := cloud.DeniedAction(cause.Reason); action != "" {
			s.say("  The credentials that CloudFormation works with lack permission for %s.", action)
		}
		s.say("  AWS said: %s", oneLine(cause.Reason))
	}
	switch {
	case create && (final.Status == stack.None || final.Status == stack.DeleteComplete):
		s.say("Taken back: nothing of the stage is left.")
		e.hint = "mend the cause and run " + s.command("deploy") + " again"
	case final.Status == stack.UpdateRollbackDone:
		s.say("Rolled back: the version before still serves the players.")
		e.hint = "mend the cause and run " + s.command("deploy") + " again"
	default:
		s.say("The stack is in the state %s.", final.Status)
	}
	e.text = fmt.Sprintf("%s %s: the stack did not get there", verb, s.flags.stage)
	return e
}

// followDelete follows a deletion that was started and tells whether the stack is gone.
func (s *session) followDelete(ctx context.Context, stackID, mark string, expected int) error {
	events, err := s.follow(ctx, stackID, mark, expected)
	if err != nil {
		return err
	}
	final, err := s.engine.Describe(ctx, stackID)
	if errors.Is(err, stack.ErrNotFound) || err == nil && final.Status == stack.DeleteComplete {
		return nil
	}
	if err != nil {
		return err
	}
	return s.failed("remove", false, final, events)
}

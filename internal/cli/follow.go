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

// attach follows the operation that runs on the stack, from its beginning,
// whoever began it.
func (s *session) attach(ctx context.Context, st stack.Stack) (stack.Stack, []stack.Event, error) {
	mark, err := s.engine.OperationStart(ctx, st.ID)
	if err != nil {
		return st, nil, err
	}
	final, events, err := s.show(ctx, st.ID, mark, 0)
	if err != nil && ctx.Err() != nil {
		s.sayLeft()
	}
	return final, events, err
}

// follow follows an operation of ours. It returns the stack as it then is, and
// the events since the mark. The error is stack.ErrNotFound if the stack is gone
// and forgotten.
func (s *session) follow(ctx context.Context, stackID, mark string, expected int) (stack.Stack, []stack.Event, error) {
	final, events, err := s.show(ctx, stackID, mark, expected)
	if err != nil && ctx.Err() != nil {
		s.sayLeft()
		s.offerCancel(context.WithoutCancel(ctx), stackID)
	}
	return final, events, err
}

// show shows the stack's events after the mark until the operation has ended.
func (s *session) show(ctx context.Context, stackID, mark string, expected int) (stack.Stack, []stack.Event, error) {
	defer s.group("stack events")()
	p := ui.NewProgress(s.streams)
	defer p.Close()
	p.Expect(expected)
	var events []stack.Event
	final, err := s.engine.Follow(ctx, stackID, mark, func(ev stack.Event) {
		events = append(events, ev)
		switch {
		case !ev.OfStack:
			p.Set(taskOf(ev))
		case ev.Status.Failed() && ev.Status.InProgress() && ev.Reason != "":
			p.Note(ui.Warning("The stack is rolled back: " + oneLine(ev.Reason)))
		}
	})
	return final, events, err
}

// sayLeft says what AWS goes on doing after an interruption.
func (s *session) sayLeft() {
	s.say("\nInterrupted. AWS goes on with the stack by itself: %s watches again.", s.command("deploy --watch"))
}

// offerCancel asks a person who has interrupted an update whether AWS should
// stop too. A second Ctrl-C ends the program at once.
func (s *session) offerCancel(ctx context.Context, stackID string) {
	if !s.streams.InTerminal {
		return
	}
	st, err := s.engine.Describe(ctx, stackID)
	if err != nil || st.Status != "UPDATE_IN_PROGRESS" {
		return
	}
	if s.streams.Confirm(ctx, "Cancel the update, so that it is rolled back?") != nil {
		return
	}
	if err := s.engine.CancelUpdate(ctx, stackID); err != nil {
		s.say("%s", ui.Warning("The update could not be cancelled: "+oneLine(cloud.Text(err))))
		return
	}
	s.say("Cancelled: AWS rolls the update back. %s shows it.", s.command("deploy --watch"))
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

// followDelete follows a deletion that was started and returns when the stack is gone.
func (s *session) followDelete(ctx context.Context, stackID, mark string, expected int) error {
	final, events, err := s.follow(ctx, stackID, mark, expected)
	if errors.Is(err, stack.ErrNotFound) || err == nil && final.Status == stack.DeleteComplete {
		return nil
	}
	if err != nil {
		return err
	}
	return s.failed("remove", final, events)
}

// reportOrphans names resources that a successful update meant to delete and
// could not: CloudFormation skips them and forgets them.
func (s *session) reportOrphans(events []stack.Event) {
	for _, ev := range events {
		if ev.Status == stack.DeleteFailed && !ev.OfStack {
			s.say("%s", ui.Warning(fmt.Sprintf("%s could not be deleted and is no longer part of the stack: %s", ev.PhysicalID, oneLine(ev.Reason))))
		}
	}
}

package stage

import (
	"context"
	"errors"
	"strings"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// Watcher is told what happens on a stage's stack while somebody waits for it.
type Watcher interface {
	// Waiting says that something runs on the stack already, and is waited for.
	Waiting(st stack.Stack)
	// Begin comes before the events of an operation, with how many resources it
	// is about (0 if that is not known), and End after them.
	Begin(expected int)
	Event(ev stack.Event)
	End()
	// Blind says that AWS does not answer for now, and how, and is asked again.
	Blind(err error)
	// Left says that the caller gave up waiting while AWS goes on with the stack;
	// ours, that this run began the operation. The context is not cancelled: there
	// may be something to ask.
	Left(ctx context.Context, stackID string, ours bool)
	// Lost says that AWS goes on with the stack, and that it cannot be seen any more
	// how: there was no answer for too long, or none that agrees with the others.
	Lost()
	// Failed says that an operation did not succeed, before anything is done about it.
	Failed(e *FailedError)
}

// FailedError says that CloudFormation did not get where it was asked to go. What
// was asked for is known to who asked.
type FailedError struct {
	Final stack.Stack // zero if it is gone
	Cause stack.Event // that began it; zero if unknown
}

func (*FailedError) Error() string { return "the stack did not get there" }

// Reason is its root cause in one line, "" if unknown.
func (e *FailedError) Reason() string { return Reason(e.Cause) }

// Reason is the root cause of a failure in one line, "" if unknown.
func Reason(cause stack.Event) string {
	if cause.LogicalID == "" {
		return ""
	}
	return cause.LogicalID + ": " + cloud.OneLine(cause.Reason)
}

// Fail tells the watcher of an operation that did not succeed, and returns the
// *[FailedError] of it.
func Fail(final stack.Stack, events []stack.Event, w Watcher) error {
	e := &FailedError{Final: final}
	e.Cause, _ = stack.RootCause(events)
	w.Failed(e)
	return e
}

// Attach follows the operation that runs on the stack, from its beginning,
// whoever began it.
func (s *Stage) Attach(ctx context.Context, st stack.Stack, w Watcher) (stack.Stack, []stack.Event, error) {
	mark, err := s.Stacks.OperationStart(ctx, st.ID)
	if err != nil {
		return st, nil, err
	}
	return s.follow(ctx, st.ID, mark, 0, nil, false, w)
}

// Follow follows an operation of ours on the stack of an id. It returns the
// stack as it then is, and the events since the mark. Shows is that of
// [stack.Watch]. The errors are those of [stack.Engine.Follow].
func (s *Stage) Follow(ctx context.Context, stackID, mark string, expected int, shows func(stack.Stack) bool, w Watcher) (stack.Stack, []stack.Event, error) {
	return s.follow(ctx, stackID, mark, expected, shows, true, w)
}

func (s *Stage) follow(ctx context.Context, stackID, mark string, expected int, shows func(stack.Stack) bool, ours bool, w Watcher) (stack.Stack, []stack.Event, error) {
	w.Begin(expected)
	var events []stack.Event
	final, err := s.Stacks.Follow(ctx, stackID, mark, stack.Watch{Shows: shows, Blind: w.Blind, Event: func(ev stack.Event) {
		events = append(events, ev)
		w.Event(ev)
	}})
	w.End()
	switch {
	case err == nil || errors.Is(err, stack.ErrNotFound) || errors.Is(err, stack.ErrNothingRan):
	case ctx.Err() != nil:
		w.Left(context.WithoutCancel(ctx), stackID, ours)
	default:
		w.Lost()
	}
	return final, events, err
}

// Operate starts an operation on the stack and follows it to its end. A stack
// that is gone then has the status None.
func (s *Stage) Operate(ctx context.Context, st stack.Stack, w Watcher, start func() error) (stack.Stack, []stack.Event, error) {
	mark, err := s.Stacks.LatestEvent(ctx, st.ID)
	if err == nil {
		err = start()
	}
	if err != nil {
		return st, nil, err
	}
	final, events, err := s.Follow(ctx, st.ID, mark, 0, nil, w)
	if errors.Is(err, stack.ErrNotFound) {
		return stack.Stack{}, events, nil
	}
	return final, events, err
}

// FollowDelete follows a deletion that was started and returns when the stack is gone.
func (s *Stage) FollowDelete(ctx context.Context, stackID, mark string, expected int, w Watcher) error {
	final, events, err := s.Follow(ctx, stackID, mark, expected, nil, w)
	if errors.Is(err, stack.ErrNotFound) || err == nil && final.Status == stack.DeleteComplete {
		return nil
	}
	if err != nil {
		return err
	}
	return Fail(final, events, w)
}

// Wait waits while an operation runs already, if that is wanted, and looks
// again. The clean-up after an update is waited for in any case.
func (s *State) Wait(ctx context.Context, wanted bool, w Watcher) (*State, error) {
	for s.Stack.Status.InProgress() {
		if !wanted && !cleansUp(s.Stack) {
			return nil, Busy(s.Stack)
		}
		if _, err := s.waitOut(ctx, s.Stack, w); err != nil {
			return nil, err
		}
		var err error
		if s, err = s.Look(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// cleansUp tells that an update is over, and what it has replaced is being
// deleted: that is short, and the stack works.
func cleansUp(st stack.Stack) bool {
	return strings.HasSuffix(string(st.Status), "_CLEANUP_IN_PROGRESS")
}

// AfterCleanup waits for the clean-up after an update, if one runs, and returns
// the stack as it then is.
func (s *Stage) AfterCleanup(ctx context.Context, st stack.Stack, w Watcher) (stack.Stack, error) {
	if !cleansUp(st) {
		return st, nil
	}
	return s.waitOut(ctx, st, w)
}

// waitOut follows what runs on the stack to its end and returns the stack as it
// then is, zero if it is gone.
func (s *Stage) waitOut(ctx context.Context, st stack.Stack, w Watcher) (stack.Stack, error) {
	w.Waiting(st)
	final, _, err := s.Attach(ctx, st, w)
	final.Policy = st.Policy
	if errors.Is(err, stack.ErrNotFound) || err == nil && final.Status == stack.DeleteComplete {
		return stack.Stack{}, nil
	}
	return final, err
}

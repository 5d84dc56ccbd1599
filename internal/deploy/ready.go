package deploy

import (
	"context"
	"fmt"

	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/teardown"
)

// MakeReady brings a stack into a state that can be changed, or refuses. It
// waits for what runs on the stack if that is wanted, and clears away what a
// failed first deploy left. docs/deploying.md has the table of states.
func MakeReady(ctx context.Context, s *stage.State, wait bool, o Observer) (*stage.State, error) {
	s, err := s.Wait(ctx, wait, o)
	if err != nil {
		return nil, err
	}
	failed, err := s.FirstFailed(ctx, s.Stack)
	if err != nil {
		return nil, err
	}
	if !failed {
		return s, checkState(s.Stack)
	}
	o.Clearing(s.Stack)
	if err := teardown.ClearLeftovers(ctx, s.Stage, s.ID.Account, s.Stack, o); err != nil {
		return nil, err
	}
	o.Cleared()
	return s.WithoutStack(), nil
}

// Changeable is [MakeReady] for what needs a stack that was deployed once: what
// a failed first deploy left is refused with a *[FirstFailedError].
func Changeable(ctx context.Context, s *stage.State, wait bool, o Observer) (*stage.State, error) {
	s, err := s.Wait(ctx, wait, o)
	if err != nil {
		return nil, err
	}
	failed, err := s.FirstFailed(ctx, s.Stack)
	if err != nil {
		return nil, err
	}
	if failed {
		return nil, &FirstFailedError{s.Name, s.Stack.Status}
	}
	return s, checkState(s.Stack)
}

// FirstFailedError says that the stack is what a failed first deploy left.
type FirstFailedError struct {
	Name   stage.Name
	Status stack.Status
}

func (e *FirstFailedError) Error() string {
	return fmt.Sprintf("the first deploy of stage %s failed and left the stack as %s", e.Name, e.Status)
}

// StateError says that a stack is in a state from which no change leads on.
type StateError struct {
	Stack       string
	Status      stack.Status
	Recoverable bool // it is stuck, and there is a way out
}

func (e *StateError) Error() string {
	if e.Recoverable {
		return fmt.Sprintf("the stack %s is stuck in %s", e.Stack, e.Status)
	}
	return fmt.Sprintf("the stack %s is %s, from which only CloudFormation's own tools lead on", e.Stack, e.Status)
}

// checkState refuses a stack that cannot be changed. One that is yet to be
// created can.
func checkState(st stack.Stack) error {
	switch st.Status {
	case stack.UpdateRollbackFailed, stack.UpdateFailed, stack.DeleteFailed:
		return &StateError{st.Name, st.Status, true}
	}
	if st.Status.Updatable() || st.Status.Uncreated() {
		return nil
	}
	return &StateError{st.Name, st.Status, false}
}

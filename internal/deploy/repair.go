package deploy

import (
	"context"

	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// ContinueRollback goes on with a rollback that failed, leaving out the
// resources named, and returns the stack as it was before the failed update.
func ContinueRollback(ctx context.Context, at *stage.Stage, st stack.Stack, skip []string, w stage.Watcher) (stack.Stack, error) {
	final, events, err := at.Operate(ctx, st, w, func() error { return at.Stacks.ContinueRollback(ctx, st.ID, skip) })
	if err == nil && final.Status != stack.UpdateRollbackDone {
		err = stage.Fail(final, events, w)
	}
	return final, err
}

// RollBack rolls back an update that failed with rolling back switched off, and
// returns the stack as it was before.
func RollBack(ctx context.Context, at *stage.Stage, st stack.Stack, w stage.Watcher) (stack.Stack, error) {
	final, events, err := at.Operate(ctx, st, w, func() error { return at.Stacks.Rollback(ctx, st.ID) })
	if err == nil && !final.Status.Updatable() {
		err = stage.Fail(final, events, w)
	}
	return final, err
}

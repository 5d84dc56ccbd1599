package teardown

import (
	"cmp"
	"context"
	"errors"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// ClearLeftovers deletes the stack that a failed first deploy left, so that it
// can be created anew; of one that is deleted already, what its deletion skipped. The error is a *[HoldsDataError] if anything in it might
// be a player's.
func ClearLeftovers(ctx context.Context, at *stage.Stage, account string, st stack.Stack, o Observer) error {
	h, err := Of(ctx, at, account, st)
	if err != nil {
		return err
	}
	h = h.ofStack()
	t, err := h.Count(ctx, o)
	if err != nil {
		return err
	}
	if !t.Nothing() {
		if st.Status == stack.DeleteComplete { // nothing else names it any more
			err = h.note(ctx)
		}
		return errors.Join(&HoldsDataError{st.Status, t}, err)
	}
	o.Started(Step{What: Nothing})
	if err := h.note(ctx); err != nil {
		return err
	}
	return h.deleteEmpty(ctx, o)
}

// deleteEmpty deletes a stack that holds no data, with what outlives it. The
// protections have to go first: DynamoDB and Cognito refuse to delete what is
// protected, even for a rollback.
func (h *Holdings) deleteEmpty(ctx context.Context, o Observer) error {
	if err := h.unprotect(ctx); err != nil {
		return err
	}
	if err := h.deleteStack(ctx, o); err != nil {
		return err
	}
	for _, r := range h.Data {
		if err := h.deleteIfEmpty(ctx, r, o); err != nil {
			return err
		}
	}
	return h.store.ForgetRemains(ctx, h.Data)
}

// deleteIfEmpty deletes what a stack left, if it still holds nothing. The bucket
// goes first and is never emptied: S3 refuses to delete it if a game has written
// since it was counted, and then the rest stays as well.
func (h *Holdings) deleteIfEmpty(ctx context.Context, r release.Remains, o Observer) error {
	if err := h.mustHoldNothing(ctx, r, o); err != nil {
		return err
	}
	if r.Bucket != "" {
		err := h.at.Bucket(r.Bucket, h.account).Delete(ctx)
		if cloud.KindOf(err) == cloud.Conflict {
			return cmp.Or(h.mustHoldNothing(ctx, r, o), err)
		}
		if err != nil {
			return err
		}
		r.Bucket = ""
	}
	return h.deleteData(ctx, []release.Remains{r})
}

// mustHoldNothing counts once more what a stack left. The error is a
// *[WrittenMeanwhileError] if it is not empty any more.
func (h *Holdings) mustHoldNothing(ctx context.Context, r release.Remains, o Observer) error {
	t, err := h.count(ctx, []release.Remains{r}, o)
	if err != nil {
		return err
	}
	if !t.Nothing() {
		return &WrittenMeanwhileError{}
	}
	return nil
}

// DeleteAgain finishes a deletion of the stack that failed, leaving the
// resources named behind. The data stays, and is noted.
func (h *Holdings) DeleteAgain(ctx context.Context, retain []string, o Observer) error {
	if err := h.note(ctx); err != nil {
		return err
	}
	final, events, err := h.at.Operate(ctx, h.Stack, o, func() error {
		if len(retain) == 0 {
			return h.at.Stacks.Delete(ctx, h.Stack.ID)
		}
		return h.at.Stacks.DeleteRetaining(ctx, h.Stack.ID, retain)
	})
	if err == nil && final.Status != stack.None && final.Status != stack.DeleteComplete {
		err = stage.Fail(final, events, o)
	}
	return err
}

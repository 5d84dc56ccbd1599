package teardown

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// Erase notes what outlives the stack, marks the stage as being removed, deletes
// all that it holds, which amounts to t, and checks that nothing is left.
func (h *Holdings) Erase(ctx context.Context, t Totals, o Observer) error {
	if err := h.begin(ctx); err != nil {
		return err
	}
	if err := step(o, Step{What: Protections}, func() error { return h.unprotect(ctx) }); err != nil {
		return err
	}
	for _, r := range h.Data {
		if err := h.emptySaves(ctx, r, t.Saves.Versions, o); err != nil {
			return err
		}
	}
	if err := step(o, Step{What: Stack}, func() error { return h.deleteStack(ctx, o) }); err != nil {
		return err
	}
	if err := step(o, Step{What: Kept}, func() error { return h.deleteData(ctx, h.Data) }); err != nil {
		return err
	}
	if err := step(o, Step{What: Artifacts}, func() error { return h.deleteArtifacts(ctx) }); err != nil {
		return err
	}
	return step(o, Step{What: Check}, func() error { return h.Gone(ctx) })
}

// begin comes before everything that a removal changes. Whatever becomes of this
// run, what outlives the stack is noted, and the stack's policy tells everybody
// that the stage is being removed and whether it was protected.
func (h *Holdings) begin(ctx context.Context) error {
	if err := h.note(ctx); err != nil {
		return err
	}
	st := h.Stack
	if policy := cfn.RemovalPolicy(h.Protected()); h.mayServe() && st.Policy != policy {
		return h.at.Stacks.SetPolicy(ctx, st.ID, policy)
	}
	return nil
}

// mayServe tells whether players may have a backend in the stack, now or after
// it is recovered. The other statuses tell by themselves what the stack is.
func (h *Holdings) mayServe() bool {
	st := h.Stack.Status
	return !st.Uncreated() && !st.FailedCreate() && st != stack.DeleteInProgress && st != stack.DeleteFailed
}

// unprotect lifts the protections of the data and refuses uploads from then on.
func (h *Holdings) unprotect(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range h.Data {
		if r.UserPoolID != "" {
			group.Go(func() error { return h.at.Pool(r.UserPoolID).Unprotect(ctx) })
		}
		if r.Table != "" {
			group.Go(func() error { return h.at.Table(r.Table).Unprotect(ctx) })
		}
		if r.Bucket != "" {
			group.Go(func() error {
				return h.at.Bucket(r.Bucket, h.account).Freeze(ctx, cloud.Partition(h.at.Config.Region))
			})
		}
	}
	return group.Wait()
}

// emptySaves deletes every version in the bucket of saves.
func (h *Holdings) emptySaves(ctx context.Context, r release.Remains, total int64, o Observer) error {
	if r.Bucket == "" {
		return nil
	}
	s := Step{What: Saves, Bucket: r.Bucket, Total: total}
	return step(o, s, func() error {
		return bucket.Empty(ctx, cloud.S3(h.at.Config), h.bucket(r.Bucket), func(deleted int64) { o.Progress(s, deleted) })
	})
}

// DeleteStack begins like [Holdings.Erase] and deletes the stack alone, whose
// deletion policies keep the data.
func (h *Holdings) DeleteStack(ctx context.Context, o Observer) error {
	if err := h.begin(ctx); err != nil {
		return err
	}
	return step(o, Step{What: Stack}, func() error { return h.deleteStack(ctx, o) })
}

// deleteStack deletes the stack, lifting its own protection first, and returns
// when it is gone. A deletion that already runs is followed.
func (h *Holdings) deleteStack(ctx context.Context, o Observer) error {
	st, stacks := h.Stack, h.at.Stacks
	if st.Status == stack.None || st.Status == stack.DeleteComplete {
		return nil
	}
	if st.TerminationProtection {
		if err := stacks.SetTerminationProtection(ctx, st.ID, false); err != nil {
			return err
		}
	}
	var mark string
	var err error
	if st.Status == stack.DeleteInProgress {
		mark, err = stacks.OperationStart(ctx, st.ID)
	} else {
		if mark, err = stacks.LatestEvent(ctx, st.ID); err == nil {
			err = stacks.Delete(ctx, st.ID)
		}
	}
	if err != nil {
		return err
	}
	return h.at.FollowDelete(ctx, st.ID, mark, h.members, o)
}

// deleteData deletes what outlives the stack by its deletion policies.
func (h *Holdings) deleteData(ctx context.Context, data []release.Remains) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range data {
		if r.UserPoolID != "" {
			group.Go(func() error { return h.at.Pool(r.UserPoolID).DeletePool(ctx) })
		}
		if r.Table != "" {
			group.Go(func() error { return h.at.Table(r.Table).Delete(ctx) })
		}
		if r.Bucket != "" {
			group.Go(func() error { return h.deleteBucket(ctx, r.Bucket) })
		}
	}
	return group.Wait()
}

// deleteBucket deletes the bucket of saves, which was emptied before. A game may
// have written after that, until uploads were refused everywhere.
func (h *Holdings) deleteBucket(ctx context.Context, name string) error {
	b := h.at.Bucket(name, h.account)
	err := b.Delete(ctx)
	if cloud.KindOf(err) != cloud.Conflict {
		return err
	}
	if err := bucket.Empty(ctx, cloud.S3(h.at.Config), h.bucket(name), nil); err != nil {
		return err
	}
	return b.Delete(ctx)
}

// deleteArtifacts deletes the artefact bucket, and with it the note of what
// outlived the stack: it comes last, so that an interrupted removal finds it.
func (h *Holdings) deleteArtifacts(ctx context.Context) error {
	if err := bucket.Empty(ctx, cloud.S3(h.at.Config), h.bucket(h.store.Bucket), nil); err != nil {
		return err
	}
	return h.store.DeleteBucket(ctx)
}

package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/saves"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// unprotect lifts the protections of the data and refuses uploads from then on.
func (s *session) unprotect(ctx context.Context, h *holdings, id cloud.Identity) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range h.data {
		if r.UserPoolID != "" {
			group.Go(func() error { return s.at.Pool(r.UserPoolID).Unprotect(ctx) })
		}
		if r.Table != "" {
			group.Go(func() error { return s.table(r).Unprotect(ctx) })
		}
		if r.Bucket != "" {
			group.Go(func() error { return s.bucket(r, id).Freeze(ctx, cloud.Partition(s.region())) })
		}
	}
	return group.Wait()
}

func (s *session) table(r release.Remains) *saves.Table {
	return saves.NewTable(dynamodb.NewFromConfig(s.at.Config), r.Table)
}

func (s *session) bucket(r release.Remains, id cloud.Identity) *saves.Bucket {
	return saves.NewBucket(cloud.S3(s.at.Config), r.Bucket, id.Account)
}

// emptySaves deletes every version in the bucket of saves, with a bar.
func (s *session) emptySaves(ctx context.Context, p *ui.Progress, r release.Remains, id cloud.Identity, total int64) error {
	if r.Bucket == "" {
		return nil
	}
	start := time.Now()
	t := ui.Task{Key: r.Bucket, Name: "saves", State: ui.Running, Text: "deleting versions"}
	p.Set(t)
	var gone int64
	err := bucket.Empty(ctx, cloud.S3(s.at.Config), bucket.Bucket{Name: r.Bucket, Owner: id.Account}, func(deleted int64) {
		gone = deleted
		t := t
		t.Text = fmt.Sprintf("%s of %s versions  %s  %s/s", ui.Count(deleted), ui.Count(total),
			ui.Bar(deleted, total, 12), ui.Count(int64(float64(deleted)/time.Since(start).Seconds())))
		p.Set(t)
	})
	t.State, t.Text = ui.Done, ui.Plural(gone, "version")+" deleted"
	if err != nil {
		t.State, t.Text = ui.Failed, "not all deleted"
	}
	p.Set(t)
	return err
}

// deleteStack deletes the stack, lifting its own protection first, and returns
// when it is gone. A deletion that already runs is followed.
func (s *session) deleteStack(ctx context.Context, h *holdings) error {
	st := h.stack
	if st.Status == stack.None {
		return nil
	}
	if st.TerminationProtection {
		if err := s.at.Stacks.SetTerminationProtection(ctx, st.ID, false); err != nil {
			return err
		}
	}
	var mark string
	var err error
	if st.Status == "DELETE_IN_PROGRESS" {
		mark, err = s.at.Stacks.OperationStart(ctx, st.ID)
	} else {
		if mark, err = s.at.Stacks.LatestEvent(ctx, st.ID); err == nil {
			err = s.at.Stacks.Delete(ctx, st.ID)
		}
	}
	if err != nil {
		return err
	}
	return s.at.FollowDelete(ctx, st.ID, mark, h.members, s.screen())
}

// deleteData deletes what outlives the stack by its deletion policies.
func (s *session) deleteData(ctx context.Context, h *holdings, id cloud.Identity) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range h.data {
		if r.UserPoolID != "" {
			group.Go(func() error { return s.at.Pool(r.UserPoolID).DeletePool(ctx) })
		}
		if r.Table != "" {
			group.Go(func() error { return s.table(r).Delete(ctx) })
		}
		if r.Bucket != "" {
			group.Go(func() error { return s.deleteBucket(ctx, r, id) })
		}
	}
	return group.Wait()
}

// deleteBucket deletes the bucket of saves, which was emptied before. A game may
// have written after that, until uploads were refused everywhere.
func (s *session) deleteBucket(ctx context.Context, r release.Remains, id cloud.Identity) error {
	err := s.bucket(r, id).Delete(ctx)
	if cloud.KindOf(err) != cloud.Conflict {
		return err
	}
	if err := bucket.Empty(ctx, cloud.S3(s.at.Config), bucket.Bucket{Name: r.Bucket, Owner: id.Account}, nil); err != nil {
		return err
	}
	return s.bucket(r, id).Delete(ctx)
}

// deleteArtifacts deletes the artefact bucket, and with it the note of what
// outlived the stack: it comes last, so that an interrupted removal finds it.
func (s *session) deleteArtifacts(ctx context.Context, h *holdings, id cloud.Identity) error {
	if err := bucket.Empty(ctx, cloud.S3(s.at.Config), bucket.Bucket{Name: h.store.Bucket, Owner: id.Account}, nil); err != nil {
		return err
	}
	return h.store.DeleteBucket(ctx)
}

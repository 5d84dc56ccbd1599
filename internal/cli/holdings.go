package cli

import (
	"context"
	"errors"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// holdings is what a stage consists of, and what removing it takes away.
type holdings struct {
	stack  stack.Stack       // zero if it is gone already
	data   []release.Remains // of this stack, and of earlier ones that left theirs
	store  *release.Store
	totals totals
}

// totals is what the data amounts to; the JSON of `remove`.
type totals struct {
	Stage   string       `json:"stage"`
	Players int64        `json:"players"`
	Saves   bucket.Stats `json:"saves"`
	Kept    bool         `json:"kept"` // --keep-data
}

// holdings finds the stack and whatever earlier ones left. The error is
// *noStageError if there is neither a stack nor anything else of the stage.
func (s *session) holdings(ctx context.Context, id cloud.Identity) (*holdings, error) {
	h := &holdings{store: s.artifacts(id.Account)}
	st, err := s.describe(ctx)
	_, none := errors.AsType[*noStageError](err)
	if err != nil && !none {
		return nil, err
	}
	if !none {
		if st.Status.InProgress() && st.Status != "DELETE_IN_PROGRESS" {
			return nil, busy(st)
		}
		h.stack = st
	}
	if h.data, err = h.store.Remains(ctx); err != nil {
		return nil, err
	}
	if !none {
		return h, s.addCurrent(ctx, h)
	}
	if len(h.data) == 0 {
		// An interrupted removal may have left the artefact bucket alone.
		if left, err := h.store.Exists(ctx); err != nil || !left {
			return nil, errors.Join(err, &noStageError{s.flags.stage, s.cfg.Region})
		}
	}
	return h, nil
}

// addCurrent adds the data of the stack itself, unless it was noted before.
func (s *session) addCurrent(ctx context.Context, h *holdings) error {
	for _, r := range h.data {
		if r.StackID == h.stack.ID {
			return nil
		}
	}
	resources, err := s.engine.Resources(ctx, h.stack.ID)
	if err != nil {
		return err
	}
	r := release.Remains{StackID: h.stack.ID, Since: time.Now().UTC()}
	for _, res := range resources {
		switch res.LogicalID {
		case cfn.UserPool:
			r.UserPoolID = res.PhysicalID
		case cfn.UserPoolClient:
			r.ClientID = res.PhysicalID
		case cfn.ManifestTable:
			r.Table = res.PhysicalID
		case cfn.SaveFilesBucket:
			r.Bucket = res.PhysicalID
		}
	}
	h.data = append(h.data, r)
	return nil
}

// count finds out how much there is, so that nobody deletes more than they think.
func (s *session) count(ctx context.Context, h *holdings, id cloud.Identity) error {
	h.totals.Stage = s.flags.stage
	p := ui.NewProgress(s.streams)
	defer p.Close()
	for _, r := range h.data {
		if r.UserPoolID != "" {
			n, err := s.pool(r.UserPoolID).Count(ctx)
			if err != nil {
				return err
			}
			h.totals.Players += n
		}
		if r.Bucket == "" {
			continue
		}
		stats, err := bucket.Count(ctx, cloud.S3(s.cfg), bucket.Bucket{Name: r.Bucket, Owner: id.Account}, isSave, func(st bucket.Stats) {
			if st.Versions >= 10_000 { // otherwise it is over in a moment
				p.Set(ui.Task{Key: r.Bucket, Name: "counting saves", State: ui.Running, Text: ui.Plural(st.Versions, "version")})
			}
		})
		if err != nil {
			return err
		}
		h.totals.Saves.Files += stats.Files
		h.totals.Saves.Versions += stats.Versions
		h.totals.Saves.Bytes += stats.Bytes
	}
	return nil
}

// isSave tells the saves in the bucket from uploads that are still to be looked
// at, and from the empty objects that lie over contents that are no longer needed.
func isSave(key string, size int64) bool { return size > 0 && savesync.IsContent(key) }

// keepNote writes down what outlives the stack, before anything is touched.
func (s *session) keepNote(ctx context.Context, h *holdings) error {
	if h.stack.Status == stack.None {
		return nil
	}
	if err := h.store.Ensure(ctx); err != nil {
		return err
	}
	return h.store.KeepRemains(ctx, h.data[len(h.data)-1])
}

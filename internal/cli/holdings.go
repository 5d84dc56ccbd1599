package cli

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// holdings is what a stage consists of, and what removing it takes away.
type holdings struct {
	stack   stack.Stack       // zero if it is gone already
	members int               // how many resources it lists
	data    []release.Remains // of this stack, and of earlier ones that left theirs
	noted   []release.Remains // those of them that the artefact bucket tells of
	store   *release.Store
	totals  totals
}

// totals is what the data amounts to; the JSON of `remove`.
type totals struct {
	Stage   string            `json:"stage"`
	Players int64             `json:"players"`
	Saves   bucket.Stats      `json:"saves"`
	Kept    bool              `json:"kept"`              // --keep-data
	Remains []release.Remains `json:"remains,omitempty"` // what is kept
}

// holdings finds the stack and whatever earlier ones left. The error is
// *stage.NoStageError if there is neither a stack nor anything else of the stage.
func (s *session) holdings(ctx context.Context) (*holdings, cloud.Identity, error) {
	h := &holdings{}
	var id cloud.Identity
	if err := cloud.Together(ctx, cloud.Into(&id, s.at.WhoAmI), cloud.Into(&h.stack, s.at.Find)); err != nil {
		return nil, id, err
	}
	s.where(id)
	var err error
	if h.stack, err = s.at.AfterCleanup(ctx, h.stack, s.screen()); err != nil {
		return nil, id, err
	}
	if h.stack.Status.InProgress() && h.stack.Status != "DELETE_IN_PROGRESS" {
		return nil, id, stage.Busy(h.stack)
	}
	h.store = s.at.Artifacts(id.Account)
	if err := s.gather(ctx, h); err != nil {
		return nil, id, err
	}
	if h.stack.Status == stack.None && len(h.data) == 0 {
		// An interrupted removal may have left the artefact bucket alone.
		if left, err := h.store.Exists(ctx); err != nil || !left {
			return nil, id, errors.Join(err, s.at.None())
		}
	}
	return h, id, nil
}

// gather finds the data of the stack and of those before it.
func (s *session) gather(ctx context.Context, h *holdings) error {
	var resources []stack.Resource
	err := cloud.Together(ctx, cloud.Into(&h.noted, h.store.Remains), func(ctx context.Context) (err error) {
		if h.stack.Status != stack.None {
			resources, err = s.at.Stacks.Resources(ctx, h.stack.ID)
		}
		return err
	})
	if err != nil {
		return err
	}
	h.members, h.data = len(resources), slices.Clone(h.noted)
	current := remainsOf(h.stack, resources)
	if r := current.Without(h.noted); !r.Empty() {
		h.data = append(h.data, r)
	}
	for i, r := range h.data {
		if r.Without([]release.Remains{current}) != r { // imported into this stack since it was noted
			h.data[i].StackID = h.stack.ID
		}
	}
	return nil
}

// remainsOf names those of a stack's resources that hold its data.
func remainsOf(st stack.Stack, resources []stack.Resource) release.Remains {
	r := release.Remains{StackID: st.ID, Since: time.Now().UTC()}
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
	return r
}

// count finds out how much there is, so that nobody deletes more than they think.
func (s *session) count(ctx context.Context, h *holdings, id cloud.Identity) error {
	h.totals.Stage = s.flags.stage
	p := ui.NewProgress(s.streams)
	defer p.Close()
	players := make([]int64, len(h.data))
	saves := make([]bucket.Stats, len(h.data))
	group, ctx := errgroup.WithContext(ctx)
	for i, r := range h.data {
		if r.UserPoolID != "" {
			group.Go(func() (err error) {
				players[i], err = s.at.Pool(r.UserPoolID).Count(ctx)
				return err
			})
		}
		if r.Bucket != "" {
			group.Go(func() (err error) {
				saves[i], err = bucket.Count(ctx, cloud.S3(s.at.Config), bucket.Bucket{Name: r.Bucket, Owner: id.Account}, isSave, func(st bucket.Stats) {
					if st.Versions >= 10_000 { // otherwise it is over in a moment
						p.Set(ui.Task{Key: r.Bucket, Name: "counting saves", State: ui.Running, Text: ui.Plural(st.Versions, "version")})
					}
				})
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i := range h.data {
		h.totals.Players += players[i]
		h.totals.Saves.Files += saves[i].Files
		h.totals.Saves.Versions += saves[i].Versions
		h.totals.Saves.Bytes += saves[i].Bytes
	}
	return nil
}

// isSave tells the saves in the bucket from uploads that are still to be looked at.
func isSave(key string, size int64) bool { return size > 0 && savesync.IsContent(key) }

// keepNote writes down what outlives the stack, before anything is touched.
func (s *session) keepNote(ctx context.Context, h *holdings) error {
	if len(h.data) == len(h.noted) {
		return nil
	}
	return h.store.KeepRemains(ctx, h.data[len(h.data)-1])
}

// earlier is how many stacks before this one have left data.
func (h *holdings) earlier() int {
	stacks := map[string]bool{}
	for _, r := range h.data {
		stacks[r.StackID] = true
	}
	delete(stacks, h.stack.ID)
	return len(stacks)
}

// ofStack is what the stack itself holds, without what earlier ones left.
func (h *holdings) ofStack() *holdings {
	mine := *h
	mine.data = slices.DeleteFunc(slices.Clone(h.data), func(r release.Remains) bool { return r.StackID != h.stack.ID })
	return &mine
}

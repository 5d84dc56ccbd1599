package teardown

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/support"
)

// Holdings is what a stage consists of, and what removing it takes away.
type Holdings struct {
	Stack stack.Stack       // zero if it is gone already
	Data  []release.Remains // of earlier stacks that left theirs, oldest first, and of this one
	// Doubts are what is noted of earlier stacks and passed over, each in a line.
	Doubts []string

	at      *stage.Stage
	account string
	store   *release.Store
	current release.Remains // this stack's own data, as it lists it
	unnoted release.Remains // of this stack's data, what the artefact bucket does not tell of yet
	members int             // how many resources the stack lists
}

// Totals is what data amounts to.
type Totals struct {
	Players int64
	Saves   bucket.Stats
}

// Nothing says that no player has anything here.
func (t Totals) Nothing() bool { return t.Players == 0 && t.Saves.Versions == 0 }

// Find finds what the stage holds, the stack and whatever earlier ones left. A
// clean-up that runs is waited for. The error is *[stage.NoStageError] if there
// is neither a stack nor anything else of the stage.
func Find(ctx context.Context, at *stage.Stage, account string, st stack.Stack, o Observer) (*Holdings, error) {
	st, err := at.AfterCleanup(ctx, st, o)
	if err != nil {
		return nil, err
	}
	if st.Status.InProgress() && st.Status != stack.DeleteInProgress {
		return nil, stage.Busy(st)
	}
	h, err := Of(ctx, at, account, st)
	if err != nil {
		return nil, err
	}
	if st.Status == stack.None && len(h.Data) == 0 {
		// An interrupted removal may have left the artefact bucket alone.
		left, err := h.store.Exists(ctx)
		if err != nil {
			return nil, err // which does not say that the stage is not deployed
		}
		if !left {
			return nil, at.None()
		}
	}
	return h, nil
}

// Of finds the data of a stack, which may be zero, and of those before it. It
// waits for nothing, and finding nothing is no error.
func Of(ctx context.Context, at *stage.Stage, account string, st stack.Stack) (*Holdings, error) {
	h := &Holdings{Stack: st, at: at, account: account, store: at.Artifacts(account)}
	var noted Noted
	var resources []stack.Resource
	err := cloud.Together(ctx, func(ctx context.Context) (err error) {
		noted, err = ReadNoted(ctx, at, account)
		return err
	}, func(ctx context.Context) (err error) {
		if st.Status != stack.None {
			resources, err = at.Stacks.Resources(ctx, st.ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	h.members, h.Data, h.Doubts = len(resources), slices.Clone(noted.Data), noted.Doubts
	h.current = dataOf(st, resources)
	if h.unnoted = h.current.Without(noted.Data); !h.unnoted.Empty() {
		h.Data = append(h.Data, h.unnoted)
	}
	for i, r := range h.Data {
		if r.Without([]release.Remains{h.current}) != r { // imported into this stack since it was noted
			h.Data[i].StackID = st.ID
		}
	}
	return h, nil
}

// dataOf names those of a stack's resources that hold its data.
func dataOf(st stack.Stack, resources []stack.Resource) release.Remains {
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

// Protected tells whether players rely, or relied, on what is removed.
func (h *Holdings) Protected() bool {
	return h.at.Name.Protected(h.Stack) || slices.ContainsFunc(h.Data, func(r release.Remains) bool {
		return r.Protected && r.StackID != h.Stack.ID // of this one the stack tells
	})
}

// Earlier is how many stacks before this one have left data.
func (h *Holdings) Earlier() int {
	stacks := map[string]bool{}
	for _, r := range h.Data {
		stacks[r.StackID] = true
	}
	delete(stacks, h.Stack.ID)
	return len(stacks)
}

// ofStack is what the stack itself holds, as it lists it: not what earlier ones
// left, nor what is only noted as this one's.
func (h *Holdings) ofStack() *Holdings {
	mine := *h
	mine.Data = []release.Remains{h.current}
	return &mine
}

// Count finds out how much there is, so that nobody deletes more than they think.
func (h *Holdings) Count(ctx context.Context, o Observer) (Totals, error) {
	return h.count(ctx, h.Data, o)
}

func (h *Holdings) count(ctx context.Context, data []release.Remains, o Observer) (Totals, error) {
	o.Started(Step{What: Counting})
	var t Totals
	players := make([]int64, len(data))
	saves := make([]bucket.Stats, len(data))
	group, groupCtx := errgroup.WithContext(ctx)
	for i, r := range data {
		if r.UserPoolID != "" {
			group.Go(func() (err error) {
				players[i], err = h.at.Pool(r.UserPoolID).Count(groupCtx)
				return err
			})
		}
		if r.Bucket != "" {
			group.Go(func() (err error) {
				saves[i], err = bucket.Count(groupCtx, cloud.S3(h.at.Config), h.bucket(r.Bucket), support.IsSave, func(st bucket.Stats) {
					o.Progress(Step{What: Counting, Bucket: r.Bucket}, st.Versions)
				})
				return err
			})
		}
	}
	err := group.Wait()
	o.Finished(Step{What: Counting}, err)
	if err != nil {
		return Totals{}, err
	}
	for i := range data {
		t.Players += players[i]
		t.Saves.Files += saves[i].Files
		t.Saves.FileVersions += saves[i].FileVersions
		t.Saves.Versions += saves[i].Versions
		t.Saves.Bytes += saves[i].Bytes
	}
	return t, nil
}

func (h *Holdings) bucket(name string) bucket.Bucket {
	return bucket.Bucket{Name: name, Owner: h.account}
}

// note writes down what outlives the stack. Whatever deletes something does so first.
func (h *Holdings) note(ctx context.Context) error {
	if h.unnoted.Empty() {
		return nil
	}
	r := h.unnoted
	r.Protected = h.at.Name.Protected(h.Stack)
	return h.store.KeepRemains(ctx, r)
}

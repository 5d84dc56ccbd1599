package stage

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// Archive is a stage's stack and what its artefact bucket holds.
type Archive struct {
	*Stage
	Stack    stack.Stack
	Store    *release.Store
	Contents release.Contents
}

// Archive finds the stage's stack and lists its artefact bucket.
func (s *Stage) Archive(ctx context.Context) (*Archive, error) {
	a := &Archive{Stage: s}
	var id cloud.Identity
	if err := cloud.Together(ctx, cloud.Into(&a.Stack, s.Known), cloud.Into(&id, s.WhoAmI)); err != nil {
		return nil, err
	}
	a.Store = s.Artifacts(id.Account)
	var err error
	if a.Contents, err = a.Store.Contents(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// Release is the number of the release that the stack says it is; 0 for none.
func (a *Archive) Release() int { return Release(a.Stack) }

// Listed is a release as a stage's history lists it.
type Listed struct {
	release.Release
	Live bool `json:"live"` // the stack says that it is this one
}

// Releases lists the releases, newest first, with the live one marked as the
// stack says.
func (a *Archive) Releases(ctx context.Context) ([]Listed, error) {
	all, err := a.Store.List(ctx, a.Contents.Numbers())
	if err != nil {
		return nil, err
	}
	list := []Listed{}
	for _, r := range all {
		list = append(list, Listed{told(a.Stack, r), r.Number == a.Release()})
	}
	return list, nil
}

// CodeKeys are where the artefact bucket keeps what the stack says its functions run.
func (a *Archive) CodeKeys() []string {
	var keys []string
	for _, f := range Functions() {
		keys = append(keys, codeKeyOf(a.Stack, f.Name))
	}
	return keys
}

// PlanDays is after how many days a plan that was kept is too old to matter.
const PlanDays = 30

// StalePlans lists the plans that were kept for the stage and are of no use any
// more: CloudFormation would not execute them, another release has their number,
// or they are older than [PlanDays].
func (a *Archive) StalePlans(ctx context.Context) ([]stack.ChangeSet, error) {
	all, err := a.Stacks.ChangeSets(ctx, a.Stack.Name)
	if err != nil {
		return nil, err
	}
	next := a.Contents.After(a.Release())
	stale := []stack.ChangeSet{}
	for _, c := range all {
		parameters, err := a.Stacks.Recall(ctx, c.Plan(a.Stack.ID))
		if err != nil && !errors.Is(err, stack.ErrStale) {
			return nil, err
		}
		n, _ := strconv.Atoi(parameters[cfn.ParamRelease])
		if err != nil || n < next || time.Since(c.Created) > PlanDays*24*time.Hour {
			stale = append(stale, c)
		}
	}
	return stale, nil
}

// told returns the release with what the stack tells of it: what it has been has
// succeeded, whatever was written down, and the live one if the stack has.
func told(st stack.Stack, r release.Release) release.Release {
	r.Proven = r.Damaged == "" && historyOf(st).Proves(r.Record)
	if r.Proven || r.Number == Release(st) && r.Damaged == "" && st.Status.Updatable() {
		r.Outcome.Result, r.Outcome.Reason = release.Succeeded, ""
	}
	return r
}

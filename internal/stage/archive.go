package stage

import (
	"context"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// Archive is a stage's stack and what its artefact bucket holds.
type Archive struct {
	Stack    stack.Stack
	Store    *release.Store
	Contents release.Contents
}

// Archive finds the stage's stack and lists its artefact bucket.
func (s *Stage) Archive(ctx context.Context) (*Archive, error) {
	a := &Archive{}
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
func (a *Archive) Release() int { return releaseOf(a.Stack) }

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

// told returns the release with what the stack tells of it: the live one has
// succeeded if the stack has, whatever its run could write down.
func told(st stack.Stack, r release.Release) release.Release {
	if r.Number == releaseOf(st) && r.Damaged == "" && st.Status.Updatable() {
		r.Outcome.Result, r.Outcome.Reason = release.Succeeded, ""
	}
	return r
}

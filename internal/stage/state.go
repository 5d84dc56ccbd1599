package stage

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// State is what is there of a stage, and who asks.
type State struct {
	*Stage
	ID       cloud.Identity
	Store    *release.Store // its artefact bucket, not read yet
	Stack    stack.Stack    // zero where there is none
	Template string         // of the stack
	Live     []Running
}

// Look finds out who we are and what is there, all at once.
func (s *Stage) Look(ctx context.Context) (*State, error) {
	st := &State{Stage: s}
	err := cloud.Together(ctx,
		cloud.Into(&st.ID, s.WhoAmI),
		cloud.Into(&st.Stack, s.withPolicy(s.Find)),
		cloud.Into(&st.Template, s.template),
		cloud.Into(&st.Live, s.Running),
	)
	if err != nil {
		return nil, err
	}
	st.Store = s.Artifacts(st.ID.Account)
	return st, nil
}

// template returns the stack's template, "" where there is no stack.
func (s *Stage) template(ctx context.Context) (string, error) {
	template, err := s.Stacks.Template(ctx, s.Name.Stack())
	if cloud.IsNotFound(err) {
		return "", nil
	}
	return template, err
}

// WithoutStack is the state after the stack has been deleted.
func (s *State) WithoutStack() *State {
	return &State{Stage: s.Stage, ID: s.ID, Store: s.Store}
}

// MustBeDeployed refuses a stack that was never created.
func (s *State) MustBeDeployed() error { return s.Stage.MustBeDeployed(s.Stack) }

// Protected tells whether players rely on the stage.
func (s *State) Protected() bool { return s.Name.Protected(s.Stack) }

// Release is the number of the release that the stack says it is; 0 for none.
func (s *State) Release() int { return Release(s.Stack) }

// Release is the number of the release that a stack says it is; 0 for none.
func Release(st stack.Stack) int {
	n, _ := strconv.Atoi(st.Parameters[cfn.ParamRelease])
	return n
}

// History is what the stack says of the releases that it has been.
func (s *State) History() release.History { return historyOf(s.Stack) }

func historyOf(st stack.Stack) release.History {
	return release.ParseHistory(st.Parameters[cfn.ParamHistory])
}

// CodeKey is where the artefact bucket keeps what the stack says a function runs.
func (s *State) CodeKey(function string) string { return codeKeyOf(s.Stack, function) }

func codeKeyOf(st stack.Stack, function string) string {
	f, _ := FunctionNamed(function)
	return st.Parameters[f.CodeParameter]
}

// Running is a function as Lambda runs it.
type Running struct {
	Name string `json:"name"` // "syncPlan"
	functions.Function
}

// Running asks Lambda what it runs. A function that is not there (a stack that
// failed half-way) is left out.
func (s *Stage) Running(ctx context.Context) ([]Running, error) {
	client := s.Lambda()
	all := Functions()
	found := make([]*Running, len(all))
	group, ctx := errgroup.WithContext(ctx)
	for i, f := range all {
		group.Go(func() error {
			live, err := functions.Read(ctx, client, s.Name.Function(f.Function))
			if errors.Is(err, functions.ErrNotFound) {
				return nil
			}
			found[i] = &Running{f.Name, live}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	list := []Running{}
	for _, f := range found {
		if f != nil {
			list = append(list, *f)
		}
	}
	return list, nil
}

// Missing are the functions that the stack has and Lambda has not.
func (s *State) Missing() []string {
	if !s.Stack.Status.Updatable() {
		return nil
	}
	return Missing(s.Live, s.Template)
}

// Missing are the functions of a stack's template that are not among those live.
func Missing(live []Running, template string) []string {
	var names []string
	for _, f := range Functions() {
		if cfn.HasResource(template, f.LogicalID) && !slices.ContainsFunc(live, func(l Running) bool { return l.Name == f.Name }) {
			names = append(names, f.Name)
		}
	}
	return names
}

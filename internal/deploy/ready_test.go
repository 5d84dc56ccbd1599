package deploy_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// From which states a change goes on, and what stops it in the others. Only
// MakeReady clears away what a failed first deploy left.
func TestReady(t *testing.T) {
	for _, c := range []struct {
		status            stack.Status
		ready, changeable string
	}{
		{"CREATE_COMPLETE", "ready", "ready"},
		{"UPDATE_COMPLETE", "ready", "ready"},
		{"IMPORT_COMPLETE", "ready", "ready"},
		{stack.UpdateRollbackDone, "ready", "ready"},
		{"IMPORT_ROLLBACK_COMPLETE", "ready", "ready"},
		{stack.CreateFailed, "cleared", "first failed"},
		{stack.RollbackComplete, "cleared", "first failed"},
		{stack.RollbackFailed, "cleared", "first failed"},
		{stack.UpdateFailed, "stuck", "stuck"},
		{stack.UpdateRollbackFailed, "stuck", "stuck"},
		{stack.DeleteFailed, "stuck", "stuck"},
		{stack.ImportRollbackFailed, "no way on", "no way on"},
		{"CREATE_IN_PROGRESS", "busy", "busy"},
		{"UPDATE_IN_PROGRESS", "busy", "busy"},
		{"DELETE_IN_PROGRESS", "busy", "busy"},
	} {
		story(t, string(c.status), func(t *testing.T) {
			a := deployed(t)
			a.Current().Status = c.status
			at := stage.At(a.Config(cloud.Options{}), "dev")
			for _, way := range []struct {
				what string
				want string
				do   func(*stage.State, deploy.Observer) (*stage.State, error)
			}{
				{"changeable", c.changeable, func(s *stage.State, o deploy.Observer) (*stage.State, error) {
					return deploy.Changeable(t.Context(), s, false, o)
				}},
				{"made ready", c.ready, func(s *stage.State, o deploy.Observer) (*stage.State, error) {
					return deploy.MakeReady(t.Context(), s, false, o)
				}},
			} {
				before, err := at.Look(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				since := a.Watch()
				after, err := way.do(before, &awsaccount.Listener{})
				if got := fate(after, err); got != way.want {
					t.Errorf("%s: %s, want %s", way.what, got, way.want)
				}
				// After a deletion that failed the events tell whether it was a first deploy's.
				calls := slices.DeleteFunc(since(), func(name string) bool {
					return c.status == stack.DeleteFailed && name == "CloudFormation-DescribeStackEvents"
				})
				if way.want != "cleared" && len(calls) > 0 {
					t.Errorf("%s: calls %q", way.what, calls)
				}
			}
			if gone := a.Current() == nil; gone != (c.ready == "cleared") {
				t.Errorf("the stack is gone: %v", gone)
			}
		})
	}
}

// fate is in a word what has become of a stage that was to be made ready.
func fate(s *stage.State, err error) string {
	state, notChangeable := errors.AsType[*deploy.StateError](err)
	_, first := errors.AsType[*deploy.FirstFailedError](err)
	switch {
	case err == nil && s.Stack.Status == stack.None:
		return "cleared"
	case err == nil:
		return "ready"
	case errors.Is(err, stack.ErrBusy):
		return "busy"
	case first:
		return "first failed"
	case notChangeable && state.Recoverable:
		return "stuck"
	case notChangeable:
		return "no way on"
	}
	return fmt.Sprint(err)
}

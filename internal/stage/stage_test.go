package stage_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// with is an account whose stack is in a state, made by this program unless its
// tag says something else.
func with(t *testing.T, status stack.Status, tag string) (*awsaccount.Account, *stage.Stage) {
	t.Helper()
	a := awsaccount.New(t)
	if status != stack.None {
		a.Stacks = append(a.Stacks, &awsaccount.Stack{
			ID: "arn:aws:cloudformation:eu-west-1:123456789012:stack/renpy-cloud-dev/1", Status: status, Template: cfn.Template(),
			Tags:       []types.Tag{{Key: aws.String(stage.Tag), Value: &tag}},
			Parameters: []types.Parameter{{ParameterKey: aws.String(cfn.ParamRelease), ParameterValue: aws.String("7")}},
			Resources:  map[string]types.StackResourceSummary{}, Operations: map[string]bool{},
		})
	}
	return a, stage.At(a.Config(cloud.Options{}), "dev")
}

func TestOpening(t *testing.T) {
	for _, c := range []struct {
		what              string
		status            stack.Status
		tag               string
		described, needed string // the errors: "", "none" or "foreign"
	}{
		{"nothing", stack.None, "dev", "none", "none"},
		{"a stage", "UPDATE_COMPLETE", "dev", "", ""},
		{"one that is stuck", stack.UpdateRollbackFailed, "dev", "", ""},
		{"the shell of a plan", stack.ReviewInProgress, "dev", "", "none"},
		{"another tool's stack", "CREATE_COMPLETE", "", "foreign", "foreign"},
		{"another stage's stack", "CREATE_COMPLETE", "prod", "foreign", "foreign"},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, at := with(t, c.status, c.tag)
				_, err := at.Describe(t.Context())
				if got := kind(err); got != c.described {
					t.Errorf("described: %q, want %q", got, c.described)
				}
				_, err = at.Deployed(t.Context())
				if got := kind(err); got != c.needed {
					t.Errorf("needed: %q, want %q", got, c.needed)
				}
				_, err = at.Find(t.Context())
				if got := kind(err); got == "none" {
					t.Error("no stack is an error for what can do without")
				}
			})
		})
	}
}

func kind(err error) string {
	_, none := errors.AsType[*stage.NoStageError](err)
	_, foreign := errors.AsType[*stage.ForeignStackError](err)
	switch {
	case none:
		return "none"
	case foreign:
		return "foreign"
	case err != nil:
		return err.Error()
	}
	return ""
}

// What the functions should be is known by the stack, where the stack is certain.
func TestDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, at := with(t, "UPDATE_COMPLETE", "dev")
		a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)] = &awsaccount.Function{Hash: "b2xk"}
		s, err := at.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Release() != 7 {
			t.Errorf("release %d", s.Release())
		}
		c, err := s.Compare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var drift []string
		for _, d := range c.Drift {
			drift = append(drift, d.Name+" "+d.Differences[0].Setting)
		}
		if want := []string{"syncPlan codeSha256", "syncComplete function"}; len(drift) < 2 || !slices.Equal(drift[:2], want) {
			t.Errorf("drift %q, want %q", drift, want)
		}

		a.Current().Status = stack.UpdateRollbackFailed
		if s, err = at.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c, err = s.Compare(t.Context()); err != nil || len(c.Drift) > 0 || len(s.Missing()) > 0 {
			t.Errorf("drift of a stack that is stuck: %v, %v", c.Drift, err)
		}
	})
}

// What runs is waited for where that is wanted; a clean-up is waited for anyhow.
func TestWait(t *testing.T) {
	for _, c := range []struct {
		status stack.Status
		wanted bool
		waits  bool
	}{
		{"UPDATE_IN_PROGRESS", false, false},
		{"UPDATE_IN_PROGRESS", true, true},
		{"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", false, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			a, at := with(t, c.status, "dev")
			a.Event(a.Current(), "", c.status, "")
			a.Later(awsaccount.OperationTime, func() { a.Event(a.Current(), "", "UPDATE_COMPLETE", "") })
			s, err := at.Look(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			l := &awsaccount.Listener{}
			s, err = s.Wait(t.Context(), c.wanted, l)
			switch {
			case !c.waits && !errors.Is(err, stack.ErrBusy):
				t.Errorf("%s: %v", c.status, err)
			case c.waits && (err != nil || s.Stack.Status != "UPDATE_COMPLETE"):
				t.Errorf("%s: %v", c.status, err)
			case c.waits && !slices.Equal(l.Said, []string{"waiting for " + string(c.status), "follow 0", "followed"}):
				t.Errorf("%s: heard %q", c.status, l.Said)
			}
		})
	}
}

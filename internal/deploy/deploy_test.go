package deploy_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/lambda"
)

var _ deploy.Observer = (*awsaccount.Listener)(nil)

// prepare goes the way of a change as far as its plan.
func prepare(ctx context.Context, a *awsaccount.Account, settings map[string]string, o deploy.Observer) (*deploy.Plan, error) {
	s, err := stage.At(a.Config(cloud.Options{}), "dev").Look(ctx)
	if err != nil {
		return nil, err
	}
	if s, err = deploy.MakeReady(ctx, s, true, o); err != nil {
		return nil, err
	}
	t, err := deploy.Embedded(s, lambda.ARM64, settings, "", lambda.Zip)
	if err != nil {
		return nil, err
	}
	in, err := s.Inspect(ctx)
	if err != nil {
		return nil, err
	}
	return deploy.Prepare(ctx, in, t, deploy.How{Record: release.Record{Kind: release.Deploy}}, o)
}

// change goes all of the way.
func change(ctx context.Context, a *awsaccount.Account, settings map[string]string, x deploy.Execution, o deploy.Observer) (err error) {
	p, err := prepare(ctx, a, settings, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Discard(ctx)) }()
	if err := p.Guard(x.AllowReplace); err != nil {
		return err
	}
	_, err = p.Execute(ctx, x, o)
	return err
}

// deployed is an account with a stage in it.
func deployed(t *testing.T) *awsaccount.Account {
	t.Helper()
	a := awsaccount.New(t)
	if err := change(t.Context(), a, nil, deploy.Execution{}, &awsaccount.Listener{}); err != nil {
		t.Fatal(err)
	}
	if wrong := a.Whole(); wrong != "" {
		t.Fatal(wrong)
	}
	return a
}

var settings = map[string]string{"GameIds": "my_game"}

func heard(t *testing.T, l *awsaccount.Listener, want ...string) {
	t.Helper()
	if !slices.Equal(l.Said, want) {
		t.Errorf("heard\n%s\nwant\n%s", strings.Join(l.Said, "\n"), strings.Join(want, "\n"))
	}
}

// story tells a story in a bubble where waiting costs nothing.
func story(t *testing.T, what string, tell func(t *testing.T)) {
	t.Helper()
	t.Run(what, func(t *testing.T) { synctest.Test(t, tell) })
}

func TestChange(t *testing.T) {
	story(t, "the first", func(t *testing.T) {
		a, l := awsaccount.New(t), &awsaccount.Listener{}
		if err := change(t.Context(), a, nil, deploy.Execution{}, l); err != nil {
			t.Fatal(err)
		}
		heard(t, l, "uploading", "uploaded 3 of 3, error <nil>", "follow 8", "followed")
	})
	story(t, "an update, with a function put right", func(t *testing.T) {
		a, l := deployed(t), &awsaccount.Listener{}
		a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)].Memory = 1024
		if err := change(t.Context(), a, settings, deploy.Execution{}, l); err != nil {
			t.Fatal(err)
		}
		heard(t, l, "uploading", "uploaded 0 of 3, error <nil>", "put right syncPlan", "follow 2", "followed")
	})
	story(t, "an update that fails", func(t *testing.T) {
		a, l := deployed(t), &awsaccount.Listener{}
		a.Fails, a.Reason = cfn.SyncPlanFunction, "Internal Failure"
		err := change(t.Context(), a, settings, deploy.Execution{}, l)
		if e, ok := errors.AsType[*stage.FailedError](err); !ok || e.Final.Status != stack.UpdateRollbackDone {
			t.Errorf("the error is %v", err)
		}
		heard(t, l, "uploading", "uploaded 0 of 3, error <nil>", "follow 2", "followed", "failed: UPDATE_ROLLBACK_COMPLETE, SyncPlanLambdaFunction: Internal Failure")
	})
	story(t, "a first one that leaves something", func(t *testing.T) {
		a, l := awsaccount.New(t), &awsaccount.Listener{}
		a.Fails, a.Reason = cfn.SyncPlanFunction, "Internal Failure"
		err := change(t.Context(), a, nil, deploy.Execution{}, l)
		if e, ok := errors.AsType[*deploy.CreateFailedError](err); !ok || e.Left {
			t.Errorf("the error is %v", err)
		}
		heard(t, l, "uploading", "uploaded 3 of 3, error <nil>", "follow 8", "followed", "not created: SyncPlanLambdaFunction: Internal Failure",
			"taking back DELETE_FAILED", "counting", "nothing", "follow 2", "followed", "counting", "taken back, error <nil>")
		if a.Current() != nil || len(a.Pools)+len(a.Tables) > 0 {
			t.Errorf("left are %v, %v", a.Pools, a.Tables)
		}
	})
}

// The guard refuses what players would feel, and a plan that is given up leaves nothing.
func TestGuardRefuses(t *testing.T) {
	story(t, "a table that is replaced", func(t *testing.T) {
		a := deployed(t)
		a.Changes = []awsaccount.Change{{
			LogicalResourceId: aws.String(cfn.ManifestTable), ResourceType: aws.String("AWS::DynamoDB::Table"),
			Action: types.ChangeActionModify, Replacement: types.ReplacementTrue,
		}}
		err := change(t.Context(), a, settings, deploy.Execution{}, &awsaccount.Listener{})
		if e, ok := errors.AsType[*deploy.GuardError](err); !ok || !slices.Equal(e.LogicalIDs(), []string{cfn.ManifestTable}) {
			t.Errorf("the error is %v", err)
		}
		if wrong := a.Whole(); wrong != "" {
			t.Error(wrong)
		}
		if err := change(t.Context(), a, settings, deploy.Execution{AllowReplace: []string{cfn.ManifestTable}}, &awsaccount.Listener{}); err != nil {
			t.Error(err)
		}
	})
}

// Whatever call is refused, no plan is left, and the next deploy makes the stage
// whole.
func TestEveryCallRefused(t *testing.T) {
	var calls []string
	synctest.Test(t, func(t *testing.T) {
		a := deployed(t)
		since := a.Watch()
		if err := change(t.Context(), a, settings, deploy.Execution{AllowReplace: []string{cfn.HTTPAPI}}, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
		calls = since()
	})
	for _, call := range calls {
		story(t, call, func(t *testing.T) {
			a, l := deployed(t), &awsaccount.Listener{}
			a.Watch()
			a.Fault = func(name string) awsaccount.Fault {
				if name == call {
					return awsaccount.Fault{Before: awsfake.Error{Code: "AccessDenied", Message: "not authorized to do this", Status: 403}}
				}
				return awsaccount.Fault{}
			}
			err := change(t.Context(), a, settings, deploy.Execution{AllowReplace: []string{cfn.HTTPAPI}}, l)
			a.Fault = nil
			if optional := slices.ContainsFunc(l.Said, func(s string) bool { return strings.Contains(s, "is not recorded") }); err == nil && !optional {
				t.Error("no error")
			}
			if a.Planned() && !strings.Contains(call, "DeleteChangeSet") {
				t.Error("a change set is left")
			}
			if err := change(t.Context(), a, map[string]string{"GameIds": "other"}, deploy.Execution{}, l); err != nil {
				t.Errorf("the next deploy: %v", err)
			}
			if wrong := a.Whole(); wrong != "" {
				t.Error(wrong)
			}
		})
	}
}

// A plan that is kept is executed later, as long as the stage fits it.
func TestKept(t *testing.T) {
	keep := func(t *testing.T, a *awsaccount.Account) deploy.Kept {
		t.Helper()
		p, err := prepare(t.Context(), a, settings, &awsaccount.Listener{})
		if err != nil {
			t.Fatal(err)
		}
		p.Keep()
		if err := p.Discard(t.Context()); err != nil || !a.Planned() {
			t.Fatalf("the plan is not kept: %v", err)
		}
		return p.Kept()
	}
	recall := func(t *testing.T, a *awsaccount.Account, k deploy.Kept) (*deploy.Plan, error) {
		t.Helper()
		s, err := stage.At(a.Config(cloud.Options{}), "dev").Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		in, err := s.Inspect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return deploy.Recall(t.Context(), in, k, release.Record{Kind: release.Deploy})
	}
	story(t, "executed", func(t *testing.T) {
		a := deployed(t)
		p, err := recall(t, a, keep(t, a))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Execute(t.Context(), deploy.Execution{}, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
		if wrong := a.Whole(); wrong != "" {
			t.Error(wrong)
		}
	})
	story(t, "stale", func(t *testing.T) {
		a := deployed(t)
		k := keep(t, a)
		if err := change(t.Context(), a, map[string]string{"GameIds": "other"}, deploy.Execution{}, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
		if _, err := recall(t, a, k); !errors.Is(err, stack.ErrStale) {
			t.Errorf("the error is %v", err)
		}
	})
}

// A function that the deployed template does not have is not missed, whatever
// this program's own has: a rollback may go back to a template of an earlier one.
func TestMissesWhatItsTemplateHas(t *testing.T) {
	for _, kept := range []bool{false, true} {
		story(t, fmt.Sprintf("kept %v", kept), func(t *testing.T) {
			a, l := deployed(t), &awsaccount.Listener{}
			s, err := stage.At(a.Config(cloud.Options{}), "dev").Look(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			to, err := deploy.Embedded(s, lambda.ARM64, settings, "", lambda.Zip)
			if err != nil {
				t.Fatal(err)
			}
			to.Template = strings.ReplaceAll(to.Template, cfn.SyncCompleteFunction+":", "Other:")
			sum := fmt.Sprintf("%x", sha256.Sum256([]byte(to.Template)))
			to.TemplateKey = release.TemplateKey(sum)
			to.Bodies[to.TemplateKey] = deploy.Body{
				SHA256: sum, Size: int64(len(to.Template)), Open: func() io.ReadSeeker { return strings.NewReader(to.Template) },
			}
			in, err := s.Inspect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p, err := deploy.Prepare(t.Context(), in, to, deploy.How{Record: release.Record{Kind: release.Deploy}}, l)
			if err != nil {
				t.Fatal(err)
			}
			if kept {
				if in, err = s.Inspect(t.Context()); err != nil {
					t.Fatal(err)
				}
				if p, err = deploy.Recall(t.Context(), in, p.Kept(), p.Record); err != nil {
					t.Fatal(err)
				}
			}
			executed := false
			a.Fault = func(call string) awsaccount.Fault {
				executed = executed || strings.HasPrefix(call, "CloudFormation-ExecuteChangeSet")
				if executed && strings.HasPrefix(call, "Lambda-GetFunctionConfiguration "+awsaccount.Physical(cfn.SyncCompleteFunction)) {
					return awsaccount.Fault{Before: awsfake.Error{Code: "ResourceNotFoundException", Message: "Function not found", Status: 404}}
				}
				return awsaccount.Fault{}
			}
			if _, err := p.Execute(t.Context(), deploy.Execution{}, l); err != nil {
				t.Error(err)
			}
		})
	}
}

// A release of one function has failed if Lambda says so. One whose answer was
// lost may still come to run: its outcome stays open.
func TestReplaceCodeOutcome(t *testing.T) {
	const update = "Lambda-UpdateFunctionCode"
	denied := awsfake.Error{Code: "AccessDeniedException", Message: "no", Status: 403}
	for _, c := range []struct {
		what   string
		call   string
		fault  awsaccount.Fault
		result release.Result
	}{
		{"refused", update, awsaccount.Fault{Before: denied}, release.Failed},
		{"answer lost", update, awsaccount.Fault{After: awsfake.ErrLost}, release.Unknown},
		{"not to be followed", "Lambda-GetFunctionConfiguration", awsaccount.Fault{Before: denied}, release.Unknown},
	} {
		story(t, c.what, func(t *testing.T) {
			a := deployed(t)
			s, err := stage.At(a.Config(cloud.Options{}), "dev").Look(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			code, err := lambda.Zip(lambda.Functions()[0], lambda.ARM64)
			if err != nil {
				t.Fatal(err)
			}
			a.Fault = func(call string) awsaccount.Fault {
				if strings.HasPrefix(call, c.call) {
					return c.fault
				}
				return awsaccount.Fault{}
			}
			_, err = deploy.ReplaceCode(t.Context(), s, code, release.Record{}, &awsaccount.Listener{})
			a.Fault = nil
			if err == nil {
				t.Fatal("no error")
			}
			r, err := s.Store.Get(t.Context(), 2)
			if err != nil || r.Outcome.Result != c.result {
				t.Errorf("the outcome is %q, %v; want %q", r.Outcome.Result, err, c.result)
			}
		})
	}
}

// What fails after the stack's own success does not hide it.
func TestLiveButUnfinished(t *testing.T) {
	story(t, "the functions cannot be read afterwards", func(t *testing.T) {
		a := deployed(t)
		begun := false
		a.Fault = func(call string) awsaccount.Fault {
			begun = begun || strings.HasPrefix(call, "CloudFormation-ExecuteChangeSet")
			if begun && strings.HasPrefix(call, "Lambda-GetFunctionConfiguration") {
				return awsaccount.Fault{Before: awsfake.Error{Code: "AccessDeniedException", Message: "no", Status: 403}}
			}
			return awsaccount.Fault{}
		}
		err := change(t.Context(), a, settings, deploy.Execution{}, &awsaccount.Listener{})
		e, ok := errors.AsType[*deploy.UnfinishedError](err)
		if !ok || e.Number != 2 || cloud.KindOf(err) != cloud.Denied {
			t.Errorf("the error is %v", err)
		}
	})
}

// Where nothing changes there is no plan that could be executed or kept.
func TestNoChanges(t *testing.T) {
	story(t, "no plan", func(t *testing.T) {
		a := deployed(t)
		a.Refuses = "The submitted information didn't contain changes. Submit different information to create a change set."
		if p, err := prepare(t.Context(), a, nil, &awsaccount.Listener{}); p != nil || !errors.Is(err, stack.ErrNoChanges) {
			t.Errorf("planned %v, %v", p, err)
		}
	})
}

// What was put right is compared anew, not believed to be right.
func TestRestore(t *testing.T) {
	story(t, "a function's memory", func(t *testing.T) {
		a, l := deployed(t), &awsaccount.Listener{}
		f := a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)]
		f.Memory = 1024
		s, err := stage.At(a.Config(cloud.Options{}), "dev").Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		to, err := deploy.Embedded(s, lambda.ARM64, nil, "", lambda.Zip)
		if err != nil {
			t.Fatal(err)
		}
		u, err := deploy.Keep(t.Context(), s, to)
		if err != nil || len(u.Drift) != 1 {
			t.Fatalf("drift %v, %v", u.Drift, err)
		}
		if u, err = u.Restore(t.Context(), l); err != nil || len(u.Drift) != 0 || f.Memory != 256 {
			t.Errorf("drift %v, memory %d, %v", u.Drift, f.Memory, err)
		}
		f.Memory = 512
		if s, err = s.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c, err := s.Compare(t.Context()); err != nil || len(c.Drift) != 1 {
			t.Errorf("drift %v, %v", c.Drift, err)
		}
	})
}

// Who was slower leaves the stack's policy to the update that runs: closing it
// would fail what somebody else has allowed.
func TestSlowerLeavesThePolicy(t *testing.T) {
	story(t, "another operation runs", func(t *testing.T) {
		a := deployed(t)
		theirs := cfn.StackPolicy(cfn.UserPool)
		a.Watch()
		a.Fault = func(call string) awsaccount.Fault {
			if strings.HasPrefix(call, "CloudFormation-ExecuteChangeSet") {
				a.Current().Policy = theirs
				return awsaccount.Fault{Before: awsfake.Error{Code: "InvalidChangeSetStatus", Message: "ChangeSet cannot be executed in its current status"}}
			}
			return awsaccount.Fault{}
		}
		err := change(t.Context(), a, settings, deploy.Execution{AllowReplace: []string{cfn.HTTPAPI}}, &awsaccount.Listener{})
		a.Fault = nil
		if !errors.Is(err, stack.ErrBusy) || a.Current().Policy != theirs {
			t.Errorf("the error is %v, the policy %s", err, a.Current().Policy)
		}
		if err := change(t.Context(), a, map[string]string{"GameIds": "other"}, deploy.Execution{}, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
		if wrong := a.Whole(); wrong != "" {
			t.Error(wrong)
		}
	})
}

package teardown_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/teardown"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// deployed is an account with a stage in it.
func deployed(t *testing.T) (*awsaccount.Account, *stage.Stage) {
	t.Helper()
	a, l := awsaccount.New(t), &awsaccount.Listener{}
	at := stage.At(a.Config(cloud.Options{}), "dev")
	s, err := at.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	to, err := deploy.Embedded(s, lambda.ARM64, nil, "", lambda.Zip)
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, err := deploy.Prepare(t.Context(), in, to, deploy.How{Record: release.Record{Kind: release.Deploy}}, l)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Execute(t.Context(), deploy.Execution{}, l); err != nil {
		t.Fatal(err)
	}
	return a, at
}

// What is erased in which order: the note of what there is comes first, so that
// an interrupted removal finds it, and goes last.
func TestErase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, at := deployed(t)
		l := &awsaccount.Listener{}
		since := a.Watch()
		id, st, err := at.Glance(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		h, err := teardown.Find(t.Context(), at, id.Account, st, l)
		if err != nil {
			t.Fatal(err)
		}
		totals, err := h.Count(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Erase(t.Context(), totals, l); err != nil {
			t.Fatal(err)
		}
		if left := len(a.Pools) + len(a.Tables) + len(a.Buckets) + len(a.Functions); left > 0 || a.Current() != nil {
			t.Errorf("%d things are left", left)
		}
		want := []string{"counting", "protections", "saves", "stack", "follow 8", "followed", "kept", "artifacts", "check"}
		if !slices.Equal(l.Said, want) {
			t.Errorf("heard %q, want %q", l.Said, want)
		}
		calls, last := since(), -1
		for _, call := range []string{
			"S3-PutObject remains.json", "Cognito-Identity-Provider-UpdateUserPool", "S3-ListObjectVersions #2", "CloudFormation-DeleteStack",
			"DynamoDB-DeleteTable", "S3-DeleteBucket #2",
		} {
			i := slices.Index(calls, call)
			if i <= last {
				t.Errorf("%s is call %d, after %d:\n%s", call, i, last, strings.Join(calls, "\n"))
			}
			last = i
		}
	})
}

// A stack that a failed first deploy left is not cleared away over a player's head.
func TestClearLeftoversKeepsWhatIsAPlayers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, at := deployed(t)
		a.Players = 1
		id, st, err := at.Glance(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		err = teardown.ClearLeftovers(t.Context(), at, id.Account, st, &awsaccount.Listener{})
		if e, ok := errors.AsType[*teardown.HoldsDataError](err); !ok || e.Totals.Players != 1 {
			t.Errorf("the error is %v", err)
		}
		if a.Current() == nil || a.Pools[awsaccount.Physical(cfn.UserPool)] == nil {
			t.Error("something is gone")
		}
	})
}

// What is written between the count and the deletion stays, and with it all that
// belongs to it: only an operator who removes the stage empties a bucket.
func TestClearLeftoversKeepsALateSave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, at := deployed(t)
		a.Current().Status = stack.RollbackFailed
		id, st, err := at.Glance(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		saves := awsaccount.Physical(cfn.SaveFilesBucket)
		a.Watch()
		a.Fault = func(call string) awsaccount.Fault {
			if call == "S3-DeleteBucket" {
				a.Buckets[saves]["a-save"] = []byte("late")
			}
			return awsaccount.Fault{}
		}
		err = teardown.ClearLeftovers(t.Context(), at, id.Account, st, &awsaccount.Listener{})
		if _, ok := errors.AsType[*teardown.WrittenMeanwhileError](err); !ok {
			t.Errorf("the error is %v", err)
		}
		if string(a.Buckets[saves]["a-save"]) != "late" {
			t.Error("the save is deleted")
		}
		if len(a.Pools) == 0 || len(a.Tables) == 0 {
			t.Error("what belongs to the save is deleted")
		}
	})
}

// Where nobody can tell whether anything is left, nobody says that nothing is.
func TestFindDoesNotTakeAFaultForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := awsaccount.New(t)
		at := stage.At(a.Config(cloud.Options{}), "dev")
		a.Fault = func(call string) awsaccount.Fault {
			if strings.HasPrefix(call, "S3-HeadBucket") {
				return awsaccount.Fault{Before: awsfake.Error{Code: "AccessDenied", Message: "no", Status: 403}}
			}
			return awsaccount.Fault{}
		}
		_, err := teardown.Find(t.Context(), at, awsaccount.ID, stack.Stack{}, &awsaccount.Listener{})
		if _, none := errors.AsType[*stage.NoStageError](err); err == nil || none {
			t.Errorf("the error is %v", err)
		}
	})
}

// A stack is not deleted before it is noted what outlives it.
func TestDeleteStackNotesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, at := deployed(t)
		id, st, err := at.Glance(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		h, err := teardown.Find(t.Context(), at, id.Account, st, &awsaccount.Listener{})
		if err != nil {
			t.Fatal(err)
		}
		a.Watch()
		a.Fault = func(call string) awsaccount.Fault {
			if call == "S3-PutObject remains.json" {
				return awsaccount.Fault{Before: awsfake.Error{Code: "AccessDenied", Message: "no", Status: 403}}
			}
			return awsaccount.Fault{}
		}
		if err := h.DeleteStack(t.Context(), &awsaccount.Listener{}); cloud.KindOf(err) != cloud.Denied || a.Current() == nil {
			t.Errorf("a note that cannot be written: %v", err)
		}
		a.Fault = nil
		if err := h.DeleteStack(t.Context(), &awsaccount.Listener{}); err != nil || a.Current() != nil {
			t.Fatalf("the stack is not deleted: %v", err)
		}
		left, err := at.Artifacts(id.Account).Remains(t.Context())
		if err != nil || len(left) != 1 || left[0].Bucket != awsaccount.Physical(cfn.SaveFilesBucket) {
			t.Errorf("noted is %+v, %v", left, err)
		}
	})
}

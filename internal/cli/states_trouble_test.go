package cli

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// at makes the fault of a test: it does something once, right before the call.
func at(call string, do func()) func(string) awsaccount.Fault {
	return func(name string) awsaccount.Fault {
		if name == call {
			do()
		}
		return awsaccount.Fault{}
	}
}

// Waiting for an operation never makes a command do what it would not have done
// in the state that the operation ends in.
func TestWaitingDecidesNothing(t *testing.T) {
	failing := func(t *testing.T) *awsAccount {
		a := halfMade(t)
		s := a.Current()
		s.Status = "ROLLBACK_IN_PROGRESS"
		a.Later(awsaccount.OperationTime, func() { a.Event(s, "", stack.RollbackFailed, "") })
		return a
	}
	for _, args := range [][]string{{"plan", "--wait"}, {"rollback", "--wait", "--yes"}} {
		story(t, args[0]+" beside a failing first deploy", failing, func(t *testing.T, a *awsAccount) {
			o := a.run(args...)
			oneError(t, o, exitStack)
			if w := o.writes(); len(w) > 0 || len(a.Pools) != 1 {
				t.Errorf("changed %q, %d pools are left", w, len(a.Pools))
			}
		})
	}
	story(t, "rollback beside a removal", deleting, func(t *testing.T, a *awsAccount) {
		o := a.run("rollback", "1", "--wait", "--yes")
		oneError(t, o, exitNotFound)
		o.changedNothing(t)
	})
}

// The change set is executed, its answer is lost, and the second try is refused
// for a reason of its own: the deploy goes on.
func TestExecutedAllTheSame(t *testing.T) {
	for what, refusal := range map[string]awsfake.Error{
		"the credentials expire": {Code: "ExpiredToken", Message: "The security token included in the request is expired", Status: 403},
		"too much was asked":     {Code: "Throttling", Message: "Rate exceeded"},
	} {
		story(t, what, twice, func(t *testing.T, a *awsAccount) {
			tries := 0
			a.Fault = func(name string) awsaccount.Fault {
				if name != "CloudFormation-ExecuteChangeSet" {
					return awsaccount.Fault{}
				}
				if tries++; tries == 1 {
					return awsaccount.Fault{After: awsfake.ErrLost}
				}
				return awsaccount.Fault{Before: refusal}
			}
			o := a.run(change...)
			check(t, o, exitOK, a.Whole())
			a.Fault = nil
			a.run("releases").wants(t, exitOK, "live\t3\t", "succeeded")
		})
	}
}

// Whoever goes away leaves the stack policy closed, or the next deploy closes it.
func TestThePolicyIsClosed(t *testing.T) {
	opened := append(slices.Clone(change), "--allow-replace", cfn.HTTPAPI)
	for _, call := range []string{"CloudFormation-SetStackPolicy", "CloudFormation-DescribeStackEvents", "Lambda-UpdateFunctionConfiguration renpy-cloud-dev-syncPlan"} {
		story(t, "Ctrl-C at "+call, twice, func(t *testing.T, a *awsAccount) {
			a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)].Memory = 1024
			ctx, leave := context.WithCancel(t.Context())
			a.Fault = at(call, leave)
			o := a.runIn(ctx, nil, opened...)
			a.Fault = nil
			check(t, o, exitInterrupted, a.Whole())
			a.run("releases").wants(t, exitOK, "\t3\t", "failed", "live\t2\t")
		})
	}
	story(t, "Ctrl-C at ExecuteChangeSet, and nothing has begun", twice, func(t *testing.T, a *awsAccount) {
		ctx, leave := context.WithCancel(t.Context())
		a.Fault = func(name string) awsaccount.Fault {
			if name != "CloudFormation-ExecuteChangeSet" {
				return awsaccount.Fault{}
			}
			leave()
			return awsaccount.Fault{Before: awsfake.ErrLost}
		}
		a.runIn(ctx, nil, opened...)
		a.Fault = nil
		a.run("drift", "--exit-code").wants(t, exitChanges, "stack\tpolicy\tclosed\topen")
		a.run("deploy", "--yes").wants(t, exitOK, "stack  put right", "Put right")
		if p := a.Current().Policy; p != cfn.StackPolicy() {
			t.Errorf("the policy is %q", p)
		}
	})
	story(t, "left, and then rolled back", twice, func(t *testing.T, a *awsAccount) {
		a.Fails, a.Reason = cfn.SyncPlanFunction, "Internal Failure"
		ctx, leave := context.WithCancel(t.Context())
		a.Fault = at("CloudFormation-DescribeStackEvents #3", leave)
		a.runIn(ctx, nil, opened...)
		a.Fault, a.Fails = nil, ""
		o := a.run("deploy", "--yes", "--wait")
		check(t, o, exitOK, a.Whole())
	})
}

// An update that has begun meanwhile has the functions to itself.
func TestDriftIsTheWinnersToPutRight(t *testing.T) {
	story(t, "another update begins", twice, func(t *testing.T, a *awsAccount) {
		a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)].Memory = 1024
		a.Fault = at("S3-PutObject releases/000003.json", func() {
			for _, cs := range a.ChangeSets {
				cs.Execution = "OBSOLETE"
			}
			a.Current().Status = "UPDATE_IN_PROGRESS"
		})
		o := a.run(change...)
		oneError(t, o, exitBusy)
		if w := o.writes(); slices.Contains(w, "UpdateFunctionConfiguration") {
			t.Errorf("changed %q", w)
		}
	})
}

// Drift does not keep a deploy from the rest of what it was asked for.
func TestDriftBesideTheRest(t *testing.T) {
	story(t, "--protect", twice, func(t *testing.T, a *awsAccount) {
		a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)].Memory = 1024
		a.run("deploy", "--yes", "--protect").wants(t, exitOK, "syncPlan  put right", "Stage dev is protected now.", "Put right")
		if !a.Current().Protected {
			t.Error("the stage is not protected")
		}
	})
	story(t, "a lost artefact", twice, func(t *testing.T, a *awsAccount) {
		a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)].Hash = "b2xk"
		delete(a.Buckets, artefacts)
		a.run("deploy", "--yes").wants(t, exitOK, "Put right")
		if _, there := a.Buckets[artefacts][a.Setting(cfn.ParamSyncPlanCodeKey)]; !there {
			t.Error("the code that Lambda is to take was not uploaded")
		}
	})
}

// A function that somebody has deleted is seen, and brought back by a
// drift-aware change set.
func TestMissingFunction(t *testing.T) {
	missing := func(t *testing.T) *awsAccount {
		a := twice(t)
		delete(a.Functions, awsaccount.Physical(cfn.SyncPlanFunction))
		return a
	}
	story(t, "brought back", missing, func(t *testing.T, a *awsAccount) {
		a.run("drift", "--exit-code").wants(t, exitChanges, "syncPlan\tfunction\tthere\tdeleted")
		a.Changes = []awsaccount.Change{changeOf(cfn.SyncPlanFunction, "Add", "", "")}
		a.run("plan").wants(t, exitOK, "SyncPlanLambdaFunction", "syncPlan")
		o := a.run("deploy", "--yes")
		check(t, o, exitOK, a.Whole())
		if calls := o.calls; !slices.Contains(calls, "CloudFormation-CreateChangeSet") || !a.RevertsDrift {
			t.Errorf("calls %q, comparing with what is there: %v", calls, a.RevertsDrift)
		}
		a.Changes = nil
		a.run("drift", "--exit-code").wants(t, exitOK, "No differences")
		check(t, a.run(change...), exitOK, a.Whole())
		if a.RevertsDrift {
			t.Error("an ordinary deploy compares with what is there")
		}
	})
	story(t, "of which CloudFormation knows nothing", missing, func(t *testing.T, a *awsAccount) {
		a.Changes = []awsaccount.Change{}
		for _, command := range [][]string{{"plan"}, {"deploy", "--yes"}} {
			o := a.run(command...)
			oneError(t, o, exitStack)
			o.wants(t, exitStack, "somebody has deleted syncPlan, and CloudFormation does not bring it back")
		}
	})
	story(t, "that does not come back, until somebody makes it by hand", twice, func(t *testing.T, a *awsAccount) {
		function := awsaccount.Physical(cfn.SyncPlanFunction)
		made := a.Functions[function]
		a.Fault = at("CloudFormation-DescribeStacks #2", func() { delete(a.Functions, function) }) // as the update ends
		o := a.run(change...)
		oneError(t, o, exitStack)
		o.wants(t, exitStack, "somebody has deleted syncPlan")
		a.Fault = nil
		a.run("releases").wants(t, exitOK, "live\t3\t", "succeeded")
		a.Functions[function] = &awsaccount.Function{Hash: "b2xk", Memory: 1024, Environment: map[string]string{}}
		a.run("deploy", "--yes").wants(t, exitOK, "role is \"\", should be arn:aws:iam", "memoryMB is 1024, should be 256", "syncPlan  put right", "Put right")
		if f := a.Functions[function]; f.Memory != made.Memory || f.Hash != made.Hash || len(f.Environment) != len(made.Environment) {
			t.Errorf("the function is %+v, and was %+v", f, made)
		}
	})
	story(t, "that the stack never had", twice, func(t *testing.T, a *awsAccount) {
		a.Current().Template, a.Functions = "Resources: {}", map[string]*awsaccount.Function{} // made by an import
		a.run("drift", "--exit-code").wants(t, exitOK, "No differences")
	})
	story(t, "that is deleted after the plan", twice, func(t *testing.T, a *awsAccount) {
		a.Changes = []awsaccount.Change{changeOf(cfn.SyncPlanLogGroup, "Modify", "False", "")}
		file := filepath.Join(t.TempDir(), "dev.plan")
		check(t, a.run("plan", "--out", file, "--set", "LogRetentionDays=7"), exitOK, "")
		delete(a.Functions, awsaccount.Physical(cfn.SyncPlanFunction))
		o := a.run("deploy", "--plan", file, "--yes")
		oneError(t, o, exitRefused)
		o.wants(t, exitRefused, "somebody has deleted syncPlan", "hint: make a new plan")
	})
	story(t, "in a stack that is stuck", missing, func(t *testing.T, a *awsAccount) {
		a.Current().Status = stack.UpdateRollbackFailed
		o := a.run("drift", "--exit-code")
		oneError(t, o, exitStack)
	})
}

// A deploy whose new stack is gone looks whether somebody else has made one.
func TestAnotherFirstDeployWins(t *testing.T) {
	story(t, "whose stack is another", newAccount, func(t *testing.T, a *awsAccount) {
		a.Fault = at("CloudFormation-DescribeStackEvents", func() {
			lost := a.Current()
			a.Stacks = append(a.Stacks, &awsaccount.Stack{ID: lost.ID + "2", Status: "CREATE_COMPLETE", Tags: lost.Tags})
			lost.Status, lost.Events = stack.DeleteComplete, nil
			a.Event(lost, "", stack.DeleteComplete, "")
		})
		o := a.run("deploy", "--yes")
		oneError(t, o, exitBusy)
		o.lacks(t, "nothing is running")
	})
}

// Settings that CloudFormation takes and the functions do not, and names that
// nothing has, are refused before anything is asked of AWS.
func TestFlagsThatWouldDoHarm(t *testing.T) {
	story(t, "refused", twice, func(t *testing.T, a *awsAccount) {
		for _, c := range []struct {
			args []string
			said string
		}{
			{[]string{"deploy", "--set", "MaxPlansPerHour=1e3"}, "--set MaxPlansPerHour=1e3: must be a number from 1 to 100000"},
			{[]string{"plan", "--set", "ThrottleBurstLimit=1.5"}, "--set ThrottleBurstLimit=1.5: must be a number from 1 to 5000"},
			{[]string{"deploy", "--plan", ""}, "--plan needs a file"},
			{[]string{"plan", "--out", ""}, "--out needs a file"},
			{[]string{"deploy", "--allow-replace", "Nope"}, "--allow-replace Nope: nothing guards that"},
			{[]string{"rollback", "--allow-replace", "Nope"}, "--allow-replace Nope: nothing guards that"},
			{[]string{"deploy", "--express", "--protect"}, "--express is not for the protected stage"},
		} {
			o := a.run(append(c.args, "--yes")...)
			oneError(t, o, exitUsage)
			o.wants(t, exitUsage, c.said)
		}
	})
}

// What CloudFormation would do beside resources is no "no changes".
func TestPlanOfNoResource(t *testing.T) {
	story(t, "a template that differs in words", twice, func(t *testing.T, a *awsAccount) {
		a.Current().Template += "\n# older"
		a.Changes = []awsaccount.Change{}
		a.run("plan", "--exit-code").wants(t, exitChanges, "change\tmodify\trenpy-cloud-dev\tAWS::CloudFormation::Stack\t")
		a.run("plan", "--output", "table").wants(t, exitOK, "Plan: change settings of the stack, no resource")
	})
	story(t, "that cannot be written", newAccount, func(t *testing.T, a *awsAccount) {
		o := a.run("plan", "--out", filepath.Join(t.TempDir(), "no", "plan"))
		oneError(t, o, exitUsage)
		if a.Current() != nil {
			t.Error("an empty stack is left for a plan that nobody has")
		}
	})
}

// The note of what outlives a stack is what leads to players' data once the
// stack is gone: nothing on it is lost, and nothing is missing from it.
func TestTheNoteOfWhatOutlives(t *testing.T) {
	noted := func(a *awsAccount) (list []release.Remains) {
		if err := json.Unmarshal(a.Buckets[artefacts]["remains.json"], &list); err != nil {
			a.t.Fatal(err)
		}
		return list
	}
	story(t, "two remove at once", twice, func(t *testing.T, a *awsAccount) {
		other := release.Remains{StackID: "other", UserPoolID: "p", Table: "t", Bucket: "b"}
		done := false
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasPrefix(name, "Cognito-Identity-Provider-DescribeUserPool") && !done {
				body, _ := json.Marshal([]release.Remains{other}) // while this one counts
				a.Buckets[artefacts]["remains.json"], done = body, true
			}
			return awsaccount.Fault{}
		}
		check(t, a.run("remove", "--yes", "--keep-data"), exitOK, "")
		if list := noted(a); len(list) != 2 || list[0] != other || list[1].UserPoolID != awsaccount.Physical(cfn.UserPool) {
			t.Errorf("noted %+v", list)
		}
	})
	story(t, "a bucket that came later", twice, func(t *testing.T, a *awsAccount) {
		body, _ := json.Marshal([]release.Remains{{StackID: a.Current().ID, UserPoolID: awsaccount.Physical(cfn.UserPool), Table: awsaccount.Physical(cfn.ManifestTable), Bucket: "the-old-one"}})
		a.Buckets[artefacts]["remains.json"] = body
		check(t, a.run("remove", "--yes", "--keep-data"), exitOK, "")
		if list := noted(a); len(list) != 2 || list[1].Bucket != awsaccount.Physical(cfn.SaveFilesBucket) || list[1].UserPoolID != "" {
			t.Errorf("noted %+v", list)
		}
	})
	story(t, "counted as earlier", twice, func(t *testing.T, a *awsAccount) {
		check(t, a.run("remove", "--yes", "--keep-data"), exitOK, "")
		check(t, a.run("plan", "--out", filepath.Join(t.TempDir(), "plan")), exitOK, "")
		a.run("remove", "--yes").wants(t, exitOK, "of which some were kept from 1 earlier stack", "Removed.")
	})
}

// Data that an earlier stack left is not forgotten: a deploy says that it does
// not use it, and who keeps it is told where it is.
func TestKeptDataIsNotForgotten(t *testing.T) {
	story(t, "kept", twice, func(t *testing.T, a *awsAccount) {
		o := a.run("remove", "--yes", "--keep-data", "--output", "json")
		check(t, o, exitOK, "")
		if !strings.Contains(o.stdout, `"bucket": "`+awsaccount.Physical(cfn.SaveFilesBucket)+`"`) {
			t.Errorf("the bucket is not named:\n%s", o.stdout)
		}
		for _, args := range [][]string{{"plan", "--output", "table"}, {"deploy", "--yes"}} {
			a.run(args...).wants(t, exitOK, "An earlier stack's data is kept;", awsaccount.Physical(cfn.UserPool), "Plan: create")
		}
	})
	story(t, "kept twice", twice, func(t *testing.T, a *awsAccount) {
		check(t, a.run("remove", "--yes", "--keep-data"), exitOK, "")
		o := a.run("remove", "--yes", "--keep-data")
		oneError(t, o, exitNotFound)
		o.wants(t, exitNotFound, awsaccount.Physical(cfn.SaveFilesBucket), "stage dev is not deployed")
		a.run("remove", "--yes").wants(t, exitOK, "Removed.")
	})
}

// A bucket that was created a moment ago is not known everywhere yet, and an
// earlier one of its name may still be being deleted: the deploy asks again.
func TestNewBucketIsAskedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ operation, code string }{
		{"S3-CreateBucket", "OperationAborted"},
		{"S3-PutBucketVersioning", "NoSuchBucket"},
		{"S3-PutBucketPolicy", "OperationAborted"},
		{"S3-PutObject", "NoSuchBucket"},
	} {
		t.Run(c.operation+" "+c.code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAccount(t)
				left := 3
				a.Fault = func(name string) awsaccount.Fault {
					if left == 0 || !strings.HasPrefix(name, c.operation) {
						return awsaccount.Fault{}
					}
					left--
					return awsaccount.Fault{Before: awsfake.Error{Code: c.code, Message: "not yet", Status: 409}}
				}
				o := a.run("deploy", "--yes")
				check(t, o, exitOK, a.Whole())
				if left != 0 {
					t.Error("the call was not made")
				}
			})
		})
	}
}

// Without a terminal and --yes a deploy of what is there shows its plan, uploads
// nothing, and refuses.
func TestUnaskedDeployShowsItsPlan(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"deploy", "--set", "LogRetentionDays=90"}, {"rollback"}} {
		t.Run(args[0], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := twice(t)
				o := a.run(args...)
				if o.code != exitUsage || !strings.Contains(o.stderr, "Plan: ") || !strings.Contains(o.stderr, "add --yes") || a.Planned() {
					t.Errorf("exit code %d, a plan left: %v\n%s", o.code, a.Planned(), o.stderr)
				}
				if w := o.writes(); !slices.Equal(w, []string{"CreateChangeSet", "DeleteChangeSet"}) {
					t.Errorf("changed %q", w)
				}
			})
		})
	}
}

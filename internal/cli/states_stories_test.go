package cli

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// story runs a test in a bubble of its own, where waiting costs no time.
func story(t *testing.T, what string, prepare func(*testing.T) *awsAccount, tell func(t *testing.T, a *awsAccount)) {
	t.Helper()
	t.Run(what, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { tell(t, prepare(t)) })
	})
}

// wants checks an exit code and what was said.
func (o outcome) wants(t *testing.T, code int, said ...string) {
	t.Helper()
	text := o.stderr + o.stdout
	if o.code != code {
		t.Errorf("exit code %d, want %d\n%s", o.code, code, text)
	}
	rest := text
	for _, part := range said {
		_, after, ok := strings.Cut(rest, part)
		if !ok {
			t.Errorf("%q is not said, or not in this order:\n%s", part, text)
			return
		}
		rest = after
	}
}

// lacks checks that something was not said.
func (o outcome) lacks(t *testing.T, part string) {
	t.Helper()
	if strings.Contains(o.stderr+o.stdout, part) {
		t.Errorf("%q is said:\n%s", part, o.stderr+o.stdout)
	}
}

var change = []string{"deploy", "--yes", "--set", "LogRetentionDays=90"}

// A first deploy fails after the pool was made. CloudFormation cannot take the
// protected pool back (DELETE_FAILED); this program does.
func TestFirstDeployFails(t *testing.T) {
	fails := func(t *testing.T) *awsAccount {
		a := newAccount(t)
		a.Fails, a.Reason = cfn.SaveFilesBucket, "You have attempted to create more buckets than allowed (Service: S3, Status Code: 400)"
		return a
	}
	story(t, "and is taken back", fails, func(t *testing.T, a *awsAccount) {
		o := a.run("deploy", "--yes")
		o.wants(t, exitStack, "✗ SaveFilesBucket failed", "The account has as many buckets", "AWS said: You have attempted",
			"CloudFormation left the stack as DELETE_FAILED: taking it back.", "Taken back: nothing is running.",
			"renpyctl: deploy dev: the stack could not be created", "hint: mend the cause")
		if a.Current() != nil || len(a.Pools)+len(a.Tables) > 0 {
			t.Errorf("left: stack %v, pools %v, tables %v", a.Current(), a.Pools, a.Tables)
		}
		a.Fails = ""
		check(t, a.run("deploy", "--yes"), exitOK, a.Whole())
		a.run("releases").wants(t, exitOK, "live\t2\t", "succeeded", "\t1\t", "failed")
		a.run("releases", "--output", "json").wants(t, exitOK, `"reason": "SaveFilesBucket: You have attempted to create more buckets`)
	})
	story(t, "and somebody has signed up already", fails, func(t *testing.T, a *awsAccount) {
		a.Players = 3
		o := a.run("deploy", "--yes")
		o.wants(t, exitStack, "✗ SaveFilesBucket failed", "That did not succeed: ", "holds 3 players and 0 versions of saves", "hint: renpyctl recover --stage dev ")
		a.run("deploy", "--yes").wants(t, exitRefused, "holds 3 players", "hint: renpyctl remove --stage dev ")
		if len(a.Pools) != 1 || !a.Pools[awsaccount.Physical(cfn.UserPool)].Protected {
			t.Errorf("the pool is touched: %v", a.Pools)
		}
	})
}

// A first deploy fails after it was left by Ctrl-C: its stack is DELETE_FAILED,
// and is what a failed first deploy left all the same.
func TestFirstDeployFailsUnseen(t *testing.T) {
	left := func(t *testing.T) *awsAccount {
		a := newAccount(t)
		a.Fails, a.Reason = cfn.SaveFilesBucket, "Internal Failure"
		ctx, leave := context.WithCancel(t.Context())
		a.Fault = at("CloudFormation-DescribeStackEvents #2", leave)
		check(t, a.runIn(ctx, nil, "deploy", "--yes"), exitInterrupted, "")
		a.Fault, a.Fails = nil, ""
		for range 2 { // its failure comes to pass, and the end of its deletion
			time.Sleep(time.Minute)
			a.run("info")
		}
		if a.Current().Status != stack.DeleteFailed {
			t.Fatalf("the stack is %s", a.Current().Status)
		}
		return a
	}
	story(t, "and is made anew", left, func(t *testing.T, a *awsAccount) {
		a.run("plan").wants(t, exitStack, "the first deploy of stage dev failed")
		check(t, a.run("deploy", "--yes"), exitOK, a.Whole())
	})
	story(t, "and is cleared away", left, func(t *testing.T, a *awsAccount) {
		a.run("recover", "--yes").wants(t, exitOK, "nothing of the failed deploy is left")
		if a.Current() != nil || len(a.Pools)+len(a.Tables) > 0 {
			t.Errorf("left: stack %v, pools %v, tables %v", a.Current(), a.Pools, a.Tables)
		}
	})
}

// The deletion of a first deploy that failed skips pool and table: nobody would
// name them any more.
func TestFirstDeployFailsAndSkips(t *testing.T) {
	skips := func(t *testing.T) *awsAccount {
		a := newAccount(t)
		a.Fails, a.Reason, a.Skips = cfn.SaveFilesBucket, "Internal Failure", true
		return a
	}
	story(t, "nothing", skips, func(t *testing.T, a *awsAccount) {
		a.run("deploy", "--yes").wants(t, exitStack, "CloudFormation left the stack as DELETE_COMPLETE", "Taken back: nothing is running.")
		if len(a.Pools)+len(a.Tables) > 0 {
			t.Errorf("left: pools %v, tables %v", a.Pools, a.Tables)
		}
		a.Fails, a.Skips = "", false
		check(t, a.run("deploy", "--yes"), exitOK, a.Whole())
	})
	story(t, "a player", skips, func(t *testing.T, a *awsAccount) {
		a.Players = 1
		a.run("deploy", "--yes").wants(t, exitStack, "holds 1 player")
		if !strings.Contains(string(a.Buckets[artefacts]["remains.json"]), awsaccount.Physical(cfn.UserPool)) {
			t.Errorf("what is left is not noted: %s", a.Buckets[artefacts]["remains.json"])
		}
	})
}

// What a failed first deploy left is deleted only while it holds nothing.
func TestLeftoversWithData(t *testing.T) {
	for what, put := range map[string]func(*awsAccount){
		"players": func(a *awsAccount) { a.Players = 1 },
		"saves": func(a *awsAccount) {
			a.Buckets[awsaccount.Physical(cfn.SaveFilesBucket)]["users/p/g/content/persistent/0"] = []byte("save")
		},
	} {
		for _, status := range []stack.Status{stack.CreateFailed, stack.RollbackComplete, stack.RollbackFailed} {
			story(t, string(status)+" with "+what, halfMade, func(t *testing.T, a *awsAccount) {
				a.Current().Status = status
				put(a)
				for _, command := range []string{"deploy", "recover"} {
					o := a.run(command, "--yes")
					o.wants(t, exitRefused, "renpyctl: "+command+" dev: the stack is "+string(status)+", and holds ", "hint: renpyctl remove --stage dev")
					if w := o.writes(); len(w) > 0 {
						t.Errorf("%s changed %q", command, w)
					}
				}
			})
		}
	}
}

func TestUpdateFails(t *testing.T) {
	story(t, "and is rolled back", deployed, func(t *testing.T, a *awsAccount) {
		a.Fails = cfn.SyncPlanFunction
		a.Reason = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: lambda:UpdateFunctionCode on resource: * because no identity-based policy allows the lambda:UpdateFunctionCode action"
		o := a.run(change...)
		o.wants(t, exitStack, "The stack is rolled back: The following resource(s) failed", "✗ SyncPlanLambdaFunction failed",
			"lack permission for lambda:UpdateFunctionCode", "Rolled back: the version before still serves the players.", "hint: mend the cause")
		o.lacks(t, "✗ SyncPlanRole")
		a.Fails = ""
		check(t, a.run(change...), exitOK, a.Whole())
	})
	story(t, "and is deleted by somebody meanwhile", deployed, func(t *testing.T, a *awsAccount) {
		a.Fault = func(name string) awsaccount.Fault {
			if name == "CloudFormation-DescribeStackEvents #4" {
				a.Forget()
				a.Event(a.Current(), "", "DELETE_IN_PROGRESS", "User Initiated")
				a.TakeDown(a.Current())
			}
			return awsaccount.Fault{}
		}
		a.run(change...).wants(t, exitStack, "The stack was deleted meanwhile.", "hint: renpyctl deploy --stage dev creates the stage anew")
	})
}

// A change set that CloudFormation will not make: the results of its early
// validation are told by DescribeEvents alone. Reason and finding have the
// wording of aws-cloudformation/rain#744.
func TestEarlyValidation(t *testing.T) {
	refuses := func(t *testing.T) *awsAccount {
		a := deployed(t)
		a.Refuses = "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
		return a
	}
	finding := func(mode types.HookFailureMode, id, kind, text string) types.OperationEvent {
		return types.OperationEvent{
			LogicalResourceId: aws.String(id), ResourceType: aws.String(kind), ValidationFailureMode: mode, ValidationStatusReason: aws.String(text),
		}
	}
	story(t, "told", refuses, func(t *testing.T, a *awsAccount) {
		awsfake.On(a.Fake, func(*cloudformation.DescribeEventsInput) (*cloudformation.DescribeEventsOutput, error) {
			return &cloudformation.DescribeEventsOutput{OperationEvents: []types.OperationEvent{
				finding("WARN", cfn.SaveFilesBucket, "AWS::S3::Bucket", "The bucket 'x' is not empty."),
				finding("FAIL", cfn.SyncPlanLogGroup, "AWS::Logs::LogGroup", "Resource of type 'AWS::Logs::LogGroup' with identifier '/aws/lambda/renpy-cloud-dev-syncPlan' already exists."),
			}}, nil
		})
		o := a.run(change...)
		o.wants(t, exitStack, "CloudFormation refuses the change: SyncPlanLogGroup: Resource of type 'AWS::Logs::LogGroup'", "hint: A log group of that name is left")
		o.lacks(t, "not empty")
		if got, want := o.onStack(), "5 CreateChangeSet DeleteChangeSet"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
	story(t, "not allowed to be told", refuses, func(t *testing.T, a *awsAccount) {
		awsfake.On(a.Fake, func(*cloudformation.DescribeEventsInput) (*cloudformation.DescribeEventsOutput, error) {
			return nil, awsfake.Error{Code: "AccessDenied", Message: "User: x is not authorized to perform: cloudformation:DescribeEvents", Status: 403}
		})
		o := a.run(change...)
		o.wants(t, exitStack, "CloudFormation refuses the change: The following hook(s)/validation failed")
		o.lacks(t, "cloudformation:DescribeEvents on")
	})
}

// --wait attaches to what runs and goes on when it has ended, well or not.
func TestWait(t *testing.T) {
	for _, end := range []stack.Status{"UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"} {
		story(t, "until "+string(end), running(end), func(t *testing.T, a *awsAccount) {
			a.Current().Status = "UPDATE_IN_PROGRESS"
			o := a.run(append(change, "--wait")...)
			check(t, o, exitOK, a.Whole())
			o.wants(t, exitOK, "Waiting for what runs on the stack already (UPDATE_IN_PROGRESS):", "Deployed release 3")
		})
	}
	story(t, "until it is deleted", deleting, func(t *testing.T, a *awsAccount) {
		o := a.run("deploy", "--yes", "--wait")
		o.wants(t, exitOK, "Waiting for what runs", "Plan: create", "Deployed release 3")
	})
	story(t, "until it is stuck", running(stack.UpdateRollbackFailed), func(t *testing.T, a *awsAccount) {
		a.Current().Status = "UPDATE_ROLLBACK_IN_PROGRESS"
		a.run("deploy", "--yes", "--wait").wants(t, exitStack, "is stuck in UPDATE_ROLLBACK_FAILED", "hint: renpyctl recover")
	})
	story(t, "to plan", running("UPDATE_COMPLETE"), func(t *testing.T, a *awsAccount) {
		a.Current().Status = "UPDATE_IN_PROGRESS"
		a.run("plan", "--wait").wants(t, exitOK, "No changes")
	})
}

// --watch only looks.
func TestWatch(t *testing.T) {
	looks := func(t *testing.T, a *awsAccount, code int, said ...string) {
		t.Helper()
		o := a.run("deploy", "--watch")
		o.wants(t, code, said...)
		o.changedNothing(t)
	}
	story(t, "nothing", deployed, func(t *testing.T, a *awsAccount) {
		looks(t, a, exitOK, "Nothing runs on the stack renpy-cloud-dev: it is CREATE_COMPLETE.")
	})
	story(t, "a success", running("UPDATE_COMPLETE"), func(t *testing.T, a *awsAccount) {
		a.Current().Status = "UPDATE_IN_PROGRESS"
		looks(t, a, exitOK, "The stack renpy-cloud-dev is UPDATE_COMPLETE.")
	})
	story(t, "a failure", deployed, func(t *testing.T, a *awsAccount) {
		a.Fails, a.Reason = cfn.SyncPlanFunction, "Internal Failure"
		ctx, leave := context.WithCancel(t.Context())
		a.Fault = func(name string) awsaccount.Fault { // whoever began it goes away
			if name == "CloudFormation-DescribeStackEvents #3" {
				leave()
			}
			return awsaccount.Fault{}
		}
		o := a.runIn(ctx, nil, change...)
		o.wants(t, exitInterrupted, "Interrupted. AWS goes on with the stack by itself: renpyctl deploy --watch --stage dev watches again.")
		a.Fault = nil
		looks(t, a, exitStack, "✗ SyncPlanLambdaFunction failed", "Rolled back: the version before still serves")
	})
	story(t, "a deletion", deleting, func(t *testing.T, a *awsAccount) {
		looks(t, a, exitOK, "The stack renpy-cloud-dev is deleted.")
	})
	story(t, "no stage", newAccount, func(t *testing.T, a *awsAccount) { looks(t, a, exitNotFound) })
}

// Of two deploys at once one wins. The other exits 6, whatever it learns it by,
// and leaves nothing; with --wait it goes on after the other.
func TestTwoDeploysAtOnce(t *testing.T) {
	for what, meanwhile := range map[string]struct {
		at string // how the call begins before which the other one is faster
		do func(a *awsAccount)
	}{
		"the other has the release's number": {"S3-PutObject releases/", func(a *awsAccount) {
			artifacts, next := a.Buckets["renpyctl-dev-123456789012-eu-west-1"], "releases/000002.json"
			if _, there := artifacts[next]; there {
				next = "releases/000003.json"
			}
			artifacts[next] = []byte("{}")
		}},
		"the other updates already": {"CloudFormation-CreateChangeSet", func(a *awsAccount) { a.Current().Status = "UPDATE_IN_PROGRESS" }},
		"the other has executed its plan": {"CloudFormation-ExecuteChangeSet", func(a *awsAccount) {
			for _, cs := range a.ChangeSets {
				cs.Execution = "OBSOLETE"
			}
		}},
		"the other's execution has deleted our plan": {"CloudFormation-ExecuteChangeSet", func(a *awsAccount) { clear(a.ChangeSets) }},
		"and has while it was made":                  {"CloudFormation-DescribeChangeSet", func(a *awsAccount) { clear(a.ChangeSets) }},
	} {
		// beaten runs a deploy that the other one is faster than.
		beaten := func(t *testing.T, a *awsAccount, args ...string) outcome {
			t.Helper()
			done := false
			a.Fault = func(name string) awsaccount.Fault {
				if strings.HasPrefix(name, meanwhile.at) && !done {
					done = true
					meanwhile.do(a)
				}
				return awsaccount.Fault{}
			}
			o := a.run(args...)
			a.Fault = nil
			if !done {
				t.Error("it never came to that")
			}
			return o
		}
		story(t, what+", waited for", running("UPDATE_COMPLETE"), func(t *testing.T, a *awsAccount) {
			check(t, beaten(t, a, append(change, "--wait")...), exitOK, a.Whole())
		})
		story(t, what, deployed, func(t *testing.T, a *awsAccount) {
			oneError(t, beaten(t, a, change...), exitBusy)
			a.Current().Status = "UPDATE_COMPLETE"
			check(t, a.run(change...), exitOK, a.Whole())
		})
	}
	story(t, "the other creates the stage already", newAccount, func(t *testing.T, a *awsAccount) {
		done := false
		a.Fault = func(name string) awsaccount.Fault {
			if name == "CloudFormation-CreateChangeSet" && !done {
				done = true
				a.Stacks = []*awsaccount.Stack{{ID: "arn:other", Status: "CREATE_IN_PROGRESS"}}
			}
			return awsaccount.Fault{}
		}
		oneError(t, a.run("deploy", "--yes"), exitBusy)
	})
}

// Right after an execution CloudFormation may still show the stack as it was
// before (aws/aws-cdk-cli, stabilizeStack).
func TestStaleReview(t *testing.T) {
	story(t, "for five looks", newAccount, func(t *testing.T, a *awsAccount) {
		a.Stale = 5
		o := a.run("deploy", "--yes")
		check(t, o, exitOK, a.Whole())
		if a.Stale != 0 {
			t.Errorf("%d stale looks are left", a.Stale)
		}
	})
}

func TestRecoverSkips(t *testing.T) {
	story(t, "a resource on which the rollback fails", stuck, func(t *testing.T, a *awsAccount) {
		a.Current().Status = stack.UpdateRollbackFailed
		a.Fails, a.Reason = cfn.SyncPlanFunction, "Internal Failure"
		a.run("recover", "--yes").wants(t, exitStack, "✗ SyncPlanLambdaFunction  UPDATE_FAILED", "The rollback failed too", "or leave a resource out with --skip")
		o := a.run("recover", "--yes", "--skip", cfn.ManifestTable)
		o.wants(t, exitUsage, "--skip ManifestTable: this resource has not failed")
		o = a.run("recover", "--yes", "--skip", cfn.SyncPlanFunction)
		o.wants(t, exitOK, "Recovered: the stack is what it was before", "SyncPlanLambdaFunction was left out")
		check(t, a.run(change...), exitOK, a.Whole())
	})
}

func TestRecoverRetains(t *testing.T) {
	story(t, "a resource that cannot be deleted", deleteFailed, func(t *testing.T, a *awsAccount) {
		a.Current().Status = stack.DeleteFailed
		a.Fails, a.Reason = cfn.HTTPAPI, "Internal Failure"
		a.run("recover", "--yes").wants(t, exitStack, "✗ HttpApi", "or leave a resource behind with --retain")
		a.run("recover", "--yes", "--retain", cfn.ManifestTable).wants(t, exitUsage, "--retain ManifestTable: this resource has not failed")
		o := a.run("recover", "--yes", "--retain", cfn.HTTPAPI)
		o.wants(t, exitOK, "The stack is deleted.", "HttpApi was left behind: k3j9x. Nothing manages it any more.", "The players' data stays")
		if a.Current() != nil || len(a.Pools) != 1 || len(a.Tables) != 1 {
			t.Errorf("stack %v, pools %v, tables %v", a.Current(), a.Pools, a.Tables)
		}
		a.run("remove", "--yes").wants(t, exitOK, "Removed. Nothing of stage dev is left")
		if len(a.Pools)+len(a.Tables)+len(a.Buckets) > 0 {
			t.Errorf("left: %v %v %v", a.Pools, a.Tables, a.Buckets)
		}
	})
}

// Nothing is done to a stuck stack without a yes.
func TestRecoverAsks(t *testing.T) {
	for status, prepare := range map[stack.Status]func(*testing.T) *awsAccount{
		stack.UpdateRollbackFailed: stuck, stack.UpdateFailed: stuck, stack.DeleteFailed: deleteFailed,
		stack.RollbackComplete: rolledBack, stack.ReviewInProgress: underReview,
	} {
		story(t, string(status), prepare, func(t *testing.T, a *awsAccount) {
			a.Current().Status = status
			o := a.run("recover")
			o.wants(t, exitUsage, "add --yes")
			o.changedNothing(t)
		})
	}
}

// A protected stage waits until its backend works.
func TestExpress(t *testing.T) {
	story(t, "not for a protected stage", deployed, func(t *testing.T, a *awsAccount) {
		a.run("deploy", "--yes", "--protect").wants(t, exitOK, "Stage dev is protected now.", "Nothing to do")
		o := a.run(append(change, "--express")...)
		o.wants(t, exitUsage, "--express is not for the protected stage dev")
		o.changedNothing(t)
	})
	story(t, "rolls back all the same", deployed, func(t *testing.T, a *awsAccount) {
		check(t, a.run(append(change, "--express")...), exitOK, a.Whole())
		in := awsfake.Inputs[cloudformation.CreateChangeSetInput](a.Fake)
		if c := in[len(in)-1].DeploymentConfig; c == nil || c.Mode != types.DeploymentConfigModeExpress || aws.ToBool(c.DisableRollback) {
			t.Errorf("deployment config %+v", c)
		}
	})
}

// A stack that is given an execution role works as that role from then on.
func TestExecutionRole(t *testing.T) {
	role := []string{"--role-arn", "arn:aws:iam::123456789012:role/renpyctl-dev-execution"}
	story(t, "from the first deploy", newAccount, func(t *testing.T, a *awsAccount) {
		o := a.run(append([]string{"deploy", "--yes"}, role...)...)
		check(t, o, exitOK, a.Whole())
		o.wants(t, exitOK, "CloudFormation works as "+role[1]+" from then on")
		a.run("info").wants(t, exitOK, "works as\t"+role[1])
		a.run(append([]string{"deploy", "--yes"}, role...)...).wants(t, exitOK, "Nothing to do")
		a.run(change...).lacks(t, "from then on")
		a.run("info").wants(t, exitOK, "works as\t"+role[1])
	})
	story(t, "with no other change", twice, func(t *testing.T, a *awsAccount) {
		a.run(append([]string{"deploy", "--yes"}, role...)...).wants(t, exitOK, "from then on", "Deployed release 3")
		a.run("info").wants(t, exitOK, "works as\t"+role[1])
	})
	story(t, "that is none", newAccount, func(t *testing.T, a *awsAccount) {
		for _, wrong := range []string{"renpyctl-dev-execution", "arn:aws:iam::123456789012:policy/x", "arn:aws:iam::123456789012:role/*"} {
			a.run("deploy", "--role-arn", wrong).wants(t, exitUsage, "is not the ARN of a role")
		}
	})
}

// In GitHub Actions the events are folded and the plan is not, errors are
// annotated, and releases name the run.
func TestGitHubActions(t *testing.T) {
	environ := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "studio/game", "GITHUB_RUN_ID": "77",
	}
	story(t, "a deploy", newAccount, func(t *testing.T, a *awsAccount) {
		o := a.runIn(t.Context(), environ, "deploy", "--yes")
		o.wants(t, exitOK, "Plan: create", "::group::stack events dev\n", "HttpApi created", "::endgroup::\n", "Deployed release 1")
		o.lacks(t, "::error")
		o.lacks(t, "::group::plan")
		a.run("releases", "--output", "json").wants(t, exitOK, `"ci": "https://github.com/studio/game/actions/runs/77"`)
		a.Fails, a.Reason = cfn.SyncPlanFunction, "100% wrong"
		o = a.runIn(t.Context(), environ, change...)
		o.wants(t, exitStack, "::error title=renpyctl dev::deploy dev: the stack did not get there\n")
		if strings.Count(o.stderr, "::group::") != strings.Count(o.stderr, "::endgroup::") {
			t.Errorf("a group stays open:\n%s", o.stderr)
		}
	})
	story(t, "a question that nobody can answer", newAccount, func(t *testing.T, a *awsAccount) {
		o := a.runIn(t.Context(), environ, "deploy")
		o.wants(t, exitUsage, "::error title=renpyctl dev::this needs a confirmation and nobody can be asked: add --yes")
		o.changedNothing(t)
	})
}

// A clock that is wrong stops every service in its own words, before anything is done.
func TestClockWrong(t *testing.T) {
	for call, err := range map[string]awsfake.Error{
		// S3 API reference, RequestTimeTooSkewed; aws/aws-cli#6676.
		"S3-ListObjectsV2":      {Code: "RequestTimeTooSkewed", Message: "The difference between the request time and the current time is too large.", Status: 403},
		"STS-GetCallerIdentity": {Code: "SignatureDoesNotMatch", Message: "Signature expired: 20220127T001427Z is now earlier than 20220127T014428Z (20220127T015928Z - 15 min.)", Status: 403},
	} {
		story(t, call, newAccount, func(t *testing.T, a *awsAccount) {
			a.Fault = func(name string) awsaccount.Fault {
				if strings.Split(name, "-")[0] == strings.Split(call, "-")[0] {
					return awsaccount.Fault{Before: err}
				}
				return awsaccount.Fault{}
			}
			o := a.run("deploy", "--yes")
			oneError(t, o, exitAccess)
			o.wants(t, exitAccess, "hint: this computer's clock is wrong")
			o.changedNothing(t)
		})
	}
}

// Gone, or somebody else's: the artefact bucket.
func TestArtefactBucket(t *testing.T) {
	const name = "renpyctl-dev-123456789012-eu-west-1"
	story(t, "deleted", twice, func(t *testing.T, a *awsAccount) {
		delete(a.Buckets, name)
		a.run("deploy", "--yes").wants(t, exitOK, "Nothing to do") // it needs none
		a.run("releases").wants(t, exitOK)
		a.run("rollback", "--yes").wants(t, exitNotFound, "none before it has succeeded")
		o := a.run(change...)
		check(t, o, exitOK, a.Whole())
		o.wants(t, exitOK, "artefacts 3 of 3 uploaded", "Deployed release 3") // no number is used twice
	})
	story(t, "somebody else's", newAccount, func(t *testing.T, a *awsAccount) {
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasPrefix(name, "S3-") {
				return awsaccount.Fault{Before: awsfake.Error{Code: "AccessDenied", Message: "Access Denied", Status: 403}}
			}
			return awsaccount.Fault{}
		}
		o := a.run("deploy", "--yes")
		oneError(t, o, exitAccess)
		o.wants(t, exitAccess, "belongs to another AWS account")
		o.changedNothing(t)
	})
}

// A failure is told of what was asked for, and advised on so: whoever deploys is
// not sent to remove, and who keeps the data is not told to delete it.
func TestFailureNamesWhatWasAskedFor(t *testing.T) {
	undeletable := func(t *testing.T) *awsAccount {
		a := twice(t)
		a.Fails, a.Reason = cfn.HTTPAPI, "Internal Failure"
		return a
	}
	story(t, "a deploy that clears away", undeletable, func(t *testing.T, a *awsAccount) {
		a.Current().Status = stack.RollbackFailed
		o := a.run("deploy", "--yes")
		o.wants(t, exitStack, "renpyctl: deploy dev: the stack did not get there", "hint: renpyctl recover --stage dev says what can be done")
		o.lacks(t, "renpyctl remove")
	})
	story(t, "remove", undeletable, func(t *testing.T, a *awsAccount) {
		a.run("remove", "--yes").wants(t, exitStack, "renpyctl: remove dev: the stack did not get there",
			"hint: mend the cause and run renpyctl remove --stage dev again")
	})
	story(t, "remove that leaves something", twice, func(t *testing.T, a *awsAccount) {
		a.Watch()
		a.Fault = func(call string) awsaccount.Fault {
			if call == "S3-DeleteBucket #2" {
				a.Tables[awsaccount.Physical(cfn.ManifestTable)] = true
			}
			return awsaccount.Fault{}
		}
		a.run("remove", "--yes").wants(t, exitError, "renpyctl: still there: table ", "hint: renpyctl remove --stage dev goes on with the removal")
	})
	story(t, "remove --keep-data", undeletable, func(t *testing.T, a *awsAccount) {
		a.run("remove", "--yes", "--keep-data").wants(t, exitStack, "hint: mend the cause and run renpyctl remove --stage dev --keep-data again")
	})
	story(t, "rollback", twice, func(t *testing.T, a *awsAccount) {
		a.Fails, a.Reason = cfn.SyncPlanFunction, "Internal Failure"
		a.run("rollback", "1", "--yes").wants(t, exitStack, "renpyctl: rollback dev: the stack did not get there",
			"hint: mend the cause and run renpyctl rollback 1 --stage dev again")
	})
}

// What the artefact bucket only claims is named and passed over, and everything
// that goes is named before anybody is asked.
func TestForgedNoteIsNamed(t *testing.T) {
	const note = `[{"stackId":"arn:aws:cloudformation:eu-west-1:123456789012:stack/renpy-cloud-dev/0","table":"renpy-cloud-prod-ManifestTable-1X"}]`
	story(t, "by remove", twice, func(t *testing.T, a *awsAccount) {
		a.Put("remains.json", note)
		o := a.run("remove")
		o.wants(t, exitUsage, "user pool", "eu-west-1_AbCdEf123", "renpy-cloud-dev-ManifestTable-1X", "renpy-cloud-dev-savefilesbucket-1x",
			`Passed over: remains.json in the artefact bucket is not believed: the table "renpy-cloud-prod-ManifestTable-1X" is not of stage dev`)
		o.changedNothing(t)
	})
	story(t, "by a first deploy", newAccount, func(t *testing.T, a *awsAccount) {
		a.Buckets[artefacts] = map[string][]byte{}
		a.Put("remains.json", note)
		o := a.run("deploy", "--yes")
		check(t, o, exitOK, a.Whole())
		o.wants(t, exitOK, "Passed over: ")
		o.lacks(t, "An earlier stack's data is kept")
	})
	story(t, "and the live release's record", twice, func(t *testing.T, a *awsAccount) {
		a.Put("releases/000002.json", `{"number":2,"kind":"deploy"}`)
		a.run("deploy", "--yes").wants(t, exitOK, "Passed over: the record of release 2", "Nothing to do")
	})
}

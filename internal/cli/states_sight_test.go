package cli

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// lied makes the fault of a test: the calls from one on are answered falsely, for a while.
func lied(call string, d time.Duration, lie awsaccount.Fault) func(string) awsaccount.Fault {
	var end time.Time
	return func(name string) awsaccount.Fault {
		if name == call && end.IsZero() {
			end = time.Now().Add(d)
		}
		if time.Now().Before(end) {
			return lie
		}
		return awsaccount.Fault{}
	}
}

// What AWS accepts and never begins is no success: the release has failed, nothing
// of it is left to run later, and the next deploy works.
func TestAcceptedAndNeverBegun(t *testing.T) {
	for _, c := range deploys {
		synctest.Test(t, func(t *testing.T) {
			a := c.prepare(t)
			before := a.Current()
			const execute = "CloudFormation-ExecuteChangeSet"
			a.Fault = func(name string) awsaccount.Fault {
				if name == execute {
					return awsaccount.Fault{Lie: &cloudformation.ExecuteChangeSetOutput{}}
				}
				return awsaccount.Fault{}
			}
			o := a.run(c.args...)
			a.Fault = nil
			oneError(t, o, exitStack)
			if strings.Contains(o.stderr, "Deployed") || a.Planned() || a.Current() != before {
				t.Errorf("a plan is left: %v, the stack: %v\n%s", a.Planned(), a.Current(), o.stderr)
			}
			check(t, a.run(c.args...), exitOK, a.Whole())
			a.run("releases").wants(t, exitOK, "failed")
		})
	}
}

// made are the calls that look for what the deploy itself has made.
var made = regexp.MustCompile(`^CloudFormation-(DescribeChangeSet|ExecuteChangeSet|DescribeStackEvents|DescribeStacks #)`)

// AWS does not know for a moment what the deploy has made: it is looked at again.
func TestUnknownForAMoment(t *testing.T) {
	t.Parallel()
	eachCall(t, func(t *testing.T, a *awsAccount, call string, args []string) {
		if !made.MatchString(call) {
			return
		}
		unknown := awsfake.Error{Code: "ValidationError", Message: "Stack [renpy-cloud-dev] does not exist"}
		if strings.Contains(call, "ChangeSet") {
			unknown = awsfake.Error{Code: "ChangeSetNotFound", Message: "ChangeSet [x] does not exist", Status: 404}
		}
		lie := lied(call, 2*time.Second, awsaccount.Fault{Before: unknown})
		a.Fault = func(name string) awsaccount.Fault {
			if f := lie(name); made.MatchString(name) {
				return f
			}
			return awsaccount.Fault{}
		}
		o := a.run(args...)
		a.Fault = nil
		check(t, o, exitOK, a.Whole())
	})
}

// blinds are why AWS does not tell what it does.
var blinds = map[string]struct {
	err  error
	code int
}{
	"the session has run out": {awsfake.Error{Code: "ExpiredToken", Message: "The security token included in the request is expired", Status: 403}, exitAccess},
	"there is no network":     {awsfake.ErrLost, exitError},
	"AWS has a fault":         {awsfake.Error{Code: "InternalFailure", Message: "Internal Failure", Status: 500}, exitError},
}

// Losing sight of what runs is no end of it: it is looked for again, and whoever
// finds nothing is told that AWS goes on, and how to watch it.
func TestLosingSight(t *testing.T) {
	for why, c := range blinds {
		for _, call := range []string{"CloudFormation-ExecuteChangeSet", "CloudFormation-DescribeStackEvents #2", "CloudFormation-DescribeStacks #2"} {
			story(t, why+" for 20 s at "+call, twice, func(t *testing.T, a *awsAccount) {
				a.Fault = lied(call, 20*time.Second, awsaccount.Fault{After: c.err})
				o := a.run(change...)
				a.Fault = nil
				check(t, o, exitOK, a.Whole())
				a.run("releases").wants(t, exitOK, "live\t3\t")
			})
			story(t, why+" from "+call+" on", twice, func(t *testing.T, a *awsAccount) {
				a.Fault = lied(call, time.Hour, awsaccount.Fault{After: c.err})
				o := a.run(change...)
				a.Fault = nil
				oneError(t, o, c.code)
				o.wants(t, c.code, "AWS goes on with it by itself: renpyctl deploy --watch --stage dev watches again")
				check(t, a.run("deploy", "--yes"), exitOK, a.Whole())
				a.run("releases").wants(t, exitOK, "live\t3\t", "succeeded")
			})
		}
	}
}

// A deploy beside whose end AWS goes on showing the release before is no success
// of that one, however often it is asked.
func TestTheReleaseBeforeIsNoSuccess(t *testing.T) {
	story(t, "never shown", twice, func(t *testing.T, a *awsAccount) {
		old := *a.Current()
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasPrefix(name, "CloudFormation-DescribeStacks #") {
				return awsaccount.Fault{Lie: old.Described()}
			}
			return awsaccount.Fault{}
		}
		o := a.run(change...)
		a.Fault = nil
		oneError(t, o, exitStack)
		o.wants(t, exitStack, "renpyctl deploy --watch --stage dev watches again")
		check(t, a.run("deploy", "--yes"), exitOK, a.Whole())
		a.run("releases").wants(t, exitOK, "live\t3\t", "succeeded")
	})
	story(t, "shown late", twice, func(t *testing.T, a *awsAccount) {
		old := *a.Current()
		a.Fault = func(name string) awsaccount.Fault {
			if n := strings.TrimPrefix(name, "CloudFormation-DescribeStacks #"); n != name && len(n) == 1 {
				return awsaccount.Fault{Lie: old.Described()}
			}
			return awsaccount.Fault{}
		}
		check(t, a.run(change...), exitOK, a.Whole())
	})
	story(t, "of a rollback", twice, func(t *testing.T, a *awsAccount) {
		old := *a.Current()
		a.Fails, a.Reason = cfn.SyncPlanFunction, "Internal Failure"
		a.Fault = func(name string) awsaccount.Fault {
			if name == "CloudFormation-DescribeStacks #2" {
				return awsaccount.Fault{Lie: old.Described()}
			}
			return awsaccount.Fault{}
		}
		oneError(t, a.run(change...), exitStack)
		a.Fault, a.Fails = nil, ""
		if s := a.Current().Status; s != stack.UpdateRollbackDone {
			t.Errorf("the stack is %s", s)
		}
	})
}

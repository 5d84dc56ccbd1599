package cli

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

// deploys are the runs whose every call is tried with faults.
var deploys = []struct {
	what    string
	prepare func(*testing.T) *awsAccount
	args    []string
}{
	{"first", newAccount, []string{"deploy", "--yes"}},
	{"update", deployed, []string{"deploy", "--yes", "--set", "LogRetentionDays=90"}},
}

// looks are the many later looks at the events, of which one stands for all.
var looks = regexp.MustCompile(`DescribeStackEvents #([4-9]|\d\d)$`)

// eachCall runs a deploy once for each call that it makes without faults, and
// hands that call's name to try, in a bubble of its own.
func eachCall(t *testing.T, try func(t *testing.T, a *awsAccount, call string, args []string)) {
	for _, d := range deploys {
		var calls []string
		synctest.Test(t, func(t *testing.T) {
			o := d.prepare(t).run(d.args...)
			if o.code != 0 {
				t.Fatalf("without faults: exit code %d\n%s", o.code, o.stderr)
			}
			calls = o.calls
		})
		for _, call := range calls {
			if looks.MatchString(call) {
				continue
			}
			t.Run(d.what+" "+call, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { try(t, d.prepare(t), call, d.args) })
			})
		}
	}
}

// check fails the test with all that a run said.
func check(t *testing.T, o outcome, want int, wrong string) {
	t.Helper()
	if o.code != want || wrong != "" {
		t.Errorf("exit code %d, want %d; %s\ncalls: %s\n%s", o.code, want, wrong, strings.Join(o.calls, "\n       "), o.stderr)
	}
}

// AWS throttles every call of a deploy in turn, twice: the deploy succeeds.
func TestEveryCallThrottled(t *testing.T) {
	t.Parallel()
	eachCall(t, func(t *testing.T, a *awsAccount, call string, args []string) {
		left := 2
		a.Fault = func(name string) awsaccount.Fault {
			if name != call || left == 0 {
				return awsaccount.Fault{}
			}
			left--
			if strings.HasPrefix(name, "S3-") {
				return awsaccount.Fault{Before: awsfake.Error{Code: "SlowDown", Message: "Please reduce your request rate.", Status: 503}}
			}
			return awsaccount.Fault{Before: awsfake.Error{Code: "ThrottlingException", Message: "Rate exceeded"}}
		}
		o := a.run(args...)
		check(t, o, exitOK, a.Whole())
		if left != 0 {
			t.Error("the call was not made")
		}
	})
}

// The answer to every call in turn is lost on its way back. The SDK asks once
// more, and nothing happens twice.
func TestEveryAnswerLostOnce(t *testing.T) {
	t.Parallel()
	eachCall(t, func(t *testing.T, a *awsAccount, call string, args []string) {
		done := false
		a.Fault = func(name string) awsaccount.Fault {
			if name != call || done {
				return awsaccount.Fault{}
			}
			done = true
			return awsaccount.Fault{After: awsfake.ErrLost}
		}
		o := a.run(args...)
		check(t, o, exitOK, a.Whole())
		if a.Created["stack"] > 1 || a.Created["bucket"] > 1 {
			t.Errorf("created twice: %v", a.Created)
		}
	})
}

// There is no connection for every call in turn, on all attempts: one line
// says so, and the next run puts everything right.
func TestEveryCallLost(t *testing.T) {
	t.Parallel()
	eachCall(t, func(t *testing.T, a *awsAccount, call string, args []string) {
		a.Fault = func(name string) awsaccount.Fault {
			if name == call {
				return awsaccount.Fault{Before: awsfake.ErrLost}
			}
			return awsaccount.Fault{}
		}
		o := a.run(args...)
		a.Fault = nil
		if o.code != exitOK { // some calls can be done without
			oneError(t, o, exitError)
		}
		again(t, a, args)
	})
}

// The program is killed after every call in turn, and the next run puts
// everything right. To AWS a dead program is one that makes no call any more.
func TestKilledAfterEveryCall(t *testing.T) {
	t.Parallel()
	eachCall(t, func(t *testing.T, a *awsAccount, call string, args []string) {
		a.Fault = killedAt(call)
		a.run(args...)
		a.Fault = nil
		again(t, a, args)
	})
}

// killedAt lets the program die after a call.
func killedAt(call string) func(string) awsaccount.Fault {
	killed := false
	return func(name string) awsaccount.Fault {
		switch {
		case killed:
			return awsaccount.Fault{Before: awsfake.ErrLost}
		case name == call:
			killed = true
			return awsaccount.Fault{After: awsfake.ErrLost}
		}
		return awsaccount.Fault{}
	}
}

// again runs a deploy that was cut off once more, when AWS has had time.
func again(t *testing.T, a *awsAccount, args []string) {
	t.Helper()
	time.Sleep(time.Minute)
	o := a.run(args...)
	check(t, o, exitOK, a.Whole())
	if a.Created["bucket"] != 1 {
		t.Errorf("%d artefact buckets were created", a.Created["bucket"])
	}
	if o := a.run(args...); o.code != exitOK || len(o.writes()) > 0 {
		t.Errorf("a further run ends with %d and changes %q\n%s", o.code, o.writes(), o.stderr)
	}
}

// oneError holds a run that failed to one line of error, besides hints and what was said before.
func oneError(t *testing.T, o outcome, want int) {
	t.Helper()
	if n := strings.Count(o.stderr, "renpyctl: "); n != 1 || o.code != want {
		t.Errorf("exit code %d, want %d; %d lines of errors:\n%s", o.code, want, n, o.stderr)
	}
}

// A permission is missing for every call in turn: exit code 4 and the action's
// name, no plan is left, and the next run with the permission is right.
func TestEveryCallDenied(t *testing.T) {
	t.Parallel()
	eachCall(t, func(t *testing.T, a *awsAccount, call string, args []string) {
		action := actionOf(call)
		a.Fault = func(name string) awsaccount.Fault {
			if actionOf(name) != action {
				return awsaccount.Fault{}
			}
			// IAM's wording, as in aws/aws-cdk-cli#1676.
			return awsaccount.Fault{Before: awsfake.Error{Code: "AccessDenied", Status: 403, Message: "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: " +
				action + " on resource: * because no identity-based policy allows the " + action + " action"}}
		}
		o := a.run(args...)
		oneError(t, o, exitAccess)
		if !strings.Contains(o.stderr, "hint: these credentials need permission for "+action) {
			t.Errorf("the hint does not name %s:\n%s", action, o.stderr)
		}
		if a.Planned() {
			t.Error("a plan is left that nobody can execute")
		}
		a.Fault = nil
		again(t, a, args)
	})
}

// actionOf is the permission that a call needs, where its name follows the call's.
func actionOf(call string) string {
	name := strings.Fields(call)[0]
	i := strings.LastIndexByte(name, '-')
	service := strings.ToLower(name[:i])
	switch service {
	case "cognito-identity-provider":
		service = "cognito-idp"
	case "cloudwatch-logs":
		service = "logs"
	}
	return service + ":" + name[i+1:]
}

// Whoever ends the program by a signal at any call is told what AWS goes on
// doing, and the next run puts everything right.
func TestInterruptedAtEveryCall(t *testing.T) {
	t.Parallel()
	eachCall(t, func(t *testing.T, a *awsAccount, call string, args []string) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		a.Fault = func(name string) awsaccount.Fault {
			if name == call {
				stop()
			}
			return awsaccount.Fault{}
		}
		o := a.runIn(ctx, nil, args...)
		a.Fault = nil
		if o.code != exitInterrupted && o.code != exitOK {
			t.Errorf("exit code %d:\n%s", o.code, o.stderr)
		}
		again(t, a, args)
	})
}

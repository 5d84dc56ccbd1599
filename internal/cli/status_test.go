package cli

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// denied is how AWS answers who is not allowed.
var denied = awsfake.Error{Code: "AccessDeniedException", Status: 403,
	Message: "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: some:Action on resource: *"}

// denying is the fault of an account in which a call is not allowed.
func denying(call string) func(string) awsaccount.Fault {
	return func(name string) awsaccount.Fault {
		if strings.Fields(name)[0] != call {
			return awsaccount.Fault{}
		}
		return awsaccount.Fault{Before: denied}
	}
}

// callsOf are the calls that a command makes of a stage that is well.
func callsOf(t *testing.T, args ...string) []string {
	var calls []string
	synctest.Test(t, func(t *testing.T) {
		for _, name := range twice(t).run(args...).calls {
			calls = append(calls, strings.Fields(name)[0])
		}
	})
	slices.Sort(calls)
	return slices.Compact(calls)
}

// busy is what CloudWatch has measured of a stage that is well.
var busy = map[string]float64{
	"AWS/ApiGateway Count": 1204, "AWS/ApiGateway 4xx": 12, "AWS/ApiGateway 5xx": 0, "AWS/ApiGateway Latency": 64,
	"AWS/Cognito SignUpSuccesses": 3, "AWS/Cognito SignInSuccesses": 312, "AWS/S3 BucketSizeBytes": 41e9, "AWS/S3 NumberOfObjects": 51_200,
}

func statusOf(t *testing.T, o outcome) statusView {
	t.Helper()
	var v statusView
	if err := json.Unmarshal([]byte(o.stdout), &v); err != nil {
		t.Fatalf("%v\n%s%s", err, o.stdout, o.stderr)
	}
	return v
}

// notWellIn are the findings that are not well, as "check grade", sorted.
func notWellIn(list []checkView) []string {
	var found []string
	for _, f := range list {
		if f.Grade != "ok" {
			found = append(found, f.Check+" "+f.Grade)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// A stage that is well says so by its exit code, with its figures.
func TestStatus(t *testing.T) {
	story(t, "of a stage that is well", twice, func(t *testing.T, a *awsAccount) {
		a.Players, a.Measured = 4310, busy
		o := a.run("status", "--strict", "--output", "json")
		v := statusOf(t, o)
		o.changedNothing(t)
		if found := notWellIn(v.Findings); o.code != exitOK || len(found) > 0 {
			t.Fatalf("exit code %d, found %q", o.code, found)
		}
		if v.Release != 2 || v.Status != "UPDATE_COMPLETE" || *v.Drifted != 0 || v.Version == "" || *v.Players.Accounts != 4310 ||
			*v.Players.SignUps != 3 || *v.Players.SignIns != 312 || *v.Saves.Bytes != 41e9 || *v.Saves.Files != 51_200 || v.Saves.Measured.IsZero() {
			t.Errorf("%s", o.stdout)
		}
		if h := v.LastHour; *h.Requests != 1204 || *h.Errors != 0 || *h.Refused != 12 || *h.Throttled != 0 || *h.P95 != 64 {
			t.Errorf("%s", o.stdout)
		}
		a.run("status").wants(t, exitOK, "release\t2", "requests\t1204", "accounts\t4310", "bytes\t41000000000")
	})
	story(t, "of a stage that nobody uses", twice, func(t *testing.T, a *awsAccount) {
		o := a.run("status", "--output", "json")
		v := statusOf(t, o)
		if o.code != exitOK || *v.LastHour.Requests != 0 || v.LastHour.P95 != nil || v.Saves.Bytes != nil {
			t.Errorf("exit code %d: %s", o.code, o.stdout)
		}
	})
	story(t, "of none", newAccount, func(t *testing.T, a *awsAccount) {
		o := a.run("status")
		oneError(t, o, exitNotFound)
	})
	for _, c := range []struct {
		found string
		code  int
		fault func(*awsAccount)
	}{
		{"errors problem", exitNotWell, func(a *awsAccount) { a.Measured["AWS/ApiGateway 5xx"] = 50 }},
		{"errors problem", exitNotWell, func(a *awsAccount) { a.Measured["AWS/Lambda Errors"] = 25 }},
		{"errors warning", exitOK, func(a *awsAccount) { a.Measured["AWS/ApiGateway 5xx"] = 2 }},
		{"refusals problem", exitNotWell, func(a *awsAccount) { a.Measured["AWS/Lambda Throttles"] = 1 }},
		{"stack problem", exitNotWell, func(a *awsAccount) { a.Current().Policy = cfn.RemovalPolicy(true); a.Current().Protected = true }},
		{"stack problem", exitNotWell, func(a *awsAccount) { a.Current().Status = stack.UpdateRollbackFailed }},
		{"stack warning", exitOK, func(a *awsAccount) { a.Current().Status = "UPDATE_IN_PROGRESS" }},
		{"drift problem", exitNotWell, func(a *awsAccount) { a.Pools[awsaccount.Physical(cfn.UserPool)].Protected = false }},
		{"table problem", exitNotWell, func(a *awsAccount) { a.Unsafe = map[string]bool{"recovery": true} }},
		{"versions problem", exitNotWell, func(a *awsAccount) { a.Unsafe = map[string]bool{"versions": true} }},
		{"private problem", exitNotWell, func(a *awsAccount) { a.Unsafe = map[string]bool{"private": true} }},
	} {
		story(t, c.found, twice, func(t *testing.T, a *awsAccount) {
			a.Measured = maps.Clone(busy)
			c.fault(a)
			o := a.run("status", "--output", "json")
			v := statusOf(t, o)
			if found := notWellIn(v.Findings); o.code != c.code || !slices.Equal(found, []string{c.found}) {
				t.Errorf("exit code %d, found %q", o.code, found)
			}
			a.run("status", "--strict").wants(t, exitNotWell)
		})
	}
}

// Whatever may not be read, or is not answered, is named, and the rest is there.
func TestStatusWithGaps(t *testing.T) {
	t.Parallel()
	calls := callsOf(t, "status")
	if len(calls) < 12 {
		t.Fatalf("only %q", calls)
	}
	for _, call := range calls {
		if call == "CloudFormation-DescribeStacks" || call == "CloudFormation-GetStackPolicy" {
			continue // without them nothing is known of any stage
		}
		_, operation, _ := strings.Cut(call, "-")
		operation = operation[strings.LastIndexByte(operation, '-')+1:]
		story(t, call+" denied", twice, func(t *testing.T, a *awsAccount) {
			a.Measured = busy
			a.Fault = denying(call)
			o := a.run("status", "--output", "json")
			v := statusOf(t, o)
			found := notWellIn(v.Findings)
			if o.code != exitAccess || len(found) == 0 || v.Release != 2 {
				t.Errorf("exit code %d, found %q\n%s", o.code, found, o.stdout)
			}
			if call == "CloudWatch-GetMetricStatistics" {
				for _, want := range []string{"errors unchecked", "last day unchecked", "last hour unchecked", "refusals unchecked"} {
					if !slices.Contains(found, want) {
						t.Errorf("%q is not among %q", want, found)
					}
				}
			}
			for _, f := range v.Findings {
				if f.Grade != "ok" && (f.Grade != "unchecked" || !strings.Contains(f.Advice, "some:Action")) {
					t.Errorf("%+v", f)
				}
			}
		})
		story(t, call+" not answered", twice, func(t *testing.T, a *awsAccount) {
			a.Measured = busy
			a.Hang(operation)
			began := time.Now()
			o := a.run("status", "--output", "json")
			if took := time.Since(began); o.code != exitUnclear || took > time.Minute {
				t.Errorf("exit code %d after %v\n%s", o.code, took, o.stderr)
			}
		})
	}
	story(t, "nothing of the stack", twice, func(t *testing.T, a *awsAccount) {
		a.Fault = denying("CloudFormation-DescribeStacks")
		oneError(t, a.run("status"), exitAccess)
	})
}

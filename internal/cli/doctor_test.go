package cli

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// examined is what doctor has found, by checks: those that are not well.
func examined(t *testing.T, o outcome) map[string]checkView {
	t.Helper()
	var v doctorView
	if err := json.Unmarshal([]byte(o.stdout), &v); err != nil {
		t.Fatalf("%v\n%s%s", err, o.stdout, o.stderr)
	}
	found := map[string]checkView{}
	for _, f := range v.Findings {
		if f.Grade != "ok" {
			found[f.Check] = f
		}
	}
	return found
}

// What is wrong is found, by the check that is for it alone, and what mends it can be typed.
func TestDoctorFinds(t *testing.T) {
	story(t, "nothing where all is well", twice, func(t *testing.T, a *awsAccount) {
		o := a.run("doctor", "--strict", "--output", "json")
		if found := examined(t, o); o.code != exitOK || len(found) > 0 {
			t.Errorf("exit code %d, found %v", o.code, found)
		}
		o.changedNothing(t)
	})
	pool := awsaccount.Physical(cfn.UserPool)
	for _, c := range []struct {
		check, grade string
		fault        func(*awsAccount)
	}{
		{"permissions", "warning", func(a *awsAccount) { a.Limits.Forbidden = []string{"cognito-idp:AdminDeleteUser"} }},
		{"clock", "warning", func(a *awsAccount) { a.Ahead = 40 * time.Second }},
		{"clock", "problem", func(a *awsAccount) { a.Ahead = -6 * time.Minute }},
		{"stack", "problem", func(a *awsAccount) { a.Current().Policy = cfn.RemovalPolicy(false) }},
		{"stack", "problem", func(a *awsAccount) { a.Current().Status = "UPDATE_ROLLBACK_FAILED" }},
		{"stack", "warning", func(a *awsAccount) { a.Current().Status = "UPDATE_IN_PROGRESS" }},
		{"version", "warning", func(a *awsAccount) { a.Current().Template += "\n# of another version\n" }},
		{"drift", "problem", func(a *awsAccount) { a.Pools[pool].Protected = false }},
		{"drift", "problem", func(a *awsAccount) { delete(a.Others, awsaccount.Physical(cfn.HTTPAPI)) }},
		{"drift", "warning", func(a *awsAccount) { a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)].Memory = 1024 }},
		{"artefacts", "warning", func(a *awsAccount) {
			maps.DeleteFunc(a.Buckets[artefacts], func(key string, _ []byte) bool { return strings.HasPrefix(key, "code/syncplan-") })
		}},
		{"concurrency", "warning", func(a *awsAccount) { a.Limits.Concurrency = 10 }},
		{"refusals", "problem", func(a *awsAccount) { a.Measured = map[string]float64{"AWS/Lambda Throttles": 3} }},
		{"e-mail", "warning", func(a *awsAccount) { a.Measured = map[string]float64{"AWS/Cognito SignUpSuccesses": 40} }},
		{"e-mail", "problem", func(a *awsAccount) { a.Measured = map[string]float64{"AWS/Cognito SignUpSuccesses": 50} }},
		{"throttle", "problem", func(a *awsAccount) { a.Players, a.Pools[pool].Tier = 2_000_000, "PLUS" }},
		{"accounts", "warning", func(a *awsAccount) { a.Players = 20 }},
		{"table", "problem", func(a *awsAccount) { a.Unsafe = map[string]bool{"recovery": true} }},
		{"versions", "problem", func(a *awsAccount) { a.Unsafe = map[string]bool{"versions": true} }},
		{"private", "problem", func(a *awsAccount) { a.Unsafe = map[string]bool{"private": true} }},
		{"tls", "problem", func(a *awsAccount) {
			a.Policies[awsaccount.Physical(cfn.SaveFilesBucket)] = `{"Statement":[{"Sid":"OnlyTLS","Effect":"Deny","Principal":"*","Action":"s3:*"}]}`
		}},
		{"retention", "warning", func(a *awsAccount) { a.Retention = map[string]int32{"/aws/lambda/renpy-cloud-dev-syncPlan": 3653} }},
	} {
		story(t, c.check+" "+c.grade, twice, func(t *testing.T, a *awsAccount) {
			c.fault(a)
			o := a.run("doctor", "--output", "json")
			want := map[string]int{"problem": exitNotWell, "warning": exitOK}[c.grade]
			found := examined(t, o)
			if f := found[c.check]; o.code != want || f.Grade != c.grade || len(found) != 1 {
				t.Errorf("exit code %d, want %d; found %v, want a %s of %s alone", o.code, want, found, c.grade, c.check)
			}
			for _, f := range found {
				canBeDone(t, f)
			}
			a.run("doctor", "--strict").wants(t, exitNotWell)
		})
	}
	// Of what is no account of AWS's it is not asked what nobody could mend there; what an
	// endpoint of AWS's own answers counts as ever.
	for account, want := range map[string]int{"000000000000": 0, awsaccount.ID: 3} {
		story(t, "an endpoint that answers for "+account, twice, func(t *testing.T, a *awsAccount) {
			a.Endpoint, a.Caller = "http://127.0.0.1:4566", cloud.Identity{Account: account, ARN: "arn:aws:iam::" + account + ":root"}
			a.Limits.Concurrency, a.Players = 573, 20
			found := examined(t, a.run("doctor", "--output", "json"))
			delete(found, "artefacts") // whose bucket has the account's number in its name
			if len(found) != want {
				t.Errorf("found %v, want %d warnings", found, want)
			}
		})
	}
	const identity = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
	story(t, "a sender in its sandbox", twice, func(t *testing.T, a *awsAccount) {
		a.Pools[pool].Sender, a.Limits.Sandbox = identity, true
		found := examined(t, a.run("doctor", "--output", "json"))
		if found["e-mail"].Grade != "problem" {
			t.Errorf("found %v", found)
		}
		a.Limits.Sandbox = false
		if found := examined(t, a.run("doctor", "--output", "json")); found["e-mail"].Grade != "" {
			t.Errorf("found %v", found)
		}
	})
}

// canBeDone holds that a finding says what to do, and that a command of ours is one.
func canBeDone(t *testing.T, f checkView) {
	t.Helper()
	if f.Mend == "" && f.Advice == "" || f.Means == "" {
		t.Errorf("%s: nothing is said of what it means or what mends it: %+v", f.Check, f)
	}
	words := strings.Fields(f.Mend)
	if len(words) == 0 || words[0] != "renpyctl" {
		return
	}
	cmd, rest, err := newRoot(&app{env: Env{Getenv: func(string) string { return "" }}}).Find(words[1:])
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err != nil {
		t.Errorf("%s: %q: %v", f.Check, f.Mend, err)
	}
	for i, word := range words {
		if name, _, _ := strings.Cut(words[min(i+1, len(words)-1)], "="); word == "--set" && !slices.ContainsFunc(cfn.Settings(), func(s cfn.Setting) bool { return s.Name == name }) {
			t.Errorf("%s: there is no setting %s", f.Check, name)
		}
	}
}

// Whatever may not be read is named, and the rest is there: it is neither well nor a
// problem.
func TestDoctorWithoutAPermission(t *testing.T) {
	t.Parallel()
	for _, call := range callsOf(t, "doctor") {
		story(t, call, twice, func(t *testing.T, a *awsAccount) {
			a.Fault = denying(call)
			o := a.run("doctor", "--output", "json")
			found := examined(t, o)
			if len(found) == 0 || o.code != exitAccess {
				t.Errorf("exit code %d, found %v\n%s", o.code, found, o.stderr)
			}
			for _, f := range found {
				if f.Grade != "unchecked" || !strings.Contains(f.Advice, "some:Action") {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// A call without an answer keeps no other check from its own, and ends.
func TestDoctorWithoutAnAnswer(t *testing.T) {
	for operation, check := range map[string]string{
		"GetAccountSettings": "concurrency", "SimulatePrincipalPolicy": "permissions", "ListObjectsV2": "artefacts",
	} {
		story(t, operation, twice, func(t *testing.T, a *awsAccount) {
			a.Hang(operation)
			began := time.Now()
			o := a.run("doctor", "--output", "json")
			found := examined(t, o)
			if f := found[check]; o.code != exitUnclear || f.Grade != "unchecked" || len(found) != 1 {
				t.Errorf("exit code %d, found %v", o.code, found)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// What is wrong counts more than what could not be found out.
func TestDoctorVerdicts(t *testing.T) {
	story(t, "a problem beside a gap", twice, func(t *testing.T, a *awsAccount) {
		a.Hang("GetAccountSettings")
		a.Unsafe = map[string]bool{"recovery": true}
		a.run("doctor").wants(t, exitNotWell, "1 problem, 1 thing that could not be checked")
	})
	story(t, "where nothing is deployed", newAccount, func(t *testing.T, a *awsAccount) {
		a.Limits.Concurrency = 10
		o := a.run("doctor")
		o.wants(t, exitNotFound, "stage dev is not deployed", "warning\tconcurrency")
		o.lacks(t, "\ttable\t")
	})
	story(t, "where the network is gone", twice, func(t *testing.T, a *awsAccount) {
		a.Fault = func(string) awsaccount.Fault { return awsaccount.Fault{Before: awsfake.ErrLost} }
		a.run("doctor").wants(t, exitUnclear)
	})
}

// A launch says which quota the fewest players break, with the limits of the account.
func TestDoctorBeforeALaunch(t *testing.T) {
	story(t, "of a new account", twice, func(t *testing.T, a *awsAccount) {
		a.Limits.Concurrency = 10
		o := a.run("doctor", "--launch", "--players", "10000", "--output", "json")
		var v doctorView
		if err := json.Unmarshal([]byte(o.stdout), &v); err != nil {
			t.Fatal(err)
		}
		breaks := map[string]int64{}
		for _, q := range v.Launch.Quotas {
			breaks[q.Quota] = q.Breaks
		}
		want := map[string]int64{"e-mail": 50, "concurrency": 6000, "throttle": 6000, "sign-in": 7200, "sign-up": 900_000, "API": 600_000}
		if o.code != exitNotWell || !maps.Equal(breaks, want) || v.Launch.Quotas[0].Quota != "e-mail" {
			t.Errorf("exit code %d, enough for %v, want %v", o.code, breaks, want)
		}
		for _, f := range v.Findings {
			if f.Check == "launch" {
				canBeDone(t, f)
			}
		}
	})
	story(t, "that is small", twice, func(t *testing.T, a *awsAccount) {
		a.run("doctor", "--launch", "--players", "50").wants(t, exitOK, "ok\tlaunch")
		a.run("doctor", "--launch", "--players", "51").wants(t, exitNotWell, "problem\tlaunch")
	})
	story(t, "with a sender of one's own", twice, func(t *testing.T, a *awsAccount) {
		a.Pools[awsaccount.Physical(cfn.UserPool)].Sender = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
		a.run("doctor", "--launch", "--players", "5000").wants(t, exitOK, "ok\tlaunch")
	})
	story(t, "before the first deploy", newAccount, func(t *testing.T, a *awsAccount) {
		a.run("doctor", "--launch", "--players", "51").wants(t, exitNotFound, "problem\tlaunch")
	})
	story(t, "of nobody", twice, func(t *testing.T, a *awsAccount) {
		a.run("doctor", "--launch", "--players", "0").wants(t, exitUsage)
		a.run("doctor", "--players", "5").wants(t, exitUsage)
	})
}

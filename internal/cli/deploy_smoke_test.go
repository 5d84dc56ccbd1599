package cli

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

// badWhile lets plans fail as long as a setting has a value.
func (a *awsAccount) badWhile(setting, value string) {
	a.game.Fault = func(what string) (*http.Response, error) {
		if what == "POST /sync/plan" && a.Setting(setting) == value {
			return awsaccount.Answer(500, `{"message":"Internal Server Error"}`), nil
		}
		return nil, nil
	}
}

// triedInfo decodes what a deploy with a test prints.
func triedInfo(t *testing.T, o outcome) info {
	t.Helper()
	var in info
	if err := json.Unmarshal([]byte(o.stdout), &in); err != nil || in.Smoke == nil {
		t.Fatalf("%d, %v: %s%s", o.code, err, o.stdout, o.stderr)
	}
	return in
}

// live is the number of the release that the stack is.
func (a *awsAccount) live() string { return a.Setting(cfn.ParamRelease) }

var tried = []string{"deploy", "--yes", "--smoke", "--set", "LogRetentionDays=90", "--output", "json"}

func TestDeploySmoke(t *testing.T) {
	story(t, "well", playable, func(t *testing.T, a *awsAccount) {
		o := a.run(tried...)
		check(t, o, exitOK, a.Whole())
		if in := triedInfo(t, o); in.Smoke.Verdict != smokeWell || a.live() != "2" || len(a.traces()) > 0 {
			t.Errorf("%+v; release %s is live, left are %q", in.Smoke, a.live(), a.traces())
		}
		a.run("deploy", "--yes", "--smoke").wants(t, exitOK, "Nothing to do", "A save travels from device to device")
	})
	story(t, "fails once", playable, func(t *testing.T, a *awsAccount) {
		once := true
		a.game.Fault = func(what string) (*http.Response, error) {
			if what != "POST /sync/plan" || !once {
				return nil, nil
			}
			once = false
			return awsaccount.Answer(500, `{}`), nil
		}
		o := a.run(tried...)
		o.wants(t, exitOK, "The test failed, and is repeated")
		if in := triedInfo(t, o); in.Smoke.Verdict != smokeWell || a.live() != "2" {
			t.Errorf("%+v; release %s is live", in.Smoke, a.live())
		}
	})
	story(t, "fails and is taken back", playable, func(t *testing.T, a *awsAccount) {
		a.badWhile("LogRetentionDays", "90")
		o := a.run(tried...)
		o.wants(t, exitStack, "The test failed, and is repeated", "Release 2 has failed twice: it is to be taken back.", "Went back to release 1 as release 3",
			"release 2 was taken back, since the stage failed at plan: 500", "release 1 is live again, where a save travels again")
		if in := triedInfo(t, o); in.Smoke.Verdict != smokeFailed || a.live() != "3" || a.Setting("LogRetentionDays") != "30" || in.Settings["LogRetentionDays"] != "30" {
			t.Errorf("%+v; release %s is live", in, a.live())
		}
		check(t, o, exitStack, a.Whole())
		if left := a.traces(); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
		a.run("releases").wants(t, exitOK, "live\t3\t", "rollback", "\t2\t", "\t1\t")
	})
	story(t, "fails, and what was before fails as well", playable, func(t *testing.T, a *awsAccount) {
		a.refuses("POST /sync/plan", 500, `{}`)
		a.run(tried...).wants(t, exitStack, "release 1 is live again, which fails as well, so that something else is at fault")
		if a.live() != "3" {
			t.Errorf("release %s is live", a.live())
		}
	})
}

// A release that cannot be taken back stays, and the exit code says that it is no good.
func TestDeploySmokeStays(t *testing.T) {
	story(t, "as the first one", func(t *testing.T) *awsAccount {
		a := newAccount(t)
		a.game = a.Game()
		return a
	}, func(t *testing.T, a *awsAccount) {
		a.refuses("POST /sync/plan", 500, `{}`)
		o := a.run(tried...)
		o.wants(t, exitNotWell, "release 1 stays: ", "none before it has succeeded; nothing was changed")
		if in := triedInfo(t, o); in.Smoke.Verdict != smokeFailed || a.live() != "1" {
			t.Errorf("%+v; release %s is live", in.Smoke, a.live())
		}
		check(t, o, exitNotWell, a.Whole())
	})
	story(t, "where nothing was deployed", playable, func(t *testing.T, a *awsAccount) {
		a.refuses("POST /sync/plan", 500, `{}`)
		o := a.run("deploy", "--yes", "--smoke", "--output", "json")
		o.wants(t, exitNotWell, "failed at plan")
		if in := triedInfo(t, o); in.Smoke.Verdict != smokeFailed || a.live() != "1" {
			t.Errorf("%+v; release %s is live", in.Smoke, a.live())
		}
	})
	story(t, "where what was before is the same", playable, func(t *testing.T, a *awsAccount) {
		check(t, a.run("deploy", "--yes", "--set", "LogRetentionDays=60"), exitOK, "")
		delete(a.Functions, awsaccount.Physical(cfn.SyncPlanFunction))
		a.refuses("POST /sync/plan", 500, `{}`)
		a.run("deploy", "--yes", "--smoke").wants(t, exitNotWell, "Deployed release 3", "release 3 stays: ", "release 2 is the same; nothing was changed")
		if a.live() != "3" {
			t.Errorf("release %s is live", a.live())
		}
	})
	story(t, "where data would be lost", playable, func(t *testing.T, a *awsAccount) {
		a.badWhile("LogRetentionDays", "90")
		inner := a.game.Fault
		a.game.Fault = func(what string) (*http.Response, error) {
			a.Changes = []awsaccount.Change{{LogicalResourceId: aws.String(cfn.ManifestTable), ResourceType: aws.String("AWS::DynamoDB::Table"), Action: types.ChangeActionModify, Replacement: types.ReplacementTrue}}
			return inner(what)
		}
		o := a.run(tried...)
		o.wants(t, exitNotWell, "release 2 stays: ", "ManifestTable", "nothing was changed", "hint: renpyctl rollback")
		if a.live() != "2" || a.Planned() {
			t.Errorf("release %s is live; a plan is left: %v", a.live(), a.Planned())
		}
	})
	story(t, "where another one is live by now", playable, func(t *testing.T, a *awsAccount) {
		a.badWhile("LogRetentionDays", "90")
		inner := a.game.Fault
		a.game.Fault = func(what string) (*http.Response, error) {
			answer, err := inner(what)
			if answer != nil { // somebody was faster
				a.setRelease("7")
			}
			return answer, err
		}
		a.run(tried...).wants(t, exitNotWell, "release 2 stays: ", "release 7 is live by now")
	})
}

// A test that could not be run says nothing about the release.
func TestDeploySmokeUnrun(t *testing.T) {
	story(t, "for want of a permission", playable, func(t *testing.T, a *awsAccount) {
		a.fails("Cognito-Identity-Provider-AdminCreateUser", errDenied)
		o := a.run(tried...)
		o.wants(t, exitUnclear, "release 2 is deployed, and the test could not be run", "cognito-idp:AdminCreateUser")
		if in := triedInfo(t, o); in.Smoke.Verdict != smokeUnrun || a.live() != "2" {
			t.Errorf("%+v; release %s is live", in.Smoke, a.live())
		}
	})
	story(t, "for want of a connection", playable, func(t *testing.T, a *awsAccount) {
		a.game.Fault = func(string) (*http.Response, error) { return nil, errors.New("no route to host") }
		a.run(tried...).wants(t, exitUnclear, "release 2 is deployed, and the test could not be run")
		if a.live() != "2" {
			t.Errorf("release %s is live", a.live())
		}
	})
	story(t, "for an interruption", playable, func(t *testing.T, a *awsAccount) {
		ctx, interrupt := context.WithCancel(t.Context())
		a.game.Fault = func(string) (*http.Response, error) { interrupt(); return nil, nil }
		if o := a.runIn(ctx, nil, tried...); o.code != exitInterrupted || a.live() != "2" || len(a.traces()) > 0 {
			t.Errorf("exit code %d, release %s is live, left are %q\n%s", o.code, a.live(), a.traces(), o.stderr)
		}
	})
	story(t, "and a player who stays takes nothing back", playable, func(t *testing.T, a *awsAccount) {
		a.fails("S3-DeleteObjects", awsfake.Error{Code: "InternalError", Message: "We encountered an internal error.", Status: 500})
		o := a.run(tried...)
		o.wants(t, exitError, "could not be erased")
		if in := triedInfo(t, o); in.Smoke.Verdict != smokeWell || a.live() != "2" {
			t.Errorf("%+v; release %s is live", in.Smoke, a.live())
		}
	})
	story(t, "with flags that do not go together", newAccount, func(t *testing.T, a *awsAccount) {
		for _, flag := range []string{"--express", "--watch"} {
			o := a.run("deploy", "--yes", "--smoke", flag)
			o.wants(t, exitUsage)
			o.changedNothing(t)
		}
	})
}

// setRelease makes the stack another release, as another deploy does.
func (a *awsAccount) setRelease(number string) {
	for i, p := range a.Current().Parameters {
		if *p.ParameterKey == cfn.ParamRelease {
			a.Current().Parameters[i].ParameterValue = &number
		}
	}
}

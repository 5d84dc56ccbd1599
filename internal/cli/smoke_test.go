package cli

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/smoke"
)

// playable is a deployed stage that games reach.
func playable(t *testing.T) *awsAccount {
	t.Helper()
	a := deployed(t)
	a.game = a.Game()
	return a
}

// refuses lets games be answered so, whenever they ask for something of that name.
func (a *awsAccount) refuses(name string, status int, body string) {
	a.game.Fault = func(what string) (*http.Response, error) {
		if what != name {
			return nil, nil
		}
		return awsaccount.Answer(status, body), nil
	}
}

// fails lets calls fail whose names begin so.
func (a *awsAccount) fails(call string, err error) {
	a.Fault = func(name string) awsaccount.Fault {
		if strings.HasPrefix(name, call) {
			return awsaccount.Fault{Before: err}
		}
		return awsaccount.Fault{}
	}
}

var errDenied = awsfake.Error{Code: "AccessDeniedException", Message: "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: cognito-idp:AdminCreateUser", Status: 400}

// traces are what is left of players in the account.
func (a *awsAccount) traces() (list []string) {
	for _, u := range a.Directory.Users {
		list = append(list, "account "+u.Email)
	}
	for key := range a.Buckets[savesBucket] {
		list = append(list, "object "+key)
	}
	for player := range a.Records {
		list = append(list, "record of "+player)
	}
	for key := range a.Items {
		list = append(list, "item "+key)
	}
	return list
}

// tells runs the test, and decodes and checks what it says.
func (a *awsAccount) tells(t *testing.T, code int, verdict smokeVerdict) smokeView {
	t.Helper()
	o := a.run("smoke", "--output", "json")
	var v smokeView
	if err := json.Unmarshal([]byte(o.stdout), &v); err != nil || o.code != code || v.Verdict != verdict {
		t.Errorf("exit code %d and %q, want %d and %q (%v)\n%s%s", o.code, v.Verdict, code, verdict, err, o.stdout, o.stderr)
	}
	return v
}

func TestSmoke(t *testing.T) {
	story(t, "of a stage that is well", playable, func(t *testing.T, a *awsAccount) {
		v := a.tells(t, exitOK, smokeWell)
		if len(v.Steps) != 9 || v.Steps[3].Step != smoke.Upload || v.Steps[3].Bytes < 20_000 || v.Stage != "dev" || len(v.Left) > 0 {
			t.Errorf("%+v", v)
		}
		if left := a.traces(); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
		o := a.run("smoke", "--debug")
		if rows := strings.Split(strings.TrimSpace(o.stdout), "\n"); len(rows) != 9 || strings.Count(rows[0], "\t") != 3 || !strings.HasPrefix(rows[0], "account\t") {
			t.Errorf("in a pipe:\n%s", o.stdout)
		}
		for _, secret := range []string{"-aA1", "https://saves.s3", "put|", "Bearer"} {
			o.lacks(t, secret)
		}
	})
	story(t, "with a game that the stage admits", playable, func(t *testing.T, a *awsAccount) {
		check(t, a.run("deploy", "--yes", "--set", "GameIds=my_game,other"), exitOK, "")
		a.tells(t, exitOK, smokeWell)
	})
	story(t, "of a stage that fails", playable, func(t *testing.T, a *awsAccount) {
		a.refuses("POST /sync/plan", 500, `{"message":"Internal Server Error"}`)
		v := a.tells(t, exitNotWell, smokeFailed)
		if last := v.Steps[len(v.Steps)-2]; last.Step != smoke.Plan || last.Error == "" {
			t.Errorf("%+v", v)
		}
		a.run("smoke").wants(t, exitNotWell, "failed at plan", "hint: renpyctl logs --errors")
		if left := a.traces(); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	})
	story(t, "that cannot be run", playable, func(t *testing.T, a *awsAccount) {
		a.refuses("InitiateAuth", 400, `{"__type":"TooManyRequestsException","message":"Too many"}`)
		a.tells(t, exitUnclear, smokeUnrun)
		a.fails("Cognito-Identity-Provider-AdminCreateUser", errDenied)
		a.tells(t, exitAccess, smokeUnrun)
		a.run("smoke").wants(t, exitAccess, "cognito-idp:AdminCreateUser")
		a.fails("CloudFormation-DescribeStacks", &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no route to host")})
		o := a.run("smoke", "--output", "json")
		o.wants(t, exitUnclear, "could not be run", "hint: no connection")
		if o.stdout != "" {
			t.Errorf("it says %s", o.stdout)
		}
	})
	story(t, "that gets no answer", playable, func(t *testing.T, a *awsAccount) {
		a.Hang("DescribeStacks")
		begin := time.Now()
		a.run("smoke").wants(t, exitUnclear, "could not be run", "no answer for 15 s")
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("it took %s", took)
		}
	})
	story(t, "of a stack that cannot be read", playable, func(t *testing.T, a *awsAccount) {
		a.fails("CloudFormation-DescribeStacks", &smithy.DeserializationError{Err: errors.New("unexpected EOF")})
		a.run("smoke").wants(t, exitUnclear, "could not be run")
	})
	story(t, "of no stage", newAccount, func(t *testing.T, a *awsAccount) {
		a.run("smoke").wants(t, exitNotFound)
	})
}

// Somebody who is not erased is named, whatever else the test has shown.
func TestSmokeLeaves(t *testing.T) {
	story(t, "the saves and the account", playable, func(t *testing.T, a *awsAccount) {
		a.fails("S3-DeleteObjects", awsfake.Error{Code: "AccessDenied", Message: "Access Denied", Status: 403})
		v := a.tells(t, exitAccess, smokeWell)
		if len(v.Left) != 1 || !strings.HasSuffix(v.Left[0], "@renpyctl.invalid: the saves, the account") {
			t.Errorf("%+v", v)
		}
		if left := a.traces(); !slices.ContainsFunc(left, func(s string) bool { return strings.HasPrefix(s, "account smoke-") }) {
			t.Errorf("the account is gone, by which the rest is found: %q", left)
		}
		a.run("smoke").wants(t, exitAccess, "of smoke-", "the saves, the account could not be erased", "hint: ", "erases in 15 minutes")
		a.refuses("GET persistent", 404, `<Error/>`)
		a.run("smoke").wants(t, exitNotWell, "failed at download", "could not be erased")

		// Nobody sees those who are left, and later they go.
		a.run("users", "list").wants(t, exitOK, "Nobody has signed up yet.")
		a.run("users", "export").lacks(t, "smoke-")
		a.Fault, a.game.Fault = nil, nil
		time.Sleep(16 * time.Minute)
		if v := a.tells(t, exitOK, smokeWell); v.Swept != 3 {
			t.Errorf("%d are swept", v.Swept)
		}
		if left := a.traces(); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	})
}

func TestSmokeInterrupted(t *testing.T) {
	story(t, "erases the player", playable, func(t *testing.T, a *awsAccount) {
		ctx, interrupt := context.WithCancel(t.Context())
		a.game.Fault = func(what string) (*http.Response, error) {
			if what == "POST /sync/complete" {
				interrupt()
			}
			return nil, nil
		}
		o := a.runIn(ctx, nil, "smoke", "--output", "json")
		if left := a.traces(); o.code != exitInterrupted || len(left) > 0 || o.stdout != "" {
			t.Errorf("exit code %d, left: %q\n%s%s", o.code, left, o.stdout, o.stderr)
		}
	})
}

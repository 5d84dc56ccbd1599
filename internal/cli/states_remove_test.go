package cli

import (
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

// failsAt refuses a call, whatever it is about.
func failsAt(call string) func(string) awsaccount.Fault {
	return func(name string) awsaccount.Fault {
		if strings.HasPrefix(name, call) {
			return awsaccount.Fault{Before: awsfake.Error{Code: "InternalFailure", Message: "no", Status: 400}}
		}
		return awsaccount.Fault{}
	}
}

const unfinished = "A removal of stage dev has begun and is not finished"

// A removal that stopped half-way is told by every command.
func TestRemovalUnfinishedIsTold(t *testing.T) {
	halfRemoved := func(t *testing.T) *awsAccount {
		a := twice(t)
		a.Fault = failsAt("S3-DeleteObjects")
		a.Buckets[awsaccount.Physical("SaveFilesBucket")]["users/p/g/content/persistent/0"] = []byte("save")
		a.run("remove", "--yes").wants(t, exitError, "The removal is not finished: renpyctl remove --stage dev goes on with it", "renpyctl deploy --stage dev takes it back")
		a.Fault = nil
		return a
	}
	for _, command := range []string{"info", "releases", "drift", "plan", "deploy --yes", "rollback --yes", "prune --yes", "remove --yes"} {
		story(t, command, halfRemoved, func(t *testing.T, a *awsAccount) {
			o := a.run(strings.Fields(command)...)
			o.wants(t, exitOK, unfinished, "renpyctl remove --stage dev goes on with it, renpyctl deploy --stage dev takes it back")
			if command == "deploy --yes" {
				a.run("info", "--output", "json").lacks(t, "removing")
			}
		})
	}
	story(t, "info as JSON", halfRemoved, func(t *testing.T, a *awsAccount) {
		a.run("info", "--output", "json").wants(t, exitOK, `"removing": true`)
	})
}

// A stage that was protected before its removal needs its name beside --yes
// until nothing of it is left.
func TestRemovalOfAProtectedStageGoesOnProtected(t *testing.T) {
	protected := func(t *testing.T) *awsAccount {
		a := twice(t)
		check(t, a.run("deploy", "--yes", "--protect"), exitOK, a.Whole())
		return a
	}
	for _, c := range []struct{ where, flag string }{
		{"CloudFormation-DeleteStack", ""}, {"CloudFormation-DeleteStack", "--keep-data"}, {"Cognito-Identity-Provider-DeleteUserPool", ""},
	} {
		story(t, c.where+c.flag, protected, func(t *testing.T, a *awsAccount) {
			remove := []string{"remove", "--yes", "--confirm", "dev"}
			if c.flag != "" {
				remove = append(remove, c.flag)
			}
			a.Fault = failsAt(c.where)
			a.run(remove...).wants(t, exitError)
			a.Fault = nil
			if s := a.Current(); s != nil && s.Protected {
				t.Error("it never came to that")
			}
			o := a.run("remove", "--yes")
			o.wants(t, exitUsage, "removing the protected stage dev needs --confirm dev beside --yes")
			o.changedNothing(t)
			check(t, a.run("remove", "--yes", "--confirm", "dev"), exitOK, "")
		})
	}
	story(t, "what --keep-data kept", protected, func(t *testing.T, a *awsAccount) {
		check(t, a.run("remove", "--yes", "--confirm", "dev", "--keep-data"), exitOK, "")
		a.run("remove", "--yes").wants(t, exitUsage, "needs --confirm dev")
		check(t, a.run("remove", "--yes", "--confirm", "dev"), exitOK, "")
	})
}

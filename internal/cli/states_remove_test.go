package cli

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
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
		a.Buckets[awsaccount.Physical(cfn.SaveFilesBucket)]["users/p/g/content/persistent/0"] = []byte("save")
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

// ends are the ways in which a removal does not get past a call.
var ends = map[string]func(call string, leave func()) func(string) awsaccount.Fault{
	"is refused": func(call string, _ func()) func(string) awsaccount.Fault {
		return func(name string) awsaccount.Fault {
			if name == call {
				return awsaccount.Fault{Before: awsfake.Error{Code: "AccessDenied", Message: "not authorized to do this", Status: 403}}
			}
			return awsaccount.Fault{}
		}
	},
	"is interrupted": at,
	"is killed":      func(call string, _ func()) func(string) awsaccount.Fault { return killedAt(call) },
}

// inUse is a protected stage with a player and a save.
func inUse(t *testing.T) *awsAccount {
	t.Helper()
	a := deployed(t)
	check(t, a.run("deploy", "--yes", "--protect"), exitOK, a.Whole())
	a.Players = 1
	a.Buckets[awsaccount.Physical(cfn.SaveFilesBucket)]["users/p/g/content/persistent/0"] = []byte("save")
	return a
}

// A removal ends at every call in turn, in every way. Whatever is asked next says
// what is there, and the two ways on lead there: a deploy that takes it back, as
// long as there is the stack, and a removal that needs the same confirmation.
func TestRemovalThatEndsAnywhere(t *testing.T) {
	t.Parallel()
	remove := []string{"remove", "--yes", "--confirm", "dev"}
	var calls []string
	synctest.Test(t, func(t *testing.T) {
		o := inUse(t).run(remove...)
		check(t, o, exitOK, "")
		calls = o.calls
	})
	for _, call := range calls {
		if looks.MatchString(call) {
			continue
		}
		for how, end := range ends {
			for next, ends := range afterRemoval {
				t.Run(call+" "+how+", "+next, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						a := inUse(t)
						ctx, leave := context.WithCancel(t.Context())
						defer leave()
						a.Watch()
						a.Fault = end(call, leave)
						a.runIn(ctx, nil, remove...)
						a.Fault = nil
						time.Sleep(time.Minute)
						a.Whole() // AWS has gone on with what has begun
						a.Watch()
						ends(t, a)
					})
				})
			}
		}
	}
}

// afterRemoval tells what each command has to say and do after a removal that
// ended somewhere: before its mark nothing was changed, and then it is known.
var afterRemoval = map[string]func(*testing.T, *awsAccount){
	"info": func(t *testing.T, a *awsAccount) {
		switch o := a.run("info"); {
		case a.Current() == nil:
			o.wants(t, exitNotFound)
		case a.marked():
			o.wants(t, exitOK, unfinished)
		default:
			check(t, o, exitOK, a.Whole())
			o.lacks(t, unfinished)
		}
	},
	"drift": func(t *testing.T, a *awsAccount) {
		switch o := a.run("drift", "--exit-code"); {
		case a.Current() == nil:
			o.wants(t, exitNotFound)
		case a.marked():
			o.wants(t, exitChanges, unfinished, "stack\tpolicy\tclosed\tbeing removed")
		default:
			check(t, o, exitOK, a.Whole())
		}
	},
	"plan": func(t *testing.T, a *awsAccount) {
		switch o := a.run("plan", "--exit-code", "--output", "table"); {
		case a.Current() == nil:
			o.wants(t, exitChanges, "Plan: create")
		case a.marked():
			o.wants(t, exitChanges, unfinished, "stack  policy is being removed, should be closed")
		default:
			check(t, o, exitOK, a.Whole())
		}
		if a.Planned() {
			t.Error("a change set is left")
		}
	},
	"deploy": func(t *testing.T, a *awsAccount) {
		there := a.Current() != nil
		o := a.run("deploy", "--yes")
		check(t, o, exitOK, "")
		if !there {
			return // a new stage, beside what is left of the old one
		}
		if wrong := a.Whole(); wrong != "" || !a.Current().Protected {
			t.Errorf("protected: %v; %s", a.Current().Protected, wrong)
		}
		a.run("drift", "--exit-code").wants(t, exitOK, "No differences")
		a.run("deploy", "--yes").wants(t, exitOK, "Nothing to do")
	},
	"remove": func(t *testing.T, a *awsAccount) {
		if len(a.Pools)+len(a.Tables)+len(a.Buckets) > 1 { // more than the artefacts
			o := a.run("remove", "--yes")
			o.wants(t, exitUsage, "needs --confirm dev")
			o.changedNothing(t)
		}
		o := a.run("remove", "--yes", "--confirm", "dev")
		if o.code != exitNotFound {
			check(t, o, exitOK, "")
		}
		if left := len(a.Pools) + len(a.Tables) + len(a.Buckets) + len(a.Functions); left > 0 || a.Current() != nil {
			t.Errorf("%d things are left, stack %v", left, a.Current())
		}
	},
}

// marked tells whether the stack says that it is being removed.
func (a *awsAccount) marked() bool {
	return a.Current().Policy == cfn.RemovalPolicy(false) || a.Current().Policy == cfn.RemovalPolicy(true)
}

package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

const artefacts = "renpyctl-dev-123456789012-eu-west-1"

// three is a stage with three releases of different settings.
func three(t *testing.T) *awsAccount {
	t.Helper()
	a := twice(t)
	check(t, a.run("deploy", "--yes", "--set", "GameIds=other_game"), exitOK, a.Whole())
	return a
}

// Rollbacks go back, further back, and forth again, each as a release of its own.
func TestRollbacks(t *testing.T) {
	story(t, "one after the other", three, func(t *testing.T, a *awsAccount) {
		for _, step := range []struct {
			args    []string
			said    string
			setting string
		}{
			{[]string{"rollback", "--yes"}, "Rolled back to release 2 as release 4", "my_game"},
			{[]string{"rollback", "--yes"}, "Rolled back to release 1 as release 5", ""},
			{[]string{"rollback", "3", "--yes"}, "Rolled back to release 3 as release 6", "other_game"},
			{[]string{"rollback", "4", "--yes"}, "Rolled back to release 2 as release 7", "my_game"},
			{[]string{"deploy", "--yes", "--set", "GameIds=new"}, "Deployed release 8", "new"},
			{[]string{"rollback", "--yes"}, "Rolled back to release 2 as release 9", "my_game"}, // what was live before, and not the last deploy
			{[]string{"rollback", "--yes"}, "Rolled back to release 1 as release 10", ""},
		} {
			o := a.run(step.args...)
			check(t, o, exitOK, a.Whole())
			o.wants(t, exitOK, step.said)
			if got := a.Setting(cfn.ParamGameIDs); got != step.setting {
				t.Errorf("after %v GameIds is %q, want %q", step.args, got, step.setting)
			}
		}
		a.run("releases").wants(t, exitOK, "live\t10\t", "\t9\t", "rollback\t", "\t2\n", "\t8\t", "\t7\t", "\t2\n", "\t6\t", "\t3\n")
		a.run("releases", "--output", "table").wants(t, exitOK, "rollback to 2", "rollback to 2", "rollback to 3")
	})
	story(t, "to what is live", three, func(t *testing.T, a *awsAccount) {
		o := a.run("rollback", "3", "--yes")
		o.wants(t, exitOK, "Nothing to do")
		if len(a.Buckets[artefacts]) == 0 || a.Buckets[artefacts]["releases/000004.json"] != nil {
			t.Error("a release was recorded that is none")
		}
	})
	story(t, "to none", three, func(t *testing.T, a *awsAccount) {
		a.run("rollback", "41", "--yes").wants(t, exitNotFound, "no such release: 41", "hint: renpyctl releases --stage dev")
		a.run("rollback", "0", "--yes").wants(t, exitUsage)
		a.run("rollback", "1", "2").wants(t, exitUsage)
	})
	story(t, "without its code", three, func(t *testing.T, a *awsAccount) {
		for key := range a.Buckets[artefacts] {
			if strings.HasPrefix(key, "code/syncplan-") {
				delete(a.Buckets[artefacts], key)
			}
		}
		o := a.run("rollback", "--yes")
		oneError(t, o, exitError)
		o.wants(t, exitError, "release 2 cannot be used: its artefact code/syncplan-", "is no longer in the bucket")
		if o.onStack() != "1" {
			t.Errorf("changed %q", o.onStack())
		}
	})
	story(t, "without its template", three, func(t *testing.T, a *awsAccount) {
		delete(a.Buckets[artefacts], "template/"+cfn.TemplateSHA256()+".yaml")
		o := a.run("rollback", "--yes")
		oneError(t, o, exitRefused)
		o.wants(t, exitRefused, "release 2 cannot be used: ", "is not what its name says")
	})
	story(t, "that fails", three, func(t *testing.T, a *awsAccount) {
		a.Fails, a.Reason = cfn.SyncPlanFunction, "Internal Failure"
		a.run("rollback", "--yes").wants(t, exitStack, "Rolled back: the version before still serves the players.")
		a.Fails = ""
		a.run("rollback", "--yes").wants(t, exitOK, "Rolled back to release 2 as release 5")
	})
}

// A record that cannot be read is listed as such, and stands in nobody's way.
func TestDamagedRecord(t *testing.T) {
	story(t, "between others", three, func(t *testing.T, a *awsAccount) {
		a.Buckets[artefacts]["releases/000002.json"] = []byte(`{"number": 2, "kind`)
		a.run("releases").wants(t, exitOK, "live\t3\t", "\t2\t", "record damaged", "\t1\t")
		a.run("rollback", "2", "--yes").wants(t, exitRefused, "release 2 cannot be used: releases/000002.json in the artefact bucket is damaged")
		a.run("rollback", "--yes").wants(t, exitOK, "Rolled back to release 1 as release 4")
	})
	story(t, "of the live release", three, func(t *testing.T, a *awsAccount) {
		a.Buckets[artefacts]["releases/000003.json"] = []byte("\x00")
		a.run("deploy", "--yes").wants(t, exitOK, "Nothing to do")
		a.run("drift").wants(t, exitOK, "No differences")
		a.run("rollback", "--yes").wants(t, exitOK, "Rolled back to release 2 as release 4")
	})
	story(t, "something that is no record at all", three, func(t *testing.T, a *awsAccount) {
		a.Buckets[artefacts]["releases/notes.json"] = []byte("hello")
		check(t, a.run(change...), exitOK, a.Whole())
		a.run("releases").wants(t, exitOK, "live\t4\t")
	})
}

// A release of a run that was cut off has succeeded, if the stack says that it has been it.
func TestOutcomeUnknown(t *testing.T) {
	story(t, "of the live release", three, func(t *testing.T, a *awsAccount) {
		delete(a.Buckets[artefacts], "releases/000003.result.json")
		delete(a.Buckets[artefacts], "releases/000002.result.json")
		o := a.run("releases")
		o.wants(t, exitOK, "live\t3\t", "succeeded", "\t2\t", "succeeded")
		a.run("rollback", "--yes").wants(t, exitOK, "Rolled back to release 2")
	})
}

// Whatever is pruned, every release that is still listed as good can be gone back to.
func TestPrune(t *testing.T) {
	story(t, "only looking", three, func(t *testing.T, a *awsAccount) {
		before := len(a.Buckets[artefacts])
		o := a.run("prune", "--keep", "1", "--dry-run", "--output", "json")
		var view pruneView
		if err := json.Unmarshal([]byte(o.stdout), &view); err != nil || !slices.Equal(view.Releases, []int{1}) || !view.DryRun {
			t.Errorf("%v: %s", err, o.stdout)
		}
		if len(a.Buckets[artefacts]) != before || len(o.writes()) > 0 {
			t.Errorf("changed %q", o.writes())
		}
		a.run("prune", "--keep", "1", "--dry-run").wants(t, exitOK, "release\t", "object\treleases/")
		a.run("prune", "--keep", "0").wants(t, exitUsage)
		a.run("prune", "--keep", "1").wants(t, exitUsage, "add --yes")
	})
	story(t, "and going back", three, func(t *testing.T, a *awsAccount) {
		a.Buckets[artefacts]["code/syncplan-abc.zip"] = nil // nobody's
		check(t, a.run("prune", "--keep", "1", "--yes"), exitOK, a.Whole())
		for key := range a.Buckets[artefacts] {
			if key == "code/syncplan-abc.zip" || strings.HasPrefix(key, "releases/000001") {
				t.Errorf("%s is still there", key)
			}
		}
		a.run("rollback", "1", "--yes").wants(t, exitNotFound)
		check(t, a.run("rollback", "--yes"), exitOK, a.Whole())
	})
	story(t, "beside a damaged record", three, func(t *testing.T, a *awsAccount) {
		a.Buckets[artefacts]["code/syncplan-abc.zip"] = nil // perhaps of the release that cannot be read
		a.Buckets[artefacts]["releases/000002.json"] = []byte("{")
		a.run("prune", "--keep", "1", "--yes").wants(t, exitOK)
		if _, ok := a.Buckets[artefacts]["code/syncplan-abc.zip"]; !ok {
			t.Error("code was deleted that a record might name")
		}
	})
	story(t, "while something runs", three, func(t *testing.T, a *awsAccount) {
		a.Current().Status = "UPDATE_IN_PROGRESS"
		oneError(t, a.run("prune", "--yes"), exitBusy)
	})
}

// A plan that was kept is executed as it was made, or not at all.
func TestKeptPlan(t *testing.T) {
	kept := func(t *testing.T, a *awsAccount, args ...string) string {
		t.Helper()
		file := filepath.Join(t.TempDir(), "dev.plan")
		o := a.run(append([]string{"plan", "--out", file}, args...)...)
		o.wants(t, exitOK, "hint: renpyctl deploy --stage dev --plan "+quoted(file))
		return file
	}
	edited := func(t *testing.T, file, old, new string) string {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), old) {
			t.Fatalf("%v: %q is not in %s", err, old, text)
		}
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), old, new)), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	story(t, "executed", twice, func(t *testing.T, a *awsAccount) {
		file := kept(t, a, "--set", "GameIds=planned")
		a.run("plan").wants(t, exitOK, "No changes") // somebody looks meanwhile
		o := a.run("deploy", "--plan", file, "--yes")
		check(t, o, exitOK, a.Whole())
		if got, want := o.onStack(), "0 SetStackPolicy ExecuteChangeSet"; got != want || a.Setting(cfn.ParamGameIDs) != "planned" {
			t.Errorf("%q, want %q; GameIds %q", got, want, a.Setting(cfn.ParamGameIDs))
		}
		o = a.run("deploy", "--plan", file, "--yes")
		o.wants(t, exitRefused, "the stack has moved on since the plan was made: release 3, which it would be, is live", "hint: make a new plan")
	})
	story(t, "of the first deploy", newAccount, func(t *testing.T, a *awsAccount) {
		file := kept(t, a)
		a.run("plan", "--output", "table").wants(t, exitOK, "Plan: create") // a colleague's look does not take it away
		o := a.run("deploy", "--plan", file, "--yes")
		check(t, o, exitOK, a.Whole())
		o.wants(t, exitOK, "Plan: create", "Deployed release 1")
	})
	story(t, "with the stack moved on", twice, func(t *testing.T, a *awsAccount) {
		file := kept(t, a, "--set", "GameIds=planned")
		check(t, a.run(change...), exitOK, a.Whole())
		o := a.run("deploy", "--plan", file, "--yes")
		oneError(t, o, exitRefused)
		if o.onStack() != "7" {
			t.Errorf("changed %q", o.onStack())
		}
	})
	for _, prefix := range []string{"code/syncplan-", "template/"} {
		story(t, "without its "+prefix, twice, func(t *testing.T, a *awsAccount) {
			file := kept(t, a, "--set", "GameIds=planned")
			for key := range a.Buckets[artefacts] {
				if strings.HasPrefix(key, prefix) {
					delete(a.Buckets[artefacts], key)
				}
			}
			o := a.run("deploy", "--plan", file, "--yes")
			o.wants(t, exitRefused, prefix, "is missing from the artefact bucket")
			if o.onStack() != "7" {
				t.Errorf("changed %q", o.onStack())
			}
		})
	}
	story(t, "for somewhere else", twice, func(t *testing.T, a *awsAccount) {
		for old, new := range map[string]string{
			`"stage": "dev"`: `"stage": "prod"`, `"account": "123456789012"`: `"account": "999999999999"`, `"region": "eu-west-1"`: `"region": "us-east-1"`,
		} {
			file := edited(t, kept(t, a, "--set", "GameIds=planned"), old, new)
			o := a.run("deploy", "--plan", file, "--yes")
			oneError(t, o, exitUsage)
			if o.onStack() != "2" {
				t.Errorf("changed %q", o.onStack())
			}
		}
	})
	story(t, "with other settings than its change set", twice, func(t *testing.T, a *awsAccount) {
		file := edited(t, kept(t, a, "--set", "GameIds=planned"), `"GameIds": "planned"`, `"GameIds": "edited"`)
		o := a.run("deploy", "--plan", file, "--yes")
		oneError(t, o, exitRefused)
		o.wants(t, exitRefused, "its file was changed")
		if o.onStack() != "7" {
			t.Errorf("changed %q", o.onStack())
		}
	})
	story(t, "with any field changed, or left out", twice, func(t *testing.T, a *awsAccount) {
		file := kept(t, a, "--set", "GameIds=planned", "--role-arn", "arn:aws:iam::123456789012:role/cfn")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// What says who made the plan, when and with what, is for people to read.
		told := regexp.MustCompile(`^record\.(time|by|version|commit|ci|stackId)$|^plan\.(stackId|create)$`)
		tried := 0
		for path, edit := range edits(t, text) {
			if told.MatchString(strings.TrimLeft(path, "+-")) {
				continue
			}
			tried++
			if err := os.WriteFile(file, edit, 0o600); err != nil {
				t.Fatal(err)
			}
			o := a.run("deploy", "--plan", file, "--yes")
			if o.code != exitRefused && o.code != exitUsage || slices.Contains(o.calls, "CloudFormation-ExecuteChangeSet") {
				t.Errorf("%s: exit code %d\n%s", path, o.code, o.stderr)
			}
		}
		if tried < 40 {
			t.Errorf("only %d edits", tried)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		check(t, a.run("deploy", "--plan", file, "--yes"), exitOK, a.Whole())
	})
	story(t, "damaged or missing", twice, func(t *testing.T, a *awsAccount) {
		file := edited(t, kept(t, a, "--set", "GameIds=planned"), "{", "")
		a.run("deploy", "--plan", file, "--yes").wants(t, exitUsage, "is not a plan that renpyctl plan --out wrote")
		a.run("deploy", "--plan", file+".not", "--yes").wants(t, exitUsage, "no such file")
		a.run("deploy", "--plan", file, "--set", "GameIds=x").wants(t, exitUsage, "a plan is executed as it was made")
	})
	story(t, "with nothing in it", twice, func(t *testing.T, a *awsAccount) {
		file := filepath.Join(t.TempDir(), "dev.plan")
		a.run("plan", "--out", file, "--exit-code").wants(t, exitOK, "No changes")
		if _, err := os.Stat(file); err == nil {
			t.Error("a plan was written that cannot be executed")
		}
	})
	story(t, "refused by the guard, and then allowed", twice, func(t *testing.T, a *awsAccount) {
		a.Changes = []awsaccount.Change{changeOf(cfn.ManifestTable, "Modify", "True", "")}
		file := kept(t, a, "--set", "GameIds=planned")
		o := a.run("deploy", "--plan", file, "--yes")
		oneError(t, o, exitRefused)
		o = a.run("deploy", "--plan", file, "--yes", "--allow-replace", cfn.ManifestTable)
		check(t, o, exitOK, a.Whole())
	})
}

// plan tells by its exit code whether there is something to do.
func TestExitCodes(t *testing.T) {
	story(t, "plan and drift", twice, func(t *testing.T, a *awsAccount) {
		a.run("plan", "--exit-code").wants(t, exitOK)
		a.run("drift", "--exit-code").wants(t, exitOK)
		a.run("plan", "--exit-code", "--set", "GameIds=x").wants(t, exitChanges)
		a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)].Memory = 1024 // somebody in the console
		o := a.run("drift", "--exit-code")
		o.wants(t, exitChanges, "syncPlan\tmemoryMB\t256\t1024")
		a.run("plan", "--exit-code").wants(t, exitChanges, "syncPlan", "memoryMB")
		o = a.run("deploy", "--yes")
		o.wants(t, exitOK, "not all is as it should be", "Put right: stage dev is what release 2 made it.")
		a.run("drift", "--exit-code").wants(t, exitOK)
	})
	story(t, "drift beside a change of something else", twice, func(t *testing.T, a *awsAccount) {
		f := a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)]
		f.Memory, f.Hash = 1024, "b2xk"
		o := a.run(change...)
		check(t, o, exitOK, a.Whole())
		o.wants(t, exitOK, "Plan: ", "Not as it should be, and put right by a deploy:", "memoryMB", "Deployed release 3")
		if f.Memory != 256 || f.Hash == "b2xk" {
			t.Errorf("CloudFormation did not touch the function, and it was left with %d MB and the code %s", f.Memory, f.Hash)
		}
		a.run("drift", "--exit-code").wants(t, exitOK, "what release 3 made it")
	})
}

// Code that was deployed fast is not taken back for the moment until
// CloudFormation brings newer code.
func TestNewerCodeComesOnce(t *testing.T) {
	story(t, "deploy", twice, func(t *testing.T, a *awsAccount) {
		for i, p := range a.Current().Parameters {
			if *p.ParameterKey == cfn.ParamSyncPlanCodeKey { // the stack is an earlier program's
				a.Current().Parameters[i].ParameterValue = aws.String("code/syncplan-0000.zip")
			}
		}
		o := a.run("deploy", "--yes")
		check(t, o, exitOK, a.Whole())
		if slices.Contains(o.writes(), "UpdateFunctionCode") {
			t.Errorf("changed %q", o.writes())
		}
	})
}

// A release that AWS refused to begin is written down as failed; one whose run
// was cut off before it could write its outcome has succeeded, as the stack says.
func TestOutcomes(t *testing.T) {
	fail := func(call string, with error) func(string) awsaccount.Fault {
		return func(name string) awsaccount.Fault {
			if strings.HasPrefix(name, call) {
				return awsaccount.Fault{Before: with}
			}
			return awsaccount.Fault{}
		}
	}
	story(t, "refused", twice, func(t *testing.T, a *awsAccount) {
		a.Fault = fail("CloudFormation-ExecuteChangeSet", awsfake.Error{Code: "AccessDenied", Message: "no", Status: 403})
		oneError(t, a.run(change...), exitAccess)
		a.Fault = nil
		a.run("releases").wants(t, exitOK, "\t3\t", "failed", "live\t2\t")
		a.run("releases", "--output", "json").wants(t, exitOK, `"reason": "execute the change set: no (AccessDenied)"`)
	})
	story(t, "cut off", twice, func(t *testing.T, a *awsAccount) {
		a.Fault = fail("S3-PutObject releases/000003.result.json", awsfake.ErrLost)
		a.run(change...)
		a.Fault = nil
		a.run("deploy", "--yes", "--set", "LogRetentionDays=120").wants(t, exitOK, "Deployed release 4")
		a.run("rollback", "--yes").wants(t, exitOK, "Going back to release 3 ")
	})
}

// A fast deploy of one function is a release of its own, and the next deploy
// brings stack and function together.
func TestDeployFunction(t *testing.T) {
	old := func(t *testing.T) *awsAccount {
		a := twice(t)
		a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)].Hash = "b2xk" // another program's
		return a
	}
	fast := []string{"deploy", "function", "syncPlan", "--yes"}
	story(t, "that runs other code", old, func(t *testing.T, a *awsAccount) {
		o := a.run(fast...)
		o.wants(t, exitOK, "Updated: syncPlan runs ", ", as release 3")
		if o.onStack() != "0" {
			t.Errorf("the stack was touched: %q", o.onStack())
		}
		a.run("releases").wants(t, exitOK, "\t3\t", "function", "succeeded", "live\t2\t")
		a.run("drift", "--exit-code").wants(t, exitOK, "No differences") // it is the stack's code again
		check(t, a.run(change...), exitOK, a.Whole())
	})
	story(t, "that runs it already", twice, func(t *testing.T, a *awsAccount) {
		o := a.run(fast...)
		o.wants(t, exitOK, "Nothing to do: syncPlan runs this code already")
		o.changedNothing(t)
	})
	story(t, "which is refused", old, func(t *testing.T, a *awsAccount) {
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasPrefix(name, "Lambda-UpdateFunctionCode") {
				return awsaccount.Fault{Before: awsfake.Error{Code: "AccessDeniedException", Status: 403, Message: "User: x is not authorized to perform: lambda:UpdateFunctionCode on resource: y"}}
			}
			return awsaccount.Fault{}
		}
		o := a.run(fast...)
		oneError(t, o, exitAccess)
		o.wants(t, exitAccess, "hint: these credentials need permission for lambda:UpdateFunctionCode")
		a.Fault = nil
		a.run("releases").wants(t, exitOK, "\t3\t", "function", "failed")
	})
	story(t, "without a question answered", old, func(t *testing.T, a *awsAccount) {
		o := a.run("deploy", "function", "syncPlan")
		o.wants(t, exitUsage, "add --yes")
		o.changedNothing(t)
	})
	story(t, "of another name", twice, func(t *testing.T, a *awsAccount) {
		a.run("deploy", "function", "sync").wants(t, exitUsage, `function "sync" is none of syncPlan, syncComplete`)
	})
	story(t, "in a stage that is busy", old, func(t *testing.T, a *awsAccount) {
		a.Current().Status = "UPDATE_IN_PROGRESS"
		o := a.run(fast...)
		oneError(t, o, exitBusy)
		o.lacks(t, "--wait waits")
	})
	story(t, "with somebody faster", old, func(t *testing.T, a *awsAccount) {
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasPrefix(name, "S3-PutObject releases/000003.json") {
				a.Buckets[artefacts]["releases/000003.json"] = []byte("{}")
			}
			return awsaccount.Fault{}
		}
		oneError(t, a.run(fast...), exitBusy)
	})
}

// edits are the ways to change one field of a JSON object, or, named with a
// minus, to leave one out.
func edits(t *testing.T, text []byte) map[string][]byte {
	t.Helper()
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	list := map[string][]byte{}
	write := func(path string) {
		edit, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		list[path] = edit
	}
	var walk func(object map[string]any, path string)
	walk = func(object map[string]any, path string) {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			value := object[name]
			delete(object, name)
			write("-" + path + name)
			switch v := value.(type) {
			case map[string]any:
				object[name] = v
				walk(v, path+name+".")
				if name == "code" || name == "parameters" { // what a later program may write beside the rest is not read
					v["added"] = "x"
					write("+" + path + name + ".added")
					delete(v, "added")
				}
			case string:
				object[name] = v + "x"
				write(path + name)
			case float64:
				for _, n := range []float64{-1, 0, v + 1, 999999, 1e30} {
					object[name] = n
					write(fmt.Sprint(path, name, "=", n))
				}
			}
			object[name] = value
		}
	}
	walk(whole, "")
	return list
}

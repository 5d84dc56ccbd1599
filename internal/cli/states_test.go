package cli

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// commands are what operators try in every state of a stack.
var commands = [][]string{
	{"deploy", "--yes", "--set", "LogRetentionDays=90"}, {"plan"}, {"info"}, {"rollback", "--yes"}, {"remove", "--yes"}, {"recover", "--yes"},
}

// states has a row for every status of AWS-FACTS 1.1, and what each command
// does then: its exit code, and every operation that changes something about
// the stack. What is said beside it is in testdata/states.
var states = []struct {
	status  stack.Status
	prepare func(*testing.T) *awsAccount
	want    [6]string // as commands
}{
	{stack.None, newAccount, [6]string{"0 CreateChangeSet ExecuteChangeSet SetStackPolicy", "0 CreateChangeSet DeleteChangeSet DeleteStack", "3", "3", "3", "3"}},
	{stack.ReviewInProgress, underReview, [6]string{"0 CreateChangeSet ExecuteChangeSet SetStackPolicy", "0 CreateChangeSet DeleteChangeSet", "3", "3", "0 DeleteStack", "0 DeleteStack"}},
	{"CREATE_IN_PROGRESS", running("CREATE_COMPLETE"), [6]string{"6", "6", "0", "6", "6", "6"}},
	{"CREATE_FAILED", halfMade, [6]string{"0 DeleteStack CreateChangeSet ExecuteChangeSet SetStackPolicy", "5", "0", "5", "0 DeleteStack", "0 DeleteStack"}},
	{"CREATE_COMPLETE", twice, [6]string{"0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0", "0", "0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0 SetStackPolicy DeleteStack", "0"}},
	{"ROLLBACK_IN_PROGRESS", running("ROLLBACK_COMPLETE"), [6]string{"6", "6", "0", "6", "6", "6"}},
	{"ROLLBACK_FAILED", halfMade, [6]string{"0 DeleteStack CreateChangeSet ExecuteChangeSet SetStackPolicy", "5", "0", "5", "0 DeleteStack", "0 DeleteStack"}},
	{"ROLLBACK_COMPLETE", rolledBack, [6]string{"0 DeleteStack CreateChangeSet ExecuteChangeSet SetStackPolicy", "5", "0", "5", "0 DeleteStack", "0 DeleteStack"}},
	{"UPDATE_IN_PROGRESS", running("UPDATE_COMPLETE"), [6]string{"6", "6", "0", "6", "6", "6"}},
	{"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", running("UPDATE_COMPLETE"), [6]string{"0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0", "0", "0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0 SetStackPolicy DeleteStack", "0"}},
	{"UPDATE_COMPLETE", twice, [6]string{"0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0", "0", "0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0 SetStackPolicy DeleteStack", "0"}},
	{"UPDATE_FAILED", stuck, [6]string{"5", "5", "0", "5", "0 SetStackPolicy DeleteStack", "0 RollbackStack"}},
	{"UPDATE_ROLLBACK_IN_PROGRESS", running("UPDATE_ROLLBACK_COMPLETE"), [6]string{"6", "6", "0", "6", "6", "6"}},
	{"UPDATE_ROLLBACK_FAILED", stuck, [6]string{"5", "5", "0", "5", "0 SetStackPolicy DeleteStack", "0 ContinueUpdateRollback"}},
	{"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", running("UPDATE_ROLLBACK_COMPLETE"), [6]string{"0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0", "0", "0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0 SetStackPolicy DeleteStack", "0"}},
	{"UPDATE_ROLLBACK_COMPLETE", twice, [6]string{"0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0", "0", "0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0 SetStackPolicy DeleteStack", "0"}},
	{"DELETE_IN_PROGRESS", deleting, [6]string{"6", "6", "0", "6", "0", "6"}},
	{"DELETE_FAILED", deleteFailed, [6]string{"5", "5", "0", "5", "0 DeleteStack", "0 DeleteStack"}},
	{"DELETE_COMPLETE", gone, [6]string{"0 CreateChangeSet ExecuteChangeSet SetStackPolicy", "0 CreateChangeSet DeleteChangeSet DeleteStack", "3", "3", "0", "3"}},
	{"IMPORT_IN_PROGRESS", running("IMPORT_COMPLETE"), [6]string{"6", "6", "0", "6", "6", "6"}},
	{"IMPORT_COMPLETE", twice, [6]string{"0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0", "0", "0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0 SetStackPolicy DeleteStack", "0"}},
	{"IMPORT_ROLLBACK_IN_PROGRESS", running("IMPORT_ROLLBACK_COMPLETE"), [6]string{"6", "6", "0", "6", "6", "6"}},
	{"IMPORT_ROLLBACK_FAILED", twice, [6]string{"5", "5", "0", "5", "0 SetStackPolicy DeleteStack", "5"}},
	{"IMPORT_ROLLBACK_COMPLETE", twice, [6]string{"0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0", "0", "0 CreateChangeSet SetStackPolicy ExecuteChangeSet", "0 SetStackPolicy DeleteStack", "0"}},
}

func TestStates(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, st := range states {
		for i, args := range commands {
			t.Run(string(st.status)+" "+args[0], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := st.prepare(t)
					if s := a.Current(); s != nil {
						s.Status = st.status
					}
					o := a.run(args...)
					if got := o.onStack(); got != st.want[i] {
						t.Errorf("exit code and operations: %q, want %q\n%s", got, st.want[i], o.stderr)
					}
					a.checkData(o, args[0], st.status)
					if o.code == exitBusy {
						oneError(t, o, exitBusy)
					}
					// What a healthy stage prints is tested elsewhere, and all operations have the same words.
					if o.code == exitBusy && st.status != "UPDATE_IN_PROGRESS" {
						return
					}
					if o.code != exitOK || args[0] == "recover" || st.status != stack.None && strings.Contains(o.stderr, string(st.status)) {
						status := cmp.Or(st.status, "no stack")
						name := strings.ReplaceAll(string(status), " ", "-") + "-" + args[0] + ".txt"
						said[name] = true
						golden(t, filepath.Join("states", name), fmt.Sprintf("== %s: %s, exit code %d\n%s", status, strings.Join(args, " "), o.code, o.stderr))
					}
				})
			})
		}
	}
	if strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		return // not all of them
	}
	files, err := os.ReadDir(filepath.Join("testdata", "states"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !said[f.Name()] {
			t.Errorf("testdata/states/%s: nothing says that any more", f.Name())
		}
	}
}

// checkData holds that only a removal takes players' data away, and takes all of it.
func (a *awsAccount) checkData(o outcome, command string, before stack.Status) {
	a.t.Helper()
	left := len(a.Pools) + len(a.Tables) + len(a.Buckets)
	switch {
	case command == "remove" && o.code == exitOK:
		if left > 0 || a.Current() != nil {
			a.t.Errorf("the removal left %d pools, %d tables, buckets %v", len(a.Pools), len(a.Tables), slices.Collect(maps.Keys(a.Buckets)))
		}
	case command == "deploy" && o.code == exitOK:
		if wrong := a.Whole(); wrong != "" {
			a.t.Error(wrong)
		}
	case a.Current() != nil && a.Current().Template != "" || before == stack.DeleteFailed:
		if left != 4 {
			a.t.Errorf("of the pool, the table and two buckets %d are left", left)
		}
	}
}

// varies is what differs from build to build of what is printed.
var varies = regexp.MustCompile(`\d[\d.]* [kM]B|\b[0-9a-f]{7}\b`)

// stamps are the times before lines of progress.
var stamps = regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d `)

// golden compares what was printed with a file of testdata, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	got = varies.ReplaceAllString(stamps.ReplaceAllString(got, ""), "…")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	wantLines, gotLines := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range max(len(wantLines), len(gotLines)) {
		line := func(lines []string) string {
			if i < len(lines) {
				return lines[i]
			}
			return "its end"
		}
		if line(gotLines) != line(wantLines) {
			t.Fatalf("%s line %d\n got %q\nwant %q\n(-update writes what is printed)", file, i+1, line(gotLines), line(wantLines))
		}
	}
}

// twice is a stage that was deployed twice.
func twice(t *testing.T) *awsAccount {
	t.Helper()
	a := deployed(t)
	check(t, a.run("deploy", "--yes", "--set", "GameIds=my_game"), exitOK, a.Whole())
	return a
}

// underReview is a stage for which only a plan was ever made.
func underReview(t *testing.T) *awsAccount {
	t.Helper()
	a := newAccount(t)
	check(t, a.run("plan", "--out", filepath.Join(t.TempDir(), "plan")), exitOK, "")
	return a
}

// running is a stage on which an operation runs that will end in a status.
func running(end stack.Status) func(*testing.T) *awsAccount {
	return func(t *testing.T) *awsAccount {
		t.Helper()
		a := twice(t)
		s := a.Current()
		a.Later(awsaccount.OperationTime, func() { a.Event(s, "", end, "") })
		return a
	}
}

// halfMade is a stage whose first deploy failed and left a protected pool and table.
func halfMade(t *testing.T) *awsAccount {
	t.Helper()
	a := underReview(t)
	s := a.Current()
	for _, id := range []string{cfn.UserPool, cfn.ManifestTable, cfn.SaveFilesBucket} {
		a.Create(id, nil)
		a.Event(s, id, stack.DeleteFailed, "it is protected against deletion. Disable deletion protection first.")
	}
	return a
}

// rolledBack is a stage whose first deploy failed and left an empty stack.
func rolledBack(t *testing.T) *awsAccount {
	t.Helper()
	return underReview(t)
}

// stuck is a stage of which one function could not be changed.
func stuck(t *testing.T) *awsAccount {
	t.Helper()
	a := twice(t)
	a.Event(a.Current(), cfn.SyncPlanFunction, "UPDATE_FAILED", "Code storage limit exceeded. (Service: Lambda, Status Code: 400)")
	return a
}

// deleting is a stage that somebody removes with its data kept.
func deleting(t *testing.T) *awsAccount {
	t.Helper()
	a := twice(t)
	s := a.Current()
	a.Event(s, "", "DELETE_IN_PROGRESS", "User Initiated")
	a.Later(awsaccount.OperationTime, func() { a.TakeDown(s) })
	return a
}

// deleteFailed is a stage whose API could not be deleted once.
func deleteFailed(t *testing.T) *awsAccount {
	t.Helper()
	a := twice(t)
	a.Event(a.Current(), cfn.HTTPAPI, stack.DeleteFailed, "Rate exceeded (Service: ApiGatewayV2, Status Code: 429)")
	return a
}

// gone is a stage whose stack is deleted, of which AWS still tells by its id.
func gone(t *testing.T) *awsAccount {
	t.Helper()
	a := underReview(t)
	a.Current().Status = stack.DeleteComplete
	return a
}

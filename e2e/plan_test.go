//go:build e2e && (linux || darwin)

package e2e

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// TestPlan: a plan shows and changes nothing, and one that is kept is executed
// as it was shown or not at all.
func TestPlan(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	by := throughEndpoint(endpoint, account)
	by.flags = []string{"--stage", "planned"}
	file := func(name string) string { return filepath.Join(t.TempDir(), name) }

	// Of a stage that does not exist.
	first := by.plan(t, 8, "--arch", hostArch())
	alarm := func(c changeJSON) bool { return strings.Contains(c.LogicalID, "Alarm") }
	if slices.ContainsFunc(first.Changes, alarm) {
		t.Errorf("the plan has alarms that nobody asked for: %+v", first.Changes)
	}
	if !first.Create || len(first.Changes) < 20 || len(first.Guarded) > 0 || first.Stack != "renpy-cloud-planned" {
		t.Errorf("the first plan is %+v", first)
	}
	by.run(t, "plan", "--arch", hostArch(), "--output", "table").exits(t, 0).prints(t, "Plan: create", "user pool", "SyncPlanLambdaFunction")
	if found := clients(account).inventory(t); len(found) > 0 {
		t.Errorf("the plan made %q", found)
	}

	// Kept, it is executed later, whatever has to be made for it made before.
	kept := file("first")
	by.run(t, "plan", "--arch", hostArch(), "--out", kept).exits(t, 0)
	by.run(t, "info").exits(t, 3)
	rec := record(t, nil)
	recorded := throughEndpoint(rec.URL, account)
	recorded.flags = by.flags
	recorded.run(t, "deploy", "--plan", kept, "--yes").exits(t, 0)
	if got, want := changeSets(rec.recorded()), "ExecuteChangeSet "+changeSetOf(t, kept); got != want {
		t.Errorf("deploy --plan asks for %q, want %q", got, want)
	}
	s := deployBy(t, by, "planned") // which has nothing to do
	if plan := by.plan(t, 0); len(plan.Changes)+len(plan.Parameters)+len(plan.Functions) > 0 {
		t.Errorf("after the deploy the plan is %+v", plan)
	}

	// Of a change.
	change := []string{"--set", "LogRetentionDays=7"}
	plan := by.plan(t, 8, change...)
	if plan.Create || len(plan.Parameters) != 1 || plan.Parameters[0] != (parameterJSON{"LogRetentionDays", "30", "7"}) {
		t.Errorf("the plan of a change is %+v", plan)
	}
	if !slices.ContainsFunc(plan.Changes, func(c changeJSON) bool { return c.LogicalID == "SyncPlanLogGroup" && c.Action == "modify" }) {
		t.Errorf("the plan does not change SyncPlanLogGroup: %+v", plan.Changes)
	}
	s.untouched(t, account)

	week, fortnight := file("week"), file("fortnight")
	by.run(t, "plan", "--set", "LogRetentionDays=7", "--out", week).exits(t, 0)
	by.run(t, "plan", "--set", "LogRetentionDays=14", "--out", fortnight).exits(t, 0)
	by.run(t, "deploy", "--plan", week).exits(t, 2) // which keeps the plan
	by.run(t, "deploy", "--plan", week, "--yes").exits(t, 0)
	for _, stale := range []string{fortnight, week} {
		by.run(t, "deploy", "--plan", stale, "--yes").exits(t, 7)
	}
	if plan := by.plan(t, 0, change...); len(plan.Changes) > 0 {
		t.Errorf("after the plan was executed there is %+v to change", plan.Changes)
	}
	if got, want := s.history(t), "2 deploy live, 1 deploy"; got != want {
		t.Errorf("the releases are %s, want %s", got, want)
	}
	s.run(t, "remove", "--yes").exits(t, 0)
}

// planJSON is the JSON of `plan`.
type planJSON struct {
	Stage, Region, Stack string
	Create               bool
	Changes              []changeJSON
	Parameters           []parameterJSON
	Permissions, Guarded []string
	Functions            []driftJSON
}

type changeJSON struct {
	Action, LogicalID, Type, Kind, Purpose, Loss string
	Properties                                   []struct{ Path string }
}

type parameterJSON struct{ Name, Before, After string }

// plan plans with --exit-code and holds the shape that scripts read.
func (o operator) plan(t *testing.T, code int, flags ...string) planJSON {
	t.Helper()
	r := o.run(t, append([]string{"plan", "--exit-code", "--output", "json"}, flags...)...).exits(t, code)
	var fields map[string]any
	r.json(t, &fields)
	const want = "changes create functions guarded parameters permissions region stack stage tags"
	if got := strings.Join(slices.Sorted(maps.Keys(fields)), " "); got != want {
		t.Errorf("the plan has %s, want %s", got, want)
	}
	for name, value := range fields {
		if value == nil {
			t.Errorf("the plan's %s are null", name)
		}
	}
	var plan planJSON
	r.json(t, &plan)
	return plan
}

// changeSets is what was asked about change sets, in order, with their ids.
func changeSets(calls []call) string {
	var words []string
	for _, c := range calls {
		if c.changes() && strings.HasSuffix(c.operation, "ChangeSet") {
			form, _ := url.ParseQuery(string(c.body)) // which identify could read already
			words = append(words, c.operation+" "+form.Get("ChangeSetName"))
		}
	}
	return strings.Join(words, ", ")
}

// changeSetOf is the change set that a file of `plan --out` names.
func changeSetOf(t *testing.T, file string) string {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var kept struct{ Plan struct{ ChangeSetID string } }
	if err := json.Unmarshal(body, &kept); err != nil || kept.Plan.ChangeSetID == "" {
		t.Fatalf("%s names no change set (%v): %s", file, err, body)
	}
	return kept.Plan.ChangeSetID
}

// untouched fails the test if the stack has been changed, or has a change set that waits.
func (s *stage) untouched(t *testing.T, account string) {
	t.Helper()
	var now info
	s.run(t, "info", "--output", "json").exits(t, 0).json(t, &now)
	if now.Stack != s.info.Stack {
		t.Errorf("the stack is %+v, was %+v", now.Stack, s.info.Stack)
	}
	sets, err := clients(account).cloudformation.ListChangeSets(t.Context(), &cloudformation.ListChangeSetsInput{StackName: &s.info.Stack.Name})
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range sets.Summaries {
		if set.ExecutionStatus == "AVAILABLE" {
			t.Errorf("the change set %s was left", *set.ChangeSetName)
		}
	}
}

package cli

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Plans that were kept are shown, and those that are of no use any more pruned.
func TestKeptPlans(t *testing.T) {
	keep := func(t *testing.T, a *awsAccount) (file string) {
		t.Helper()
		file = filepath.Join(t.TempDir(), "dev.plan")
		check(t, a.run("plan", "--out", file, "--set", "LogRetentionDays=90"), exitOK, "")
		return file
	}
	kept := func(o outcome) int { return strings.Count(o.stdout, "kept plan\t") }
	story(t, "of use", twice, func(t *testing.T, a *awsAccount) {
		first, second := keep(t, a), keep(t, a)
		if n := kept(a.run("info")); n != 2 {
			t.Errorf("info shows %d", n)
		}
		a.run("info", "--output", "json").wants(t, exitOK, `"keptPlans": [`, `"id": "arn:`)
		o := a.run("prune", "--yes")
		o.wants(t, exitOK)
		o.changedNothing(t)
		check(t, a.run("deploy", "--plan", second, "--yes"), exitOK, a.Whole())
		a.run("deploy", "--plan", first, "--yes").wants(t, exitRefused)
		a.run("info").lacks(t, "kept plan")
	})
	for what, outdate := range map[string]func(*testing.T, *awsAccount){
		"another release has the number": func(_ *testing.T, a *awsAccount) {
			a.Buckets[artefacts]["releases/000003.json"] = []byte("{}")
		},
		"older than a month": func(*testing.T, *awsAccount) { time.Sleep(31 * 24 * time.Hour) },
		"outdated": func(_ *testing.T, a *awsAccount) {
			for _, cs := range a.ChangeSets {
				if cs.Execution == "AVAILABLE" {
					cs.Execution = "OBSOLETE"
				}
			}
		},
	} {
		story(t, what, twice, func(t *testing.T, a *awsAccount) {
			keep(t, a)
			outdate(t, a)
			o := a.run("prune", "--dry-run")
			o.wants(t, exitOK, "Stale: 1 kept plan", "arn:")
			o.changedNothing(t)
			a.run("prune").wants(t, exitUsage, "add --yes")
			a.run("prune", "--yes", "--output", "json").wants(t, exitOK, `"plans": [`, "arn:")
			a.run("info").lacks(t, "kept plan")
		})
	}
}

package teardown_test

import (
	"cmp"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/teardown"
)

const (
	earlier    = "arn:aws:cloudformation:eu-west-1:123456789012:stack/renpy-cloud-dev/0"
	prodsPool  = "eu-west-1_Prod00001"
	prodsTable = "renpy-cloud-prod-ManifestTable-1X"
	kept       = "renpy-cloud-dev-ManifestTable-0X" // of dev's earlier stack
)

// find finds what stage dev holds.
func find(t *testing.T, at *stage.Stage) *teardown.Holdings {
	t.Helper()
	id, st, err := at.Glance(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h, err := teardown.Find(t.Context(), at, id.Account, st, &awsaccount.Listener{})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// entry is a note of one stack's data, of the earlier one where none is named.
func entry(t *testing.T, r release.Remains) string {
	t.Helper()
	r.StackID = cmp.Or(r.StackID, earlier)
	text, err := json.Marshal([]release.Remains{r})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Whoever may write to dev's artefact bucket can write into the note what they
// like: nothing that is not certainly dev's is deleted with dev.
func TestRemoveBelievesNoForgedNote(t *testing.T) {
	for what, note := range map[string]string{
		"another stage's pool":             entry(t, release.Remains{UserPoolID: prodsPool}),
		"another stage's table":            entry(t, release.Remains{Table: prodsTable}),
		"a bucket of the account":          entry(t, release.Remains{Bucket: "accounting"}),
		"all of them":                      entry(t, release.Remains{UserPoolID: prodsPool, Table: prodsTable, Bucket: "accounting"}),
		"another stage's stack":            entry(t, release.Remains{StackID: strings.Replace(earlier, "-dev/", "-dev-2/", 1), Table: kept}),
		"another region's stack":           entry(t, release.Remains{StackID: strings.Replace(earlier, "eu-west-1", "us-east-1", 1), Table: kept}),
		"no stack":                         entry(t, release.Remains{StackID: "x", Table: kept}),
		"no pool":                          entry(t, release.Remains{UserPoolID: "../../x"}),
		"a table in another stack by now":  entry(t, release.Remains{Table: "renpy-cloud-dev-ManifestTable-Imported"}),
		"a stage whose name begins so":     entry(t, release.Remains{Table: "renpy-cloud-dev-ManifestTable-x-ManifestTable-1X"}),
		"garbage":                          "[{",
		"another shape":                    `{"stackId":1}`,
		"a megabyte":                       "[]" + strings.Repeat(" ", 1<<20),
		"a time that is none, and numbers": `[{"stackId":"` + earlier + `","table":"x","since":-1}]`,
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, at := deployed(t)
				a.Pools[prodsPool] = &awsaccount.Pool{Protected: true, Name: "renpy-cloud-prod"}
				foreign := []string{prodsTable, kept, "renpy-cloud-dev-ManifestTable-Imported", "renpy-cloud-dev-ManifestTable-x-ManifestTable-1X"}
				for _, table := range foreign {
					a.Tables[table] = true
				}
				a.Buckets["accounting"] = map[string][]byte{"ledger": nil}
				a.Owners = map[string]string{"renpy-cloud-dev-ManifestTable-Imported": strings.Replace(earlier, "-dev/", "-prod/", 1)}
				a.Put("remains.json", note)

				h := find(t, at)
				if len(h.Doubts) != 1 || len(h.Data) != 1 {
					t.Errorf("doubts %q, data %+v", h.Doubts, h.Data)
				}
				if err := h.Erase(t.Context(), teardown.Totals{}, &awsaccount.Listener{}); err != nil {
					t.Error(err)
				}
				if p := a.Pools[prodsPool]; len(a.Pools) != 1 || p == nil || !p.Protected {
					t.Errorf("pools left: %v", a.Pools)
				}
				for _, table := range foreign {
					if !a.Tables[table] {
						t.Errorf("table %s is gone, or not protected", table)
					}
				}
				if len(a.Tables) != len(foreign) || len(a.Buckets) != 1 || len(a.Buckets["accounting"]) != 1 {
					t.Errorf("left are %v, %v", a.Tables, a.Buckets)
				}
			})
		})
	}
}

// What an earlier stack of the stage really left is believed.
func TestRemoveTakesWhatEarlierStacksLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, at := deployed(t)
		a.Tables[kept], a.Pools["eu-west-1_Earlier01"] = true, &awsaccount.Pool{Protected: true}
		a.Put("remains.json", entry(t, release.Remains{StackID: earlier, Table: kept, UserPoolID: "eu-west-1_Earlier01", Bucket: "renpy-cloud-dev-savefilesbucket-0x"}))
		h := find(t, at)
		if len(h.Doubts) > 0 || len(h.Data) != 2 || h.Earlier() != 1 {
			t.Errorf("doubts %q, data %+v", h.Doubts, h.Data)
		}
		if err := h.Erase(t.Context(), teardown.Totals{}, &awsaccount.Listener{}); err != nil {
			t.Error(err)
		}
		if len(a.Pools)+len(a.Tables)+len(a.Buckets) > 0 {
			t.Errorf("left are %v, %v, %v", a.Pools, a.Tables, a.Buckets)
		}
	})
}

// What a failed first deploy left is deleted when it holds nothing. The note
// cannot add another stack's table to it, whose records nobody counts.
func TestClearLeftoversTakesOnlyTheStacksOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, at := deployed(t)
		a.Tables[kept] = true
		a.Put("remains.json", entry(t, release.Remains{StackID: a.Current().ID, Table: kept}))
		id, st, err := at.Glance(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := teardown.ClearLeftovers(t.Context(), at, id.Account, st, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
		if _, there := a.Tables[kept]; !there || a.Tables[awsaccount.Physical(cfn.ManifestTable)] {
			t.Errorf("left are %v", a.Tables)
		}
	})
}

package release_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/release"
)

// A history proves the records that it was made of, and no other: each field
// that decides what is deployed counts.
func TestHistory(t *testing.T) {
	r := release.Record{
		Number: 2, Kind: release.Rollback, Origin: 1, Template: "template/a.yaml", RoleARN: "arn:x",
		Code: map[string]string{"syncPlan": "code/a.zip"}, Parameters: map[string]string{"GameIds": "", "Stage": "dev"},
		Time: time.Now(), By: "ann", Version: "1", Commit: "c", CI: "ci", StackID: "s",
	}
	h := release.ParseHistory(release.History{}.With(release.Record{Number: 1}).With(r).String())
	if len(h) != 2 || !h.Proves(r) || !h.Proves(release.Record{Number: 1}) {
		t.Errorf("history %v", h)
	}
	body, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	told := []string{"time", "by", "version", "commit", "ci", "stackId"} // by whoever wrote it, for people to read
	fields := map[string]any{}
	if err := json.Unmarshal(body, &fields); err != nil {
		t.Fatal(err)
	}
	if n := reflect.TypeFor[release.Record]().NumField(); len(fields) != n {
		t.Fatalf("the record has %d fields, and %d are set here", n, len(fields))
	}
	for name := range fields {
		without := maps.Clone(fields)
		delete(without, name)
		text, err := json.Marshal(without)
		if err != nil {
			t.Fatal(err)
		}
		var other release.Record
		if err := json.Unmarshal(text, &other); err != nil {
			t.Fatal(err)
		}
		if h.Proves(other) != strings.Contains(strings.Join(told, " "), name) {
			t.Errorf("without %s: proven %v", name, h.Proves(other))
		}
	}
	for _, text := range []string{"", ",", ":", "x:y", "1", "-1:x", "99999999999999999999:x", strings.Repeat(",", 5000)} {
		if h := release.ParseHistory(text); h.Proves(release.Record{Number: 1}) {
			t.Errorf("%q proves a release", text)
		}
	}
}

// A history that is too long loses its end, and stays one.
func TestLongHistory(t *testing.T) {
	var h release.History
	for n := range 301 {
		h = release.ParseHistory(h.With(release.Record{Number: 999000 + n}).String())
	}
	if text := h.String(); len(text) > 4096 || len(h) < 100 || h[0].Number != 999300 || len(h[len(h)-1].Digest) != 32 {
		t.Errorf("%d releases in %d bytes", len(h), len(text))
	}
}

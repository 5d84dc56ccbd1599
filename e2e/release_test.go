//go:build e2e && (linux || darwin)

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// releases goes forward, back and forward again while a player plays.
func releases(t *testing.T, newer string) {
	s := deploy(t, "releases")
	p := s.player(t)
	saved := map[string]string{"persistent": "mine", "1-1-LT1.save": "chapter one"}
	home := p.device(t, time.Now(), saved)
	home.sync(t, "persistent 1-1-LT1.save", "")
	// plays saves something new and finds everything on a new device.
	plays := func() {
		t.Helper()
		saved["1-1-LT1.save"] += ", and on"
		home.save(t, time.Now(), "1-1-LT1.save", saved["1-1-LT1.save"])
		home.sync(t, "1-1-LT1.save", "")
		away := p.device(t, time.Unix(1, 0), map[string]string{"persistent": "a new game beside " + saved["1-1-LT1.save"]})
		away.sync(t, "persistent", "persistent 1-1-LT1.save")
		away.holds(t, saved)
	}
	old := s.code(t)

	s.runBy(t, newer, "deploy", "--yes").exits(t, 0)
	if code := s.code(t); code[0] == old[0] || code[1] != old[1] {
		t.Fatalf("the newer program deployed the code %q over %q", code, old)
	}
	s.runBy(t, newer, "deploy", "--yes", "--set", "LogRetentionDays=7").exits(t, 0)
	plays()
	if got, want := s.history(t), "3 deploy live, 2 deploy, 1 deploy"; got != want {
		t.Errorf("the releases are %s, want %s", got, want)
	}

	s.run(t, "rollback").exits(t, 2)
	s.run(t, "rollback", "--yes").exits(t, 0)
	plays()
	s.run(t, "rollback", "--yes").exits(t, 0)
	if code := s.code(t); !slices.Equal(code, old) {
		t.Errorf("after the rollback the code is %q, want %q", code, old)
	}
	plays()
	s.run(t, "rollback", "--yes").exits(t, 3)
	s.run(t, "rollback", "99", "--yes").exits(t, 3)
	s.run(t, "rollback", "3", "--yes").exits(t, 0)
	plays()
	const whole = "6 rollback to 3 live, 5 rollback to 1, 4 rollback to 2, 3 deploy, 2 deploy, 1 deploy"
	if got := s.history(t); got != whole {
		t.Errorf("the releases are %s, want %s", got, whole)
	}
	s.recordsStay(t)

	before := clients(publicAccount).versions(t, s.artefacts())
	var pruned struct {
		Releases []int
		DryRun   bool
	}
	s.run(t, "prune", "--keep", "1", "--dry-run", "--output", "json").exits(t, 0).json(t, &pruned)
	if !slices.Equal(pruned.Releases, []int{2, 1}) || !pruned.DryRun {
		t.Errorf("prune would delete %+v", pruned)
	}
	if after := clients(publicAccount).versions(t, s.artefacts()); !slices.Equal(before, after) {
		t.Error("the dry run changed the artefact bucket")
	}
	s.run(t, "prune", "--keep", "1", "--yes").exits(t, 0)
	s.run(t, "rollback", "1", "--yes").exits(t, 3)
	// Whatever is still listed can be gone back to, with the code of releases whose records are gone.
	for _, number := range []string{"5", "4", "3"} {
		s.run(t, "rollback", number, "--yes").exits(t, 0)
	}
	plays()
	if got, want := s.history(t), "9 rollback to 3 live, 8 rollback to 4, 7 rollback to 5, 6 rollback to 3, 5 rollback to 1, 4 rollback to 2, 3 deploy"; got != want {
		t.Errorf("the releases are %s, want %s", got, want)
	}
	var now info
	s.run(t, "info", "--output", "json").exits(t, 0).json(t, &now)
	if now.Outputs != s.info.Outputs {
		t.Errorf("all that changed the outputs to %+v from %+v", now.Outputs, s.info.Outputs)
	}
}

// releaseJSON is a release in the JSON of `releases`.
type releaseJSON struct {
	Number, Origin        int
	Kind, By, Version, CI string
	Time                  time.Time
	Live                  bool
	Code                  map[string]string
	Outcome               struct{ Result, Reason string }
}

// releases lists the releases, newest first.
func (s *stage) releases(t *testing.T) []releaseJSON {
	t.Helper()
	var list []releaseJSON
	s.run(t, "releases", "--output", "json").exits(t, 0).json(t, &list)
	for _, r := range list {
		if time.Since(r.Time) > time.Hour || !strings.HasPrefix(r.By, "arn:aws:") || r.Version == "" || len(r.Code) == 0 {
			t.Errorf("the record of release %d does not tell everything: %+v", r.Number, r)
		}
	}
	return list
}

// upToDate fails the test unless a deploy finds nothing to do: nothing differs,
// and it makes no release.
func (s *stage) upToDate(t *testing.T) result {
	t.Helper()
	if list := s.drift(t, 0); len(list) > 0 {
		t.Errorf("there differs %q", list)
	}
	before := s.history(t)
	r := s.run(t, "deploy", "--yes").exits(t, 0)
	if after := s.history(t); after != before {
		t.Errorf("a deploy with nothing to do makes of the releases %s: %s", before, after)
	}
	return r
}

// history is the list of releases in words, a success going without saying:
// "3 rollback to 1 live, 2 deploy failed, 1 deploy".
func (s *stage) history(t *testing.T) string {
	t.Helper()
	var words []string
	for _, r := range s.releases(t) {
		text := fmt.Sprintf("%d %s", r.Number, r.Kind)
		if r.Origin != 0 {
			text += fmt.Sprintf(" to %d", r.Origin)
		}
		switch r.Outcome.Result {
		case "succeeded":
		case "":
			text += " unfinished"
		default:
			text += " " + r.Outcome.Result
		}
		if r.Live {
			text += " live"
		}
		words = append(words, text)
	}
	return strings.Join(words, ", ")
}

// code returns the hashes of what the functions run.
func (s *stage) code(t *testing.T) []string {
	t.Helper()
	var now info
	s.run(t, "info", "--output", "json").exits(t, 0).json(t, &now)
	var hashes []string
	for _, f := range now.Functions {
		hashes = append(hashes, f.CodeSha256)
	}
	return hashes
}

// artefacts is the name of the stage's artefact bucket.
func (s *stage) artefacts() string {
	return "renpyctl-" + s.name + "-" + s.info.Account + "-" + s.info.Region
}

// recordsStay: nothing of a release is ever written over or deleted.
func (s *stage) recordsStay(t *testing.T) {
	t.Helper()
	seen := map[string]bool{}
	for _, v := range clients(publicAccount).versions(t, s.artefacts()) {
		if seen[v.key] {
			t.Errorf("%s was written twice, or deleted", v.key)
		}
		seen[v.key] = true
	}
	for _, key := range []string{"releases/000001.json", "releases/000001.result.json", "releases/000006.result.json"} {
		if !seen[key] {
			t.Errorf("there is no %s", key)
		}
	}
}

//go:build e2e && (linux || darwin)

package e2e

import (
	"archive/zip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCare bans, hands out and erases a player whose device is signed in all the while.
func TestCare(t *testing.T) {
	t.Parallel()
	s := deploy(t, "care")
	ann, bob := s.player(t), s.player(t)
	device := ann.device(t, time.Now(), map[string]string{"persistent": "hers", "1-1-LT1.save": "one"})
	device.sync(t, "persistent 1-1-LT1.save", "")
	device.save(t, time.Now(), "1-1-LT1.save", "two")
	device.sync(t, "1-1-LT1.save", "")
	bob.device(t, time.Now(), map[string]string{"persistent": "his"}).sync(t, "persistent", "")
	token := "Bearer " + ann.token(t)
	plans := func() answer {
		return s.post(t, "/sync/plan", token, []byte(`{"game_id": "`+s.game.GameID+`", "manifest": {}}`))
	}

	// A ban counts for a running session at once, and says why.
	s.run(t, "users", "ban", ann.email, "--reason", "Shared the beta", "--until", "2d").exits(t, 0)
	if a := plans(); a.status != 403 || !strings.Contains(a.message(), "Shared the beta") {
		t.Errorf("a banned player is answered %d %s", a.status, a.message())
	}
	if _, err := device.Sync(t.Context()); err == nil {
		t.Error("a banned device syncs")
	}
	var shown struct {
		Ban   struct{ Reason string }
		Games []struct{ Files, OlderVersions int }
	}
	s.run(t, "users", "show", ann.email, "--output", "json").exits(t, 0).json(t, &shown)
	if shown.Ban.Reason != "Shared the beta" || len(shown.Games) != 1 || shown.Games[0].Files != 2 || shown.Games[0].OlderVersions != 1 {
		t.Errorf("shown is %+v", shown)
	}
	s.run(t, "users", "unban", ann.email).exits(t, 0)
	if a := plans(); a.status != 200 {
		t.Errorf("after the ban the answer is %d %s", a.status, a.message())
	}

	// All that is stored, in one zip.
	file := filepath.Join(t.TempDir(), "ann.zip")
	s.run(t, "users", "takeout", ann.email, "--out", file).exits(t, 0)
	all, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	var names []string
	for _, f := range all.File {
		names = append(names, f.Name)
	}
	for _, want := range []string{"README.txt", "account.json", "record.json", "saves/" + s.game.GameID + "/persistent", "saves/" + s.game.GameID + "/1-1-LT1.save"} {
		if !slices.Contains(names, want) {
			t.Errorf("the zip has no %s: %q", want, names)
		}
	}

	// Nothing is left of who was forgotten, and the running session begins nothing anew.
	s.run(t, "users", "forget", ann.email, "--yes").exits(t, 2)
	var receipt struct {
		Versions int
		Account  bool
	}
	s.run(t, "users", "forget", ann.email, "--yes", "--confirm", ann.email, "--output", "json").exits(t, 0).json(t, &receipt)
	if receipt.Versions < 3 || !receipt.Account {
		t.Errorf("the receipt is %+v", receipt)
	}
	device.save(t, time.Now(), "1-1-LT1.save", "three")
	if a := plans(); a.status != 403 {
		t.Errorf("a forgotten player is answered %d %s", a.status, a.message())
	}
	if _, err := device.Sync(t.Context()); err == nil {
		t.Error("a forgotten player's device syncs")
	}
	for _, v := range clients(publicAccount).versions(t, s.info.Outputs.SaveFilesBucketName) {
		if strings.Contains(v.key, ann.sub) {
			t.Errorf("the bucket has %s", v.key)
		}
	}
	desk, users := s.desk(t)
	known, err := desk.Overview(t.Context(), ann.sub)
	if err != nil || len(known.Games) > 0 || known.Forgotten.IsZero() {
		t.Errorf("known is %+v, %v", known, err)
	}
	if p, err := users.Find(t.Context(), ann.email); err == nil {
		t.Errorf("the account is %+v", p)
	}
	if known, err := desk.Overview(t.Context(), bob.sub); err != nil || len(known.Games) != 1 {
		t.Errorf("of another player %+v, %v is known", known, err)
	}
	s.runWith(t, "email\n"+ann.email+"\n", "users", "import", "-", "--yes").exits(t, 0).says(t, "1 left out: they were forgotten")
}

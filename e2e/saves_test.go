//go:build e2e && (linux || darwin)

package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSaves is an operator's day with saves, as two devices of a player see it.
func TestSaves(t *testing.T) {
	t.Parallel()
	s := deploy(t, "saves")
	ann := s.player(t)
	game := s.game.GameID
	name, other := "1-1-LT1.save", "3-1-LT1.save"
	one := ann.device(t, time.Now().Add(-2*time.Hour), map[string]string{name: "good", "persistent": "p"})
	one.sync(t, "persistent "+name, "")
	two := ann.device(t, time.Now().Add(-time.Hour), map[string]string{name: "good", "persistent": "p"})
	two.sync(t, "", "")
	one.save(t, time.Now(), name, "spoilt")
	one.sync(t, name, "")

	s.run(t, "saves", "list", ann.email).exits(t, 0).prints(t, name, "persistent")
	s.run(t, "saves", "history", ann.email, game, name).exits(t, 0).prints(t, "current").says(t, "2 versions")

	// What is restored is fetched by the device that spoilt it and by the other one.
	s.run(t, "saves", "restore", ann.sub, game, name, "--version", "1", "--dry-run").exits(t, 0).says(t, "than 1 does not")
	one.sync(t, "", "")
	s.run(t, "saves", "restore", ann.sub, game, name, "--version", "1", "--yes").exits(t, 0).says(t, "Restored as #", "to undo")
	one.sync(t, "", name)
	one.holds(t, map[string]string{name: "good", "persistent": "p"})
	two.sync(t, "", "")
	two.holds(t, map[string]string{name: "good", "persistent": "p"})

	// And taken back.
	s.run(t, "saves", "restore", ann.sub, game, name, "--version", "2", "--yes").exits(t, 0)
	one.sync(t, "", name)
	two.sync(t, "", name)
	two.holds(t, map[string]string{name: "spoilt", "persistent": "p"})

	// A game as a folder is what the device has.
	dir := filepath.Join(t.TempDir(), "saves")
	s.run(t, "saves", "download", ann.email, game, "--to", dir).exits(t, 0).says(t, "Downloaded 2 files")
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || string(data) != string(form(name, "spoilt")) {
		t.Errorf("downloaded is %q, %v", data, err)
	}
	mended := filepath.Join(dir, "mended.save")
	if err := os.WriteFile(mended, form(name, "mended"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(t, "saves", "upload", ann.email, game, mended, "--as", name, "--yes").exits(t, 0)
	two.sync(t, "", name)
	two.holds(t, map[string]string{name: "mended", "persistent": "p"})

	s.run(t, "saves", "verify", "--deep").exits(t, 0).says(t, "1 player checked: 2 files")

	// A record that somebody has spoilt keeps her from syncing until it is mended.
	s.spoilRecord(t, ann.sub)
	s.run(t, "saves", "verify", ann.email).exits(t, 1).says(t, "is damaged", "--repair")
	s.run(t, "saves", "verify", "--repair", "--yes").exits(t, 0).prints(t, "rebuilt")
	one.sync(t, "", name)
	two.sync(t, "", "")
	one.holds(t, map[string]string{name: "mended", "persistent": "p"})
	one.save(t, time.Now(), name, "further")
	one.sync(t, name, "")
	two.sync(t, "", name)
	s.run(t, "saves", "verify", "--deep").exits(t, 0).says(t, "1 player checked: 2 files")

	// Another account of hers gets all; a device of that one fetches it.
	bea := s.player(t)
	three := bea.device(t, time.Now().Add(-3*time.Hour), map[string]string{name: "begun", other: "old"})
	three.sync(t, name, "")
	s.run(t, "saves", "move", ann.email, bea.email, "--yes").exits(t, 0).says(t, "Moved 2 saves: 2 current now")
	three.sync(t, "", "persistent "+name)
	s.run(t, "saves", "list", ann.email).exits(t, 0).says(t, "0 saves")

	// The saves of an account that is gone are found by its id.
	s.run(t, "users", "delete", bea.email, "--yes").exits(t, 0)
	s.run(t, "saves", "history", bea.sub, game, name).exits(t, 0).says(t, "2 versions")
	s.run(t, "saves", "list", bea.email).exits(t, 3)
}

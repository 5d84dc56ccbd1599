//go:build e2e && linux

package e2e

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/debianrenpy"
)

// TestPlay plays a small game in Debian's Ren'Py with the file that config renpy
// prints and README.md's screen for the login, against the local cloud: a player
// signs up, saves and quits on one device, and loads the save on another, each
// time after a password that is refused; and plays without the cloud. RENPYCTL_SCREENSHOTS names a folder for
// what the player sees.
func TestPlay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	engine := debianrenpy.New(t, dir)
	s := deploy(t, "played")
	config := s.run(t, "config", "renpy", "--game-id", "my_game").exits(t, 0)
	shots, err := filepath.Abs(cmp.Or(os.Getenv("RENPYCTL_SCREENSHOTS"), dir))
	if err != nil {
		t.Fatal(err)
	}
	game := filepath.Join(dir, "my_game")
	if err := os.CopyFS(filepath.Join(game, "game"), os.DirFS("testdata/play")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(game, "game", "cloud_config.rpy"), []byte(config.out), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(shots, 0o700); err != nil {
		t.Fatal(err)
	}
	const email = "reader@example.com"
	type seen struct {
		Place    string
		Ending   bool
		Saves    []string
		Said     []string // by the screen
		LoggedIn bool
	}
	play := func(device, step, shot string) (r seen) {
		t.Helper()
		report := filepath.Join(dir, "report.json")
		out, err := engine.Play(t.Context(), game, filepath.Join(dir, device), "STEP="+step, "SHOT="+shot, "SHOTS="+shots,
			"REPORT="+report, "PLAYER="+email, "PASSWORD="+password)
		if err != nil {
			t.Fatalf("%s on the %s: %v\n%s", step, device, err, out)
		}
		body, err := os.ReadFile(report)
		if err == nil {
			err = json.Unmarshal(body, &r)
		}
		if err != nil {
			t.Fatalf("%s on the %s: %v\n%s", step, device, err, out)
		}
		if err := os.RemoveAll(filepath.Join(game, "game", "saves")); err != nil { // the engine's second copy, which both devices would share
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(shots, shot+".png")); err != nil {
			t.Error(err)
		}
		return r
	}

	if r := play("first", "sign up", "1-signed-up"); len(r.Said) != 2 || !strings.Contains(r.Said[0], "assword") || !strings.HasPrefix(r.Said[1], "Signed up. ") || r.LoggedIn {
		t.Errorf("who signs up with a short password, then with a good one, sees %+v", r)
	}
	s.run(t, "users", "confirm", email).exits(t, 0)
	refused := func(r seen) bool { return len(r.Said) == 1 && strings.Contains(r.Said[0], "password") && r.LoggedIn }
	if r := play("first", "save", "2-saved"); r.Place != "the bridge" || !r.Ending || !refused(r) {
		t.Errorf("the first device sees %+v", r)
	}
	if r := play("second", "load", "3-loaded-elsewhere"); r.Place != "the bridge" || !r.Ending || !slices.Equal(r.Saves, []string{"1-1"}) || !refused(r) {
		t.Errorf("the second device sees %+v, want the save and the ending of the first", r)
	}
	if r := play("third", "stay away", "4-without-the-cloud"); r.Ending || len(r.Saves) > 0 || len(r.Said) > 0 || r.LoggedIn {
		t.Errorf("without the cloud a device sees %+v", r)
	}
}

//go:build e2e && (linux || darwin)

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPlayers is an operator's day with accounts, as the game's client sees it:
// who can sign in, to which saves, and who cannot.
func TestPlayers(t *testing.T) {
	t.Parallel()
	s := deploy(t, "accounts")
	ann := s.player(t)
	ann.device(t, time.Now(), map[string]string{"persistent": "hers"}).sync(t, "persistent", "")
	can := func(email, password string) bool {
		t.Helper()
		_, err := s.client().SignIn(t.Context(), email, password)
		if err != nil && code(err) == "" {
			t.Fatal(err)
		}
		return err == nil
	}
	var shown struct {
		Sub, State string
		Games      []struct{ Files int }
	}
	show := func(name string) {
		t.Helper()
		s.run(t, "users", "show", name, "--output", "json").exits(t, 0).json(t, &shown)
	}

	// Named by the beginning of the id. The record is there, under the address that comes.
	if show(ann.sub[:8]); shown.Sub != ann.sub || shown.State != "confirmed" || len(shown.Games) != 1 || shown.Games[0].Files != 1 {
		t.Errorf("shown is %+v", shown)
	}
	s.run(t, "users", "set-email", ann.email, "moved@example.com").exits(t, 0)
	if show("moved"); shown.Sub != ann.sub || !can("moved@example.com", password) {
		t.Errorf("moved: %+v", shown)
	}
	s.runWith(t, "Another-Horse-8\r\n", "users", "set-password", "moved@example.com").exits(t, 0)
	if can("moved@example.com", password) || !can("moved@example.com", "Another-Horse-8") {
		t.Error("the password was not changed, or is not what was piped in")
	}
	s.runWith(t, "short\n", "users", "set-password", "moved@example.com").exits(t, 1)
	s.run(t, "users", "disable", "moved@example.com").exits(t, 0)
	if can("moved@example.com", "Another-Horse-8") {
		t.Error("a disabled player signs in")
	}
	s.run(t, "users", "enable", "moved@example.com").exits(t, 0)

	s.runWith(t, "Made-Horse-9", "users", "create", "made@example.com", "--password-stdin").exits(t, 0)
	if !can("made@example.com", "Made-Horse-9") {
		t.Error("who was made cannot sign in")
	}

	// The local cloud answers everybody to filters that it cannot read: nobody is taken for somebody else.
	for _, name := range []string{`"`, `m"`, "mode@example.com"} {
		s.run(t, "users", "delete", name, "--yes").exits(t, 3)
	}
	if r := s.run(t, "users", "list", "--state", "unconfirmed").exits(t, 0); r.out != "" {
		t.Errorf("unconfirmed are %s", r.out)
	}

	// All accounts but one travel through a file.
	file := filepath.Join(t.TempDir(), "players.csv")
	if err := os.WriteFile(file, []byte(s.run(t, "users", "export").exits(t, 0).out+"=1+1@example.com,CONFIRMED,true,true,,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.runWith(t, "made@example.com\n", "users", "delete", "-", "--yes").exits(t, 0)
	type counts struct{ Read, Made, AlreadyThere, Failed int }
	for _, want := range []counts{{Read: 3, Made: 2, AlreadyThere: 1}, {Read: 3, AlreadyThere: 3}} {
		var got counts
		s.run(t, "users", "import", file, "--yes", "--output", "json").exits(t, 0).json(t, &got)
		if got != want {
			t.Errorf("the import counts %+v, want %+v", got, want)
		}
	}
	if can("made@example.com", "Made-Horse-9") || !can("moved@example.com", "Another-Horse-8") {
		t.Error("who was imported has the old password, or who was there has a new one")
	}
	if r := s.run(t, "users", "export").exits(t, 0); !strings.Contains(r.out, "\n'=1+1@example.com,") {
		t.Errorf("a spreadsheet would run this:\n%s", r.out)
	}
}

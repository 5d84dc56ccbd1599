package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/players"
)

// readReceipt decodes what users forget prints.
func readReceipt(t *testing.T, o outcome) (r forgotten) {
	t.Helper()
	if err := json.Unmarshal([]byte(o.stdout), &r); err != nil {
		t.Errorf("%d, %v: %s%s", o.code, err, o.stdout, o.stderr)
	}
	return r
}

// Nothing goes before the address was named in full; then all goes, and it can be run again.
func TestUsersForget(t *testing.T) {
	story(t, "a player", withPlayers, func(t *testing.T, a *awsAccount) {
		ann := *a.Directory.Users[0]
		other := "users/another/my_game/content/persistent/x"
		a.Buckets[savesBucket][other] = nil
		for _, flags := range []string{"", "--yes", "--yes --confirm ann", "--confirm bea@example.com"} {
			o := a.run(append([]string{"users", "forget", "ann"}, strings.Fields(flags)...)...)
			o.changedNothing(t)
			if o.code != exitUsage || !strings.Contains(o.stderr, "2 saves in 3 versions, 2.4 kB; the record; the account") {
				t.Errorf("%q: %d\n%s", flags, o.code, o.stderr)
			}
		}
		o := a.run("users", "forget", "ann", "--dry-run", "--output", "json")
		o.changedNothing(t)
		if r := readReceipt(t, o); o.code != 0 || !r.DryRun || r.Versions != 3 || r.Player != ann.Sub {
			t.Errorf("a dry run: %d, %+v\n%s", o.code, r, o.stderr)
		}

		o = a.run("users", "forget", "ann", "--yes", "--confirm", "Ann@example.com", "--output", "json")
		r := readReceipt(t, o)
		if o.code != 0 || r.Versions != 3 || !r.Account || r.Final || strings.Contains(o.stdout, "@") {
			t.Errorf("%d, %+v\n%s%s", o.code, r, o.stdout, o.stderr)
		}
		if len(a.Directory.Users) != 2 || len(a.Buckets[savesBucket]) != 1 || strings.Contains(a.Records[ann.Sub], "my_game") {
			t.Errorf("left are %d accounts, %d objects, %s", len(a.Directory.Users), len(a.Buckets[savesBucket]), a.Records[ann.Sub])
		}
		// First the player is turned away, and last the account goes, by whose address it is found.
		w := o.writes()
		if len(w) < 4 || w[0] != "UpdateItem" || w[len(w)-1] != "AdminDeleteUser" {
			t.Errorf("the calls were %q", w)
		}

		// What came late goes the next time, by the id.
		a.Buckets[savesBucket]["inbox/"+ann.Sub+"/my_game/persistent/late"] = nil
		o = a.run("users", "forget", ann.Sub, "--yes", "--confirm", ann.Sub, "--output", "json")
		if r := readReceipt(t, o); o.code != 0 || r.Versions != 1 || len(a.Buckets[savesBucket]) != 1 {
			t.Errorf("again: %d, %+v\n%s", o.code, r, o.stderr)
		}
		if o := a.run("users", "ban", ann.Sub); o.code != exitNotFound {
			t.Errorf("who has no account is banned: %d\n%s", o.code, o.stderr)
		}
		if o := a.run("users", "forget", strings.Replace(ann.Sub, "1", "f", 1), "--yes", "--confirm", "x"); o.code != exitNotFound {
			t.Errorf("who never was is forgotten: %d\n%s", o.code, o.stderr)
		}
	})
	story(t, "who does not come back", withPlayers, func(t *testing.T, a *awsAccount) {
		if o := a.run("users", "forget", "ann", "--yes", "--confirm", "ann@example.com"); o.code != 0 {
			t.Fatal(o.stderr)
		}
		a.stdin = "email\nANN@example.com\nnew@example.com\nbea@example.com\n"
		o := a.run("users", "import", "-", "--yes", "--output", "json")
		var counts players.Counts
		if err := json.Unmarshal([]byte(o.stdout), &counts); err != nil || o.code != 0 || counts != (players.Counts{Read: 3, Made: 1, There: 1, Forgotten: 1}) {
			t.Errorf("%d, %+v, %v\n%s", o.code, counts, err, o.stderr)
		}
		a.stdin = "Passw0rd"
		if o := a.run("users", "create", "Ann@example.com", "--password-stdin"); o.code != exitRefused || len(a.Directory.Users) != 3 || !strings.Contains(o.stderr, "--forgotten") {
			t.Errorf("created: %d\n%s", o.code, o.stderr)
		}
		if o := a.run("users", "create", "ann@example.com", "--password-stdin", "--forgotten"); o.code != 0 || len(a.Directory.Users) != 4 {
			t.Errorf("created of their own will: %d\n%s", o.code, o.stderr)
		}
	})
	story(t, "half-way", withPlayers, func(t *testing.T, a *awsAccount) {
		a.Fault = func(name string) awsaccount.Fault {
			if strings.Contains(name, "S3-DeleteObjects") {
				return awsaccount.Fault{Before: awsfake.ErrLost}
			}
			return awsaccount.Fault{}
		}
		forget := []string{"users", "forget", "ann", "--yes", "--confirm", "ann@example.com"}
		if o := a.run(forget...); o.code == 0 || len(a.Directory.Users) != 3 || !strings.Contains(o.stderr, "goes on where it ended") {
			t.Errorf("a lost connection: %d\n%s", o.code, o.stderr)
		}
		a.Fault = nil
		if o := a.run(forget...); o.code != 0 || len(a.Directory.Users) != 2 || len(a.Buckets[savesBucket]) > 0 {
			t.Errorf("again: %d, %d objects left\n%s", o.code, len(a.Buckets[savesBucket]), o.stderr)
		}
	})
}

// Of a deleted account the saves are kept, or erased as a forgotten player's are.
func TestUsersDeleteSaysWhatBecomesOfTheSaves(t *testing.T) {
	story(t, "kept", withPlayers, func(t *testing.T, a *awsAccount) {
		ann := a.Directory.Users[0].Sub
		for _, args := range []string{"ann --saves gone", "ann bea --saves erase", "- --saves erase --yes", "ann --saves erase --yes", "ann"} {
			o := a.run(append([]string{"users", "delete"}, strings.Fields(args)...)...)
			o.changedNothing(t)
			if o.code != exitUsage {
				t.Errorf("%s: %d\n%s", args, o.code, o.stderr)
			}
		}
		if o := a.run("users", "delete", "ann", "--yes", "--saves", "keep"); o.code != 0 || len(a.Buckets[savesBucket]) != 3 || !strings.Contains(o.stderr, ann) {
			t.Errorf("%d, %d objects left\n%s", o.code, len(a.Buckets[savesBucket]), o.stderr)
		}
	})
	story(t, "erased", withPlayers, func(t *testing.T, a *awsAccount) {
		o := a.run("users", "delete", "ann", "--yes", "--saves", "erase", "--confirm", "ann@example.com", "--output", "json")
		if r := readReceipt(t, o); o.code != 0 || r.Versions != 3 || len(a.Buckets[savesBucket]) > 0 || len(a.Directory.Users) != 2 {
			t.Errorf("%d, %+v\n%s", o.code, r, o.stderr)
		}
	})
}

// A file is written whole or not at all, and replaced only if that was asked for.
func TestAFileIsWrittenWhole(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "ann.zip")
	if _, err := writeWhole(file, time.Time{}, func(f *os.File) error { f.WriteString("half"); return os.ErrDeadlineExceeded }); err == nil {
		t.Error("half a file is none the less one")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left is %v, %v", left, err)
	}
	size, err := writeWhole(file, time.Time{}, func(f *os.File) error { _, err := f.WriteString("whole"); return err })
	info, statErr := os.Stat(file)
	if err != nil || size != 5 || statErr != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%d, %v, %v, %v", size, err, info, statErr)
	}
	story(t, "asked", withPlayers, func(t *testing.T, a *awsAccount) {
		for _, args := range [][]string{{}, {"--out", file}, {"--out", dir, "--yes"}} {
			o := a.run(append([]string{"users", "takeout", "ann"}, args...)...)
			if text, err := os.ReadFile(file); o.code != exitUsage || err != nil || string(text) != "whole" {
				t.Errorf("%q: %d\n%s", args, o.code, o.stderr)
			}
		}
		a.Directory.Users = slices.Delete(a.Directory.Users, 0, 1)
		if o := a.run("users", "takeout", "ann", "--out", file, "--yes"); o.code != exitNotFound {
			t.Errorf("nobody: %d\n%s", o.code, o.stderr)
		}
	})
}

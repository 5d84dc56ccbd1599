package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// cellsOf are the cells of a table for programs, which must hold nothing that a terminal obeys.
func cellsOf(t *testing.T, text string) [][]string {
	t.Helper()
	if strings.ContainsAny(text, "\x1b\r\x07\u202e") {
		t.Errorf("a terminal would obey %q", text)
	}
	var rows [][]string
	for line := range strings.Lines(text) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows
}

// oddAddresses are such as a pool can hold that other tools filled.
var oddAddresses = []string{
	`=HYPERLINK("http://x")@example.com`, "+1@example.com", `"quoted \"name\""@example.com`, "o'neil@example.com", "日本@例え.jp",
	"\x1b[2J\x1b]0;title\x07@example.com", "right\u202eleft@example.com", "tab\tand\nline@example.com", "Ann@example.com",
}

// Odd addresses are one cell each, are found in full, and lead to nobody else.
func TestPlayersOfOddAddresses(t *testing.T) {
	story(t, "listed and shown", withPlayers, func(t *testing.T, a *awsAccount) {
		for i, address := range oddAddresses {
			a.Directory.Add(50+i, address)
		}
		o := a.run("users", "list")
		rows := cellsOf(t, o.stdout)
		if o.code != 0 || len(rows) != 3+len(oddAddresses) {
			t.Errorf("%d, %d rows\n%s%s", o.code, len(rows), o.stdout, o.stderr)
		}
		for _, row := range rows {
			if len(row) != 4 {
				t.Errorf("%d cells: %q", len(row), row)
			}
		}
		for i, address := range oddAddresses[:len(oddAddresses)-1] {
			o := a.run("users", "disable", address)
			if cellsOf(t, o.stderr); o.code != 0 || !a.Directory.Users[3+i].Disabled {
				t.Errorf("%q: %d\n%s", address, o.code, o.stderr)
			}
		}
		// Of two accounts that have one address, but for capitals, neither is meant.
		o = a.run("users", "disable", "Ann@example.com")
		o.changedNothing(t)
		if o.code != exitUsage || !strings.Contains(o.stderr, a.Directory.Users[0].Sub) || !strings.Contains(o.stderr, "by its id") {
			t.Errorf("%d\n%s", o.code, o.stderr)
		}
		if o := a.run("users", "disable", a.Directory.Users[0].Sub); o.code != 0 || !a.Directory.Users[0].Disabled {
			t.Errorf("%d\n%s", o.code, o.stderr)
		}
	})
}

// An export whose connection is lost, or that nobody has room for, is no whole one.
func TestUsersExportThatBreaksOff(t *testing.T) {
	many := func(t *testing.T) *awsAccount {
		a := withPlayers(t)
		for i := range 100 {
			a.Directory.Add(10+i, fmt.Sprintf("p%d@example.com", i))
		}
		return a
	}
	story(t, "half-way", many, func(t *testing.T, a *awsAccount) {
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasSuffix(name, "ListUsers #2") {
				return awsaccount.Fault{Before: awsfake.ErrLost}
			}
			return awsaccount.Fault{}
		}
		o := a.run("users", "export")
		if o.code == 0 || strings.Count(o.stdout, "@") != 60 || !strings.Contains(o.stderr, "only the first 60 players were exported") {
			t.Errorf("%d, %d rows\n%s", o.code, strings.Count(o.stdout, "@"), o.stderr)
		}
	})
	story(t, "onto a full disk", many, func(t *testing.T, a *awsAccount) {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip("this system has no /dev/full: ", err)
		}
		a.stdout = full
		for _, format := range []string{"table", "json"} {
			if o := a.run("users", "export", "--output", format); o.code != exitError || !strings.Contains(o.stderr, "no space left") || strings.Contains(o.stderr, "103 players exported") {
				t.Errorf("%s: %d\n%s", format, o.code, o.stderr)
			}
			if a.stdout, err = os.OpenFile("/dev/full", os.O_WRONLY, 0); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Names that a hand put into the bucket are shown as one cell, and become files of this system.
func TestSavesOfOddNames(t *testing.T) {
	withCounter(t, "listed and written", func(t *testing.T, c *counter) {
		one := "1-2-LT1.save"
		c.save(c.ann, one, realSave(t, one))
		for _, name := range []string{"a b 'c' \"d\".save", "\x1b[2J.save", "日本.save", "CON", "tab\t.save"} {
			c.store.Put("users/"+c.ann+"/my_game/content/"+name+"/id", realSave(t, one))
		}
		o := c.run("saves", "history", "ann", "my_game")
		rows := cellsOf(t, o.stdout)
		if o.code != 0 || len(rows) != 6 {
			t.Fatalf("%d, %q\n%s", o.code, rows, o.stderr)
		}
		for _, row := range rows {
			if len(row) != len(rows[0]) {
				t.Errorf("%d cells, want %d: %q", len(row), len(rows[0]), row)
			}
		}
		file := filepath.Join(t.TempDir(), "a b")
		c.run("saves", "download", "ann", "my_game", "a b 'c' \"d\".save", "--version", "1", "--to", file).wants(t, 0, "Downloaded 1 file")
		if data, err := os.ReadFile(file); err != nil || string(data) != realSave(t, one) {
			t.Errorf("%v", err)
		}
		// Not one of them can be made a save of the game.
		o = c.run("saves", "restore", "ann", "my_game", "CON", "--version", "1", "--yes")
		if cellsOf(t, o.stderr); o.code != exitRefused {
			t.Errorf("%d\n%s", o.code, o.stderr)
		}
	})
}

// A version whose time is up, also between being looked at and being put back, is said
// to be gone, and what is there stays.
func TestVersionsPastTheirTime(t *testing.T) {
	one := "1-2-LT1.save"
	withCounter(t, "gone", func(t *testing.T, c *counter) {
		c.save(c.ann, one, realSave(t, one))
		c.save(c.ann, one, realSave(t, "2-1-LT1.save"))
		old := jsonLines[versionView](t, c.run("saves", "history", "ann", "my_game", one, "--output", "json").stdout)[0]
		key := "users/" + c.ann + "/my_game/content/" + one + "/" + old.ID
		version := ""
		c.store.Versions(func(k string, v memstore.Version) {
			if k == key && !v.Marker {
				version = v.ID
			}
		})
		c.store.Hook = func(call memstore.Call) memstore.Fault {
			if call.Op == "Read" && call.Key == key {
				c.store.Hook = nil
				c.store.Destroy(key, version)
			}
			return memstore.None
		}
		c.run("saves", "restore", "ann", "my_game", one, "--version", "1", "--yes").wants(t, exitNotFound, "is not there any more", "its time was up")
		time.Sleep(100 * 24 * time.Hour)
		c.store.Expire()
		for _, verb := range []string{"restore", "download"} {
			c.run("saves", verb, "ann", "my_game", one, "--version", old.ID, "--yes").wants(t, exitNotFound, "has no version "+old.ID)
		}
		if c.current(c.ann)[one] != realSave(t, "2-1-LT1.save") {
			t.Error("what is there is another one")
		}
	})
}

// What else is in a folder stays as it is.
func TestSavesDownloadBesideOtherFiles(t *testing.T) {
	withCounter(t, "a folder with files", func(t *testing.T, c *counter) {
		one := "1-2-LT1.save"
		c.save(c.ann, one, realSave(t, one))
		dir := t.TempDir()
		mine := filepath.Join(dir, "1-9-LT1.save")
		if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		c.run("saves", "download", "ann", "my_game", "--to", dir).wants(t, 0, "Downloaded 1 file")
		if data, err := os.ReadFile(mine); err != nil || string(data) != "mine" {
			t.Errorf("%q, %v", data, err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 2 {
			t.Errorf("the folder has %v, %v", entries, err)
		}
	})
}

package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/saves"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

// counter is a stage with Ann and Bea, and a desk over stores in memory.
type counter struct {
	*awsAccount
	store    *memstore.Store
	ann, bea string // ids
}

// withCounter runs a test at a counter at which Ann has saved game, a minute apart.
func withCounter(t *testing.T, what string, tell func(t *testing.T, c *counter)) {
	t.Helper()
	story(t, what, deployed, func(t *testing.T, a *awsAccount) {
		c := &counter{awsAccount: a, store: memstore.New(time.Now, 90*24*time.Hour)}
		c.ann, c.bea = a.Directory.Add(1, "ann@example.com").Sub, a.Directory.Add(2, "bea@example.com").Sub
		limits := savesync.Limits{FileBytes: 1 << 20, PlayerBytes: 1 << 30, PlayerFiles: 500}
		a.kept = &support.Desk{Operator: &savesync.Operator{
			Service: &savesync.Service{Limits: limits, Manifests: c.store, Objects: c.store, Now: time.Now},
			Archive: c.store, By: "sam", Retention: 90 * 24 * time.Hour,
		}, Items: saves.NewItems(dynamodb.NewFromConfig(a.Config(cloud.Options{})), awsaccount.Physical(cfn.ManifestTable))}
		tell(t, c)
	})
}

// realSave is a save as the engine writes it.
func realSave(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "savesync", "testdata", "renpy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// save makes a content current, a minute after what was before.
func (c *counter) save(player, name, data string) {
	c.t.Helper()
	time.Sleep(time.Minute)
	if _, err := c.kept.Upload(c.t.Context(), player, "my_game", name, []byte(data)); err != nil {
		c.t.Fatal(err)
	}
}

// current are the current contents of a player's game.
func (c *counter) current(player string) map[string]string {
	c.t.Helper()
	list := map[string]string{}
	for k, err := range c.kept.Versions(c.t.Context(), player, "my_game", "") {
		if err != nil {
			c.t.Fatal(err)
		}
		if k.State == savesync.Current {
			data, err := c.kept.Content(c.t.Context(), player, "my_game", k.Source)
			if err != nil {
				c.t.Fatal(err)
			}
			list[k.Name] = string(data)
		}
	}
	return list
}

func TestSavesList(t *testing.T) {
	withCounter(t, "of a player", func(t *testing.T, c *counter) {
		c.save(c.ann, "1-2-LT1.save", realSave(t, "1-2-LT1.save"))
		c.save(c.ann, "2-1-LT1.save", realSave(t, "2-1-LT1.save"))
		for _, args := range [][]string{{"ann"}, {c.ann, "my_game"}} {
			o := c.run(append([]string{"saves", "list", "--output", "json"}, args...)...)
			var list []fileView
			if err := json.Unmarshal([]byte(o.stdout), &list); err != nil || o.code != 0 {
				t.Fatalf("%d, %v: %s%s", o.code, err, o.stdout, o.stderr)
			}
			if len(list) != 2 || list[0].File != "1-2-LT1.save" || list[0].Bytes != int64(len(realSave(t, "1-2-LT1.save"))) || list[1].Stored.Sub(list[0].Stored) != time.Minute {
				t.Errorf("%+v", list)
			}
			o.changedNothing(t)
		}
		// Of an account that is gone, the id leads to what was kept.
		c.Directory.Users = slices.DeleteFunc(c.Directory.Users, func(u *awsaccount.User) bool { return u.Sub == c.ann })
		c.run("saves", "list", strings.ToUpper(c.ann)).wants(t, 0, "2 saves, ", "1-2-LT1.save")
		c.run("saves", "list", "ann").wants(t, exitNotFound)
		c.run("saves", "list", c.bea).wants(t, 0, "0 saves")
		c.run("saves", "list", c.ann, "other").wants(t, exitNotFound, "no saves of a game", "my_game")
		c.run("saves", "list", c.ann, "../x").wants(t, exitUsage)
		c.store.SetRecord(c.ann, `{"format":1`)
		c.run("saves", "list", c.ann).wants(t, exitError, "is damaged")
		if _, err := c.kept.Operator.Forget(t.Context(), c.bea); err != nil {
			t.Error(err)
		}
		c.run("saves", "list", "bea").wants(t, exitNotFound, "erased")
	})
}

// What the backend before this one left of a game is listed as what it is, and not as
// nothing, until it comes in; and it can be moved.
func TestSavesOfTheBackendBefore(t *testing.T) {
	name := "1-2-LT1.save"
	left := func(t *testing.T, c *counter) {
		data, sum := []byte(realSave(t, name)), sha256.Sum256([]byte(realSave(t, name)))
		modified, err := savesync.ParseTimestamp("900000000")
		if err != nil {
			t.Fatal(err)
		}
		c.store.SetOld(c.ann, "old_game", []savesync.Entry{{Name: name, Size: int64(len(data)), Modified: modified, Checksum: hex.EncodeToString(sum[:])}})
		c.store.Put("users/"+c.ann+"/old_game/"+name, string(data))
		text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
		c.Items[c.ann+" old_game"] = awsaccount.Item{"user_id": text(c.ann), "game_id": text("old_game")}
	}
	withCounter(t, "waits", func(t *testing.T, c *counter) {
		left(t, c)
		c.save(c.ann, "persistent", realSave(t, "persistent-fresh"))
		o := c.run("saves", "list", c.ann, "--output", "json")
		var list []fileView
		if err := json.Unmarshal([]byte(o.stdout), &list); err != nil || o.code != 0 || len(list) != 2 || list[0].Waiting || !list[1].Waiting || list[1].Game != "old_game" {
			t.Errorf("%d, %v, %s%s", o.code, err, o.stdout, o.stderr)
		}
		c.run("saves", "list", "ann", "old_game").wants(t, 0, "waiting")
		var s playerView
		if err := json.Unmarshal([]byte(c.run("users", "show", "ann", "--output", "json").stdout), &s); err != nil || len(s.Games) != 2 || !s.Games[1].Waiting || s.Games[1].Files != 1 {
			t.Errorf("the player is shown with %+v, %v", s.Games, err)
		}
		c.run("saves", "download", "ann", "no_game").wants(t, exitNotFound, "my_game, old_game")
		for _, args := range []string{"history ann old_game", "download ann old_game", "restore ann old_game --at 1999-01-01 --yes"} {
			c.run(append([]string{"saves"}, strings.Fields(args)...)...).wants(t, exitNotFound, "as the backend before this one left them")
		}
		// The account may be gone.
		c.Directory.Users = slices.DeleteFunc(c.Directory.Users, func(u *awsaccount.User) bool { return u.Sub == c.ann })
		c.run("saves", "list", c.ann, "old_game").wants(t, 0, "waiting")
	})
	withCounter(t, "is moved", func(t *testing.T, c *counter) {
		left(t, c)
		o := c.run("saves", "move", "ann", "bea", "--yes", "--output", "json")
		if v := jsonLines[moveView](t, o.stdout)[0]; o.code != 0 || len(v.Files) != 1 || !v.Files[0].Current {
			t.Fatalf("%d, %+v %s", o.code, v, o.stderr)
		}
		c.run("saves", "download", "bea", "old_game", "--to", filepath.Join(t.TempDir(), "x")).wants(t, 0, "Downloaded 1 file")
		c.run("saves", "list", "ann").wants(t, 0, "0 saves") // it came in, and went
	})
}

func TestSavesHistory(t *testing.T) {
	withCounter(t, "of a file", func(t *testing.T, c *counter) {
		name := "1-2-LT1.save"
		c.save(c.ann, name, realSave(t, name))
		c.save(c.ann, name, realSave(t, "2-1-LT1.save"))
		c.save(c.ann, "persistent", realSave(t, "persistent-fresh"))
		o := c.run("saves", "history", "ann", "my_game", name, "--output", "json")
		list := jsonLines[versionView](t, o.stdout)
		if o.code != 0 || len(list) != 2 || list[0].State != savesync.Older || list[1].State != savesync.Current ||
			list[0].Number != 1 || list[0].Until.IsZero() || list[0].Inside == nil || list[0].Inside.Name != "Chapter — café 日本" || !list[0].Inside.Picture {
			t.Fatalf("%d, %s%s", o.code, o.stdout, o.stderr)
		}
		o = c.run("saves", "history", "ann", "my_game", "--output", "json")
		if list := jsonLines[versionView](t, o.stdout); len(list) != 3 || list[2].File != "persistent" || list[0].Inside != nil {
			t.Errorf("of the game: %s", o.stdout)
		}
		// A version that cannot be read is told, and the answer is a partial one.
		c.store.Hook = func(call memstore.Call) memstore.Fault {
			if call.Op == "Read" && strings.HasSuffix(call.Key, list[0].ID) {
				return memstore.Before
			}
			return memstore.None
		}
		o = c.run("saves", "history", "ann", "my_game", name)
		o.wants(t, exitError, "1 version could not be read: #1")
		if strings.Count(o.stdout, "\n") != 2 {
			t.Errorf("the rest is %s", o.stdout)
		}
		c.store.Hook = nil
		c.run("saves", "history", "ann", "my_game", "9-9-LT1.save").wants(t, exitNotFound, "nothing is kept of 9-9-LT1.save")

		picture := filepath.Join(t.TempDir(), "then.png")
		c.run("saves", "history", "ann", "my_game", name, "--screenshot", picture, "--version", "1").wants(t, 0, "#1")
		if data, err := os.ReadFile(picture); err != nil || !bytes.HasPrefix(data, []byte("\x89PNG")) {
			t.Errorf("%q, %v", data, err)
		}
		c.run("saves", "history", "ann", "my_game", name, "--screenshot", picture).wants(t, exitRefused, "is there already")
		c.run("saves", "history", "ann", "my_game", "persistent", "--screenshot", picture+"2").wants(t, exitError, "cannot be read as a save")
		c.run("saves", "history", "ann", "my_game", "--screenshot", picture+"2").wants(t, exitUsage)
		c.run("saves", "history", "ann", "my_game", name, "--screenshot", picture+"2", "--version", "77").wants(t, exitNotFound)
	})
}

// A shell is offered players, then games, then files.
func TestSavesAreCompleted(t *testing.T) {
	withCounter(t, "one by one", func(t *testing.T, c *counter) {
		c.save(c.ann, "persistent", realSave(t, "persistent-fresh"))
		for args, want := range map[string]string{
			"":                       "ann@example.com bea@example.com",
			"ann@example.com":        "my_game",
			c.ann + " my_game":       "persistent",
			"ann@example.com nobody": "",
		} {
			o := c.run(append(append([]string{"__complete", "saves", "history"}, strings.Fields(args)...), "")...)
			offered, _, _ := strings.Cut(o.stdout, ":4")
			if got := strings.Join(strings.Fields(offered), " "); got != want {
				t.Errorf("%q: %q, want %q", args, got, want)
			}
		}
	})
}

func TestSavesRestore(t *testing.T) {
	one, two, three := "1-2-LT1.save", "2-1-LT1.save", "1-3-LT1.save"
	withCounter(t, "a file, and back", func(t *testing.T, c *counter) {
		c.save(c.ann, one, realSave(t, one))
		c.save(c.ann, one, realSave(t, two))
		c.run("saves", "restore", "ann", "my_game", one, "--version", "1", "--dry-run").wants(t, 0, "Restore 1 file of ann@example.com", "on another page", "than 1 does not", "Continue opens 1-2-LT1.save")
		c.run("saves", "restore", "ann", "my_game", one, "--version", "1").wants(t, exitUsage, "--yes")
		if c.current(c.ann)[one] != realSave(t, two) {
			t.Fatal("a dry run, or one that nobody confirmed, has restored")
		}
		time.Sleep(time.Minute)
		o := c.run("saves", "restore", "ann", "my_game", one, "--version", "1", "--yes")
		o.wants(t, 0, "Restored as #3.", "to undo: renpyctl ", " --stage")
		if c.current(c.ann)[one] != realSave(t, one) {
			t.Fatal("nothing was restored")
		}
		time.Sleep(time.Minute)
		c.run(c.hinted(o)...).wants(t, 0, "Restored as #4.")
		if c.current(c.ann)[one] != realSave(t, two) {
			t.Error("what the hint says does not undo it")
		}
		var s playerView
		if err := json.Unmarshal([]byte(c.run("users", "show", "ann", "--output", "json").stdout), &s); err != nil || s.Support[len(s.Support)-1].By != "user/ann" {
			t.Errorf("the player's record does not say who did it: %+v, %v", s.Support, err)
		}
		c.run("saves", "restore", "ann", "my_game", one, "--version", "4", "--yes").wants(t, 0, "Nothing to restore: 1 file is so already")
		// An older version of the same content changes nothing, and there is nothing to undo.
		o = c.run("saves", "restore", "ann", "my_game", one, "--version", "2", "--yes")
		if o.wants(t, 0, "Unchanged"); strings.Contains(o.stderr, "undo") || len(jsonLines[versionView](t, c.run("saves", "history", "ann", "my_game", one, "--output", "json").stdout)) != 4 {
			t.Errorf("the same content is restored: %s", o.stderr)
		}
	})
	withCounter(t, "a game, and back", func(t *testing.T, c *counter) {
		c.save(c.ann, one, realSave(t, one))
		c.save(c.ann, two, realSave(t, two))
		then := time.Now().Add(10 * time.Second)
		c.save(c.ann, one, realSave(t, three))
		c.save(c.ann, two, realSave(t, one))
		c.save(c.ann, three, realSave(t, three))
		before := c.current(c.ann)
		time.Sleep(time.Hour)
		o := c.run("saves", "restore", "ann", "my_game", "--at", then.UTC().Format(time.RFC3339), "--yes", "--output", "json")
		v := jsonLines[restoreView](t, o.stdout)[0]
		if o.code != 0 || !v.Done || len(v.Changes) != 2 || v.Changes[1].Made.Number != 3 || v.Changes[1].Made.Of != 1 || !slices.Equal(v.Stay, []string{three}) || v.Continue != two || v.Changes[0].Page != "1" {
			t.Fatalf("%d, %+v %s", o.code, v, o.stderr)
		}
		now := c.current(c.ann)
		if now[one] != realSave(t, one) || now[two] != realSave(t, two) || now[three] != realSave(t, three) {
			t.Error("the game is not what it was")
		}
		time.Sleep(time.Hour)
		o = c.run("saves", "restore", "ann", "my_game", "--at", "90m", "--yes")
		o.wants(t, 0, "Restored 2 files: ", two+" as #4")
		if got := c.current(c.ann); !maps.Equal(got, before) {
			t.Error("going forward again is not what was there")
		}
		time.Sleep(time.Hour)
		c.run(c.hinted(o)...).wants(t, 0, "Restored 2 files: ", two+" as #5")
		if got := c.current(c.ann); !maps.Equal(got, now) {
			t.Error("what the hint says does not undo it")
		}
	})
	withCounter(t, "what cannot be", func(t *testing.T, c *counter) {
		c.save(c.ann, one, realSave(t, one))
		time.Sleep(-time.Until(time.Now().Truncate(time.Hour)) + time.Hour) // to the full hour, so that both are of one minute
		first := time.Now()
		c.save(c.ann, one, realSave(t, two))
		for args, code := range map[string]int{
			"":                               exitUsage,
			"--at 2099-01-01":                exitUsage,
			"--at gone":                      exitUsage,
			"--at 1h --version 1":            exitUsage,
			one + " --version 9":             exitNotFound,
			one + " --at 1999-01-01":         exitNotFound,
			"9-1-LT1.save --version 1":       exitNotFound,
			one + " " + two + " --version 1": exitUsage,
		} {
			o := c.run(append([]string{"saves", "restore", "ann", "my_game", "--yes"}, strings.Fields(args)...)...)
			if o.code != code {
				t.Errorf("%q: %d, want %d\n%s", args, o.code, code, o.stderr)
			}
		}
		time.Sleep(10 * time.Second)
		if _, err := c.kept.Upload(t.Context(), c.ann, "my_game", one, []byte(realSave(t, three))); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		o := c.run("saves", "restore", "ann", "my_game", one, "--yes", "--at", when.Format(first.Add(time.Minute), time.Local))
		o.wants(t, exitUsage, "several versions of that time: #2 of ", "#3 of ", "--version")
	})
}

// hinted are the arguments of the command that the last hint names.
func (c *counter) hinted(o outcome) []string {
	return append(strings.Fields(cut(o.stderr, "to undo: renpyctl ", "\n")), "--yes")
}

// cut is what stands between two texts.
func cut(text, begin, end string) string {
	_, text, _ = strings.Cut(text, begin)
	text, _, _ = strings.Cut(text, end)
	return text
}

func TestSavesDownload(t *testing.T) {
	one, two := "1-2-LT1.save", "2-1-LT1.save"
	withCounter(t, "a game", func(t *testing.T, c *counter) {
		c.save(c.ann, one, realSave(t, one))
		c.save(c.ann, two, realSave(t, two))
		then := time.Now().UTC().Format(time.RFC3339)
		played := time.Now()
		c.save(c.ann, one, realSave(t, two))
		dir := filepath.Join(t.TempDir(), "folder")
		holds := func(name, data string) os.FileInfo {
			t.Helper()
			got, err := os.ReadFile(filepath.Join(dir, name))
			info, statErr := os.Stat(filepath.Join(dir, name))
			if err != nil || statErr != nil || string(got) != data {
				t.Fatalf("%s: %v, %v, %d bytes", name, err, statErr, len(got))
			}
			return info
		}
		o := c.run("saves", "download", "ann", "my_game", "--to", dir, "--output", "json")
		if v := jsonLines[deliveryView](t, o.stdout)[0]; o.code != 0 || len(v.Files) != 2 || len(v.Missing) > 0 {
			t.Fatalf("%d, %+v %s", o.code, v, o.stderr)
		}
		holds(one, realSave(t, two))
		if at := holds(two, realSave(t, two)).ModTime(); at.Sub(played).Abs() > time.Second {
			t.Errorf("the time is %s, not %s", at, played)
		}
		// A second run finishes the first, and writes over nothing.
		if err := os.Remove(filepath.Join(dir, two)); err != nil {
			t.Fatal(err)
		}
		c.run("saves", "download", "ann", "my_game", "--to", dir).wants(t, 0, "Downloaded 2 files")
		holds(two, realSave(t, two))
		if err := os.Remove(filepath.Join(dir, two)); err != nil {
			t.Fatal(err)
		}
		c.run("saves", "download", "ann", "my_game", "--to", dir, "--at", then).wants(t, exitRefused, one, "is there already")
		holds(one, realSave(t, two))
		if _, err := os.Stat(filepath.Join(dir, two)); err == nil {
			t.Error("half of a game was written")
		}
		file := filepath.Join(t.TempDir(), "x.save")
		c.run("saves", "download", "ann", "my_game", one, "--at", then, "--to", file).wants(t, 0, "Downloaded 1 file")
		if data, err := os.ReadFile(file); err != nil || string(data) != realSave(t, one) {
			t.Errorf("one file: %v", err)
		}
		c.run("saves", "download", "ann", "my_game", "--to", file).wants(t, exitError)
		c.run("saves", "download", "ann", "my_game", "--at", "1999-01-01").wants(t, exitNotFound, "nothing is kept of my_game as it was at 1999-01-01 23:59:59")
	})
	withCounter(t, "what can be read", func(t *testing.T, c *counter) {
		c.save(c.ann, one, realSave(t, one))
		c.save(c.ann, two, realSave(t, two))
		c.store.Hook = func(call memstore.Call) memstore.Fault {
			if call.Op == "Read" && strings.Contains(call.Key, one) {
				return memstore.Before
			}
			return memstore.None
		}
		dir := filepath.Join(t.TempDir(), "folder")
		o := c.run("saves", "download", "ann", "my_game", "--to", dir)
		o.wants(t, exitError, "Downloaded 1 file", "1 file is missing, such as "+one)
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 || entries[0].Name() != two {
			t.Errorf("the folder has %v, %v", entries, err)
		}
	})
	withCounter(t, "onto what cannot be written", func(t *testing.T, c *counter) {
		c.save(c.ann, one, realSave(t, one))
		c.run("saves", "download", "ann", "my_game", one, "--to", "/dev/full/x").wants(t, exitError, "missing")
	})
}

// Of a player whose record cannot be read the bucket still has the saves.
func TestSavesOfADamagedRecord(t *testing.T) {
	name := "1-2-LT1.save"
	withCounter(t, "are delivered", func(t *testing.T, c *counter) {
		c.save(c.ann, name, realSave(t, "2-1-LT1.save"))
		c.save(c.ann, name, realSave(t, name))
		time.Sleep(time.Minute)
		c.store.SetRecord(c.ann, `{"format":1`)
		dir := filepath.Join(t.TempDir(), "folder")
		c.run("saves", "download", "ann", "my_game", "--to", dir).wants(t, exitError, "Downloaded 1 file", "is damaged")
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(data) != realSave(t, name) {
			t.Errorf("%v", err)
		}
		o := c.run("saves", "history", "ann", "my_game", name, "--output", "json")
		if list := jsonLines[versionView](t, o.stdout); o.code != exitError || len(list) != 2 || list[1].State != savesync.Current {
			t.Errorf("%d, %s%s", o.code, o.stdout, o.stderr)
		}
		c.run("saves", "restore", "ann", "my_game", name, "--version", "1", "--yes").wants(t, exitError, "is damaged")
		c.run("saves", "download", "ann", "other", "--to", dir).wants(t, exitError, "is damaged")
	})
}

// A record that cannot be read, with which the player cannot sync, is written anew, also
// in a run over everybody; that of a newer release is left alone, and nobody comes back
// who was erased.
func TestADamagedRecordIsMended(t *testing.T) {
	name := "1-2-LT1.save"
	withCounter(t, "by --repair", func(t *testing.T, c *counter) {
		c.save(c.ann, name, realSave(t, "2-1-LT1.save"))
		c.save(c.ann, name, realSave(t, name))
		c.save(c.bea, name, realSave(t, name))
		c.Records[c.ann], c.Records[c.bea] = "{}", "{}" // as the table lists them
		c.store.SetRecord(c.ann, `{"format":1`)
		c.run("saves", "verify", "ann").wants(t, exitError, "is damaged", "saves verify ann --repair")
		c.run("saves", "verify", "ann", "--repair").wants(t, exitUsage, "--yes")
		c.run("saves", "list", "ann").wants(t, exitError, "saves verify PLAYER --repair")
		o := c.run("saves", "verify", "--repair", "--yes", "--output", "json")
		list := jsonLines[findingView](t, o.stdout)
		if o.code != 0 || len(list) != 1 || list[0].Player != c.ann || list[0].Fault != savesync.FaultRecord || list[0].Remedy != savesync.Anew || list[0].Evidence == "" {
			t.Fatalf("%d, %s%s", o.code, o.stdout, o.stderr)
		}
		o.wants(t, 0, "2 players checked: 2 files", "1 wrong, 0 could not be checked")
		if c.current(c.ann)[name] != realSave(t, name) {
			t.Error("the save is not what it was")
		}
		c.run("saves", "verify", "ann").wants(t, 0, "1 player checked: 1 file")
	})
	withCounter(t, "one that is not there", func(t *testing.T, c *counter) {
		c.run("saves", "verify", "bea", "--repair", "--yes").wants(t, 0, "0 wrong")
		c.save(c.ann, name, realSave(t, name))
		c.store.DeleteRecord(c.ann)
		o := c.run("saves", "verify", "ann", "--output", "json")
		list := jsonLines[findingView](t, o.stdout)
		if o.code != exitError || len(list) != 1 || list[0].Fault != savesync.FaultMissing || list[0].Remedy != "" {
			t.Errorf("%d, %s%s", o.code, o.stdout, o.stderr)
		}
		c.run("saves", "verify", "ann", "--repair", "--yes").wants(t, 0, "rebuilt with 1 file")
		if c.current(c.ann)[name] != realSave(t, name) {
			t.Error("the save is not what it was")
		}
		c.store.DeleteRecord(c.ann)
		if err := c.kept.Items.Suppress(t.Context(), c.ann, "ann@example.com"); err != nil {
			t.Fatal(err)
		}
		c.run("saves", "verify", "ann", "--repair", "--yes").wants(t, 0, "0 wrong")
		if _, revision := c.store.Record(c.ann); revision != 0 {
			t.Error("a record is begun of a player who was erased")
		}
	})
	withCounter(t, "a ban that nothing tells of any more", func(t *testing.T, c *counter) {
		c.store.SetRecord(c.ann, `{"x`)
		o := c.run("saves", "verify", "ann", "--repair", "--yes", "--output", "json")
		list := jsonLines[findingView](t, o.stdout)
		if o.code != 0 || len(list) != 1 || !list[0].BanUnknown {
			t.Errorf("%d, %s%s", o.code, o.stdout, o.stderr)
		}
	})
	withCounter(t, "but not of tomorrow", func(t *testing.T, c *counter) {
		c.store.SetRecord(c.ann, `{"format":3,"games":[]}`)
		c.run("saves", "verify", "ann", "--repair", "--yes").wants(t, exitError, "format 3", "newer")
		c.run("saves", "list", "ann").wants(t, exitError, "a newer one")
		if got, _ := c.store.Record(c.ann); got != `{"format":3,"games":[]}` {
			t.Errorf("now it is %s", got)
		}
	})
	withCounter(t, "nor of who was erased", func(t *testing.T, c *counter) {
		c.save(c.ann, name, realSave(t, name))
		if err := c.kept.Items.Suppress(t.Context(), c.ann, "ann@example.com"); err != nil {
			t.Fatal(err)
		}
		c.store.SetRecord(c.ann, `{"format":`)
		c.run("saves", "verify", "ann", "--repair", "--yes").wants(t, 0, "was erased, and stays so")
		if r, err := c.kept.Record(t.Context(), c.ann); err != nil || r.Forgotten == nil {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestLocalNames(t *testing.T) {
	for name, want := range map[string]string{
		"1-1-LT1.save": "1-1-LT1.save", "..": "_", "a/../b": "a_.._b", "con.save": "_con.save", `q"?.save`: "q__.save", "x. ": "x_", "": "_",
		"é\xff": "é_", strings.Repeat("a", 300): strings.Repeat("a", 200),
	} {
		if got := localName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	names := localNames([]savesync.Kept{{Source: savesync.Source{Name: "A:"}}, {Source: savesync.Source{Name: "a?"}}})
	if names["A:"] != "A_" || names["a?"] != "2~a_" {
		t.Errorf("%v", names)
	}
}

func TestSavesVerify(t *testing.T) {
	one, two := "1-2-LT1.save", "2-1-LT1.save"
	// Of Ann one save is gone, with an older one, and Bea's only one.
	damaged := func(t *testing.T, c *counter) {
		c.Records[c.ann], c.Records[c.bea] = "{}", "{}"
		c.save(c.ann, one, realSave(t, one))
		c.save(c.ann, two, realSave(t, two))
		c.save(c.ann, two, realSave(t, one))
		c.save(c.bea, one, realSave(t, one))
		for player, name := range map[string]string{c.ann: two, c.bea: one} {
			for k, err := range c.kept.Versions(t.Context(), player, "my_game", name) {
				if err != nil {
					t.Fatal(err)
				}
				if k.State == savesync.Current {
					c.store.Destroy("users/"+player+"/my_game/content/"+name+"/"+k.ID, k.Version)
				}
			}
		}
	}
	withCounter(t, "of everybody", func(t *testing.T, c *counter) {
		damaged(t, c)
		o := c.run("saves", "verify", "--output", "json")
		list := jsonLines[findingView](t, o.stdout)
		if o.code != exitError || len(list) != 2 || list[0].Fault != savesync.FaultGone || list[0].Player != c.ann {
			t.Fatalf("%d, %s%s", o.code, o.stdout, o.stderr)
		}
		o.wants(t, exitError, "2 players checked: 3 files", "2 wrong", "--repair")
		c.run("saves", "verify", "--after", c.ann, "--output", "json").wants(t, exitError, "1 player checked", "1 wrong")
		c.run("saves", "verify", "--after", c.bea).wants(t, 0, "0 players checked")
		c.run("saves", "verify", "--after", "ann").wants(t, exitUsage)
		c.run("saves", "verify", "ann", "--repair").wants(t, exitUsage, "--yes")
		c.run("saves", "verify", "ann", "--repair", "--yes").wants(t, 0, "older")
		if c.current(c.ann)[two] != realSave(t, two) {
			t.Error("the older version did not take the place of what is gone")
		}
		// Of what nothing is left the answer is never that all is well.
		c.run("saves", "verify", "--repair", "--yes").wants(t, exitError, "of 1 save nothing is left", "dropped")
		c.run("saves", "verify").wants(t, 0, "2 players checked: 2 files")
	})
	withCounter(t, "cut off", func(t *testing.T, c *counter) {
		damaged(t, c)
		c.store.SetRecord(c.ann, `{"format":1`)
		o := c.run("saves", "verify")
		o.wants(t, exitError, c.ann, "is damaged", "2 players checked", "2 wrong, 0 could not be checked", "--repair")
		ctx, cancel := context.WithCancel(t.Context())
		c.store.Hook = func(call memstore.Call) memstore.Fault {
			if call.Op == "Load" && call.Key == c.bea {
				cancel()
				return memstore.Before
			}
			return memstore.None
		}
		c.runIn(ctx, nil, "saves", "verify").wants(t, exitInterrupted)
	})
}

func TestSavesUpload(t *testing.T) {
	one, two := "1-2-LT1.save", "2-1-LT1.save"
	withCounter(t, "files", func(t *testing.T, c *counter) {
		c.save(c.ann, one, realSave(t, one))
		time.Sleep(time.Minute)
		dir := t.TempDir()
		file := func(name, data string) string {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		mended, half := file("mended.save", realSave(t, two)), file(one, realSave(t, two)[:500])
		c.run("saves", "upload", "ann", "my_game", mended, "--as", one, "--dry-run").wants(t, 0, "replaces 7.0 kB")
		c.run("saves", "upload", "ann", "my_game", mended, "--as", one).wants(t, exitUsage, "--yes")
		if c.current(c.ann)[one] != realSave(t, one) {
			t.Fatal("a dry run, or one that nobody confirmed, has uploaded")
		}
		o := c.run("saves", "upload", "ann", "my_game", mended, "--as", one, "--yes")
		o.wants(t, 0, "Uploaded as #2: "+one)
		if c.current(c.ann)[one] != realSave(t, two) {
			t.Error("nothing was uploaded")
		}
		c.run("saves", "upload", "ann", "my_game", mended, "--as", one, "--yes").wants(t, 0, "Unchanged, it is the same")
		time.Sleep(time.Minute)
		if c.run(c.hinted(o)...).wants(t, 0, "Restored as #3."); c.current(c.ann)[one] != realSave(t, one) {
			t.Error("what the hint says does not undo it")
		}
		c.run("saves", "upload", "ann", "my_game", half, "--yes").wants(t, exitRefused, "damaged")
		c.run("saves", "upload", "ann", "my_game", mended, "--yes").wants(t, exitRefused, "not a save of the game")
		c.run("saves", "upload", "ann", "my_game", file("3-1-LT1.save", strings.Repeat("x", 1<<20+1)), "--yes").wants(t, exitRefused, "larger than")
		o = c.run("saves", "upload", "ann", "my_game", half, file(two, realSave(t, two)), "--yes", "--output", "json")
		if v := jsonLines[uploadView](t, o.stdout)[0]; o.code != exitError || v.Files[0].Error == "" || !v.Files[1].Current || v.Files[1].Made.Number != 1 || c.current(c.ann)[two] != realSave(t, two) {
			t.Errorf("of two one is damaged: %d, %+v", o.code, v)
		}
		c.run("saves", "upload", "ann", "my_game", filepath.Join(dir, "none"), "--yes").wants(t, exitError, "no such file")
	})
}

func TestSavesMove(t *testing.T) {
	one, two, three := "1-2-LT1.save", "2-1-LT1.save", "1-3-LT1.save"
	withCounter(t, "to another account", func(t *testing.T, c *counter) {
		c.save(c.ann, one, realSave(t, one))
		c.save(c.ann, two, realSave(t, two))
		c.save(c.bea, one, realSave(t, three))
		time.Sleep(time.Minute)
		c.run("saves", "move", "ann", "bea", "--dry-run").wants(t, 0, "Move 2 saves of ann@example.com to bea@example.com", "Of 1 save that both have")
		c.run("saves", "move", "ann", "bea").wants(t, exitUsage, "--yes")
		c.run("saves", "move", "ann", c.ann, "--yes").wants(t, exitUsage, "both are ann@example.com")
		c.run("saves", "move", "ann", "bea", "other", "--yes").wants(t, exitNotFound)
		if len(c.current(c.ann)) != 2 || len(c.current(c.bea)) != 1 {
			t.Fatal("something was moved already")
		}
		o := c.run("saves", "move", "ann", "bea", "--yes", "--output", "json")
		if v := jsonLines[moveView](t, o.stdout)[0]; o.code != 0 || !v.Done || len(v.Files) != 2 || v.Files[0].Current || !v.Files[1].Current || v.Files[0].There.IsZero() {
			t.Fatalf("%d, %+v %s", o.code, v, o.stderr)
		}
		if got := c.current(c.bea); len(c.current(c.ann)) != 0 || got[one] != realSave(t, three) || got[two] != realSave(t, two) {
			t.Error("the newer ones did not win")
		}
		c.run("saves", "move", "ann", "bea", "--yes").wants(t, 0, "Nothing to move")
	})
	withCounter(t, "and back", func(t *testing.T, c *counter) {
		c.save(c.bea, one, realSave(t, three))
		c.save(c.ann, one, realSave(t, one))
		time.Sleep(time.Minute)
		o := c.run("saves", "move", "ann", "bea", "--yes")
		o.wants(t, 0, "Moved 1 save: 1 current now", "to undo: renpyctl saves restore ann@", "hint: and renpyctl saves restore bea@")
		time.Sleep(time.Minute)
		c.run(c.hinted(o)...).wants(t, 0, "Restored as #")
		c.run(append(strings.Fields(cut(o.stderr, "hint: and renpyctl ", "\n")), "--yes")...).wants(t, 0, "Restored as #")
		if c.current(c.ann)[one] != realSave(t, one) || c.current(c.bea)[one] != realSave(t, three) {
			t.Error("what the hints say does not undo it")
		}
	})
}

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk is a folder on a disk of so many bytes. Only root can make one.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("no disk can be made here: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// left are the names of the files in a folder, hidden ones included.
func left(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// On a disk that is full no half of a file is left, what was written before is whole, and
// a second run, when there is room, finishes the first.
func TestAFullDisk(t *testing.T) {
	one, two := "1-2-LT1.save", "2-1-LT1.save"
	dir := smallDisk(t, "16k") // of which a file of 7 kB takes 8
	withCounter(t, "while saves are downloaded", func(t *testing.T, c *counter) {
		c.save(c.ann, one, realSave(t, one))
		c.save(c.ann, two, realSave(t, two))
		to := filepath.Join(dir, "game")
		ballast := filepath.Join(dir, "ballast")
		if err := os.WriteFile(ballast, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		c.run("saves", "download", "ann", "my_game", "--to", to).wants(t, exitError, "Downloaded 1 file", "no space left")
		data, err := os.ReadFile(filepath.Join(to, one))
		if err != nil || string(data) != realSave(t, one) || left(t, to) != one {
			t.Errorf("left are %q, %v", left(t, to), err)
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		c.run("saves", "download", "ann", "my_game", "--to", to).wants(t, 0, "Downloaded 2 files")

		// It is full now, for anything else.
		for _, command := range []string{"users takeout ann --out", "saves history ann my_game " + one + " --screenshot"} {
			file := filepath.Join(dir, "other")
			c.run(append(strings.Fields(command), file)...).wants(t, exitError, "no space left")
			if got := left(t, dir); got != "game" {
				t.Errorf("%s: left are %q", command, got)
			}
		}
	})
}

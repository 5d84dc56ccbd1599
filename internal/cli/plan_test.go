package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The file of a plan is for its owner alone, whatever was there before, and
// nothing is written through a link.
func TestPlanFileIsPrivate(t *testing.T) {
	story(t, "over what is there", twice, func(t *testing.T, a *awsAccount) {
		dir := t.TempDir()
		file, elsewhere := filepath.Join(dir, "dev.plan"), filepath.Join(dir, "elsewhere")
		for _, name := range []string{file, elsewhere} {
			if err := os.WriteFile(name, []byte("before"), 0o666); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(name, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		held, err := os.Open(file) // by somebody else, who goes on reading
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close()
		a.run("plan", "--out", file, "--set", "GameIds=planned").wants(t, exitOK)
		if info, err := os.Lstat(file); err != nil || info.Mode() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		if text, err := io.ReadAll(held); err != nil || string(text) != "before" {
			t.Errorf("who had opened the old file reads %q, %v", text, err)
		}
		for _, target := range []string{elsewhere, filepath.Join(dir, "nowhere")} {
			link := filepath.Join(dir, "link-"+filepath.Base(target))
			if err := os.Symlink(target, link); err != nil {
				t.Fatal(err)
			}
			o := a.run("plan", "--out", link, "--set", "GameIds=planned")
			o.wants(t, exitUsage, "is no regular file")
			if o.onStack() != "2 CreateChangeSet DeleteChangeSet" {
				t.Errorf("changed %q", o.onStack())
			}
		}
		a.run("plan", "--out", dir, "--set", "GameIds=planned").wants(t, exitUsage, "is a folder: add a file name")
		a.run("plan", "--out", filepath.Join(dir, "no", "x"), "--set", "GameIds=planned").wants(t, exitUsage, "there is no folder ")
		if text, err := os.ReadFile(elsewhere); err != nil || string(text) != "before" {
			t.Errorf("elsewhere is %q, %v", text, err)
		}
		left, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range left {
			if strings.HasPrefix(f.Name(), ".") || f.Name() == "nowhere" {
				t.Errorf("left is %s", f.Name())
			}
		}
	})
}

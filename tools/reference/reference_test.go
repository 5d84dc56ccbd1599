package main

import (
	"compress/gzip"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/cli"
)

var update = flag.Bool("update", false, "write docs/reference.md")

// docs/reference.md says of every command what the program's help says.
func TestReferenceIsCurrent(t *testing.T) {
	const file = "../../docs/reference.md"
	want := markdown(cli.Tree())
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil || string(have) != want {
		t.Errorf("docs/reference.md is not what the commands' help says (%v): go test ./tools/reference -update", err)
	}
}

// The manual has a page for every command, which man reads without a complaint
// and shows as the help is laid out.
func TestManual(t *testing.T) {
	dir := t.TempDir()
	root := cli.Tree()
	if err := writeMan(root, dir); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range root.Commands() {
		if cmd.Hidden || !cmd.IsAvailableCommand() {
			continue
		}
		roff := unpacked(t, filepath.Join(dir, "renpyctl-"+cmd.Name()+".1.gz"))
		for _, below := range commands(cmd) {
			if !strings.Contains(roff, "\n.SH "+strings.ToUpper(strings.ReplaceAll(below.CommandPath(), "-", `\-`))+"\n") {
				t.Errorf("the page of %s says nothing of %s", cmd.Name(), below.CommandPath())
			}
		}
	}
	if roff := unpacked(t, filepath.Join(dir, "renpyctl.1.gz")); !strings.Contains(roff, ".BR renpyctl\\-deploy (1)") || !strings.Contains(roff, `\-\-stage`) {
		t.Errorf("renpyctl.1 does not lead on:\n%s", roff)
	}
	if got := roff(".x\n'y\\z"); got != "\\&.x\n\\(aqy\\ez" {
		t.Errorf("roff would obey %q", got)
	}
	if _, err := exec.LookPath("man"); err != nil {
		t.Skip("no man here")
	}
	pages, _ := filepath.Glob(filepath.Join(dir, "*.1.gz"))
	for _, page := range pages {
		cmd := exec.Command("man", "--warnings", "-l", "-P", "cat", page)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANWIDTH=100")
		var complaints strings.Builder
		cmd.Stderr = &complaints
		shown, err := cmd.Output()
		if err != nil || complaints.String() != "" || !strings.Contains(string(shown), "renpyctl") {
			t.Errorf("man %s: %v, %s", filepath.Base(page), err, complaints.String())
		}
	}
}

func unpacked(t *testing.T, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

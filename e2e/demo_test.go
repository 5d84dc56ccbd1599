//go:build e2e && (linux || darwin)

package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// demo is a run of `demo` whose folders are in a folder of the test's.
func demo(t *testing.T, flags ...string) (cmd *exec.Cmd, folders func() int) {
	t.Helper()
	dir := t.TempDir()
	cmd = exec.Command(binary, append([]string{"demo"}, flags...)...)
	cmd.Env = append(slices.Clone(environ), "TMPDIR="+dir)
	return cmd, func() int {
		left, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(left)
	}
}

// TestDemo: the story is told as often as one likes, and takes away what it has made,
// unless it is to stay.
func TestDemo(t *testing.T) {
	t.Parallel()
	tells := func(t *testing.T, cmd *exec.Cmd, texts ...string) {
		t.Helper()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("the demo failed: %v\n%s", err, out)
		}
		for _, want := range append(texts, "can sign in.", "fetches  1-1-LT1.save, persistent", "The newer save won", "local down") {
			if !strings.Contains(string(out), want) {
				t.Errorf("the demo does not say %q:\n%s", want, out)
			}
		}
		if strings.Contains(string(out), "\tlosing\t") {
			t.Errorf("a save that was fetched counts as never used:\n%s", out)
		}
		if same := strings.Count(string(out), "the same bytes on both"); same != 4 {
			t.Errorf("%d files arrived:\n%s", same, out)
		}
	}
	there := func(t *testing.T, code int) {
		t.Helper()
		local.run(t, "info", "--stage", "demo").exits(t, code)
	}

	cmd, folders := demo(t)
	tells(t, cmd, "Deployed release 1", "The demo takes away what it has made")
	if n := folders(); n > 0 {
		t.Errorf("%d folders are left", n)
	}
	there(t, 3)

	t.Run("interrupted", func(t *testing.T) {
		cmd, folders := demo(t)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.Contains(lines.Text(), "signs up") {
				cmd.Process.Signal(syscall.SIGINT)
			}
		}
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 {
			t.Errorf("%v", err)
		}
		if n := folders(); n > 0 {
			t.Errorf("%d folders are left", n)
		}
		there(t, 3)
	})

	t.Cleanup(func() { local.run(t, "remove", "--stage", "demo", "--yes").exits(t, 0) })
	for _, news := range []string{"Deployed release 1", "Nothing to do"} {
		cmd, folders := demo(t, "--keep")
		tells(t, cmd, news, "remove --local --stage demo")
		if n := folders(); n != 1 {
			t.Errorf("there are %d folders", n)
		}
		there(t, 0)
	}
	// Whose stage it is not, a demo does not take away, and nobody is left of it there.
	kept := local.run(t, "users", "list", "--stage", "demo").exits(t, 0).out
	cmd, _ = demo(t)
	tells(t, cmd, "is there already", "Nothing to do", "users forget player-")
	there(t, 0)
	if now := local.run(t, "users", "list", "--stage", "demo").exits(t, 0).out; now != kept {
		t.Errorf("there were the players\n%sand now there are\n%s", kept, now)
	}
}

// Package debianrenpy runs a game in Debian's Ren'Py, on a display that nobody
// sees. It is for tests, and installs nothing.
package debianrenpy

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Required is the variable that makes what is missing a failure; without it the test is skipped.
const Required = "RENPYCTL_TEST_RENPY"

// python runs Debian's Ren'Py: another python3 on the PATH does not have its modules.
const python, renpy = "/usr/bin/python3", "/usr/share/games/renpy"

// Engine is a copy of the engine with a display.
type Engine struct{ dir, display string }

// New copies the engine into a folder of its own below dir and starts the display for the test.
func New(t *testing.T, dir string) *Engine {
	t.Helper()
	missing := func(what string) {
		t.Helper()
		if os.Getenv(Required) != "" {
			t.Fatalf("%s is not here: apt-get install renpy xvfb", what)
		}
		t.Skipf("%s is not here, so nothing is tried in a real Ren'Py (make test-renpy and make playtest do, on Debian)", what)
	}
	for _, path := range []string{renpy + "/renpy/main.py", renpy + "/renpy.py", python} {
		if _, err := os.Stat(path); err != nil {
			missing(path)
		}
	}
	xvfb, err := exec.LookPath("Xvfb")
	if err != nil {
		missing("Xvfb")
	}
	e := &Engine{dir: filepath.Join(dir, "engine")}
	if err := os.CopyFS(filepath.Join(e.dir, "renpy"), os.DirFS(renpy+"/renpy")); err != nil {
		t.Fatal(err)
	}
	// Python 3.11 refuses what 8.0.3 makes of a screen: nodes that end before they begin.
	slast := filepath.Join(e.dir, "renpy", "sl2", "slast.py")
	code, err := os.ReadFile(slast)
	if err != nil {
		t.Fatal(err)
	}
	code = bytes.ReplaceAll(code, []byte("    ast.fix_missing_locations(expr)\n"), []byte("    ast.fix_missing_locations(expr)\n"+
		"    for n in ast.walk(expr):\n        if hasattr(n, \"lineno\"):\n            n.end_lineno, n.end_col_offset = n.lineno, n.col_offset\n"))
	main, err := os.ReadFile(renpy + "/renpy.py")
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{slast: code, filepath.Join(e.dir, "renpy.py"): main} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e.display = startXvfb(t, xvfb)
	return e
}

// Play starts a game, whose files are in the folder game/game, with saves in a
// folder of its own, waits for its end, and returns what it printed.
func (e *Engine) Play(ctx context.Context, game, saves string, env ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, filepath.Join(e.dir, "renpy.py"), game, "--savedir", saves)
	cmd.Env = slices.Concat(os.Environ(), []string{
		"DISPLAY=" + e.display, "LIBGL_ALWAYS_SOFTWARE=1", "RENPY_RENDERER=sw", "RENPY_PERFORMANCE_TEST=0",
		"SDL_AUDIODRIVER=dummy", "RENPY_SIMPLE_EXCEPTIONS=1", "HOME=" + filepath.Dir(e.dir),
	}, env)
	out, err := cmd.CombinedOutput()
	if err == nil && bytes.Contains(out, []byte("Traceback")) {
		err = fmt.Errorf("an exception was raised")
	}
	return string(out), err
}

// startXvfb starts a display for the test and returns its name.
func startXvfb(t *testing.T, xvfb string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(xvfb, "-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	w.Close()
	if err := r.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	number := make([]byte, 16)
	n, err := r.Read(number)
	if err != nil {
		t.Fatalf("Xvfb does not start: %v", err)
	}
	return ":" + strings.TrimSpace(string(number[:n]))
}

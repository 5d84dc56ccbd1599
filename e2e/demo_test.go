//go:build e2e && (linux || darwin)

package e2e

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDemo runs `make demo`'s program twice: the second time everything is there already.
func TestDemo(t *testing.T) {
	t.Parallel()
	demo := filepath.Join(t.TempDir(), "demo")
	if out, err := exec.Command("go", "build", "-o", demo, "./demo").CombinedOutput(); err != nil {
		t.Fatalf("build the demo: %v\n%s", err, out)
	}
	t.Cleanup(func() { local.run(t, "remove", "--stage", "dev", "--yes").exits(t, 0) })
	for _, news := range []string{"Deployed", "Nothing to do"} {
		cmd := exec.Command(demo, "-renpyctl", binary)
		cmd.Env = slices.Clone(environ)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("the demo failed: %v\n%s", err, out)
		}
		text := string(out)
		for _, want := range []string{news, "signs in.", "renpy_cloud.configure(", "local down"} {
			if !strings.Contains(text, want) {
				t.Errorf("the demo does not say %q:\n%s", want, text)
			}
		}
		if same := strings.Count(text, "✓ the same bytes"); same != 2 {
			t.Errorf("%d files arrived:\n%s", same, text)
		}
	}
}

// Package chromium finds a Chromium for tests that open a page.
package chromium

import (
	"os"
	"os/exec"
	"testing"
)

// required makes a missing browser a failure: `make test-browser` sets it.
const required = "RENPYCTL_TEST_BROWSER"

// Path returns where a Chromium is. Without one it skips the test, and says what is not
// tried then, unless the browser is required.
func Path(t *testing.T, otherwise string) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv(required) != "" {
		t.Fatal("no Chromium is here: apt-get install chromium")
	}
	t.Skipf("no Chromium is here, so %s (make test-browser does, with Debian's)", otherwise)
	return ""
}

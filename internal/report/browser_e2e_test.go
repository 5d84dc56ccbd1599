//go:build e2e && (linux || darwin)

package report

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/chromium"
)

// TestBrowser opens a page full of hostile names in a real browser: it asks for
// nothing beside itself, complains of nothing, runs nothing, and shows them.
func TestBrowser(t *testing.T) {
	path := chromium.Path(t, "the page is not opened")
	page := written(t, hostilePage())
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(page))
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom", server.URL+"/page")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &errs)
	}
	for line := range strings.Lines(errs.String()) {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("the browser complains: %s", line)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) != 1 || asked[0] != "/page" {
		t.Errorf("the browser asked for %q", asked)
	}
	dom := out.String()
	if !strings.Contains(dom, "<title>Metrics of prod</title>") || !strings.Contains(dom, "12,408") || !strings.Contains(dom, "<path") {
		t.Errorf("the page does not show what is in it:\n%.1000s", dom)
	}
	if strings.Contains(dom, "<script") || strings.Contains(dom, "<img") || !strings.Contains(dom, "&lt;script&gt;") {
		t.Error("a hostile name is part of the page")
	}
}

//go:build e2e && (linux || darwin)

package local

import (
	_ "embed"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/renpy-cloud/renpyctl/internal/chromium"
)

//go:embed testdata/page.html
var page string

// TestBrowser opens a page in a real browser that tries what it can. Of another
// origin it changes nothing and reads nothing; of one that was allowed it reaches
// what a game may.
func TestBrowser(t *testing.T) {
	browser := chromium.Path(t, "no page tries to reach the local cloud")
	c := newReal(t, realDir(t))
	up(t, c)
	fill(t, c)

	read := visit(t, browser, c, "")
	if len(read) > 0 {
		t.Errorf("a page of another origin reads %q", read)
	}
	untouched(t, c)

	// Under a name of its own, which leads here: nothing but the name gives it away.
	read = visit(t, browser, c, "evil.test")
	if len(read) > 0 {
		t.Errorf("a page of a name that leads here reads %q", read)
	}
	untouched(t, c)

	read = visit(t, browser, c, "allowed")
	if got := slices.Sorted(maps.Keys(read)); !slices.Equal(got, []string{"function", "health", "object", "sign-up", "tables"}) {
		t.Errorf("a page that was allowed gets answers to %q", got)
	}
	for what, prefix := range map[string]string{"function": "403 ", "tables": "403 ", "object": "403 ", "health": "200 ", "sign-up": "400 "} {
		if !strings.HasPrefix(read[what], prefix) {
			t.Errorf("a page that was allowed gets for %s %.100q, want %s", what, read[what], prefix)
		}
	}
	untouched(t, c)
}

// visit opens the page and returns what it could read. as is whose it is: "allowed",
// a name that the browser is led here by, or "" for a page of another port.
func visit(t *testing.T, browser string, c *Cloud, as string) map[string]string {
	t.Helper()
	report := make(chan map[string]string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/report" {
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte(page))
			return
		}
		var read map[string]string
		if err := json.NewDecoder(r.Body).Decode(&read); err != nil {
			t.Error(err)
		}
		report <- read
	}))
	defer server.Close()
	from, to := server.URL, c.Endpoint()
	switch as {
	case "allowed":
		if err := c.AllowOrigins(t.Context(), []string{from}); err != nil {
			t.Fatal(err)
		}
	case "":
	default:
		from, to = strings.Replace(from, "127.0.0.1", as, 1), strings.Replace(to, "127.0.0.1", as, 1)
	}

	cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--user-data-dir="+t.TempDir(), "--host-resolver-rules=MAP evil.test 127.0.0.1", "--remote-debugging-port=0", from+"/#"+to)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it starts others
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
	}()
	select {
	case read := <-report:
		return read
	case <-time.After(2 * time.Minute):
		t.Fatal("the page does not report within two minutes")
		return nil
	}
}

// untouched fails the test if there is anything but what [fill] made.
func untouched(t *testing.T, c *Cloud) {
	t.Helper()
	a := clients(c, "test")
	if got := kept(t, c); got != "an item, an object" {
		t.Errorf("left are %q", got)
	}
	roles, err := a.iam.ListRoles(t.Context(), &iam.ListRolesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range roles.Roles {
		t.Errorf("the page made the role %s", *r.RoleName)
	}
	functions, err := a.lambda.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range functions.Functions {
		if *f.FunctionName != "function" {
			t.Errorf("the page made the function %s", *f.FunctionName)
		}
	}
}

//go:build linux || darwin

package local

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// This test program is also a stand-in for MiniStack: the tests link it as the
// Python of a virtual environment, so that everything but MiniStack itself is
// real. For the end-to-end test it is a stand-in for renpyctl, to which a
// bootstrap hands over.
func TestMain(m *testing.M) {
	switch args := os.Args[1:]; {
	case len(args) == 6 && slices.Equal(args[:3], []string{"-I", "-X", "utf8"}) && filepath.Base(args[3]) == "guard.py":
		os.Exit(fakeMiniStack())
	case len(args) == 2 && args[0] == "lambda-runtime":
		lambda.Start(func() (invocation, error) {
			return invocation{Function: args[1], PID: os.Getpid(), Environ: os.Environ()}, nil
		})
	}
	os.Exit(m.Run())
}

// invocation is what the stand-in's function answers.
type invocation struct {
	Function string
	PID      int
	Environ  []string
}

// The ways in which the stand-in misbehaves; a test writes one into the file
// "behaviour" beside the cloud's log, before the start.
const (
	crashes = "crashes" // ends at once
	mute    = "mute"    // runs, opens no port
	deaf    = "deaf"    // does not end when asked
	full    = "full"    // cannot write its state; may be written after the start
)

func fakeMiniStack() int {
	dir := filepath.Dir(os.Getenv("HOME"))
	behaviour, _ := os.ReadFile(filepath.Join(dir, "behaviour"))
	if string(behaviour) == crashes {
		fmt.Println("Traceback (most recent call last):\n  one line\nImportError: broken on purpose")
		return 1
	}
	// What the tests ask about the process.
	os.WriteFile(filepath.Join(dir, "environ"), []byte(strings.Join(os.Environ(), "\n")), 0o600)
	starts, _ := os.OpenFile(filepath.Join(dir, "starts"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	fmt.Fprintln(starts, os.Getpid())
	starts.Close()

	port := os.Getenv("GATEWAY_PORT")
	pidFile := filepath.Join(os.Getenv("TMPDIR"), "ministack-"+port+".pid")
	os.WriteFile(pidFile, fmt.Append(nil, os.Getpid()), 0o600)

	os.WriteFile(filepath.Join(dir, "unsaved"), nil, 0o600)
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	if string(behaviour) != mute {
		go http.ListenAndServe(os.Getenv("BIND_HOST")+":"+port, http.HandlerFunc(serveHealth))
	}
	for range asked {
		if string(behaviour) != deaf {
			break
		}
	}
	os.Remove(pidFile)
	os.Remove(filepath.Join(dir, "unsaved"))
	if err := os.WriteFile(filepath.Join(os.Getenv("STATE_DIR"), "all.json"), []byte("{}"), 0o600); err != nil {
		return 1
	}
	return 0
}

func serveHealth(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/_renpyctl/save" {
		faults := []string{}
		behaviour, _ := os.ReadFile(filepath.Join(filepath.Dir(os.Getenv("HOME")), "behaviour"))
		if string(behaviour) == full {
			faults = append(faults, "no space left on device")
		}
		json.NewEncoder(w).Encode(map[string][]string{"faults": faults})
		return
	}
	if r.URL.Path != "/_ministack/health" {
		http.NotFound(w, r)
		return
	}
	json.NewEncoder(w).Encode(health{
		Version: "9.9.9", Edition: os.Getenv("MINISTACK_EDITION"), Services: map[string]string{"s3": "available"},
	})
}

// newFake returns a cloud on a free port whose MiniStack is the stand-in,
// installed already. It is ended with the test.
func newFake(t *testing.T, change func(*Config)) *Cloud {
	t.Helper()
	cfg := Config{
		Dir: filepath.Join(t.TempDir(), "a folder"), Port: freePort(t),
		Environ: []string{"PATH=" + os.Getenv("PATH"), "AWS_SECRET_ACCESS_KEY=the user's", "LD_LIBRARY_PATH=/some/lib"},
	}
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c.startTimeout, c.stopTimeout = 20*time.Second, 20*time.Second
	pretendInstalled(t, c)
	t.Cleanup(func() {
		if pid := c.pid(); pid != 0 {
			if running, _ := held(c.file("alive")); running {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
	return c
}

func pretendInstalled(t *testing.T, c *Cloud) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(c.python()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, c.python()); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(c.venv, "pyvenv.cfg"), "home = /usr/bin\nversion = 3.12.1\n")
	if err := c.markInstalled(); err != nil {
		t.Fatal(err)
	}
}

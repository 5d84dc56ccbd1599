//go:build linux || darwin

package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestUpAndDown(t *testing.T) {
	c := newFake(t, nil)
	if s := status(t, c); s.Running || s.Version != Version || s.PID != 0 || s.Python != "3.12.1" {
		t.Errorf("before Up: %+v", s)
	}
	var steps []string
	s, err := c.Up(t.Context(), func(step string) { steps = append(steps, step) })
	if err != nil {
		t.Fatal(err)
	}
	want := Status{
		Running: true, Healthy: true, Endpoint: c.Endpoint(), Port: c.cfg.Port, PID: started(t, c)[0],
		Version: "9.9.9", Python: "3.12.1", Dir: c.dir, Log: c.LogPath(), Secret: c.file("secret"),
	}
	if !reflect.DeepEqual(s, want) || !reflect.DeepEqual(s, status(t, c)) {
		t.Errorf("Up returned %+v\nand Status %+v\nwant        %+v", s, status(t, c), want)
	}
	if want := []string{"starting MiniStack on " + c.Endpoint()}; !slices.Equal(steps, want) {
		t.Errorf("steps %q, want %q", steps, want)
	}
	// A session of its own, so that Ctrl-C in the terminal passes it by.
	if group, err := syscall.Getpgid(s.PID); err != nil || group != s.PID {
		t.Errorf("process group %d (%v), want its own, %d", group, err, s.PID)
	}

	if again := up(t, c); !reflect.DeepEqual(again, s) {
		t.Errorf("Up again: %+v, want %+v", again, s)
	}
	if wasRunning, err := c.Down(t.Context()); err != nil || !wasRunning {
		t.Errorf("Down: %v, %v", wasRunning, err)
	}
	if _, err := os.Stat(c.file("state/all.json")); err != nil {
		t.Errorf("it did not end in order: %v", err)
	}
	if wasRunning, err := c.Down(t.Context()); err != nil || wasRunning {
		t.Errorf("Down again: %v, %v", wasRunning, err)
	}
	if n := len(started(t, c)); n != 1 {
		t.Errorf("%d starts, want 1", n)
	}
}

// TestEnvironment: the functions inherit MiniStack's environment, so nothing of
// the user's may be in it.
func TestEnvironment(t *testing.T) {
	c := newFake(t, func(cfg *Config) { cfg.EnforceIAM = true })
	up(t, c)
	got := strings.Split(read(t, c.file("environ")), "\n")
	for _, want := range []string{
		"BIND_HOST=127.0.0.1", "AWS_ENDPOINT_URL=" + c.Endpoint(), "LD_LIBRARY_PATH=/some/lib", "AUTH=true",
		"HOME=" + c.file("home"), "PATH=/usr/local/bin:/usr/bin:/bin",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	for _, kv := range got {
		if strings.Contains(kv, "the user's") {
			t.Errorf("the user's %q is passed on", kv)
		}
	}
}

func TestUpFromManyAtOnce(t *testing.T) {
	c := newFake(t, nil)
	pids := make([]int, 8)
	var all sync.WaitGroup
	for i := range pids {
		all.Go(func() {
			other, err := New(c.cfg)
			if err != nil {
				t.Error(err)
				return
			}
			s, err := other.Up(t.Context(), func(string) {})
			if err != nil {
				t.Error(err)
			}
			pids[i] = s.PID
		})
	}
	all.Wait()
	if got := slices.Compact(pids); len(got) != 1 || len(started(t, c)) != 1 {
		t.Errorf("processes %v, starts %v, want one", got, started(t, c))
	}
}

func TestUpAfterKill(t *testing.T) {
	c := newFake(t, nil)
	first := up(t, c)
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the killed process is noticed", func() bool { return !status(t, c).Running })
	// Its process id is still on disk, and may be anyone's by now.
	if c.pid() != first.PID {
		t.Fatalf("the stand-in leaves pid %d, want %d", c.pid(), first.PID)
	}
	if s := status(t, c); s.PID != 0 {
		t.Errorf("Status believes the old process id: %+v", s)
	}
	if wasRunning, err := c.Down(t.Context()); wasRunning || err != nil {
		t.Errorf("Down: %v, %v", wasRunning, err)
	}
	if second := up(t, c); second.PID == first.PID {
		t.Errorf("Up returned the killed process: %+v", second)
	}
}

func TestUpRestartsOneWithOtherSettings(t *testing.T) {
	c := newFake(t, nil)
	first := up(t, c)
	cfg := c.cfg
	cfg.EnforceIAM = true
	strict, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if s := status(t, strict); !s.Outdated {
		t.Errorf("Status does not see that the settings differ: %+v", s)
	}
	second := up(t, strict)
	if second.PID == first.PID || second.Outdated {
		t.Errorf("not restarted: %+v after %+v", second, first)
	}
	if _, err := os.Stat(c.file("state/all.json")); err != nil {
		t.Errorf("the first did not end in order: %v", err)
	}
}

func TestUpRestartsOneThatHangs(t *testing.T) {
	c := newFake(t, nil)
	s := up(t, c)
	if err := syscall.Kill(s.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	c.answerTimeout = 200 * time.Millisecond
	eventually(t, "it runs and does not answer", func() bool { s := status(t, c); return s.Running && !s.Healthy })
	c.startTimeout, c.stopTimeout = 300*time.Millisecond, 100*time.Millisecond
	var steps []string
	note := func(step string) {
		steps = append(steps, step)
		if strings.HasPrefix(step, "starting") {
			c.startTimeout = 20 * time.Second
		}
	}
	if again, err := c.Up(t.Context(), note); err != nil || again.PID == s.PID {
		t.Errorf("Up returned %+v, %v", again, err)
	}
	want := []string{
		"waiting for MiniStack, which runs but does not answer",
		"restarting MiniStack",
		"MiniStack did not end in order: what changed since its start is lost",
		"starting MiniStack on " + c.Endpoint(),
	}
	if !slices.Equal(steps, want) {
		t.Errorf("steps %q, want %q", steps, want)
	}
}

func TestUpFails(t *testing.T) {
	t.Run("MiniStack ends", func(t *testing.T) {
		c := newFake(t, nil)
		behave(t, c, crashes)
		e := upFails(t, c, StartFailed)
		if !slices.Contains(e.Output, "ImportError: broken on purpose") {
			t.Errorf("the log's end is not shown: %q", e.Output)
		}
		if s := status(t, c); s.Running {
			t.Errorf("still running: %+v", s)
		}
	})
	t.Run("MiniStack does not answer", func(t *testing.T) {
		c := newFake(t, nil)
		c.startTimeout = 300 * time.Millisecond
		behave(t, c, mute)
		upFails(t, c, NotHealthy)
		eventually(t, "it is ended", func() bool { return !status(t, c).Running })
	})
	t.Run("interrupted", func(t *testing.T) {
		c := newFake(t, nil)
		behave(t, c, mute)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := c.Up(ctx, func(string) {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		eventually(t, "nothing is left running", func() bool { return !status(t, c).Running })
	})
	t.Run("port taken by a listener", func(t *testing.T) {
		l := listen(t)
		c := newFake(t, func(cfg *Config) { cfg.Port = l.Addr().(*net.TCPAddr).Port })
		c.answerTimeout = 200 * time.Millisecond
		// Said before anything is installed.
		if err := os.Remove(c.mark()); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", t.TempDir())
		e := upFails(t, c, PortTaken)
		if want := fmt.Sprintf("port %d is in use by another program, which is not MiniStack", c.cfg.Port); e.What != want {
			t.Errorf("error %q, want %q", e.What, want)
		}
	})
	t.Run("port taken by a web server", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"version": "1"}`)) }))
		defer server.Close()
		c := newFake(t, func(cfg *Config) { cfg.Port = server.Listener.Addr().(*net.TCPAddr).Port })
		upFails(t, c, PortTaken)
	})
	t.Run("port taken by another MiniStack", func(t *testing.T) {
		other := newFake(t, nil)
		s := up(t, other)
		c := newFake(t, func(cfg *Config) { cfg.Port = other.cfg.Port })
		e := upFails(t, c, OtherMiniStack)
		if !strings.Contains(e.What, "MiniStack 9.9.9") || !strings.Contains(e.Hint, "RENPYCTL_LOCAL_DIR") {
			t.Errorf("%q, %q", e.What, e.Hint)
		}
		if wasRunning, err := c.Down(t.Context()); wasRunning || err != nil {
			t.Errorf("Down of a cloud that does not run: %v, %v", wasRunning, err)
		}
		if after := status(t, other); !reflect.DeepEqual(after, s) {
			t.Errorf("the other one changed: %+v, was %+v", after, s)
		}
	})
}

func TestDownKillsWhatDoesNotEnd(t *testing.T) {
	c := newFake(t, nil)
	behave(t, c, deaf)
	up(t, c)
	c.stopTimeout = 100 * time.Millisecond
	wasRunning, err := c.Down(t.Context())
	if !wasRunning || !isKind(err, Killed) {
		t.Errorf("Down: %v, %v, want an error of kind Killed", wasRunning, err)
	}
	if s := status(t, c); s.Running {
		t.Errorf("still running: %+v", s)
	}
}

func TestReset(t *testing.T) {
	c := newFake(t, nil)
	up(t, c)
	write(t, c.file("s3/object"), "bytes")
	if err := c.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := status(t, c); s.Running {
		t.Errorf("still running: %+v", s)
	}
	for _, name := range []string{"state", "s3"} {
		if _, err := os.Stat(c.file(name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left (%v)", name, err)
		}
	}
	if !c.installed() {
		t.Error("Reset took the installation with it")
	}
	up(t, c) // from nothing
}

func TestNewRefuses(t *testing.T) {
	for _, cfg := range []Config{
		{Dir: "relative"}, {Dir: ""}, {Dir: "/x", Port: -1}, {Dir: "/x", Port: 65536},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("New(%+v) is accepted", cfg)
		}
	}
	c, err := New(Config{Dir: "/x"})
	if err != nil || c.Endpoint() != "http://127.0.0.1:4566" {
		t.Errorf("the default: %v, %v", c.Endpoint(), err)
	}
}

// Each port is a cloud of its own, and all use one installation.
func TestPortsAreApart(t *testing.T) {
	one, err := New(Config{Dir: "/x", Port: 4566})
	if err != nil {
		t.Fatal(err)
	}
	two, err := New(Config{Dir: "/x", Port: 4567})
	if err != nil {
		t.Fatal(err)
	}
	if one.dir == two.dir || one.edition() == two.edition() || one.venv != two.venv {
		t.Errorf("%+v\n%+v", one, two)
	}
}

func up(t *testing.T, c *Cloud) Status {
	t.Helper()
	s, err := c.Up(t.Context(), func(string) {})
	if err != nil {
		t.Fatalf("Up: %v\n%s", err, read(t, c.LogPath()))
	}
	return s
}

func upFails(t *testing.T, c *Cloud, kind Kind) *Error {
	t.Helper()
	_, err := c.Up(t.Context(), func(string) {})
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("Up: %v, want an error of kind %d", err, kind)
	}
	if strings.Contains(e.What, "\n") || e.Hint == "" {
		t.Errorf("not one line with a hint: %q, %q", e.What, e.Hint)
	}
	return e
}

func status(t *testing.T, c *Cloud) Status {
	t.Helper()
	s, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// started are the process ids of every start of the stand-in.
func started(t *testing.T, c *Cloud) (pids []int) {
	t.Helper()
	for field := range strings.FieldsSeq(read(t, c.file("starts"))) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

func behave(t *testing.T, c *Cloud, behaviour string) {
	t.Helper()
	write(t, c.file("behaviour"), behaviour)
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func freePort(t *testing.T) int {
	t.Helper()
	l := listen(t)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

//go:build linux || darwin

package local

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestSecret(t *testing.T) {
	c := newFake(t, nil)
	s := up(t, c)
	secret, err := c.Secret()
	if err != nil || len(secret) < 20 {
		t.Fatalf("the secret is %q, %v", secret, err)
	}
	if info, err := os.Stat(s.Secret); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v, want 0600", info.Mode(), err)
	}
	if !strings.Contains(read(t, c.file("environ")), "AWS_SECRET_ACCESS_KEY="+secret+"\n") {
		t.Error("MiniStack does not know the secret")
	}
	if _, err := c.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := up(t, c)
	if kept, err := c.Secret(); kept != secret || err != nil {
		t.Errorf("after a restart the secret is %q, %v, want %q", kept, err, secret)
	}
	// One that runs with a secret that nobody knows any more is of no use.
	if err := os.Remove(s.Secret); err != nil {
		t.Fatal(err)
	}
	if !status(t, c).Outdated {
		t.Error("a cloud whose secret is gone is not outdated")
	}
	if up(t, c).PID == again.PID {
		t.Error("a cloud whose secret is gone runs on")
	}
}

func TestAllowOrigins(t *testing.T) {
	c := newFake(t, nil)
	allowed := []string{"http://localhost:8042", "https://game.example"}
	if err := c.AllowOrigins(t.Context(), allowed); err != nil {
		t.Fatal(err)
	}
	if s := up(t, c); !slices.Equal(s.AllowedOrigins, allowed) {
		t.Errorf("allowed are %q, want %q", s.AllowedOrigins, allowed)
	}
	for _, wrong := range []string{
		"null", "*", "localhost:8042", "http://localhost:8042/", "http://localhost:8042/game", "http://LOCALHOST", "file:///x",
		"http://", "http://me@localhost", "http://a\nhttp://b", "http://a http://b",
	} {
		if err := c.AllowOrigins(t.Context(), []string{wrong}); !isKind(err, BadOrigin) {
			t.Errorf("%q is allowed (%v)", wrong, err)
		}
	}
	if s := status(t, c); !slices.Equal(s.AllowedOrigins, allowed) {
		t.Errorf("after refusals allowed are %q, want %q", s.AllowedOrigins, allowed)
	}
	if err := c.AllowOrigins(t.Context(), nil); err != nil || len(status(t, c).AllowedOrigins) > 0 {
		t.Errorf("none are allowed, and yet %q (%v)", status(t, c).AllowedOrigins, err)
	}
}

// TestDownThatCannotSave leaves MiniStack running, with what is deployed on it.
func TestDownThatCannotSave(t *testing.T) {
	c := newFake(t, nil)
	s := up(t, c)
	behave(t, c, full)
	if _, err := c.Down(t.Context()); !isKind(err, NotSaved) {
		t.Errorf("Down: %v, want an error of kind NotSaved", err)
	}
	cfg := c.cfg
	cfg.EnforceIAM = true
	if strict, err := New(cfg); err != nil {
		t.Fatal(err)
	} else if _, err := strict.Up(t.Context(), func(string) {}); !isKind(err, NotSaved) {
		t.Errorf("a restart with other settings: %v, want an error of kind NotSaved", err)
	}
	if after := status(t, c); after.PID != s.PID {
		t.Errorf("afterwards process %d runs, want %d", after.PID, s.PID)
	}
	if err := c.Reset(t.Context()); err != nil {
		t.Errorf("Reset, which gives up everything: %v", err)
	}
}

func TestLostIsSaid(t *testing.T) {
	c := newFake(t, nil)
	if err := syscall.Kill(up(t, c).PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is gone", func() bool { return !status(t, c).Running })
	var steps []string
	note := func(step string) { steps = append(steps, step) }
	if _, err := c.Up(t.Context(), note); err != nil || len(steps) != 2 || !strings.Contains(steps[0], "is lost") {
		t.Errorf("after kill -9, Up says %q (%v)", steps, err)
	}
	if _, err := c.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	steps = nil
	if _, err := c.Up(t.Context(), note); err != nil || len(steps) != 1 {
		t.Errorf("after an end in order, Up says %q (%v)", steps, err)
	}
}

//go:build linux || darwin

package local

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestLockEndsWithItsHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	f, err := openLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := tryLock(f, exclusive); err != nil {
		t.Fatal(err)
	}
	holder := exec.Command("sleep", "600")
	holder.ExtraFiles = []*os.File{f} // as MiniStack gets "alive"
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	defer holder.Process.Kill()
	f.Close()
	if running, err := held(path); err != nil || !running {
		t.Fatalf("held by a child process: %v, %v", running, err)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	holder.Wait()
	if running, err := held(path); err != nil || running {
		t.Errorf("held after its holder was killed: %v, %v", running, err)
	}
}

func TestLockWaitsItsTurn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path, func() { t.Error("waits for a free lock") })
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan bool, 10)
	done := make(chan error)
	go func() {
		unlock, err := lock(t.Context(), path, func() { waiting <- true })
		if err == nil {
			unlock()
		}
		done <- err
	}()
	<-waiting
	time.Sleep(3 * pollEvery)
	unlock()
	if err := <-done; err != nil {
		t.Errorf("second holder: %v", err)
	}
	if len(waiting) > 0 {
		t.Error("told more than once that it waits")
	}
}

func TestLockIsInterrupted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := lock(ctx, path, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}

func TestNothingIsHeldBeforeTheFirstStart(t *testing.T) {
	if running, err := held(filepath.Join(t.TempDir(), "no", "such")); running || err != nil {
		t.Errorf("%v, %v", running, err)
	}
}

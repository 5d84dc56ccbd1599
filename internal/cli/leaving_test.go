//go:build unix

package cli

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Who is asked to read a pipe that nobody writes to can still be interrupted.
func TestAPipeThatNobodyWritesTo(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"users", "import", pipe, "--yes"}, {"deploy", "--plan", pipe, "--yes"}} {
		a := newAccount(t)
		ctx, leave := context.WithTimeout(t.Context(), 200*time.Millisecond)
		o := a.runIn(ctx, nil, args...)
		if o.code == exitOK || ctx.Err() == nil {
			t.Errorf("%q: %d, %s", args, o.code, o.stderr)
		}
		o.changedNothing(t)
		leave()
	}
}

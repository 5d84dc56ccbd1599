//go:build !linux && !darwin

package local

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
)

// lockMode is how a lock is shared.
type lockMode int

const (
	shared lockMode = iota
	exclusive
)

// supported says why there is no local cloud here. On Windows MiniStack would
// start, but a function's `bootstrap` is given to CreateProcess, which runs
// neither a Linux program nor a shell script, so every call would fail.
func supported() error {
	return &Error{
		Kind: Unsupported,
		What: "the local cloud does not run on " + runtime.GOOS + ": MiniStack cannot start the functions there",
		Hint: "run renpyctl inside WSL, or " + dockerHint,
	}
}

func tryLock(*os.File, lockMode) error { return errors.ErrUnsupported }

func detach(*exec.Cmd) {}

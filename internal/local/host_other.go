//go:build !linux && !darwin

package local

import (
	"errors"
	"os"
	"os/exec"
)

// lockMode is how a lock is shared.
type lockMode int

const (
	shared lockMode = iota
	exclusive
)

// supported says that MiniStack cannot run the functions here; see unsupported.
const supported = false

func tryLock(*os.File, lockMode) error { return errors.ErrUnsupported }

func detach(*exec.Cmd) {}

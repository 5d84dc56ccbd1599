//go:build !linux && !darwin

package local

import (
	"errors"
	"io/fs"
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

func owned(fs.FileInfo) bool { return true }

func detach(*exec.Cmd) {}

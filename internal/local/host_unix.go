//go:build linux || darwin

package local

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// lockMode is how a lock is shared.
type lockMode int

const (
	shared    lockMode = syscall.LOCK_SH
	exclusive lockMode = syscall.LOCK_EX
)

// supported says that MiniStack can run the functions here.
const supported = true

// tryLock takes a lock without waiting; the error is [errLocked] if another
// holds it. The lock belongs to the open file: it passes to a child process
// that inherits the file, and ends when the last copy is closed.
func tryLock(f *os.File, mode lockMode) error {
	for {
		err := syscall.Flock(int(f.Fd()), int(mode)|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			return errLocked
		case err != nil:
			return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
		return nil
	}
}

// owned says whether a file is this user's.
func owned(info fs.FileInfo) bool {
	return info.Sys().(*syscall.Stat_t).Uid == uint32(os.Geteuid())
}

// detach gives a command a session of its own: neither Ctrl-C nor a closed
// terminal reaches it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}

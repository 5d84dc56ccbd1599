package ui

import (
	"os"

	"golang.org/x/sys/unix"
)

// forgetTyped throws away what was typed into a terminal and not read yet.
func forgetTyped(terminal *os.File) {
	_ = unix.IoctlSetInt(int(terminal.Fd()), unix.TCFLSH, unix.TCIFLUSH)
}

package ui

import (
	"os"

	"golang.org/x/sys/unix"
)

// forgetTyped throws away what was typed into a terminal and not read yet.
func forgetTyped(terminal *os.File) {
	const input = 1 // FREAD of sys/fcntl.h
	_ = unix.IoctlSetPointerInt(int(terminal.Fd()), unix.TIOCFLUSH, input)
}

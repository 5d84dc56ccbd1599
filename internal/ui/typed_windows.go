package ui

import (
	"os"

	"golang.org/x/sys/windows"
)

// forgetTyped throws away what was typed into a terminal and not read yet.
func forgetTyped(terminal *os.File) {
	_ = windows.FlushConsoleInputBuffer(windows.Handle(terminal.Fd()))
}

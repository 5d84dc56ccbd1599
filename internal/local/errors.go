package local

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// Kind is what kept the local cloud from doing what was asked.
type Kind int

// The kinds of an [Error].
const (
	Unsupported    Kind = iota + 1 // MiniStack cannot run the functions on this operating system
	NoPython                       // none that MiniStack takes
	NoVenv                         // a Python without the parts that make virtual environments
	InstallFailed                  // pip or uv failed
	NoSpace                        // the disk is full
	PortTaken                      // by something that is not MiniStack, or not allowed
	OtherMiniStack                 // the port belongs to a MiniStack that this folder did not start
	StartFailed                    // MiniStack ended, or could not be started
	NotHealthy                     // MiniStack runs but does not answer
	Killed                         // MiniStack did not end in order and was killed: what changed since its start is lost
	NotStopped                     // MiniStack runs on and cannot be ended
	NotSaved                       // MiniStack cannot write its state, and so runs on
	BadOrigin                      // what was allowed is not an origin
	NotPrivate                     // somebody else owns a folder of the local cloud, or can write to it
)

// Error is a failure in one line, with what can be done about it.
type Error struct {
	Kind   Kind
	What   string   // "port 4566 is in use by another program"
	Hint   string   // what to do, in one line; may be ""
	Output []string // the last lines of the program that failed, oldest first; may be empty
	Err    error    // the cause, if there is one
}

// Error returns What; Hint and Output are for the caller to show.
func (e *Error) Error() string { return e.What }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func isKind(err error, kind Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == kind
}

// unsupported says why there is no local cloud on an operating system. On
// Windows MiniStack would start, but it gives a function's `bootstrap` to
// CreateProcess, which runs neither a Linux program nor a shell script: every
// call would fail.
func unsupported(goos string) *Error {
	e := &Error{
		Kind: Unsupported,
		What: "the local cloud does not run on " + goos + ", where MiniStack cannot start the functions",
		Hint: "run renpyctl on Linux or macOS, or " + dockerHint,
	}
	if goos == "windows" {
		e.Hint = "use WSL, the Linux in Windows: type wsl --install in PowerShell (once, then restart the computer), then wsl, " +
			"and in that window install and run renpyctl for Linux; or " + dockerHintIn(`$env:%s="%s"`, "; ")
	}
	return e
}

// noSpaceOr turns a full disk into an [Error] of kind [NoSpace], and returns any other error as it is.
func noSpaceOr(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return noSpace(err)
	}
	return err
}

func noSpace(err error) *Error {
	return &Error{
		Kind: NoSpace,
		What: "there is no space left on the disk for the local cloud",
		Hint: "free some 150 MB, or choose a folder on another disk with RENPYCTL_LOCAL_DIR",
		Err:  err,
	}
}

// diskFull says whether a program's output complains of a full disk: Python's
// and uv's words for the system's error.
func diskFull(output string) bool {
	return strings.Contains(output, "No space left on device") || strings.Contains(output, "os error 28")
}

// dockerHint is dockerHintIn the shells of Linux and macOS.
var dockerHint = dockerHintIn("%s=%s", " ")

// dockerHintIn names the way without Python: the same release as an image, which
// renpyctl then treats like any endpoint. The functions inside must be told
// where the emulator is: MiniStack hands them only what it was given itself.
// How a variable is set, and what is between two of them, differs by shell.
func dockerHintIn(set, between string) string {
	var vars []string
	for _, v := range [][2]string{
		{"AWS_ENDPOINT_URL", "http://127.0.0.1:4566"}, {"AWS_REGION", "us-east-1"},
		{"AWS_ACCESS_KEY_ID", "test"}, {"AWS_SECRET_ACCESS_KEY", "test"},
	} {
		vars = append(vars, fmt.Sprintf(set, v[0], v[1]))
	}
	return "start MiniStack in Docker (docker run -d -p 127.0.0.1:4566:4566 -e AWS_ENDPOINT_URL=http://127.0.0.1:4566 " +
		"ministackorg/ministack:" + Version + ") and, in place of --local, set " + strings.Join(vars, between)
}

// lastLines returns the last n lines of text that say something.
func lastLines(text string, n int) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-n):]
}

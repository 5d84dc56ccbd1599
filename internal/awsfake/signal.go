package awsfake

import (
	"os"
	"syscall"
	"time"
)

// signals are the names of signals in scripts.
var signals = map[string]os.Signal{
	"interrupt": os.Interrupt,
	"terminate": syscall.SIGTERM,
	"kill":      os.Kill,
}

// sendSelf sends a signal to this process and gives it a moment to arrive, so
// that the answer comes after it.
func sendSelf(name string) error {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	if err := self.Signal(signals[name]); err != nil {
		return err
	}
	time.Sleep(50 * time.Millisecond)
	return nil
}

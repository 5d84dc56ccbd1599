package awsfake

import (
	"os"
	"syscall"
	"time"
)

// signals are the names of signals in scripts.
var signals = map[string]os.Signal{
	"hangup":    syscall.SIGHUP,
	"interrupt": os.Interrupt,
	"terminate": syscall.SIGTERM,
	"kill":      os.Kill,
}

// sendSelf sends a signal to this process. Without a delay it gives it a
// moment to arrive, so that the answer comes after it.
func sendSelf(name string, after time.Duration) error {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	if after > 0 {
		// An error would only say that the process has ended.
		time.AfterFunc(after, func() { _ = self.Signal(signals[name]) })
		return nil
	}
	if err := self.Signal(signals[name]); err != nil {
		return err
	}
	time.Sleep(50 * time.Millisecond)
	return nil
}

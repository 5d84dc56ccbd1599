package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
)

// interruptible returns the context of a run: it ends at the first signal that
// asks the program to end, so that a run takes back what it has begun to make. A
// second Ctrl-C or SIGTERM is taken at its word, but not a second SIGHUP: of a
// terminal that is closed there come several.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, unnotify := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(ctx)
	hangup := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGHUP) { // as by nohup
		signal.Notify(hangup, syscall.SIGHUP)
	}
	// Whoever reads the answer may go away ("| head -1"). Writing then fails, where
	// Go would otherwise end the program on the spot.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		select {
		case <-hangup:
			cancel()
		case <-ctx.Done():
		}
		unnotify()
	}()
	return ctx, func() { cancel(); unnotify() }
}

// nobodyReads tells of an error that it is about standard output, which nobody
// reads any more.
func (a *app) nobodyReads(err error) bool {
	e, ok := errors.AsType[*fs.PathError](err)
	return ok && e.Path == a.env.Stdout.Name() && errors.Is(e, syscall.EPIPE)
}

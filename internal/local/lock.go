package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"
)

// errLocked says that another process holds a lock.
var errLocked = errors.New("locked by another process")

// lock waits for the lock on a file, made if need be, and takes it. waiting is
// called once if it is not free at once. The lock ends with unlock or with this
// process, whichever is first, so a killed process never blocks anyone.
func lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	f, err := openLock(path)
	if err != nil {
		return nil, err
	}
	for told := false; ; {
		err := tryLock(f, exclusive)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, errLocked) {
			f.Close()
			return nil, err
		}
		if !told {
			waiting()
			told = true
		}
		if err := sleep(ctx, pollEvery); err != nil {
			f.Close()
			return nil, err
		}
	}
}

// held says whether a process holds the lock on a file.
func held(path string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	// Shared, so that two processes that look at once do not take each other for the holder.
	switch err := tryLock(f, shared); {
	case err == nil:
		return false, nil
	case errors.Is(err, errLocked):
		return true, nil
	default:
		return false, err
	}
}

func openLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	return f, noSpaceOr(err)
}

// sleep waits for d; its error is the context's.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

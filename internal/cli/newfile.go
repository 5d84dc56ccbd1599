package cli

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// existsError says that a file is there already, which is not written over.
type existsError struct{ path string }

func (e *existsError) Error() string { return quoted(e.path) + " is there already" }

// writeNew writes a file of a time that is not there yet, all of it or nothing.
func writeNew(path string, data []byte, modified time.Time) error {
	if _, err := os.Lstat(path); err == nil {
		return &existsError{path}
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".renpyctl-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close()) // a full disk may tell only at the end
	if err == nil {
		err = os.Chtimes(f.Name(), time.Time{}, modified)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

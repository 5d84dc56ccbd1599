package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// writeWhole writes a file that only its owner can read, whole or not at all, and
// returns its size. It replaces what is there. The file is of the time modified,
// if that is given.
func writeWhole(file string, modified time.Time, write func(*os.File) error) (size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // 0600
	if err != nil {
		return 0, err
	}
	err = write(f)
	if err == nil {
		size, err = f.Seek(0, io.SeekCurrent)
	}
	err = errors.Join(err, f.Sync(), f.Close()) // a full disk may tell only at the end
	if err == nil && !modified.IsZero() {
		err = os.Chtimes(f.Name(), time.Time{}, modified)
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return size, err
}

// writePrivate is [writeWhole] for what is at hand. What is no file, a link
// included, is not written to.
func writePrivate(file string, body []byte) error {
	if err := replaceable(file); err != nil {
		return err
	}
	_, err := writeWhole(file, time.Time{}, func(f *os.File) error { _, err := f.Write(body); return err })
	return err
}

// replaceable refuses a name that is there and no file's own, and one in a folder
// that is not there.
func replaceable(file string) error {
	there, err := os.Lstat(file)
	switch {
	case err == nil && there.IsDir():
		return fmt.Errorf("%s is a folder: add a file name", quoted(file))
	case err == nil && !there.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", quoted(file))
	}
	if folder, err := os.Stat(filepath.Dir(file)); errors.Is(err, os.ErrNotExist) || err == nil && !folder.IsDir() {
		return fmt.Errorf("there is no folder %s", quoted(filepath.Dir(file)))
	}
	return nil
}

// existsError says that a file is there already, which is not written over.
type existsError struct{ path string }

func (e *existsError) Error() string { return quoted(e.path) + " is there already" }

// writeNew is [writeWhole] for a file of a time that is not there yet.
func writeNew(path string, data []byte, modified time.Time) error {
	if _, err := os.Lstat(path); err == nil {
		return &existsError{path}
	}
	_, err := writeWhole(path, modified, func(f *os.File) error { _, err := f.Write(data); return err })
	return err
}

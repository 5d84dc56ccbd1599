package local

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// maxLog is the size in bytes from which a log is put aside at the next start.
const maxLog = 5 << 20

// openLog opens a log for appending; a large one becomes path.1 first, in place of the one before.
func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() >= maxLog {
		if err := os.Rename(path, path+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

// tail returns the last n lines of a log that say something, none if it cannot be read.
func tail(path string, n int) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	const enough = 16 << 10 // bytes
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-enough), enough))
	if err != nil {
		return nil
	}
	return lastLines(string(text), n)
}

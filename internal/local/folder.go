package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// private refuses folders that somebody else owns or can write to, with an
// [*Error] of kind [NotPrivate]: what is in them is run as this user. One that is
// not there yet will be made.
func (c *Cloud) private() error {
	for _, dir := range []string{c.cfg.Dir, c.dir, c.venv} {
		info, err := os.Stat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case !owned(info):
			return notPrivate(dir, "belongs to somebody else", "choose a folder of your own with RENPYCTL_LOCAL_DIR")
		case info.Mode()&0o022 != 0:
			return notPrivate(dir, "can be written to by others", "chmod go-w "+quote(dir)+", if nobody has changed anything in it")
		}
	}
	return c.reachedPrivately()
}

// reachedPrivately refuses a way to the folder on which others can put another
// in its place. In a sticky folder, such as /tmp, they cannot.
func (c *Cloud) reachedPrivately() error {
	for dir := filepath.Dir(c.cfg.Dir); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err == nil && info.Mode()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
			return notPrivate(dir, "can be written to by everybody", "choose another folder with RENPYCTL_LOCAL_DIR")
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func notPrivate(dir, why, hint string) *Error {
	return &Error{Kind: NotPrivate, What: fmt.Sprintf("the local cloud's folder %s %s", dir, why), Hint: hint}
}

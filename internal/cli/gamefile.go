package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"
)

// A gameFile is the file that config renpy writes, as it is before it is written.
type gameFile struct {
	path   string
	gameID string // that the file there is of; "" where there is none, or an empty one
	trusts bool   // whether its last line was chosen: the game trusts the player's devices
}

// otherGameError says that a file is of another game than the one it was asked
// for: written over, the players' saves would be out of the game's reach.
type otherGameError struct{ file, there, asked string }

func (e *otherGameError) Error() string {
	return fmt.Sprintf("%s is of the game %s, not %s", quoted(e.file), e.there, e.asked)
}

// trustLine is the choice on the last line of the file, as it is printed: off.
const trustLine = "# session.trust_own_devices = True"

var (
	gameIDLine = regexp.MustCompile(`(?m)^[^#\n]*\bgame_id\s*=\s*["']([A-Za-z0-9._-]+)["']`)
	trustsLine = regexp.MustCompile(`(?m)^[ \t]*session\.trust_own_devices[ \t]*=[ \t]*True\b`)
)

// maxGameFile is far more than any such file has: what is longer is something else.
const maxGameFile = 1 << 20

// lookAtGameFile reads what is there under the name of a file to be written. One
// that is not config renpy's, as the game's own script, is an [existsError].
func lookAtGameFile(path string) (gameFile, error) {
	if err := replaceable(path); err != nil {
		return gameFile{}, usagef("--out: %v", err)
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return gameFile{path: path}, nil
	}
	if err != nil {
		return gameFile{}, usagef("--out: %v", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxGameFile))
	if err != nil {
		return gameFile{}, usagef("--out: %v", err)
	}
	id := gameIDLine.FindSubmatch(text)
	switch {
	case id != nil:
		return gameFile{path, string(id[1]), trustsLine.Match(text)}, nil
	case len(text) == 0:
		return gameFile{path: path}, nil
	}
	return gameFile{}, &hintedError{&existsError{path}, "it is not a file of config renpy: choose another name"}
}

// of refuses a file of another game than the given one, unless that is wanted.
func (g gameFile) of(gameID string, change bool) error {
	if g.gameID == "" || g.gameID == gameID || change {
		return nil
	}
	return &otherGameError{g.path, g.gameID, gameID}
}

// write writes the block, for everybody to read as a game's other files, with the
// choice that was in the file before.
func (g gameFile) write(c renpyConfig) error {
	var block strings.Builder
	if err := c.write(&block); err != nil {
		return err
	}
	text := block.String()
	if g.trusts {
		text = strings.Replace(text, trustLine, strings.TrimPrefix(trustLine, "# "), 1)
	}
	_, err := writeWhole(g.path, time.Time{}, func(f *os.File) error {
		_, err := f.WriteString(text)
		return errors.Join(err, f.Chmod(0o644))
	})
	return err
}

package savesync

import (
	"fmt"
	"regexp"
	"strings"
)

// Names reach three places where a wrong one does harm: the keys in the bucket,
// the player's save folder on another device (the game client joins them to it
// unchecked), and the file systems of Windows and macOS. So they are allowed,
// not cleaned: what is not listed here is refused.
var (
	fileNames = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9 ._()-]{0,127}$`)
	gameIDs   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$`)
	players   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)
	devices   = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)
	checksums = regexp.MustCompile(`^[0-9a-f]{64}$`)
	slotNames = regexp.MustCompile(`^([0-9]+)-`)
)

// persistent is the one file of a Ren'Py game that belongs to no slot.
const persistent = "persistent"

// checkFileName returns an error that names the file when it must not be
// synced: it is no plain file name, or Windows would take it for something else.
func checkFileName(name string) error {
	if !fileNames.MatchString(name) || strings.Contains(name, "..") || devices.MatchString(name) ||
		strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
		return fmt.Errorf("%.140q is not the name of a save file", name)
	}
	return nil
}

// checkGameID returns an error when id is not the name of a game: 1 to 64
// letters, digits, dots, hyphens and underscores, beginning with none of '.' and '-'.
func checkGameID(id string) error {
	if !gameIDs.MatchString(id) {
		return fmt.Errorf("%.80q is not a game id", id)
	}
	return nil
}

// checkPlayer returns an error when sub is not the subject of a Cognito token.
func checkPlayer(sub string) error {
	if !players.MatchString(sub) {
		return fmt.Errorf("%.80q is not the subject of a token", sub)
	}
	return nil
}

// slotOf returns the slot that a file belongs to: the number before the first
// hyphen. Only such files are ever listed by slot; "auto-1-LT1.save" and
// "persistent" have none.
func slotOf(name string) (slot string, ok bool) {
	m := slotNames.FindStringSubmatch(name)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// isSave reports whether a name is that of a save proper, by whose age the game
// client chooses the slot that it lists.
func isSave(name string) bool { return strings.HasSuffix(name, ".save") }

// isChecksum reports whether s is a SHA-256 in 64 lower-case hex digits.
func isChecksum(s string) bool { return checksums.MatchString(s) }

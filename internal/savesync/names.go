package savesync

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// persistent is the one file of a Ren'Py game that belongs to no slot.
const persistent = "persistent"

// The bytes that names are made of. Names reach three places where a wrong one does
// harm: the keys in the bucket, the player's save folder on another device (the game
// client joins them to it unchecked), and the file systems of Windows and macOS. So
// they are allowed, not cleaned: what is not listed here is refused.
const (
	digits  = "0123456789"
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	word    = letters + digits + "_"
)

// maxNameBytes bounds a file's name.
const maxNameBytes = 128

// checkFileName returns an error that names the file when it must not be synced: it
// is no plain file name of 1 to 128 bytes, or Windows would take it for something else.
func checkFileName(name string) error {
	if !madeOf(name, maxNameBytes, word, word+" .-()") || strings.Contains(name, "..") || IsDevice(name) ||
		strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
		return fmt.Errorf("%.140q is not the name of a save file", name)
	}
	return nil
}

// CheckGameID returns an error when id is not the name of a game: 1 to 64 letters,
// digits, dots, hyphens and underscores, beginning with none of '.' and '-'.
func CheckGameID(id string) error {
	if !madeOf(id, 64, word, word+".-") {
		return fmt.Errorf("%.80q is not a game id", id)
	}
	return nil
}

// checkPlayer returns an error when sub is not the subject of a Cognito token.
func checkPlayer(sub string) error {
	if !madeOf(sub, 64, letters+digits, letters+digits+"-") {
		return fmt.Errorf("%.80q is not the subject of a token", sub)
	}
	return nil
}

// isChecksum reports whether s is a SHA-256 in 64 lower-case hex digits.
func isChecksum(s string) bool { return len(s) == 64 && strings.Trim(s, digits+"abcdef") == "" }

// checksumOf returns the SHA-256 of a content in lower-case hex.
func checksumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// madeOf reports whether s has 1 to limit bytes, the first of them from first and
// the others from rest.
func madeOf(s string, limit int, first, rest string) bool {
	return s != "" && len(s) <= limit && strings.IndexByte(first, s[0]) >= 0 && strings.Trim(s[1:], rest) == ""
}

// IsDevice reports whether Windows takes a file of that name for a device.
func IsDevice(name string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	stem = strings.TrimRight(stem, " ")
	if len(stem) == 4 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) {
		return strings.Contains(digits, stem[3:])
	}
	return slices.Contains([]string{"con", "prn", "aux", "nul"}, stem)
}

// slotOf returns the slot that a file belongs to: the number before the first
// hyphen. Only such files are ever listed by slot; "auto-1-LT1.save" and
// "persistent" have none.
func slotOf(name string) (slot string, ok bool) {
	slot, _, hyphen := strings.Cut(name, "-")
	return slot, hyphen && slot != "" && strings.Trim(slot, digits) == ""
}

// travels reports whether a file of that name is the game's own and syncs:
// "persistent" and the numbered saves. The client also lists whatever else begins
// with the number of its newest slot, such as the half of a save that a crash of
// the engine leaves ("1-1-LT1.save.new").
func travels(name string) bool {
	_, numbered := slotOf(name)
	return name == persistent || numbered && isSave(name)
}

// fold returns what names are the same by on a disk that does not tell capitals from
// small letters.
func fold(name string) string { return strings.ToLower(name) }

// isSave reports whether a name is that of a save proper, by whose age the game
// client chooses the slot that it lists.
func isSave(name string) bool { return strings.HasSuffix(name, ".save") }

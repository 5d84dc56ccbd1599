package savesync

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"
)

// keys makes the keys of one player's game in the bucket. All begin with
// users/PLAYER/GAME/, and none of the parts can hold a slash.
type keys struct{ player, game string }

// inbox is where a device's URL writes an upload: the only keys that clients can
// write to, and never what the record calls committed.
func (k keys) inbox(u Upload) string {
	if u.Imported {
		return k.prefix() + u.Name // where the backend before this one had it
	}
	return k.prefix() + "inbox/" + u.Name + "/" + u.ID
}

// content is where a committed content lies. It is written once, by the service.
// The history of a file is what lies under the key up to its last slash.
func (k keys) content(name, id string) string {
	return k.prefix() + "content/" + name + "/" + id
}

// IsContent reports whether a key of the bucket is where a committed content lies, or lay.
func IsContent(key string) bool {
	parts := strings.Split(key, "/")
	return len(parts) == 6 && parts[0] == "users" && parts[3] == "content"
}

func (k keys) prefix() string { return "users/" + k.player + "/" + k.game + "/" }

// idDigits are in the order of their bytes, so that ids sort by time.
var idDigits = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns a name for a content: 24 digits that begin with the time, so that
// the contents of a file list in the order in which they were planned. Its 72
// random bits keep two from ever being the same, even after a table was restored
// from a backup.
func NewID() string {
	var b [15]byte
	binary.BigEndian.PutUint64(b[:8], uint64(time.Now().UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // never fails, says crypto/rand
	return idDigits.EncodeToString(b[:])
}

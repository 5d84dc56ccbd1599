package savesync

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"
)

// keys makes the keys of one player's game in the bucket. All have PLAYER/GAME/ in
// them, and none of the parts can hold a slash.
type keys struct{ player, game string }

// The layouts of inboxes: which keys upload URLs write to. The bucket's lifecycle
// tells what clients write from what the service keeps by the beginning of the key.
const (
	layoutMixed = 0 // users/PLAYER/GAME/inbox/…, by releases that had no lifecycle of their own for it
	layoutInbox = 1 // inbox/PLAYER/GAME/…
)

// inboxPrefix begins the keys that clients can write to. cfn/template.yaml has a
// lifecycle rule for it.
const inboxPrefix = "inbox/"

// inbox is where a device's URL writes an upload: the only keys that clients can
// write to, and never what the record calls committed.
func (k keys) inbox(u Upload) string {
	switch {
	case u.Imported:
		return k.prefix() + u.Name // where the backend before this one had it
	case u.Layout == layoutMixed:
		return k.prefix() + "inbox/" + u.Name + "/" + u.ID
	default:
		return k.inboxes() + u.Name + "/" + u.ID
	}
}

// inboxes begins the keys of all inboxes of the game, inboxesOf those of a player.
func (k keys) inboxes() string       { return inboxesOf(k.player) + k.game + "/" }
func inboxesOf(player string) string { return inboxPrefix + player + "/" }

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

func (k keys) prefix() string { return contentsOf(k.player) + k.game + "/" }

// contentsOf begins the keys of all that the service keeps of a player.
func contentsOf(player string) string { return "users/" + player + "/" }

// idAlphabet is in the order of its bytes, so that ids sort by time.
const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

var idDigits = base32.NewEncoding(idAlphabet).WithPadding(base32.NoPadding)

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

// An Origin is how a content came to be under its key, if no device sent it.
type Origin string

// The origins, each the digit that an id has in the place of originAt. No digit of
// [NewID] is one of them.
const (
	Synced   Origin = ""
	Restored Origin = "o" // an older version, put there again
	Uploaded Origin = "u" // an operator's file
	Moved    Origin = "i" // another player's
	Repaired Origin = "l" // a copy of what was about to expire, or what was left of a file
)

const originAt, idLength = 12, 24

// originID returns an id for a content that comes of another one. It begins as the
// given new one does and ends with a digest of the other's.
func originID(id string, origin Origin, of string) string {
	id = strings.Repeat("0", max(0, originAt-len(id))) + id
	return id[:originAt] + string(origin) + digestOf(of)
}

// digestOf returns what an id has of the id of the content that it comes of.
func digestOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return idDigits.EncodeToString(sum[:])[:idLength-originAt-1]
}

// originOf returns how the content of an id came to be there, and the digest of what it
// comes of.
func originOf(id string) (Origin, string) {
	if len(id) != idLength || strings.Trim(id[:originAt], idAlphabet) != "" {
		return Synced, ""
	}
	switch origin := Origin(id[originAt : originAt+1]); origin {
	case Restored, Uploaded, Moved, Repaired:
		return origin, id[originAt+1:]
	}
	return Synced, ""
}

// importedID returns the name of a content that an old item has. It is the same each
// time, so that requests that import at once, or again after one that died, copy it
// to one key; and it sorts before all others.
func importedID(e Entry) string {
	sum := sha256.Sum256([]byte(e.Name + "/" + e.Checksum))
	return idDigits.EncodeToString(append(make([]byte, 6), sum[:9]...))
}

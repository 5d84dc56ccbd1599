package savesync

import (
	"encoding/base64"
	"encoding/hex"
)

// A History remembers the contents that a file's current content stands above:
// those it replaced, and those that arrived later but lost to it. It is what
// tells a device whose copy is stale from one whose copy is new, where clocks
// cannot (a download sets a file's time to now).
//
// It is text: for each content the first 48 bits of its checksum in base64,
// oldest first. With 128 of them the chance that a new content passes for an
// old one is below 10⁻¹².
type History string

const (
	historyDigits = 8 // base64 digits of 48 bits
	// maxHistory bounds one file's history (ten hours of play at a change in every
	// five minutes), maxHistories that of all files of a record together.
	maxHistory   = 128
	maxHistories = 2048
)

// historyKey returns what a history keeps of a checksum in hex.
func historyKey(checksum string) string {
	b, _ := hex.DecodeString(checksum[:12]) // cannot fail: isChecksum held when it came in
	return base64.RawURLEncoding.EncodeToString(b)
}

// has reports whether the history holds a checksum.
func (h History) has(checksum string) bool {
	key := historyKey(checksum)
	for i := 0; i+historyDigits <= len(h); i += historyDigits {
		if string(h[i:i+historyDigits]) == key {
			return true
		}
	}
	return false
}

// with returns the history with a checksum added, as the newest; the oldest one
// is forgotten when there are too many.
func (h History) with(checksum string) History {
	if h.has(checksum) {
		return h
	}
	return (h + History(historyKey(checksum))).trim(maxHistory)
}

// without returns the history without a checksum.
func (h History) without(checksum string) History {
	key := historyKey(checksum)
	for i := 0; i+historyDigits <= len(h); i += historyDigits {
		if string(h[i:i+historyDigits]) == key {
			return h[:i] + h[i+historyDigits:]
		}
	}
	return h
}

// len returns how many contents the history holds.
func (h History) len() int { return len(h) / historyDigits }

// trim returns the newest n of the history.
func (h History) trim(n int) History {
	if h.len() <= n {
		return h
	}
	return h[len(h)-n*historyDigits:]
}

package savesync

import (
	"fmt"
	"time"
)

// A Ban keeps a player from syncing.
type Ban struct {
	// Reason is shown to the player, "" for none.
	Reason string `json:"reason,omitempty"`
	// By is who banned the player.
	By string `json:"by,omitempty"`
	// At is when, in seconds since 1970, and Until when the ban ends by itself, 0 for never.
	At    int64 `json:"at"`
	Until int64 `json:"until,omitempty"`
}

// CheckReason refuses a reason that would not reach the player as it is: a record holds
// so much of one line, without what JSON escapes.
func CheckReason(reason string) error {
	switch {
	case len(reason) > maxReason:
		return fmt.Errorf("the reason has %d bytes, a player is shown %d", len(reason), maxReason)
	case brief(reason, maxReason) != reason:
		return fmt.Errorf(`the reason %q has to be one line, without " \ < > &`, reason)
	}
	return nil
}

// over reports whether there is a ban that has ended by itself.
func (b *Ban) over(now time.Time) bool { return b != nil && b.Until != 0 && now.Unix() >= b.Until }

// A Tombstone is all that a record says of a player who was erased. It stays, so that a
// device that is still signed in does not begin a new record.
type Tombstone struct {
	// At is when, in seconds since 1970.
	At int64 `json:"at"`
	// Quiet is from when on, in seconds since 1970, nothing that was handed out before
	// can write to the bucket any more: what is erased then stays erased.
	Quiet int64 `json:"quiet"`
}

// turnAway returns the refusal of every request of a player who is banned or was erased.
func (r *Record) turnAway() error {
	if r.Forgotten != nil {
		return &Refusal{Reason: Forgotten, Message: "This account was deleted, and its cloud saves with it. The saves on this device are safe."}
	}
	if r.Ban == nil {
		return nil
	}
	until, why := "", ""
	if r.Ban.Until != 0 {
		until = time.Unix(r.Ban.Until, 0).UTC().Format(" until 2006-01-02 15:04 UTC")
	}
	if r.Ban.Reason != "" {
		why = ": " + r.Ban.Reason
	}
	return &Refusal{Reason: Banned, Message: fmt.Sprintf("This account is banned from the cloud saves%s%s. The saves on this device are safe.", until, why)}
}

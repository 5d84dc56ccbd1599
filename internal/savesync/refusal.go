package savesync

import (
	"fmt"
	"time"
)

// A Reason is why a request was not served; its text is the `error` field of the answer.
type Reason string

// The reasons, each with one HTTP status.
const (
	Malformed    Reason = "invalid_request" // 400
	Unauthorized Reason = "unauthorized"    // 401
	Banned       Reason = "banned"          // 403: an operator keeps the player from syncing
	Forgotten    Reason = "forgotten"       // 403: the player was erased
	Conflict     Reason = "conflict"        // 409: other devices of the player kept on syncing; try again
	TooLarge     Reason = "too_large"       // 413: over a limit that waiting does not cure
	TooMany      Reason = "too_many"        // 429: over an hourly limit
	Internal     Reason = "internal"        // 500
	Unavailable  Reason = "unavailable"     // 503: a store could not be read or written; nothing was decided
)

// A Refusal is the error of a request that was not served.
type Refusal struct {
	Reason Reason
	// Message is shown to the player.
	Message string
	// RetryAfter is how long a client should wait, 0 when that would not help.
	RetryAfter time.Duration
	// Cause is for the log, not for the player. It may be nil.
	Cause error
}

// Error returns the message and the cause.
func (r *Refusal) Error() string {
	if r.Cause != nil {
		return fmt.Sprintf("%s: %v", r.Message, r.Cause)
	}
	return r.Message
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

func malformed(format string, args ...any) error {
	return &Refusal{Reason: Malformed, Message: fmt.Sprintf(format, args...)}
}

func tooLarge(format string, args ...any) error {
	return &Refusal{Reason: TooLarge, Message: fmt.Sprintf(format, args...)}
}

func tooMany(wait time.Duration, format string, args ...any) error {
	return &Refusal{Reason: TooMany, RetryAfter: wait, Message: fmt.Sprintf(format, args...)}
}

func unavailable(cause error) error {
	return &Refusal{
		Reason:     Unavailable,
		Message:    "The cloud saves cannot be reached right now. The saves on this device are safe; please try again in a moment.",
		RetryAfter: 5 * time.Second,
		Cause:      cause,
	}
}

func conflict(cause error) error {
	return &Refusal{
		Reason:     Conflict,
		Message:    "Another device is syncing at this moment; please try again.",
		RetryAfter: time.Second,
		Cause:      cause,
	}
}

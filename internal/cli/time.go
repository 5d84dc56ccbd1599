package cli

import (
	"time"

	"github.com/renpy-cloud/renpyctl/internal/when"
)

// past reads the time that a flag was given. It is in the zone of now.
func past(flag, text string, now time.Time) (when.Span, error) {
	s, err := when.Past(text, now)
	if err != nil {
		return s, usagef("--%s %q: %v", flag, text, err)
	}
	return s, nil
}

// future reads the time to come that a flag was given. It is in the zone of now.
func future(flag, text string, now time.Time) (time.Time, error) {
	at, err := when.Future(text, now)
	if err != nil {
		return at, usagef("--%s %q: %v", flag, text, err)
	}
	return at, nil
}

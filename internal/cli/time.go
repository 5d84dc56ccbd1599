package cli

import (
	"runtime"
	"slices"
	"strings"
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

// utc are the names of the zone that Go takes where it does not know TZ's.
var utc = []string{"", "UTC", "UTC0", "Etc/UTC", "GMT", "GMT0", "Etc/GMT"}

// checkZone refuses a TZ that Go has not understood, for which it takes UTC without a
// word (package time, initLocal). On Windows it does not read TZ.
func checkZone(tz string, local *time.Location) error {
	if runtime.GOOS == "windows" || local.String() != "UTC" || slices.Contains(utc, strings.TrimPrefix(tz, ":")) {
		return nil
	}
	return &hintedError{usagef("TZ=%q is no time zone that is known here", tz),
		"zones are called as Europe/Berlin; without TZ the zone is this computer's, and files of them come with the package tzdata"}
}

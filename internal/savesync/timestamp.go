package savesync

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// A Timestamp is a file's modification time in seconds since 1970, as the
// device sent it: the digits are kept, the comparison is by value.
type Timestamp struct {
	digits string
	value  float64
}

// maxTimestampDigits bounds a timestamp's text. Python prints a float in at most 24 characters.
const maxTimestampDigits = 32

// ParseTimestamp reads a JSON number. It fails on anything else, and on what no float64 can hold.
func ParseTimestamp(digits string) (Timestamp, error) {
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsInf(v, 0) || len(digits) > maxTimestampDigits || !json.Valid([]byte(digits)) {
		return Timestamp{}, fmt.Errorf("%.40q is not a timestamp in seconds", digits)
	}
	return Timestamp{digits: digits, value: v}, nil
}

// timestampOf returns a time in seconds, to the microsecond.
func timestampOf(t time.Time) Timestamp {
	digits := fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000)
	v, _ := strconv.ParseFloat(digits, 64) // cannot fail: the line above made the digits
	return Timestamp{digits: digits, value: v}
}

// Compare orders timestamps by value, not by digits: 1.50 equals 1.5.
func (t Timestamp) Compare(u Timestamp) int { return cmp.Compare(t.value, u.value) }

// String returns the digits as they were sent.
func (t Timestamp) String() string { return t.digits }

// Time returns the instant, one that every file system can hold: of a device whose clock
// says nonsense the nearest.
func (t Timestamp) Time() time.Time {
	const year2100 = 4102444800
	seconds, fraction := math.Modf(min(max(t.value, 0), year2100))
	return time.Unix(int64(seconds), int64(fraction*1e9)).Round(time.Microsecond)
}

// MarshalJSON writes the digits as a JSON number.
func (t Timestamp) MarshalJSON() ([]byte, error) { return []byte(t.digits), nil }

// UnmarshalJSON reads a JSON number and keeps its digits. Anything else is an error, null too.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	ts, err := ParseTimestamp(string(b))
	if err != nil {
		return err
	}
	*t = ts
	return nil
}

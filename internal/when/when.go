// Package when reads and writes times as people do. What [Format] and
// [ui.Ago] print can be typed back and means the same.
//
// A time without a zone is of the zone of now, which is this computer's: what is
// typed then means the same in a terminal, in a pipe and in a script. For
// programs times are printed as RFC 3339 in UTC, which says its zone itself.
package when

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Forms says in one line how a time may be typed.
const Forms = `2d, 1h30m, 22:31, "yesterday 22:31", 2026-11-25, "2026-11-25 22:31", 2026-11-25T22:31:05Z`

// A Span is a time as exactly as it was typed: "22:31" is that whole minute,
// "2026-11-25" that day. It is all instants from From to before To; of what is
// exact, as "2d", both are the same.
type Span struct{ From, To time.Time }

// Holds tells whether an instant is in the span.
func (s Span) Holds(t time.Time) bool {
	return t.Equal(s.From) || t.After(s.From) && t.Before(s.To)
}

// Past reads a time that is not after now. The error says what is wrong with it.
func Past(text string, now time.Time) (Span, error) {
	s, err := read(strings.TrimSpace(text), now)
	switch {
	case err != nil:
		return Span{}, err
	case s.From.After(now):
		return Span{}, fmt.Errorf("%s lies in the future", Format(s.From, now.Location()))
	case s.To.After(now):
		s.To = now
	}
	return s, nil
}

// FutureForms says in one line how a time to come may be typed.
const FutureForms = `2d, 1h30m, 2026-12-25, "2026-12-25 22:31", 2026-12-25T22:31:05Z`

// Future reads a time that is after now, the first instant of what was typed: a length
// of time counts from now on, and a day begins with its first hour. The error says what
// is wrong with it.
func Future(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	d, ok, err := length(text)
	if err != nil {
		return time.Time{}, err
	}
	at := now.Add(d)
	for _, form := range []func(string, time.Time) (Span, bool, error){zoned, clock} {
		if ok {
			break
		}
		var s Span
		if s, ok, err = form(text, now); err != nil {
			return time.Time{}, err
		}
		at = s.From
	}
	switch {
	case !ok:
		return time.Time{}, errors.New("no time to come, which is written as " + FutureForms)
	case !at.After(now):
		return time.Time{}, fmt.Errorf("%s lies in the past", Format(at, now.Location()))
	}
	return at, nil
}

// errForm says that a text is no time at all.
var errForm = errors.New("no time, which is written as " + Forms)

func read(text string, now time.Time) (Span, error) {
	for _, form := range []func(string, time.Time) (Span, bool, error){since, ago, zoned, clock} {
		if s, ok, err := form(text, now); ok || err != nil {
			return s, err
		}
	}
	return Span{}, errForm
}

// maxDays bounds how far a length of time may reach, lest it wraps around.
const maxDays = 36500

const day = 24 * time.Hour

var lengthPattern = regexp.MustCompile(`^(?:(\d{1,6})w)?(?:(\d{1,6})d)?((?:[\d.]+[a-z]+)*)$`)

// since reads a length of time before now.
func since(text string, now time.Time) (Span, bool, error) {
	d, ok, err := length(text)
	at := now.Add(-d)
	return Span{at, at}, ok, err
}

// length reads a length of time: "2d", "1h30m". A day is 24 hours.
func length(text string) (time.Duration, bool, error) {
	m := lengthPattern.FindStringSubmatch(text)
	if m == nil || text == "" {
		return 0, false, nil
	}
	days := 7*number(m[1]) + number(m[2])
	var rest time.Duration
	if m[3] != "" {
		var err error
		if rest, err = time.ParseDuration(m[3]); err != nil {
			return 0, false, nil
		}
	}
	if days > maxDays || rest > maxDays*day {
		return 0, false, fmt.Errorf("longer than %d years", maxDays/365)
	}
	return time.Duration(days)*day + rest, true, nil
}

// Days reads a number of days: "90", "90d", "12w".
func Days(text string) (int64, error) {
	if digits := strings.TrimLeft(text, "0123456789"); digits == "" && text != "" {
		text += "d"
	}
	d, ok, err := length(text)
	switch {
	case err != nil:
		return 0, err
	case !ok || d%day != 0:
		return 0, fmt.Errorf("%s is no whole number of days, which is written as 90, 90d or 12w", text)
	}
	return int64(d / day), nil
}

var agoPattern = regexp.MustCompile(`^(\d{1,5}) (min|h|days?) ago$`)

// ago reads what ui.Ago prints, which is rounded down: "3 min ago" is the whole
// minute that is called so.
func ago(text string, now time.Time) (Span, bool, error) {
	if text == "just now" {
		return Span{now.Add(-time.Minute), now}, true, nil
	}
	m := agoPattern.FindStringSubmatch(text)
	if m == nil {
		return Span{}, false, nil
	}
	unit := map[string]time.Duration{"min": time.Minute, "h": time.Hour, "day": day, "days": day}[m[2]]
	to := now.Add(-time.Duration(number(m[1])) * unit)
	// Exactly 3 minutes ago is "3 min ago", exactly 4 are not.
	return Span{to.Add(1 - unit), to.Add(1)}, true, nil
}

// zoned reads a time that says its zone.
func zoned(text string, _ time.Time) (Span, bool, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return Span{}, false, nil
	}
	if strings.Contains(text, ".") {
		return Span{t, t}, true, nil
	}
	return Span{t, t.Add(time.Second)}, true, nil
}

var clockPattern = regexp.MustCompile(`^(?:(today|yesterday|\d{4}-\d{2}-\d{2})(?: |$))?(?:(\d{1,2}):(\d{2})(?::(\d{2}))?)?$`)

// clock reads what clock and calendar say: "2026-11-25 22:31", "yesterday", "22:31".
func clock(text string, now time.Time) (Span, bool, error) {
	m := clockPattern.FindStringSubmatch(text)
	if m == nil || text == "" || strings.HasSuffix(text, " ") {
		return Span{}, false, nil
	}
	date := now
	switch m[1] {
	case "", "today":
	case "yesterday":
		date = now.AddDate(0, 0, -1)
	default:
		var err error
		if date, err = time.Parse(time.DateOnly, m[1]); err != nil {
			return Span{}, false, fmt.Errorf("%s is not in the calendar", m[1])
		}
	}
	if m[2] == "" {
		s, err := wholeDay(date, now.Location())
		return s, err == nil, err
	}
	h, min, sec := number(m[2]), number(m[3]), number(m[4])
	if h > 23 || min > 59 || sec > 59 {
		return Span{}, false, fmt.Errorf("%s is not on the clock", strings.TrimSpace(strings.TrimPrefix(text, m[1])))
	}
	at, err := instant(wall(date, h, min, sec), now.Location())
	if err != nil {
		return Span{}, false, err
	}
	length := time.Minute
	if m[4] != "" {
		length = time.Second
	}
	return Span{at, at.Add(length)}, true, nil
}

// wall is what calendar and clock show, as if it were in UTC.
func wall(date time.Time, h, min, sec int) time.Time {
	return time.Date(date.Year(), date.Month(), date.Day(), h, min, sec, 0, time.UTC)
}

// wholeDay begins at the first instant of the day, which need not be midnight.
func wholeDay(date time.Time, zone *time.Location) (Span, error) {
	from, err := dawn(date, zone)
	if err != nil {
		return Span{}, err
	}
	to, err := dawn(date.AddDate(0, 0, 1), zone)
	return Span{from, to}, err
}

// dawn is the first instant of a day.
func dawn(date time.Time, zone *time.Location) (time.Time, error) {
	for h := range 2 { // summer time may begin at midnight
		if at := instants(wall(date, h, 0, 0), zone); len(at) > 0 {
			return at[0], nil
		}
	}
	return time.Time{}, fmt.Errorf("%s does not exist in %s", date.Format(time.DateOnly), zone)
}

// instant is when the zone's clocks show that time. It must be once.
func instant(shown time.Time, zone *time.Location) (time.Time, error) {
	text := shown.Format(time.DateTime)
	switch at := instants(shown, zone); len(at) {
	case 0:
		return time.Time{}, fmt.Errorf("%s does not exist in %s, where clocks were put forward then", text, zone)
	case 1:
		return at[0], nil
	default:
		return time.Time{}, fmt.Errorf("%s was twice in %s, where clocks were put back then: %s or %s",
			text, zone, at[0].In(zone).Format(time.RFC3339), at[1].In(zone).Format(time.RFC3339))
	}
}

// instants are all of them when the zone's clocks show that time, the first one first.
func instants(shown time.Time, zone *time.Location) []time.Time {
	var list []time.Time
	for _, near := range []time.Time{shown.Add(-day), shown.Add(day)} {
		_, offset := near.In(zone).Zone()
		at := shown.Add(-time.Duration(offset) * time.Second)
		if wallOf(at.In(zone)).Equal(shown) && !slices.ContainsFunc(list, at.Equal) {
			list = append(list, at.In(zone))
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}

func wallOf(t time.Time) time.Time {
	h, min, sec := t.Clock()
	return wall(t, h, min, sec)
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits) // the patterns leave digits only, and few
	return n
}

// Format writes a time to the minute as the zone's clocks show it:
// "2026-11-25 22:31", or, where they show that twice, as RFC 3339.
func Format(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	if len(instants(wallOf(t.Truncate(time.Second)), zone)) != 1 {
		return t.Format(time.RFC3339)
	}
	return t.Format("2006-01-02 15:04")
}

// Zone names the zone of a time, for the one place of a screen that says it: "CET, UTC+01:00".
func Zone(t time.Time) string {
	name, offset := t.Zone()
	if offset == 0 {
		return "UTC"
	}
	shift := t.Format("UTC-07:00")
	if strings.ContainsAny(name, "+-") || name == "" { // a zone without a name of its own
		return shift
	}
	return name + ", " + shift
}

package ui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// Bytes says a size in the largest unit that keeps it above one: "812 MB".
func Bytes(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, suffixes := float64(n)/unit, []string{"kB", "MB", "GB", "TB", "PB"}
	i := 0
	for ; value >= 999.5 && i < len(suffixes)-1; i++ {
		value /= unit
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %s", value, suffixes[i])
	}
	return fmt.Sprintf("%.0f %s", value, suffixes[i])
}

// unitBytes are the units of sizes that are typed, in small letters.
var unitBytes = map[string]float64{
	"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "pb": 1e15,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40, "pib": 1 << 50,
}

// ReadBytes reads a size as people type it, and as [Bytes] says it: "3.1 MB",
// "16MiB", "1024".
func ReadBytes(text string) (int64, error) {
	number := strings.TrimRightFunc(text, func(r rune) bool { return unicode.IsLetter(r) || r == ' ' })
	unit, known := unitBytes[strings.ToLower(strings.TrimSpace(text[len(number):]))]
	n, err := strconv.ParseFloat(number, 64)
	if bytes := math.Round(n * unit); known && err == nil && bytes >= 0 && bytes < 1<<62 {
		return int64(bytes), nil
	}
	return 0, fmt.Errorf("%q is no size, which is written as 1024, 512 kB or 16 MiB", text)
}

// Count writes a whole number with a comma between thousands: "12,408".
func Count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var out strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteRune(d)
	}
	return sign + out.String()
}

// Plural writes a count with its noun: "1 player", "312 players".
func Plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

// Elapsed says a duration as a person would: "0.4s", "24s", "1 min 38 s", "2 h 5 min".
func Elapsed(d time.Duration) string {
	switch {
	case d < 950*time.Millisecond:
		return fmt.Sprintf("%.1fs", max(d, 0).Seconds())
	case d < 59500*time.Millisecond:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d < time.Hour-500*time.Millisecond:
		d = d.Round(time.Second)
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	default:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
}

// Ago says how long before now t was: "just now", "3 min ago", "2 days ago", and
// after two months the day, in the zone of now. Package when reads it back.
func Ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	case d < 60*24*time.Hour:
		return Plural(int64(d.Hours()/24), "day") + " ago"
	default:
		return t.In(now.Location()).Format(time.DateOnly)
	}
}

// Plain is a text of somebody else's without what a terminal would obey, and
// without what it would not show or would turn round.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}

// Middle cuts a text in its middle to a width in cells: of a long address
// beginning and end tell most.
func Middle(s string, width int) string {
	w := ansi.StringWidth(s)
	if w <= width {
		return s
	}
	head := max(0, width-1) / 2
	return ansi.Truncate(s, head, "") + "…" + ansi.TruncateLeft(s, w-(width-1-head), "")
}

// Bar draws how much of a total is done, width cells wide, with its percentage.
func Bar(done, total int64, width int) string {
	if total <= 0 {
		return ""
	}
	share := min(max(float64(done)/float64(total), 0), 1)
	full := int(share * float64(width))
	return strings.Repeat("━", full) + Dim(strings.Repeat("─", width-full)) + fmt.Sprintf(" %3.0f %%", share*100)
}

package ui

import (
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

func TestWords(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) string { return Ago(at.Add(-d), at) }
	const day = 24 * time.Hour
	for _, c := range []struct{ what, got, want string }{
		{"no bytes", Bytes(0), "0 B"},
		{"below a unit", Bytes(999), "999 B"},
		{"a unit", Bytes(1000), "1.0 kB"},
		{"two digits need no decimals", Bytes(9_949_999), "9.9 MB"},
		{"the last with decimals", Bytes(9_950_000), "10 MB"},
		{"three digits", Bytes(812_400_000), "812 MB"},
		{"never 1000 of a unit", Bytes(999_600_000), "1.0 GB"},
		{"the largest unit has no end", Bytes(3_000_000_000_000_000_000), "3000 PB"},

		{"small count", Count(999), "999"},
		{"count", Count(12408), "12,408"},
		{"large count", Count(-1234567), "-1,234,567"},
		{"none", Plural(0, "player"), "0 players"},
		{"one", Plural(1, "player"), "1 player"},
		{"many", Plural(3911, "version"), "3,911 versions"},

		{"no time", Elapsed(0), "0.0s"},
		{"negative time, by clocks that differ", Elapsed(-3 * time.Second), "0.0s"},
		{"under a second", Elapsed(440 * time.Millisecond), "0.4s"},
		{"never 1.0 of a tenth", Elapsed(960 * time.Millisecond), "1s"},
		{"seconds", Elapsed(24 * time.Second), "24s"},
		{"never 60 seconds", Elapsed(59600 * time.Millisecond), "1 min 0 s"},
		{"minutes", Elapsed(98 * time.Second), "1 min 38 s"},
		{"never 60 minutes", Elapsed(time.Hour - 300*time.Millisecond), "1 h 0 min"},
		{"hours", Elapsed(2*time.Hour + 5*time.Minute + 31*time.Second), "2 h 6 min"},

		{"now", ago(0), "just now"},
		{"the future, by clocks that differ", ago(-time.Minute), "just now"},
		{"minutes ago", ago(3*time.Minute + 59*time.Second), "3 min ago"},
		{"hours ago", ago(23 * time.Hour), "23 h ago"},
		{"a day ago", ago(day), "1 day ago"},
		{"days ago", ago(59 * day), "59 days ago"},
		{"long ago", ago(60 * day), "2026-09-24"},

		{"nothing to do", Bar(0, 0, 10), ""},
		{"half a bar", ansi.Strip(Bar(5, 10, 10)), "━━━━━─────  50 %"},
		{"more than all", ansi.Strip(Bar(11, 10, 4)), "━━━━ 100 %"},
		{"less than none", ansi.Strip(Bar(-1, 10, 4)), "────   0 %"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
}

func TestReadBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"1024": 1024, "16MiB": 16 << 20, "16 mib": 16 << 20, "1.5 GB": 1_500_000_000, "3.1 MB": 3_100_000, "512 kB": 512_000, "0": 0, "812 MB": 812_000_000,
		"": -1, "MiB": -1, "16 MiBs": -1, "-1": -1, "1e30": -1, "NaN": -1, "1 2": -1, "9999 PiB": -1,
	} {
		if got, err := ReadBytes(text); err == nil && got != want || err != nil && want >= 0 {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, n := range []int64{0, 999, 1000, 3_100_000, 812_000_000_000} {
		if got, err := ReadBytes(Bytes(n)); got != n {
			t.Errorf("%q: %d, %v", Bytes(n), got, err)
		}
	}
}

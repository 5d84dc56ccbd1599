package when_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestPast(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	now := time.Date(2026, 11, 26, 10, 6, 30, 0, berlin)
	for text, want := range map[string][2]string{ // in UTC; the second is empty where it is the same
		"2d":                        {"2026-11-24T09:06:30Z", ""},
		"1w2d":                      {"2026-11-17T09:06:30Z", ""},
		"90m":                       {"2026-11-26T07:36:30Z", ""},
		"1h30m":                     {"2026-11-26T07:36:30Z", ""},
		"1d12h":                     {"2026-11-24T21:06:30Z", ""},
		"0s":                        {"2026-11-26T09:06:30Z", ""},
		"2026-11-25":                {"2026-11-24T23:00:00Z", "2026-11-25T23:00:00Z"},
		"2026-11-25 22:31":          {"2026-11-25T21:31:00Z", "2026-11-25T21:32:00Z"},
		" 2026-11-25 22:31 ":        {"2026-11-25T21:31:00Z", "2026-11-25T21:32:00Z"},
		"2026-07-25 22:31":          {"2026-07-25T20:31:00Z", "2026-07-25T20:32:00Z"}, // summer time
		"2026-11-25 22:31:05":       {"2026-11-25T21:31:05Z", "2026-11-25T21:31:06Z"},
		"2026-11-25T22:31:05Z":      {"2026-11-25T22:31:05Z", "2026-11-25T22:31:06Z"},
		"2026-11-25T22:31:05-08:00": {"2026-11-26T06:31:05Z", "2026-11-26T06:31:06Z"},
		"2026-11-25T22:31:05.25Z":   {"2026-11-25T22:31:05.25Z", ""},
		"yesterday 22:31":           {"2026-11-25T21:31:00Z", "2026-11-25T21:32:00Z"},
		"yesterday":                 {"2026-11-24T23:00:00Z", "2026-11-25T23:00:00Z"},
		"9:31":                      {"2026-11-26T08:31:00Z", "2026-11-26T08:32:00Z"},
		"today 09:31":               {"2026-11-26T08:31:00Z", "2026-11-26T08:32:00Z"},
		"10:06":                     {"2026-11-26T09:06:00Z", "2026-11-26T09:06:30Z"}, // not beyond now
		"2026-10-25T02:30:00+01:00": {"2026-10-25T01:30:00Z", "2026-10-25T01:30:01Z"}, // the later of two half past twos
	} {
		s, err := when.Past(text, now)
		if want[1] == "" {
			want[1] = want[0]
		}
		if got := [2]string{s.From.UTC().Format(time.RFC3339Nano), s.To.UTC().Format(time.RFC3339Nano)}; err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
}

// What is ambiguous, in the future or no time at all is refused, and the error says what is wanted.
func TestPastRefuses(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 6, 30, 0, zone(t, "Europe/Berlin"))
	for text, want := range map[string]string{
		"":                    "no time, which is written as 2d",
		"2":                   "no time",
		"-2d":                 "no time",
		"2x":                  "no time",
		"tomorrow":            "no time",
		"2026-11-25T22:31:05": "no time", // RFC 3339 has a zone
		"25.11.2026":          "no time",
		"2026-11-25 ":         "", // blanks around it are no matter
		"2026-02-30":          "2026-02-30 is not in the calendar",
		"2026-02-30 10:00":    "2026-02-30 is not in the calendar",
		"24:00":               "24:00 is not on the clock",
		"2026-11-25 22:60":    "22:60 is not on the clock",
		"22:31":               "2026-11-26 22:31 lies in the future",
		"2026-11-27":          "2026-11-27 00:00 lies in the future",
		"99999w":              "longer than 100 years",
		"999999h":             "longer than 100 years",
		"2026-10-25 02:30":    "was twice in Europe/Berlin, where clocks were put back then: 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00",
		"2026-03-29 02:30":    "does not exist in Europe/Berlin, where clocks were put forward then",
	} {
		_, err := when.Past(text, now)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// A day whose midnight was left out begins at one; a day that was left out is refused.
func TestDaysWithoutMidnight(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, zone(t, "America/Santiago"))
	s, err := when.Past("2026-09-06", now)
	if want := time.Date(2026, 9, 6, 1, 0, 0, 0, now.Location()); err != nil || !s.From.Equal(want) || s.To.Sub(s.From) != 23*time.Hour {
		t.Errorf("%v to %v, %v; want from %v", s.From, s.To, err, want)
	}
	if _, err := when.Past("2011-12-30", now.In(zone(t, "Pacific/Apia"))); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("a day that Samoa left out: %v", err)
	}
}

// Whatever is printed can be typed back, and holds the instant that was printed.
func TestWhatIsPrintedCanBeTyped(t *testing.T) {
	const seed = 11
	random := rand.New(rand.NewPCG(seed, seed))
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"} {
		z := zone(t, name)
		now := time.Date(2026, 11, 26, 10, 6, 30, 500, z)
		for range 3000 {
			at := now.Add(-time.Duration(random.Int64N(int64(400 * 24 * time.Hour))))
			// Every second one is near the end of summer time.
			if _, end := at.ZoneBounds(); random.IntN(2) == 0 && end.Before(now.Add(-4*time.Hour)) && !end.IsZero() {
				at = end.Add(time.Duration(random.Int64N(int64(4*time.Hour))) - 2*time.Hour)
			}
			for _, text := range []string{when.Format(at, z), ui.Ago(at.UTC(), now), at.UTC().Format(time.RFC3339)} {
				s, err := when.Past(text, now)
				if err != nil || !s.Holds(at) {
					t.Fatalf("%s: %v was printed as %q, which is %v to %v, %v", name, at, text, s.From, s.To, err)
				}
			}
			if s, _ := when.Past(when.Format(at, z), now); s.To.Sub(s.From) > time.Minute {
				t.Fatalf("%v is only printed as %q", at, when.Format(at, z))
			}
		}
	}
}

func TestZone(t *testing.T) {
	at := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	for name, want := range map[string]string{"UTC": "UTC", "Europe/Berlin": "CET, UTC+01:00", "Asia/Kathmandu": "UTC+05:45", "America/New_York": "EST, UTC-05:00"} {
		if got := when.Zone(at.In(zone(t, name))); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestFuture(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, berlin)
	for text, want := range map[string]time.Time{
		"2d": now.Add(48 * time.Hour), " 1h30m ": now.Add(90 * time.Minute), "1w": now.Add(7 * 24 * time.Hour),
		"2026-12-25": time.Date(2026, 12, 25, 0, 0, 0, 0, berlin), "2026-12-25 22:31": time.Date(2026, 12, 25, 22, 31, 0, 0, berlin),
		"22:31": time.Date(2026, 11, 26, 22, 31, 0, 0, berlin), "2026-12-25T22:31:05Z": time.Date(2026, 12, 25, 22, 31, 5, 0, time.UTC),
		"": {}, "0s": {}, "soon": {}, "today": {}, "yesterday": {}, "09:59": {}, "2026-11-25": {}, "2026-13-01": {}, "3 days ago": {}, "40000d": {},
		"2027-03-28 02:30": {}, // clocks are put forward
	} {
		got, err := when.Future(text, now)
		if (err == nil) != !want.IsZero() || err == nil && !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestDays(t *testing.T) {
	for text, want := range map[string]int64{"90": 90, "90d": 90, "2w": 14, "1w3d": 10, "48h": 2, "36h": -1, "": -1, "-1": -1, "d": -1, "9999999": -1, "9999999d": -1} {
		if got, err := when.Days(text); err == nil && got != want || err != nil && want >= 0 {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
}

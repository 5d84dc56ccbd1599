package report

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

// hostile is what somebody may be called who wants a page to do something.
const hostile = `"><script>document.title='run';fetch('/leak')</script><img src="/leak" onerror="document.title='run'">' onload='x`

// hostilePage has it wherever others' text can be.
func hostilePage() Page {
	nan := math.NaN()
	start := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	return Page{
		Title: "Metrics of prod", Subtitle: hostile,
		Facts: []Fact{{hostile, "12,408"}, {"players", hostile}},
		Charts: []Chart{{
			Title: hostile, Start: start, Period: time.Hour,
			Lines: []Line{{hostile, []float64{1, 2, nan, 4, nan, 0}}, {"5xx", []float64{nan, nan, nan, nan, nan, nan}}},
			Marks: []Mark{{start.Add(90 * time.Minute), hostile}, {start.Add(-time.Hour), "before"}, {start.Add(99 * time.Hour), "after"}},
			Label: func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) + hostile },
			Time:  func(t time.Time) string { return t.Format(time.TimeOnly) + hostile },
		}},
		Tables: []Table{{Title: hostile, Header: []string{hostile, "n"}, Rows: [][]string{{hostile, "7"}}, Right: map[int]bool{1: true}}, {Title: "empty", None: hostile}},
		Notes:  []string{hostile},
	}
}

func written(t *testing.T, p Page) string {
	t.Helper()
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// All that is told is there, as text.
func TestPageShowsTextAsText(t *testing.T) {
	page := written(t, hostilePage())
	for _, forbidden := range []string{"<script", "<img", "onerror=\"", "http://", "https://", "url(", "@import", "%!"} {
		if strings.Contains(page, forbidden) {
			t.Errorf("the page has %q", forbidden)
		}
	}
	if n := strings.Count(page, "&lt;script&gt;"); n != 19 {
		t.Errorf("the hostile name is there %d times", n)
	}
	for _, wanted := range []string{"12,408", "<td class=\"r\">7</td>", "prefers-color-scheme:dark", "@media print", "default-src 'none'"} {
		if !strings.Contains(page, wanted) {
			t.Errorf("the page has no %q", wanted)
		}
	}
	if strings.Contains(page, ">before<") || strings.Contains(page, ">after<") {
		t.Error("a mark stands outside of the chart")
	}
}

// A line begins anew after a gap; of no data nothing is drawn.
func TestLinesHaveGaps(t *testing.T) {
	nan := math.NaN()
	c := Chart{Start: time.Unix(0, 0), Period: time.Minute, Lines: []Line{{"", []float64{1, 2, nan, 4, nan, 0}}}}
	for want, values := range map[string][]float64{"ML Mh Mh": {1, 2, nan, 4, nan, 0}, "MLLLLL": {1, 1, 1, 1, 1, 1}, "": {nan, nan}, "Mh": {nan, 3}} {
		got := strings.Map(func(r rune) rune {
			if strings.ContainsRune("MLh", r) {
				return r
			}
			return -1
		}, c.path(Line{Values: values}, 4))
		if got != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%v: %s, want %s", values, got, want)
		}
	}
}

// Of a single line, too, the chart says what it is.
func TestEachLineHasItsName(t *testing.T) {
	c := hostilePage().Charts[0]
	c.Lines = []Line{{"5xx", []float64{1, 2}}}
	if page := written(t, Page{Charts: []Chart{c}}); !strings.Contains(page, "▬</b> 5xx<") {
		t.Errorf("nothing names the line:\n%s", page)
	}
}

// full is a disk that is full once; somebody makes room then.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		f.room = 1 << 30
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

// A page that cannot be written to its end is no page.
func TestFullDisk(t *testing.T) {
	whole := len(written(t, hostilePage()))
	for _, room := range []int{0, 100, whole / 2, whole - 1} {
		if err := hostilePage().Write(&full{room}); err == nil {
			t.Errorf("with room for %d of %d bytes there is no error", room, whole)
		}
	}
	if err := hostilePage().Write(&full{whole}); err != nil {
		t.Error(err)
	}
}

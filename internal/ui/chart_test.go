package ui

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

var nan = math.NaN()

func TestSparkline(t *testing.T) {
	for want, values := range map[string][]float64{
		"▁▅█ ▁": {0, 4, 8, nan, 1e-9},
		"▁▁":    {0, 0},
		"  ":    {nan, nan},
		"█ █":   {1e300, nan, 1e300},
		"▁█":    {-5, 5},
		"":      nil,
	} {
		if got := Sparkline(values); got != want {
			t.Errorf("%v: %q, want %q", values, got, want)
		}
	}
}

// A chart fits the width, begins each value where it says, and draws nothing where
// there is no data.
func TestChart(t *testing.T) {
	label := func(v float64) string { return fmt.Sprintf("%.0f ms", v) }
	for _, values := range [][]float64{{1, 1200, nan, nan, 5}, {0, 0, 0}, {nan, 7}} {
		for _, width := range []int{40, 80, 200} {
			lines, cell := Chart(values, width, 6, label)
			if len(lines) != 7 {
				t.Fatalf("%v: %d lines", values, len(lines))
			}
			for _, line := range lines {
				if ansi.StringWidth(line) > width {
					t.Errorf("%v in %d cells: %q", values, width, line)
				}
			}
			for i, v := range values {
				if drawn := column(lines, cell(i)+1, cell(i+1)-1); math.IsNaN(v) == drawn {
					t.Errorf("%v in %d cells: of value %d there is something drawn: %v\n%s", values, width, i, drawn, strings.Join(lines, "\n"))
				}
			}
			if cell(len(values)) != width {
				t.Errorf("%v: ends at %d of %d", values, cell(len(values)), width)
			}
		}
	}
	if lines, _ := Chart([]float64{nan, nan}, 80, 6, label); lines != nil {
		t.Errorf("of no data there is drawn\n%s", strings.Join(lines, "\n"))
	}
}

// column tells whether something is drawn between two cells.
func column(lines []string, from, to int) bool {
	for _, line := range lines {
		runes := []rune(line + strings.Repeat(" ", to))
		if strings.TrimSpace(string(runes[from:to])) != "" {
			return true
		}
	}
	return false
}

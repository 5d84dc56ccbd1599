package ui

import (
	"math"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/guptarohit/asciigraph"
)

// bars are the eighths of a cell, from the bottom.
var bars = []rune("▁▂▃▄▅▆▇█")

// Sparkline draws values as bars of up to a cell's height, a cell each. What is NaN
// is left blank: there is no data, which is not 0.
func Sparkline(values []float64) string {
	highest := 0.0
	for _, v := range values {
		if v > highest { // which NaN is not
			highest = v
		}
	}
	var b strings.Builder
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			b.WriteRune(' ')
		case highest == 0:
			b.WriteRune(bars[0])
		default:
			b.WriteRune(bars[int(max(v, 0)/highest*float64(len(bars)-1)+0.5)])
		}
	}
	return b.String()
}

// Chart draws values as a line over an axis of labels that begins at 0, in lines of
// width cells, and tells in which cell the line of each value begins. There is
// nothing where a value is NaN. Of NaN alone it draws nothing.
func Chart(values []float64, width, height int, label func(float64) string) (lines []string, cell func(i int) int) {
	highest, known := 0.0, false
	for _, v := range values {
		if !math.IsNaN(v) {
			highest, known = max(highest, v), true
		}
	}
	if !known {
		return nil, nil
	}
	if highest == 0 {
		highest = 1 // an axis has a length
	}
	axis := 0
	for row := range height + 1 {
		axis = max(axis, ansi.StringWidth(label(highest*float64(row)/float64(height))))
	}
	first := axis + 2 // a blank before the label, one after it; the axis is in the first value's cell
	cells := max(len(values), width-first)
	stretched := make([]float64, cells)
	for i := range stretched {
		stretched[i] = values[i*len(values)/cells]
	}
	text := asciigraph.Plot(stretched, asciigraph.Height(height), asciigraph.LowerBound(0), asciigraph.UpperBound(highest),
		asciigraph.YAxisValueFormatter(label))
	return strings.Split(text, "\n"), func(i int) int { return first + (i*cells+len(values)-1)/len(values) }
}

package ui

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Table is rows of text under a header. People get aligned columns, programs
// get tab-separated values without a header.
type Table struct {
	Header []string
	Rows   [][]string
	// Right names the columns, by index, whose cells are aligned to the right.
	Right map[int]bool
	// Screen is how wide the terminal is, in cells; 0 for wide enough.
	Screen int
}

// narrow is below how many cells a terminal folds lines into what nobody can read.
const narrow = 60

// folds tells whether a screen is too narrow for columns.
func folds(screen int, widths []int) bool {
	width := 0
	for _, w := range widths {
		width += w + 2
	}
	return 0 < screen && screen < narrow && screen < width-2
}

// Write prints the table: aligned with a header when terminal is true,
// otherwise one line a row with tabs between the cells. Tabs and line breaks
// inside a cell become spaces. On a narrow terminal each cell has a line of its own.
func (t Table) Write(w io.Writer, terminal bool) error {
	t.Rows = singleLines(t.Rows)
	if !terminal {
		return t.writeTSV(w)
	}
	widths := t.widths()
	if folds(t.Screen, widths) {
		for _, row := range t.Rows {
			if err := writeRecord(w, t.Header, row); err != nil {
				return err
			}
		}
		return nil
	}
	if err := t.writeLine(w, widths, t.Header, Dim); err != nil {
		return err
	}
	for _, row := range t.Rows {
		if err := t.writeLine(w, widths, row, nil); err != nil {
			return err
		}
	}
	return nil
}

func singleLines(rows [][]string) [][]string {
	out := make([][]string, len(rows))
	for i, row := range rows {
		for _, cell := range row {
			out[i] = append(out[i], Clean(SingleLine(cell)))
		}
	}
	return out
}

func (t Table) writeTSV(w io.Writer) error {
	for _, row := range t.Rows {
		if _, err := fmt.Fprintln(w, ansi.Strip(strings.Join(row, "\t"))); err != nil {
			return err
		}
	}
	return nil
}

func (t Table) widths() []int {
	widths := make([]int, len(t.Header))
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	return widths
}

func (t Table) writeLine(w io.Writer, widths []int, cells []string, style func(string) string) error {
	var line strings.Builder
	for i, cell := range cells {
		pad := strings.Repeat(" ", widths[i]-ansi.StringWidth(cell))
		if style != nil {
			cell = style(cell)
		}
		if i > 0 {
			line.WriteString("  ")
		}
		switch {
		case t.Right[i]:
			line.WriteString(pad + cell)
		case i == len(cells)-1:
			line.WriteString(cell)
		default:
			line.WriteString(cell + pad)
		}
	}
	_, err := fmt.Fprintln(w, line.String())
	return err
}

// writeRecord prints a row as lines, each with a cell behind its heading.
func writeRecord(w io.Writer, header, cells []string) error {
	var f Fields
	for i, cell := range cells {
		if cell = strings.TrimSpace(cell); cell != "" {
			f.Add(strings.ToLower(strings.TrimSpace(header[i])), Text(cell))
		}
	}
	if err := f.Write(w, true); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// Rows prints a table whose rows are not all known at first: each as it comes, in
// columns of fixed widths. The last column may be wider.
type Rows struct {
	Header []string
	Widths []int // in cells; what does not fit is cut
	Screen int   // as of a [Table]
	begun  bool
}

// Write prints one row, as [Table.Write] does; before the first one the header.
func (r *Rows) Write(w io.Writer, terminal bool, cells []string) error {
	t := Table{Rows: singleLines([][]string{cells})}
	if !terminal {
		return t.writeTSV(w)
	}
	if folds(r.Screen, r.Widths) {
		return writeRecord(w, r.Header, t.Rows[0])
	}
	if !r.begun {
		r.begun = true
		if err := t.writeLine(w, r.Widths, r.Header, Dim); err != nil {
			return err
		}
	}
	for i, cell := range t.Rows[0] {
		t.Rows[0][i] = ansi.Truncate(cell, r.Widths[i], "…")
	}
	return t.writeLine(w, r.Widths, t.Rows[0], nil)
}

package ui

import (
	"errors"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	table := Table{
		Header: []string{"NAME", "SIZE", "NOTE"},
		Rows: [][]string{
			{"persistent", "1.2 MB", Failure("damaged")},
			{"セーブ", "812 B", "two\nlines\tand a tab"},
			{"", "", ""},
		},
		Right: map[int]bool{1: true},
	}
	// People: columns by width on the screen, not by bytes; no blanks at the ends.
	terminal := "" +
		Dim("NAME") + "          " + Dim("SIZE") + "  " + Dim("NOTE") + "\n" +
		"persistent  1.2 MB  " + Failure("damaged") + "\n" +
		"セーブ       812 B  two lines and a tab\n" +
		"                    \n"
	// Programs: a line a row, a tab between cells, nothing else.
	pipe := "persistent\t1.2 MB\tdamaged\n" +
		"セーブ\t812 B\ttwo lines and a tab\n" +
		"\t\t\n"
	for isTerminal, want := range map[bool]string{true: terminal, false: pipe} {
		var out strings.Builder
		if err := table.Write(&out, isTerminal); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("terminal %v:\n%q\nwant\n%q", isTerminal, out.String(), want)
		}
	}
}

func TestTableOnANarrowTerminal(t *testing.T) {
	header, row := []string{"", "   #", "STORED"}, []string{"✓", "   1", "2026-11-27"}
	table := Table{Header: header, Rows: [][]string{row, {"", "  12", ""}}}
	rows := Rows{Header: header, Widths: []int{1, 4, 10}}
	record := "  " + Dim("      ") + "  ✓\n  " + Dim("#     ") + "  1\n  " + Dim("stored") + "  2026-11-27\n\n"
	for screen, want := range map[int]string{18: record, 19: "", 0: ""} {
		table.Screen, rows.Screen = screen, screen
		var all, one strings.Builder
		if err := errors.Join(table.Write(&all, true), rows.Write(&one, true, row)); err != nil {
			t.Fatal(err)
		}
		if want == "" {
			want = "✓"
		} else if got := all.String(); got != want+"  "+Dim("#")+"  12\n\n" {
			t.Errorf("%d cells:\n%q", screen, got)
		}
		if !strings.Contains(one.String(), want) || (want == record) != (one.String() == record) {
			t.Errorf("%d cells, one row:\n%q", screen, one.String())
		}
	}
}

type closed struct{}

var errClosed = errors.New("closed pipe")

func (closed) Write([]byte) (int, error) { return 0, errClosed }

func TestTableReportsAClosedPipe(t *testing.T) {
	table := Table{Header: []string{"A"}, Rows: [][]string{{"1"}}}
	for _, terminal := range []bool{true, false} {
		if err := table.Write(closed{}, terminal); !errors.Is(err, errClosed) {
			t.Errorf("terminal %v: %v, want %v", terminal, err, errClosed)
		}
	}
}

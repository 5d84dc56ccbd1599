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

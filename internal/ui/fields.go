package ui

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// Value is one value: as people see it, which may be styled, and as programs read it.
type Value struct{ Shown, Raw string }

// Text is a value that people and programs read alike.
func Text(s string) Value { return Value{s, s} }

// Size is a number of bytes: "3.1 MB" for people.
func Size(bytes int64) Value { return Value{Bytes(bytes), strconv.FormatInt(bytes, 10)} }

// Number is a count of nouns: "312 players" for people.
func Number(n int64, noun string) Value { return Value{Plural(n, noun), strconv.FormatInt(n, 10)} }

// Moment is a time, which people see as shown, and programs in UTC as RFC 3339,
// nothing for none.
func Moment(t time.Time, shown string) Value {
	if t.IsZero() {
		return Value{shown, ""}
	}
	return Value{shown, t.UTC().Format(time.RFC3339)}
}

// Field is a name with its values. Programs find each value in a cell of its own,
// in the same order always.
type Field struct {
	Name   string
	Values []Value
	// Words are the values in a sentence for people; "" for one beside the other.
	Words string
}

// Fields are names with their values, which belong together.
type Fields []Field

// Add adds a name with its values.
func (f *Fields) Add(name string, values ...Value) {
	*f = append(*f, Field{Name: name, Values: values})
}

// Say adds a name with its values, which people read as words.
func (f *Fields) Say(name, words string, values ...Value) {
	*f = append(*f, Field{name, values, words})
}

// Write prints the fields: for people in a column for the names and one for the
// values, for programs each as a line with tabs between the cells.
func (f Fields) Write(w io.Writer, terminal bool) error {
	width := 0
	for _, field := range f {
		width = max(width, len(field.Name))
	}
	for _, field := range f {
		line := field.tabbed()
		if terminal {
			line = fmt.Sprintf("  %s  %s", Dim(fmt.Sprintf("%-*s", width, field.Name)), field.words())
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

func (f Field) words() string {
	if f.Words != "" {
		return SingleLine(f.Words)
	}
	var shown []string
	for _, v := range f.Values {
		if v.Shown != "" {
			shown = append(shown, SingleLine(v.Shown))
		}
	}
	return strings.Join(shown, "  ")
}

func (f Field) tabbed() string {
	cells := []string{f.Name}
	for _, v := range f.Values {
		cells = append(cells, ansi.Strip(Clean(SingleLine(v.Raw))))
	}
	return strings.Join(cells, "\t")
}

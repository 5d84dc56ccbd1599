package cli

import (
	"encoding/json"
	"fmt"

	"github.com/charmbracelet/x/ansi"

	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// printJSON writes a value as indented JSON to standard output.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.streams.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printJSONLine writes a value as one line of JSON, for commands that go on.
func (a *app) printJSONLine(v any) error {
	enc := json.NewEncoder(a.streams.Out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printTable writes a table to standard output.
func (a *app) printTable(t ui.Table) error { return t.Write(a.streams.Out, a.streams.OutTerminal) }

// printFields writes names and values: aligned for people, tab-separated in a pipe.
func (a *app) printFields(fields [][2]string) error {
	width := 0
	for _, f := range fields {
		width = max(width, len(f[0]))
	}
	for _, f := range fields {
		f[1] = ui.SingleLine(f[1])
		var err error
		if a.streams.OutTerminal {
			_, err = fmt.Fprintf(a.streams.Out, "  %s  %s\n", ui.Dim(fmt.Sprintf("%-*s", width, f[0])), f[1])
		} else {
			_, err = fmt.Fprintf(a.streams.Out, "%s\t%s\n", f[0], ansi.Strip(f[1]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

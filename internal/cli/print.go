package cli

import (
	"encoding/json"

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
func (a *app) printTable(t ui.Table) error {
	t.Screen, _ = a.streams.Size()
	return t.Write(a.streams.Out, a.streams.OutTerminal)
}

// printFields writes names, each with one value that people and programs read alike.
func (a *app) printFields(fields [][2]string) error {
	var f ui.Fields
	for _, field := range fields {
		f.Add(field[0], ui.Text(field[1]))
	}
	return a.printValues(f)
}

// printValues writes names with their values to standard output.
func (a *app) printValues(f ui.Fields) error { return f.Write(a.streams.Out, a.streams.OutTerminal) }

// hash is a SHA-256 in hex, of which people see what tells it from others.
func hash(hex string) ui.Value { return ui.Value{Shown: short(hex), Raw: hex} }

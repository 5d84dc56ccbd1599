package ui

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// What others have written tells the terminal nothing, and can be read.
func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"plain, セーブ 💾\n\tand lines":     "plain, セーブ 💾\n\tand lines",
		Failure("red") + Dim("dim"):     Failure("red") + Dim("dim"),
		"\x1b]0;title\x07":              `\u001b]0;title\u0007`,
		"\x1b]8;;http://evil\x1b\\link": `\u001b]8;;http://evil\u001b\link`,
		"\x1b[2J\x1b[1A":                `\u001b[2J\u001b[1A`,
		"\x1b[8mhidden":                 `\u001b[8mhidden`,
		"over\rwritten\b":               `over\u000dwritten\u0008`,
		"\u009b2J \u0085":               `\u009b2J \u0085`,
		"\x9b2J":                        "\ufffd2J", // C1 as a byte alone
		"exe.\u202egpj \u2066 \u200f":   `exe.\u202egpj \u2066 \u200f`,
		"a\u2028b\x7f":                  `a\u2028b\u007f`,
		"\x1b":                          `\u001b`,
		"":                              "",
	} {
		if got := Clean(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Every way out of the program is clean, and JSON stays what it was.
func TestWhatIsPrintedIsClean(t *testing.T) {
	const evil = "a\x1b[2Jb\u202ec\u009bd\re"
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := System(file, file, file, func(string) string { return "" }, nil, false)
	_, _ = s.Out.Write([]byte(evil))
	_ = Table{Header: []string{"A"}, Rows: [][]string{{evil}}}.Write(s.Out, true)
	_ = Table{Header: []string{"A"}, Rows: [][]string{{evil}}}.Write(s.Out, false)
	p := NewProgress(s)
	p.Set(Task{Key: "k", Name: evil, State: Failed, Text: evil + "\n" + evil})
	p.Note(evil)
	p.Close()
	text := contents(t, file)
	if strings.ContainsAny(text, "\x1b\r\u202e\u009b") || strings.Count(text, `\u001b[2J`) != 7 {
		t.Errorf("printed %q", text)
	}
	if lines := strings.Split(text, "\n"); len(lines) != 6 {
		t.Errorf("%d lines: %q", len(lines), lines)
	}

	var out strings.Builder
	if err := json.NewEncoder(&cleaner{to: &out}).Encode(evil); err != nil {
		t.Fatal(err)
	}
	var back string
	if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back != evil || strings.ContainsAny(out.String(), "\u202e\u009b") {
		t.Errorf("%s reads %q, %v", out.String(), back, err)
	}
}

// A character may come in pieces, as a file's text is copied.
func TestCleanInPieces(t *testing.T) {
	var out strings.Builder
	c := &cleaner{to: &out}
	for _, b := range []byte("セ💾\u202eé!") {
		if n, err := c.Write([]byte{b}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	if want := `セ💾\u202eé!`; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

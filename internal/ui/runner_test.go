package ui

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// obeyed are the lines that GitHub's runner takes for commands.
var obeyed = regexp.MustCompile(`(?m)^\s*::.*|^.*##\[.*`)

// What others have written commands GitHub's runner nothing, in whatever way it
// is printed; the program's own commands reach it, with all that they say.
func TestStrangersDoNotCommandTheRunner(t *testing.T) {
	const evil = "::error title=a::b"
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := System(file, file, file, func(name string) string {
		return map[string]string{"GITHUB_ACTIONS": "true", "CI": "true"}[name]
	}, nil, false)
	for _, text := range []string{
		evil + "\n", " \t\u00a0" + evil + "\n", Dim(evil) + "\n", "  " + Failure(evil) + "\n\n" + evil + "\n",
		"x ##[add-mask]e\n", "#", "#", "#[warning]w\n", ":", ":stop-commands::x\n",
	} {
		for _, w := range []interface{ Write([]byte) (int, error) }{s.Out, s.Err} {
			_, _ = w.Write([]byte(text))
		}
	}
	_ = Table{Header: []string{"A"}, Rows: [][]string{{evil}}}.Write(s.Out, false)
	_ = json.NewEncoder(s.Out).Encode("##[group]")
	s.Command("error", "of a::b, c", "50%\n::warning::\x1b[2J")

	text := contents(t, file)
	want := `::error title=of a%3A%3Ab%2C c::50%25%0A::warning::\u001b[2J`
	if got := obeyed.FindAllString(text, -1); len(got) != 1 || got[0] != want {
		t.Errorf("obeyed: %q", got)
	}
	for _, want := range []string{`\u003a:error title=a::b`, `x ##\u005badd-mask]e`, `"##\u005bgroup]"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %q", want, text)
		}
	}
}

// Nobody else reads commands, and text stays what it is.
func TestNoRunner(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := System(file, file, file, func(string) string { return "" }, nil, false)
	s.Command("group", "", "plan")
	_, _ = s.Out.Write([]byte("::a ##[b\n"))
	if got := contents(t, file); got != "::a ##[b\n" {
		t.Errorf("printed %q", got)
	}
}

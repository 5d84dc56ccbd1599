package ui

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// What is not a terminal gets neither colours nor cursor movements, and is
// never live.
func TestSystemWithoutTerminal(t *testing.T) {
	file := func() *os.File {
		f, err := os.Create(filepath.Join(t.TempDir(), "stream"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	out, errs := file(), file()
	xterm := func(name string) string { return map[string]string{"TERM": "xterm-256color"}[name] }
	s := System(file(), out, errs, xterm, nil, false)
	if s.InTerminal || s.OutTerminal || s.ErrTerminal || s.Live {
		t.Errorf("a file counts as a terminal: %+v", s)
	}
	if w, h := s.Size(); w != 80 || h != 24 {
		t.Errorf("size %d×%d, want 80×24", w, h)
	}
	fmt.Fprint(s.Out, Failure("red")+"\x1b[2A")
	fmt.Fprint(s.Err, Dim("dim"))
	for f, want := range map[*os.File]string{out: `red\u001b[2A`, errs: "dim"} {
		if got := contents(t, f); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Colours go into a pipe for who asks for them, and nothing else that a terminal obeys.
func TestColoursInAPipe(t *testing.T) {
	for _, c := range []struct {
		env     map[string]string
		noColor bool
		want    string
	}{
		{map[string]string{"CLICOLOR_FORCE": "1"}, false, "\x1b[31mred\x1b[m\\u001b[2A"},
		{map[string]string{"CLICOLOR_FORCE": "yes", "CLICOLOR": "0"}, false, "\x1b[31mred\x1b[m\\u001b[2A"},
		{map[string]string{"CLICOLOR_FORCE": "0"}, false, "red\\u001b[2A"},
		{map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false, "red\\u001b[2A"},
		{map[string]string{"CLICOLOR_FORCE": "1"}, true, "red\\u001b[2A"},
	} {
		out, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		s := System(out, out, out, func(name string) string { return c.env[name] }, nil, c.noColor)
		fmt.Fprint(s.Out, Failure("red")+"\x1b[2A")
		if got := contents(t, out); got != c.want {
			t.Errorf("with %v, --no-color %v: %q, want %q", c.env, c.noColor, got, c.want)
		}
	}
}

func contents(t *testing.T, f *os.File) string {
	t.Helper()
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

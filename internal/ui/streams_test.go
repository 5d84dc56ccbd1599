package ui

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// What is not a terminal gets neither colours nor cursor movements, and is
// never live, whatever the environment says.
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
	force := func(name string) string {
		return map[string]string{"CLICOLOR_FORCE": "1", "TERM": "xterm-256color"}[name]
	}
	s := System(file(), out, errs, force, nil, false)
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

func contents(t *testing.T, f *os.File) string {
	t.Helper()
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

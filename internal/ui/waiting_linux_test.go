package ui

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// A spinner comes when nothing is printed, is gone before the answer, and stays
// away from pipes, jobs, and lines that have no end.
func TestWaiting(t *testing.T) {
	_, terminal := openTerminal(t, 80, 24)
	live := func(env map[string]string) *Streams {
		return System(terminal, terminal, terminal, func(name string) string { return env[name] }, nil, false)
	}
	s := live(map[string]string{"TERM": "xterm"})
	var screen bytes.Buffer
	s.waits.out = &screen
	s.Out, s.Err = attentive{&screen, s.waits}, attentive{&screen, s.waits}
	begun := time.Now()
	s.Wait("waiting for AWS")
	s.waits.draw(begun.Add(quiet - time.Millisecond))
	if screen.Len() > 0 {
		t.Errorf("it comes at once: %q", screen.String())
	}
	s.waits.draw(time.Now().Add(quiet))
	if !strings.HasSuffix(screen.String(), Dim("waiting for AWS")) {
		t.Errorf("it does not come: %q", screen.String())
	}
	s.waits.size = func() (int, int) { return 10, 5 }
	s.waits.draw(time.Now().Add(quiet))
	if drawn := screen.String()[strings.LastIndex(screen.String(), "\r\x1b[K"):]; ansi.StringWidth(drawn) > 9 {
		t.Errorf("it is folded: %q", drawn)
	}
	fmt.Fprintln(s.Out, "the answer")
	if !strings.HasSuffix(screen.String(), "\r\x1b[Kthe answer\n") {
		t.Errorf("it is not gone before the answer: %q", screen.String())
	}
	fmt.Fprint(s.Err, "Really? ")
	before := screen.String()
	s.waits.draw(time.Now().Add(time.Hour))
	if screen.String() != before {
		t.Errorf("it comes into a question: %q", screen.String())
	}
	s.Done()
	s.Done()

	for what, s := range map[string]*Streams{
		"in a job": live(map[string]string{"TERM": "xterm", "CI": "true"}), "on a dumb terminal": live(map[string]string{"TERM": "dumb"}),
	} {
		s.Wait("waiting")
		if s.waits.stop != nil {
			t.Errorf("it waits %s", what)
		}
	}
	piped := live(map[string]string{"TERM": "xterm"})
	piped.OutTerminal = false
	if piped.Wait("waiting"); piped.waits.stop != nil {
		t.Error("it waits beside an answer that goes elsewhere")
	}
	(&Streams{Out: io.Discard, Live: true, OutTerminal: true}).Wait("of a test's own streams") // must not fail
}

package ui

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A real terminal: what the environment and --no-color make of it.
func TestSystemOnATerminal(t *testing.T) {
	for _, c := range []struct {
		what            string
		env             map[string]string
		noColor         bool
		live, colourful bool
	}{
		{"an ordinary terminal", map[string]string{"TERM": "xterm-256color"}, false, true, true},
		{"NO_COLOR=1", map[string]string{"TERM": "xterm-256color", "NO_COLOR": "1"}, false, true, false},
		{"NO_COLOR=yes counts too", map[string]string{"TERM": "xterm-256color", "NO_COLOR": "yes"}, false, true, false},
		{"an empty NO_COLOR does not", map[string]string{"TERM": "xterm-256color", "NO_COLOR": ""}, false, true, true},
		{"CLICOLOR=0", map[string]string{"TERM": "xterm-256color", "CLICOLOR": "0"}, false, true, false},
		{"a locale of another charset", map[string]string{"TERM": "xterm-256color", "LANG": "de_DE.ISO-8859-1"}, false, true, true},
		{"--no-color", map[string]string{"TERM": "xterm-256color"}, true, true, false},
		{"a dumb terminal", map[string]string{"TERM": "dumb"}, false, false, false},
		{"a job's terminal", map[string]string{"TERM": "xterm-256color", "CI": "true"}, false, false, true},
	} {
		t.Run(c.what, func(t *testing.T) {
			var environ []string
			for name, value := range c.env {
				environ = append(environ, name+"="+value)
			}
			master, terminal := openTerminal(t, 100, 30)
			s := System(terminal, terminal, terminal, func(name string) string { return c.env[name] }, environ, c.noColor)
			if !s.InTerminal || !s.OutTerminal || !s.ErrTerminal {
				t.Errorf("not seen as a terminal: %+v", s)
			}
			if s.Live != c.live {
				t.Errorf("live %v, want %v", s.Live, c.live)
			}
			if w, h := s.Size(); w != 100 || h != 30 {
				t.Errorf("size %d×%d, want 100×30", w, h)
			}
			board := NewProgress(s)
			board.Close()
			fmt.Fprintln(board.out, "\x1b[2A"+Failure("red")+"→")
			line, err := bufio.NewReader(master).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if colourful := strings.Contains(line, "\x1b[31m"); colourful != c.colourful {
				t.Errorf("colours %v, want %v: %q", colourful, c.colourful, line)
			}
			if foreign := c.env["LANG"] != ""; strings.Contains(line, "→") == foreign {
				t.Errorf("in the charset of %q: %q", c.env["LANG"], line)
			}
			if moves := strings.Contains(line, "\x1b[2A"); c.live && !moves {
				t.Errorf("the board cannot move the cursor: %q", line)
			}
		})
	}
}

// What was typed while nobody had asked answers nothing.
func TestAnswersTypedAheadDoNotCount(t *testing.T) {
	master, terminal := openTerminal(t, 100, 30)
	s := System(terminal, terminal, terminal, func(string) string { return "" }, nil, false)
	fmt.Fprint(master, "y\nyes\n")
	shown := make(chan error, 1)
	go func() { // answers when the question is there
		var text string
		for part := make([]byte, 1024); !strings.Contains(text, "[y/N]"); {
			n, err := master.Read(part)
			if err != nil {
				shown <- err
				return
			}
			text += string(part[:n])
		}
		_, err := fmt.Fprint(master, "n\n")
		shown <- err
	}()
	if err := s.Confirm(t.Context(), "Delete everything?"); !errors.Is(err, ErrDeclined) {
		t.Errorf("%v, want %v", err, ErrDeclined)
	}
	if err := <-shown; err != nil {
		t.Error(err)
	}
}

// openTerminal returns both ends of a new pseudo-terminal.
func openTerminal(t *testing.T, width, height uint16) (master, terminal *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err) // a container without pseudo-terminals
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: height}); err != nil {
		t.Fatal(err)
	}
	if terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return master, terminal
}

package ui

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// Without a terminal progress is one line for each thing worth knowing: what
// ends, what takes long, and a sign of life in silence.
func TestProgressLineByLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		start := time.Now()
		p := NewProgress(&Streams{Err: &out})
		table := Task{Key: "t", Name: "ManifestTable", State: Running, Text: "creating"}

		p.Set(Task{Key: "r", Name: "SyncPlanRole", State: Running, Text: "creating"})
		p.Set(table)
		time.Sleep(time.Second)
		p.Set(Task{Key: "r", Name: "SyncPlanRole", State: Done, Text: "created"}) // too quick to be worth two lines
		time.Sleep(40 * time.Second)
		p.Set(Task{Key: "b", Name: "SaveFilesBucket", State: Failed, Text: "already exists"})
		p.Note("The stack is rolled back")
		time.Sleep(5 * time.Second)
		table.Text = "creating, still" // ten seconds have to pass between words about the same
		p.Set(table)
		time.Sleep(6 * time.Second)
		table.Text = "creating, nearly there"
		p.Set(table)
		table.State, table.Text = Done, "created"
		p.Set(table)
		time.Sleep(time.Minute) // nothing runs: nothing to say
		p.Close()
		p.Close() // twice is harmless
		time.Sleep(time.Minute)

		at := func(d time.Duration) string { return start.Add(d).Format(time.TimeOnly) }
		want := []string{
			at(1*time.Second) + " SyncPlanRole created (1s)",
			at(2*time.Second) + " ManifestTable creating",
			at(32*time.Second) + " still: ManifestTable creating for 32s",
			at(41*time.Second) + " SaveFilesBucket already exists (0.0s)",
			at(41*time.Second) + " The stack is rolled back",
			at(52*time.Second) + " ManifestTable creating, nearly there",
			at(52*time.Second) + " ManifestTable created (52s)",
		}
		if got := strings.Split(strings.TrimSpace(ansi.Strip(out.String())), "\n"); !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// Times are those of the events, not of when we heard of them.
func TestProgressTakesTheEventsTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		start := time.Now()
		p := NewProgress(&Streams{Err: &out})
		defer p.Close()
		p.Set(Task{Key: "t", Name: "T", State: Running, Text: "creating", At: start.Add(-10 * time.Second)})
		p.Set(Task{Key: "t", Name: "T", State: Running, Text: "creating", At: start.Add(-7 * time.Second)}) // the same start again
		p.Set(Task{Key: "t", Name: "T", State: Done, Text: "created", At: start.Add(-4 * time.Second)})
		// Begun anew: a resource that is rolled back.
		p.Set(Task{Key: "t", Name: "T", State: Running, Text: "deleting", At: start.Add(-3 * time.Second)})
		p.Set(Task{Key: "t", Name: "T", State: Done, Text: "deleted", At: start.Add(-1 * time.Second)})
		for _, want := range []string{"T created (6s)\n", "T deleted (2s)\n"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, out.String())
			}
		}
	})
}

// On a terminal the board is redrawn in place and nothing is left of what it
// showed before, whether it grows, shrinks or gives way to a note.
func TestProgressLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		screen := &screen{t: t}
		p := NewProgress(&Streams{Err: screen, Live: true, size: func() (int, int) { return 60, 8 }})
		p.Expect(12)
		for i := range 9 {
			p.Set(Task{Key: strconv.Itoa(i), Name: fmt.Sprintf("Resource%d", i), State: Running, Text: "creating"})
		}
		lines, before := screen.look()
		if len(lines) != 6 {
			t.Errorf("a board of %d lines on a screen of 8, want 6: room for the line before and the cursor\n%s", len(lines), strings.Join(lines, "\n"))
		}
		time.Sleep(1200 * time.Millisecond)
		synctest.Wait()
		if _, after := screen.look(); after-before != 10 {
			t.Errorf("%d frames in 1.2 s, want 10", after-before)
		}
		p.Note("The stack is rolled back")
		for i := range 9 {
			p.Set(Task{Key: strconv.Itoa(i), Name: fmt.Sprintf("Resource%d", i), State: Done, Text: "deleted"})
		}
		p.Expect(0)
		p.Close()
		lines, before = screen.look()
		time.Sleep(time.Minute)
		if _, after := screen.look(); after != before {
			t.Error("it still draws after Close")
		}
		if lines[0] != "The stack is rolled back" {
			t.Errorf("the note is not above the board: %q", lines)
		}
		if text := strings.Join(lines, "\n"); strings.Contains(text, "creating") || strings.Count(text, "deleted") != 5 || !strings.Contains(text, "… and 4 more") {
			t.Errorf("what is left on the screen:\n%s", text)
		}
	})
}

// screen is as much of a terminal as the board needs.
type screen struct {
	t      *testing.T
	mu     sync.Mutex
	lines  []string
	frames int
}

// look returns what stands on the screen, and how often it was written to.
func (s *screen) look() (lines []string, writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines), s.frames
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames++
	text := string(b)
	if rest, ok := strings.CutPrefix(text, "\x1b["); ok {
		up, after, _ := strings.Cut(rest, "A\r\x1b[J")
		n, err := strconv.Atoi(up)
		if err != nil || n > len(s.lines) {
			s.t.Fatalf("cannot go up %q on a screen of %d lines", up, len(s.lines))
		}
		s.lines = s.lines[:len(s.lines)-n]
		text = after
	}
	if plain := ansi.Strip(text); plain != "" {
		if !strings.HasSuffix(plain, "\n") {
			s.t.Errorf("the cursor is left inside of a line: %q", plain)
		}
		s.lines = append(s.lines, strings.Split(strings.TrimSuffix(plain, "\n"), "\n")...)
	}
	return len(b), nil
}

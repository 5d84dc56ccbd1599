package ui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// State is where a task of a [Progress] stands.
type State int

// The states of a task, in the order in which a crowded board gives them room.
const (
	Failed State = iota
	Running
	Done
)

// Task is one row of progress.
type Task struct {
	// Key tells tasks apart; Name is what people read.
	Key, Name string
	State     State
	// Text says what is happening or what came out: "creating", "created".
	Text string

	// At is when it came to this, if that was not just now.
	At time.Time

	started time.Time
	spoken  bool // line-by-line progress has mentioned it
}

// follow carries over what the task's row before it knew.
func (t *Task) follow(before Task) {
	t.started = before.started
	switch {
	case t.State == Running && before.State != Running:
		t.started = t.At // begun anew
	case t.State == before.State:
		t.At, t.spoken = before.At, before.spoken
	}
}

func (t *Task) elapsed(now time.Time) time.Duration {
	if t.State == Running {
		return now.Sub(t.started)
	}
	return t.At.Sub(t.started)
}

var spinner = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

// spinnerPeriod is how long one picture of the spinner stays.
const spinnerPeriod = 120 * time.Millisecond

// frame draws tasks into at most height lines of at most width cells, keeping
// their order so that rows hold still. Where there is no room for all, failed
// tasks come first, then running ones, then the latest that are done. The last
// line counts what is left out, and what has not begun of the tasks expected.
func frame(tasks []Task, expected int, now time.Time, width, height int) []string {
	waiting := max(0, expected-len(tasks))
	room := height
	if waiting > 0 || len(tasks) > height {
		room-- // for the counts
	}
	shown, hidden := fit(tasks, room)
	columns := columnsOf(shown, now, width)
	lines := make([]string, 0, len(shown)+1)
	for _, t := range shown {
		lines = append(lines, columns.row(t, now))
	}
	var rest []string
	if hidden > 0 {
		rest = append(rest, fmt.Sprintf("… and %d more", hidden))
	}
	if waiting > 0 {
		rest = append(rest, fmt.Sprintf("%d waiting", waiting))
	}
	if len(rest) > 0 {
		lines = append(lines, ansi.Truncate(Dim("  · "+strings.Join(rest, ", ")), width, "…"))
	}
	return lines
}

// fit picks the tasks that a board with room for some shows, in their own order.
func fit(tasks []Task, room int) (shown []Task, hidden int) {
	room = max(room, 0)
	if len(tasks) <= room {
		return tasks, 0
	}
	order := make([]int, len(tasks))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if d := int(tasks[a].State) - int(tasks[b].State); d != 0 {
			return d
		}
		if tasks[a].State == Done {
			return tasks[b].At.Compare(tasks[a].At)
		}
		return a - b
	})
	keep := order[:room]
	slices.Sort(keep)
	for _, i := range keep {
		shown = append(shown, tasks[i])
	}
	return shown, len(tasks) - len(shown)
}

// columns are the widths, in cells, of a board and of what stands in its rows.
type columns struct{ board, name, text, room, elapsed int }

const (
	// textWidth is how wide the words of a row stand where there is room, so
	// that the times behind them hold still while the words change. Only why
	// something failed may take all the room there is.
	textWidth = 44
	// leastText is the width below which words say nothing and are left out.
	leastText = 4
)

func columnsOf(tasks []Task, now time.Time, width int) columns {
	c := columns{board: width}
	for _, t := range tasks {
		c.name = max(c.name, ansi.StringWidth(t.Name))
		c.elapsed = max(c.elapsed, len(Elapsed(t.elapsed(now))))
	}
	c.name = min(c.name, max(10, width/2))
	const margins = 2 + 1 + 1 + 2 + 2 // indent, mark, and the gaps between columns
	c.room = width - margins - c.name - c.elapsed
	c.text = min(textWidth, c.room)
	return c
}

func (c columns) row(t Task, now time.Time) string {
	mark, text := Success("✓"), c.text
	switch t.State {
	case Running:
		mark = Accent(spinner[int(now.UnixMilli()/spinnerPeriod.Milliseconds())%len(spinner)])
	case Failed:
		mark = Failure("✗")
		text = max(text, min(ansi.StringWidth(t.Text), c.room))
	}
	line := "  " + mark + " " + cell(t.Name, c.name)
	if text >= leastText {
		line += "  " + cell(t.Text, text)
	}
	line += "  " + Dim(fmt.Sprintf("%*s", c.elapsed, Elapsed(t.elapsed(now))))
	return ansi.Truncate(line, c.board, "…")
}

// cell cuts or pads text to a width.
func cell(text string, width int) string {
	text = ansi.Truncate(text, width, "…")
	return text + strings.Repeat(" ", width-ansi.StringWidth(text))
}

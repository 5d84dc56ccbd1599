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
	if waiting > 0 {
		height--
	}
	shown, hidden := fit(tasks, height)
	nameWidth := 0
	for _, t := range shown {
		nameWidth = max(nameWidth, ansi.StringWidth(t.Name))
	}
	nameWidth = min(nameWidth, max(10, width/2))
	lines := make([]string, 0, len(shown)+1)
	for _, t := range shown {
		lines = append(lines, row(t, now, nameWidth, width))
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

// fit picks the tasks that a board of height lines shows, in their own order.
func fit(tasks []Task, height int) (shown []Task, hidden int) {
	height = max(height, 1)
	if len(tasks) <= height {
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
	keep := order[:height-1]
	slices.Sort(keep)
	for _, i := range keep {
		shown = append(shown, tasks[i])
	}
	return shown, len(tasks) - len(shown)
}

func row(t Task, now time.Time, nameWidth, width int) string {
	mark := Success("✓")
	switch t.State {
	case Running:
		mark = Accent(spinner[int(now.UnixMilli()/spinnerPeriod.Milliseconds())%len(spinner)])
	case Failed:
		mark = Failure("✗")
	}
	name := ansi.Truncate(t.Name, nameWidth, "…")
	name += strings.Repeat(" ", nameWidth-ansi.StringWidth(name))
	elapsed := Elapsed(t.elapsed(now))

	const margins = 2 + 1 + 1 + 2 + 2 // indent, mark, and the gaps between columns
	room := width - margins - nameWidth - ansi.StringWidth(elapsed)
	if room < 4 {
		return ansi.Truncate("  "+mark+" "+name, width, "…")
	}
	text := ansi.Truncate(t.Text, room, "…")
	gap := strings.Repeat(" ", max(0, min(room, 44)-ansi.StringWidth(text)))
	return "  " + mark + " " + name + "  " + text + gap + "  " + Dim(elapsed)
}

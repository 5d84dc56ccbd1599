package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/renpy-cloud/renpyctl/internal/logs"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

// logEntry is the JSON of a line.
type logEntry struct {
	Time     time.Time   `json:"time"`
	Function string      `json:"function"`
	Stream   string      `json:"stream"`
	Message  string      `json:"message"`
	Late     bool        `json:"late,omitempty"`
	Request  *logRequest `json:"request,omitempty"`
}

// logRequest is the JSON of what a line says of a request.
type logRequest struct {
	Player string   `json:"player,omitempty"`
	Game   string   `json:"game,omitempty"`
	Status int      `json:"status"`
	TookMS int64    `json:"tookMs"`
	IDs    []string `json:"ids,omitempty"`
}

func (l *logListener) print(item logItem) error {
	l.printed++
	switch {
	case l.json():
		return l.printEntry(item)
	case !l.streams.OutTerminal:
		return l.printCells(item)
	}
	return l.printLine(item)
}

func (l *logListener) printEntry(item logItem) error {
	e := logEntry{Time: item.Time.UTC(), Function: item.Source, Stream: item.Stream, Message: item.Message, Late: item.Late}
	if r := item.record; r.Kind == logs.Request || r.Kind == logs.Access {
		e.Request = &logRequest{r.Player, r.Game, r.Status, r.Took.Milliseconds(), r.IDs}
	}
	enc := json.NewEncoder(l.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(e)
}

// printCells prints a line for programs: cells with tabs between them.
func (l *logListener) printCells(item logItem) error {
	r := item.record
	cells := []string{item.Time.UTC().Format(time.RFC3339Nano), item.Source}
	switch {
	case l.o.raw:
		cells = append(cells, item.Message)
	case r.Kind == logs.Request || r.Kind == logs.Access:
		cells = append(cells, r.Player, strconv.Itoa(r.Status), tookMS(r), r.Game, says(item))
	default:
		cells = append(cells, "", "", "", "", says(item))
	}
	for i, cell := range cells {
		cells[i] = ui.SingleLine(cell)
	}
	_, err := fmt.Fprintln(l.out, strings.Join(cells, "\t"))
	return err
}

// tookMS is "" where the API does not say how long it took, as of what it refuses.
func tookMS(r logs.Record) string {
	if r.Kind == logs.Access && r.Took == 0 {
		return ""
	}
	return strconv.FormatInt(r.Took.Milliseconds(), 10)
}

// printLine prints a line for people, a line of the screen where it is a request.
func (l *logListener) printLine(item logItem) error {
	at := item.Time.Local()
	if day := at.Format(time.DateOnly); day != l.day {
		l.day = day
		if _, err := fmt.Fprintln(l.out, ui.Dim(day+", "+when.Zone(at))); err != nil {
			return err
		}
	}
	line := ui.Dim(at.Format(time.TimeOnly)) + "  "
	if item.Late {
		line += ui.Warning("late") + "  "
	}
	r := item.record
	width, _ := l.streams.Size()
	switch {
	case l.o.raw:
		// Further lines of a message are set in, so that they pass for nobody else's.
		line += ui.Accent(fmt.Sprintf("%-12s", item.Source)) + "  " + strings.ReplaceAll(item.Message, "\n", "\n    ")
	case r.Kind == logs.Request || r.Kind == logs.Access:
		line = ui.Fit(l.request(line, item, width), width)
	case r.Kind == logs.Report:
		mark := ui.Warning("!")
		if r.Failed() {
			mark = ui.Failure("✗")
		}
		line = ui.Fit(line+mark+" "+ui.Accent(item.Source)+" "+says(item), width)
	default:
		line += fmt.Sprintf("%s  %s", ui.Accent(fmt.Sprintf("%-8s", operation(item.Source))), strings.ReplaceAll(shorten(item.Message), "\n", "\n    "))
	}
	_, err := fmt.Fprintln(l.out, line)
	return err
}

// request is the line of a request, whose time is given as it is shown, for a terminal of
// a width. Where that is narrow the operation goes, and then the time: player and status
// are what a line is read for.
func (l *logListener) request(at string, item logItem, width int) string {
	r := item.record
	op, style, status := fmt.Sprintf("%-8s", operation(item.Source)), ui.Accent, strconv.Itoa(r.Status)
	if r.Kind == logs.Access {
		op = fmt.Sprintf("%-8s", routeName(r.Route))
	}
	switch {
	case r.Status >= 500:
		op, style, status = fmt.Sprintf("✗ %-6s", strings.TrimSpace(op)), ui.Failure, ui.Failure(status)
	case r.Status >= 400:
		status = ui.Warning(status)
	}
	took := ""
	if tookMS(r) != "" {
		took = duration(r.Took)
	}
	who := l.player(r.Player) + "  " + status
	line := at + style(op) + "  " + who
	switch {
	case width < ui.Width(at+who):
		return who
	case width < ui.Width(line):
		return at + who
	case width < ui.Width(line+"  "+took):
		return line
	}
	line += fmt.Sprintf("  %-6s", took)
	if width < ui.Width(line+"  a…") {
		return strings.TrimRight(line, " ")
	}
	for _, part := range []string{r.Game, says(item)} {
		if part != "" {
			line += "  " + ui.SingleLine(part)
		}
	}
	return line
}

// playerWidth is the room of a player, in cells.
const playerWidth = 10

// player shows a player by name, if that is known, or by the beginning of the id,
// which --player takes.
func (l *logListener) player(sub string) string {
	name := sub[:min(8, len(sub))]
	if email := l.names[sub]; email != "" {
		name = ui.Fit(email, playerWidth)
	}
	name = cmp.Or(name, "–")
	return name + strings.Repeat(" ", max(playerWidth-ansi.StringWidth(name), 0))
}

// operation is what of a sync a function does: "plan".
func operation(function string) string {
	if rest, ok := strings.CutPrefix(function, "sync"); ok {
		return strings.ToLower(rest)
	}
	return function
}

// routeName names a route by its operation: "POST /sync/plan" is "plan".
func routeName(route string) string {
	if name, ok := strings.CutPrefix(route, "POST /sync/"); ok {
		return name
	}
	return route
}

// says is what a line says besides who, which game, how long and with what status.
func says(item logItem) string {
	r := item.record
	switch r.Kind {
	case logs.Report:
		return reportSays(r)
	case logs.Request, logs.Access:
		return requestSays(item)
	}
	return item.Message
}

func reportSays(r logs.Record) string {
	var parts []string
	if r.Failed() {
		parts = append(parts, fmt.Sprintf("ended with %s after %s", strings.TrimSpace(r.Outcome+" "+r.Cause), duration(r.Took)))
	}
	if r.Init > 0 {
		parts = append(parts, "cold start "+duration(r.Init))
	}
	return strings.Join(parts, ", ")
}

func requestSays(item logItem) string {
	r := item.record
	var parts []string
	if r.Status >= 400 {
		why := cmp.Or(r.Reason, reasons[r.Status])
		if r.Cause != "" {
			why = strings.TrimPrefix(why+": "+r.Cause, ": ")
		}
		parts = append(parts, why)
	} else if r.Kind == logs.Request && operation(item.Source) == "plan" {
		parts = append(parts, fmt.Sprintf("%d up", r.Uploads), fmt.Sprintf("%d down", r.Downloads))
	}
	left := "left alone"
	if r.LeftFile != "" {
		left += fmt.Sprintf(": %s (%s)", r.LeftFile, barred(savesync.Bar(r.LeftWhy)))
		if r.LeftAlone > 1 {
			left += ", …"
		}
	}
	for _, c := range []struct {
		n    int
		text string
	}{{r.Conflicts, "in conflict"}, {r.LeftAlone, left}, {r.Damaged, "damaged"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.text))
		}
	}
	if r.ClientError != "" {
		parts = append(parts, "the game: "+r.ClientError)
	}
	return strings.Join(parts, "  ")
}

// reasons are the functions' reasons by their status, for lines that do not name them:
// the API's, and those of functions deployed before.
var reasons = func() map[int]string {
	all := map[int]string{}
	for _, reason := range []savesync.Reason{
		savesync.Malformed, savesync.Unauthorized, savesync.Conflict, savesync.TooLarge, savesync.TooMany, savesync.Internal, savesync.Unavailable,
	} {
		all[(&savesync.Refusal{Reason: reason}).Status()] = string(reason)
	}
	return all
}()

// duration says how long a request took: "12 ms", "1.4 s", "23 s".
func duration(d time.Duration) string {
	switch {
	case d < 999500*time.Microsecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 9950*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// maxText is how much of a line is shown that is no request, in bytes: it may have 1 MB.
const maxText = 2000

func shorten(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + fmt.Sprintf("… (--raw shows all %s)", ui.Bytes(int64(len(text))))
}

package cli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/logs"
	"github.com/renpy-cloud/renpyctl/internal/metrics"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

// printMetrics prints what has been seen and says what is missing, which is the error.
func (a *app) printMetrics(s *seen, o metricsOptions) error {
	var err error
	switch {
	case o.csv:
		err = a.printSeriesCSV(s)
	case a.json():
		err = a.printJSON(s.view())
	case !a.streams.OutTerminal:
		err = a.printTable(ui.Table{Rows: s.cells()})
	case o.metric != "":
		err = a.printChart(s)
	default:
		err = a.printOverview(s)
	}
	if err != nil {
		return err
	}
	a.sayUncounted(s)
	return a.sayMissing(s)
}

// uncounted tells that nothing at all has been counted. One metric alone says little:
// where there are no errors there is no data of them.
func (s *seen) uncounted() bool {
	return len(s.reading.Series) > 1 && !slices.ContainsFunc(s.reading.Series, func(m metrics.Series) bool {
		_, counted := m.Peak()
		return counted || m.Err != nil
	})
}

// sayUncounted says why there is nothing to be seen, and where to look instead.
func (a *app) sayUncounted(s *seen) {
	if !s.uncounted() {
		return
	}
	why := "a metric comes some minutes after what it counts"
	if at := cloud.Elsewhere(a.cloud); len(at) > 0 {
		why = "what answers in AWS's place, " + strings.Join(at, ", ") + ", counts none"
	}
	a.say("%s", ui.Dim("No metric has data: "+why+"."))
	a.hint("%s shows the requests", a.command("logs"))
}

// sayMissing says where the logs were cut, and names what could not be found out, each
// trouble once. The error is the first one's.
func (a *app) sayMissing(s *seen) error {
	if s.cut {
		a.say("%s", ui.Warning(fmt.Sprintf("The logs are longer than can be read in %s: errors and cold starts are those until %s.",
			ui.Elapsed(logsWithin), when.Format(s.digest.Last, time.Local))))
	}
	names := map[string][]string{}
	var order []string
	for _, m := range s.missing {
		why := m.err
		if inner := errors.Unwrap(why); inner != nil {
			why = inner // without the name of what is missing, so that the same trouble reads the same
		}
		text := cloud.OneLine(a.text(why))
		if names[text] == nil {
			order = append(order, text)
		}
		names[text] = append(names[text], m.what)
	}
	for _, text := range order {
		a.say("%s", ui.Warning(fmt.Sprintf("not known: %s (%s)", strings.Join(names[text], ", "), text)))
	}
	return s.failure()
}

// cells are the rows for programs: name, unit, total, peak, last value and its time.
func (s *seen) cells() [][]string {
	number := func(v float64, ok bool) string {
		if !ok {
			return ""
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	var rows [][]string
	for _, series := range s.reading.Series {
		total, adds := series.Total()
		peak, known := series.Peak()
		last, at, ok := series.Last()
		row := []string{series.Metric.Name, string(series.Metric.Unit), number(total, adds && series.Metric.Statistic.Adds()), number(peak, known), number(last, ok), ""}
		if ok {
			row[5] = at.UTC().Format(time.RFC3339)
		}
		rows = append(rows, row)
	}
	if s.digest == nil {
		return rows
	}
	counted := func(name string, n int) { rows = append(rows, []string{name, "count", strconv.Itoa(n), "", "", ""}) }
	if n, ok := s.activePlayers(); ok {
		counted("active-players", int(n))
	}
	if n, ok := s.coldStarts(); ok {
		counted("cold-starts", n)
	}
	for _, t := range s.digest.Troubles {
		counted(fmt.Sprintf("errors-%d-%s", t.Status, t.Source), t.Count)
	}
	return rows
}

// printSeriesCSV prints a row for each period of each metric. Where there is no data the
// value is empty.
func (a *app) printSeriesCSV(s *seen) error {
	w := csv.NewWriter(a.streams.Out)
	rows := [][]string{{"metric", "unit", "time", "seconds", "value", "running"}}
	for _, series := range s.reading.Series {
		for i, v := range series.Points {
			value := ""
			if !math.IsNaN(v) {
				value = strconv.FormatFloat(v, 'f', -1, 64)
			}
			rows = append(rows, []string{series.Metric.Name, string(series.Metric.Unit), series.Window.At(i).UTC().Format(time.RFC3339),
				strconv.FormatInt(int64(series.Window.Period/time.Second), 10), value, strconv.FormatBool(i >= series.Window.Settled)})
		}
	}
	return w.WriteAll(rows)
}

// printOverview prints all metrics for people, a line each, and what was counted in the logs.
func (a *app) printOverview(s *seen) error {
	w := s.reading.Window
	table := ui.Table{Header: []string{"METRIC", "TOTAL", "HIGHEST", "LAST", ""}, Right: map[int]bool{1: true, 2: true, 3: true}}
	if marks := s.marks(w, func(i int) int { return i }); marks != "" {
		table.Rows = append(table.Rows, []string{"releases", strconv.Itoa(len(s.releases)), "", "", ui.Accent(marks)})
	}
	var silent []string
	for _, series := range s.reading.Series {
		if _, ok := series.Peak(); !ok {
			if series.Err == nil {
				silent = append(silent, series.Metric.Name)
			}
			continue
		}
		table.Rows = append(table.Rows, s.overviewRow(series))
	}
	if len(table.Rows) > 0 {
		if err := a.printTable(table); err != nil {
			return err
		}
	}
	if err := a.printDigest(s); err != nil {
		return err
	}
	if len(silent) > 0 && !s.uncounted() {
		width, _ := a.streams.Size()
		for _, line := range wrapped("No data: ", silent, width) {
			a.say("%s", ui.Dim(line))
		}
	}
	a.say("%s", ui.Dim(fmt.Sprintf("%s; a column is %s%s", span(s.since, s.until), period(w.Period), sayRunning(w))))
	if !s.uncounted() {
		a.hint("%s; %s", a.command("metrics "+metrics.LatencyP95), a.command("metrics --out metrics.html"))
	}
	return nil
}

func (s *seen) overviewRow(series metrics.Series) []string {
	m := series.Metric
	total := ""
	if sum, _ := series.Total(); m.Statistic.Adds() {
		total = quantity(sum, m.Unit)
	}
	over := series
	over.Points = settled(series)
	row := []string{ui.Accent(m.Name), total, "", "", ui.Sparkline(over.Points)}
	if peak, ok := over.Peak(); ok {
		row[2] = quantity(peak, m.Unit)
	}
	if last, _, ok := over.Last(); ok {
		row[3] = quantity(last, m.Unit)
	}
	if m.Daily {
		row[4] = "" // its columns are days
	}
	return row
}

// printDigest prints what was counted in the logs.
func (a *app) printDigest(s *seen) error {
	if s.digest == nil {
		return nil
	}
	d := s.digest
	if len(d.Troubles) > 0 {
		table := ui.Table{Header: []string{"ERRORS BY KIND", "TIMES", "LAST", "WHY THE LAST"}, Right: map[int]bool{1: true}}
		for _, t := range d.Troubles {
			table.Rows = append(table.Rows, troubleRow(t))
		}
		width, _ := a.streams.Size()
		for i, row := range table.Rows {
			table.Rows[i][3] = ui.Fit(ui.SingleLine(ui.Plain(row[3])), max(width-48, 20))
		}
		if _, err := fmt.Fprintln(a.streams.Out); err != nil {
			return err
		}
		if err := a.printTable(table); err != nil {
			return err
		}
	}
	fields := [][2]string{}
	if n, ok := s.activePlayers(); ok {
		fields = append(fields, [2]string{"active players", ui.Count(n)})
	} else {
		fields = append(fields, [2]string{"active players", "unknown"})
	}
	fields = append(fields, [2]string{"cold starts", s.sayColdStarts()})
	if d.Failed > 0 {
		fields = append(fields, [2]string{"ended badly", ui.Plural(int64(d.Failed), "invocation")})
	}
	if _, err := fmt.Fprintln(a.streams.Out); err != nil {
		return err
	}
	return a.printFields(fields)
}

func troubleRow(t logs.Trouble) []string {
	status := ui.Warning(strconv.Itoa(t.Status))
	if t.Status >= 500 {
		status = ui.Failure(strconv.Itoa(t.Status))
	}
	if reason := reasons[t.Status]; reason != "" {
		status += " " + reason
	}
	return []string{status + ", " + operation(t.Source), ui.Count(int64(t.Count)), when.Format(t.Last, time.Local), t.Cause}
}

// printChart prints one metric as a chart that fits the terminal.
func (a *app) printChart(s *seen) error {
	series := s.reading.Series[0]
	m, w := series.Metric, series.Window
	if series.Err != nil {
		return nil // it is told to be missing
	}
	width, height := a.streams.Size()
	lines, cell := ui.Chart(settled(series), width, min(max(height-9, 4), 14), func(v float64) string { return quantity(v, m.Unit) })
	if lines == nil {
		a.say("There is no data of %s %s.", m.Name, span(s.since, s.until))
		return nil
	}
	text := []string{ui.Strong(m.Name) + "  " + m.About + ui.Dim(", by "+period(w.Period))}
	text = append(text, lines...)
	if marks := s.marks(w, cell); marks != "" {
		text = append(text, ui.Accent(marks))
	}
	from, to := strings.Repeat(" ", cell(0))+when.Format(w.Start, time.Local), when.Format(w.End(), time.Local)
	text = append(text, ui.Dim(from+strings.Repeat(" ", max(2, cell(w.Len)-len(from)-len(to)))+to))
	for _, line := range text {
		if _, err := fmt.Fprintln(a.streams.Out, ui.Fit(line, width)); err != nil {
			return err
		}
	}
	a.say("%s", ui.Dim(s.sayChart(series)))
	return nil
}

// sayChart says in a line what a chart cannot.
func (s *seen) sayChart(series metrics.Series) string {
	var parts []string
	unit := series.Metric.Unit
	if total, ok := series.Total(); ok && series.Metric.Statistic.Adds() {
		parts = append(parts, "in all "+quantity(total, unit))
	}
	if peak, ok := series.Peak(); ok {
		parts = append(parts, "at most "+quantity(peak, unit)+" in "+period(series.Window.Period))
	}
	for _, r := range s.releases {
		parts = append(parts, fmt.Sprintf("release %d %s", r.Number, when.Format(r.Time, time.Local)))
	}
	return strings.Join(parts, "; ") + sayRunning(series.Window)
}

// sayRunning says that a chart leaves out what is not over.
func sayRunning(w metrics.Window) string {
	if w.Settled == w.Len {
		return ""
	}
	return "; from " + when.Format(w.At(w.Settled), time.Local) + " on it is not over"
}

// marks has a mark at the cell of each release's period.
func (s *seen) marks(w metrics.Window, cell func(period int) int) string {
	row := []rune(strings.Repeat(" ", cell(w.Len)))
	for _, r := range s.releases {
		if i, ok := w.Index(r.Time); ok {
			row[cell(i)] = '▾'
		}
	}
	return strings.TrimRight(string(row), " ")
}

// period says the length of a period.
func period(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour && d != 24*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return ui.Plural(int64(d.Hours()/24), "day")
}

// wrapped are names with commas between them, in lines of a width, broken between names.
func wrapped(before string, names []string, width int) []string {
	var lines []string
	line := before
	for i, name := range names {
		if i < len(names)-1 {
			name += ", "
		}
		if len(line)+len(strings.TrimRight(name, " ")) > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line = "  "
		}
		line += name
	}
	return append(lines, line)
}

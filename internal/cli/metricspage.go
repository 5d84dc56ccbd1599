package cli

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/metrics"
	"github.com/renpy-cloud/renpyctl/internal/report"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

// writePage writes all that has been seen as one page into a file, whole or not at all.
func (a *app) writePage(ctx context.Context, l *look, file string) error {
	seen, err := l.see(ctx, true)
	if err != nil {
		return err
	}
	page := seen.page()
	page.Subtitle = fmt.Sprintf("%s, %s; written %s", l.region(), span(seen.since, seen.until), when.Format(time.Now(), time.Local))
	costs := report.Table{Title: "Cost of this month", None: "The local cloud costs nothing."}
	if l.local == nil {
		m, err := l.month(ctx, false, time.Now().UTC())
		if ctx.Err() != nil {
			return err
		}
		costs.None = "unknown"
		if err != nil {
			seen.missing = append(seen.missing, missing{"cost", err})
		} else {
			costs = m.table()
			seen.missing = append(seen.missing, m.missing...)
		}
	}
	page.Tables = append(page.Tables, costs)
	for _, m := range seen.missing {
		page.Notes = append(page.Notes, "Not known: "+m.what+" ("+ui.Plain(cloud.OneLine(a.text(m.err)))+")")
	}
	var body bytes.Buffer
	if err := page.Write(&body); err != nil {
		return err
	}
	if err := writePrivate(file, body.Bytes()); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	a.say("Wrote %s, %s.", quoted(file), ui.Bytes(int64(body.Len())))
	return a.sayMissing(seen)
}

// pageCharts are the page's charts: a title, and the metrics in them.
func pageCharts() map[string][]string {
	of := func(kinds ...string) (names []string) {
		for _, kind := range kinds {
			for _, f := range stage.FunctionNames() {
				names = append(names, metrics.OfFunction(f, kind))
			}
		}
		return names
	}
	return map[string][]string{
		"Requests":                    {metrics.Requests},
		"Requests that went wrong":    {metrics.ClientErrors, metrics.ServerErrors},
		"Time until the answer":       {metrics.LatencyP50, metrics.LatencyP95, metrics.LatencyP99},
		"Invocations without answer":  of(metrics.Errors, metrics.Throttles),
		"Invocations at once":         of(metrics.Concurrency),
		"Capacity of the table":       {metrics.ReadCapacity, metrics.WriteCapacity},
		"Refused by the table":        {metrics.ReadThrottles, metrics.WriteThrottles},
		"Sign-ups and sign-ins":       {metrics.SignUps, metrics.SignIns},
		"Saves, older versions too":   {metrics.StoredBytes},
		"Saves, each version counted": {metrics.StoredObjects},
	}
}

// pageOrder is the order of the charts.
var pageOrder = []string{
	"Requests", "Requests that went wrong", "Time until the answer", "Invocations without answer", "Invocations at once",
	"Capacity of the table", "Refused by the table", "Sign-ups and sign-ins", "Saves, older versions too", "Saves, each version counted",
}

// page is what has been seen as a page, without its cost.
func (s *seen) page() report.Page {
	p := report.Page{Title: "Metrics of " + s.stage}
	var marks []report.Mark
	releases := report.Table{Title: "Releases", Header: []string{"Release", "When", "Version", "By"}, None: "None in this time."}
	for _, r := range s.releases {
		marks = append(marks, report.Mark{Time: r.Time, Name: strconv.Itoa(r.Number)})
		releases.Rows = append(releases.Rows, []string{strconv.Itoa(r.Number), when.Format(r.Time, time.Local), ui.Plain(r.Version), ui.Plain(cloud.Identity{ARN: r.By}.Name())})
	}
	charts := pageCharts()
	for _, title := range pageOrder {
		if c, ok := s.chart(title, charts[title]); ok {
			c.Marks = marks
			p.Charts = append(p.Charts, c)
		}
	}
	p.Facts = s.facts()
	p.Tables = append(p.Tables, s.troubles(), s.slowest(), releases)
	p.Notes = append(p.Notes, "A gap in a chart means that there is no data, which is not 0. Marks are releases. What is not over is in no chart, since it would look like a drop.")
	if s.cut {
		p.Notes = append(p.Notes, fmt.Sprintf("The logs were longer than could be read in %s: errors, cold starts and slow syncs are those until %s.",
			ui.Elapsed(logsWithin), when.Format(s.digest.Last, time.Local)))
	}
	var silent []string
	for _, series := range s.reading.Series {
		if _, any := series.Peak(); !any && series.Err == nil {
			silent = append(silent, series.Metric.Name)
		}
	}
	if len(silent) > 0 {
		p.Notes = append(p.Notes, "No data: "+strings.Join(silent, ", ")+".")
	}
	return p
}

// chart is a chart of those of the metrics of which there is data, and whether there is any.
func (s *seen) chart(title string, names []string) (report.Chart, bool) {
	c := report.Chart{Title: title, Time: func(t time.Time) string { return when.Format(t, time.Local) }}
	for _, name := range names {
		series := s.reading.Of(name)
		if _, any := series.Peak(); !any {
			continue
		}
		c.Start, c.Period = series.Window.Start, series.Window.Period
		c.Lines = append(c.Lines, report.Line{Name: name, Values: settled(series)})
		c.Label = func(v float64) string { return quantity(v, series.Metric.Unit) }
	}
	return c, len(c.Lines) > 0
}

// facts are the figures at the head of the page.
func (s *seen) facts() []report.Fact {
	count := func(name string) string {
		if total, ok := s.reading.Of(name).Total(); ok {
			return quantity(total, metrics.Count)
		}
		return "no data"
	}
	peak := func(name string) string {
		series := s.reading.Of(name)
		if v, ok := series.Peak(); ok {
			return quantity(v, series.Metric.Unit)
		}
		return "no data"
	}
	last := func(name string) string {
		series := s.reading.Of(name)
		if v, _, ok := series.Last(); ok {
			return quantity(v, series.Metric.Unit)
		}
		return "no data"
	}
	players := "unknown"
	if n, ok := s.activePlayers(); ok {
		players = ui.Count(n)
	}
	return []report.Fact{
		{Name: "Requests", Value: count(metrics.Requests)}, {Name: "Refused (4xx)", Value: count(metrics.ClientErrors)}, {Name: "Failed (5xx)", Value: count(metrics.ServerErrors)},
		{Name: "Worst p95", Value: peak(metrics.LatencyP95)}, {Name: "Active players", Value: players}, {Name: "Sign-ups", Value: count(metrics.SignUps)},
		{Name: "Cold starts", Value: s.sayColdStarts()}, {Name: "Stored, old too", Value: last(metrics.StoredBytes)},
	}
}

// noneInLogs says that nothing was found in the logs, as far as these could be read.
func (s *seen) noneInLogs() string {
	switch {
	case s.digest == nil:
		return "unknown"
	case len(s.logGaps) > 0:
		return "None in the logs that could be read."
	}
	return "None in the logs."
}

func (s *seen) troubles() report.Table {
	t := report.Table{Title: "Errors by kind", Header: []string{"Status", "Where", "Times", "Last", "Why the last"}, Right: map[int]bool{2: true}, None: s.noneInLogs()}
	if s.digest == nil {
		return t
	}
	for _, e := range s.digest.Troubles {
		t.Rows = append(t.Rows, []string{strings.TrimSpace(strconv.Itoa(e.Status) + " " + reasons[e.Status]), operation(e.Source),
			ui.Count(int64(e.Count)), when.Format(e.Last, time.Local), ui.Plain(ui.SingleLine(e.Cause))})
	}
	return t
}

func (s *seen) slowest() report.Table {
	t := report.Table{Title: "Slowest syncs", Header: []string{"Took", "What", "When", "Player", "Game", "Status"}, Right: map[int]bool{0: true}, None: s.noneInLogs()}
	if s.digest == nil {
		return t
	}
	for _, slow := range s.digest.Slowest {
		r := slow.Record
		t.Rows = append(t.Rows, []string{duration(r.Took), operation(slow.Source), when.Format(slow.Time, time.Local),
			ui.Plain(r.Player[:min(8, len(r.Player))]), ui.Plain(r.Game), strconv.Itoa(r.Status)})
	}
	return t
}

// table is the month's cost for a page.
func (m *month) table() report.Table {
	v := m.view("")
	t := report.Table{
		Title:  fmt.Sprintf("Cost of %s, computed by list prices of %s, not billed", v.Month, v.Prices),
		Header: []string{"Service", "Item", "Amount", "So far", "By the end"}, Right: map[int]bool{2: true, 3: true, 4: true},
	}
	if v.Prices == "" {
		t.Title = fmt.Sprintf("Use of %s; the prices of %s are not known", v.Month, m.region)
	}
	for _, l := range v.Lines {
		t.Rows = append(t.Rows, []string{l.Service, l.Item, l.about(), l.costs(l.Dollars), l.costs(l.ByEnd)})
	}
	least := ""
	if v.AtLeast && v.Total != nil {
		least = "at least"
	}
	t.Rows = append(t.Rows, []string{"total", "", least, dollars(v.Total), dollars(v.ByEnd)})
	return t
}

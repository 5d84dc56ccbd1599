package cli

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/metrics"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// metricsView is the JSON of metrics.
type metricsView struct {
	Stage         string        `json:"stage"`
	Since         time.Time     `json:"since"`
	Until         time.Time     `json:"until"`
	Metrics       []metricView  `json:"metrics"`
	Releases      []releaseMark `json:"releases"`
	ActivePlayers *int64        `json:"activePlayers,omitempty"`
	ColdStarts    *coldStarts   `json:"coldStarts,omitempty"`
	Errors        []errorKind   `json:"errors,omitempty"`
	LogsReadUntil *time.Time    `json:"logsReadUntil,omitempty"`
	Missing       []missingView `json:"missing,omitempty"`
}

type metricView struct {
	Name          string      `json:"name"`
	About         string      `json:"about"`
	Unit          string      `json:"unit"`
	Statistic     string      `json:"statistic"`
	PeriodSeconds int64       `json:"periodSeconds"`
	Total         *float64    `json:"total,omitempty"`
	Peak          *float64    `json:"peak,omitempty"`
	Points        []pointView `json:"points"`
}

type pointView struct {
	Time    time.Time `json:"time"`
	Value   float64   `json:"value"`
	Running bool      `json:"running,omitempty"`
}

type releaseMark struct {
	Number  int       `json:"number"`
	Time    time.Time `json:"time"`
	Version string    `json:"version"`
	By      string    `json:"by"`
}

type coldStarts struct {
	Count     int   `json:"count"`
	LongestMS int64 `json:"longestMs"`
}

type errorKind struct {
	Source string    `json:"source"`
	Status int       `json:"status"`
	Count  int       `json:"count"`
	Last   time.Time `json:"last"`
	Cause  string    `json:"cause,omitempty"`
}

type missingView struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// view is what has been seen, for programs. What was counted in the logs is there
// if they were read to their end.
func (s *seen) view() metricsView {
	v := metricsView{Stage: s.stage, Since: s.since.UTC().Truncate(time.Second), Until: s.until.UTC().Truncate(time.Second), Metrics: []metricView{}, Releases: []releaseMark{}}
	for _, series := range s.reading.Series {
		if series.Err == nil {
			v.Metrics = append(v.Metrics, viewSeries(series))
		}
	}
	for _, r := range s.releases {
		v.Releases = append(v.Releases, releaseMark{r.Number, r.Time.UTC(), r.Version, cloud.Identity{ARN: r.By}.Name()})
	}
	for _, m := range s.missing {
		v.Missing = append(v.Missing, missingView{m.what, cloud.OneLine(cloud.Text(m.err))})
	}
	if s.digest == nil {
		return v
	}
	if s.cut {
		last := s.digest.Last.UTC()
		v.LogsReadUntil = &last
	}
	if n, ok := s.activePlayers(); ok {
		v.ActivePlayers = &n
	}
	if n, ok := s.coldStarts(); ok {
		v.ColdStarts = &coldStarts{n, s.longestColdStart().Milliseconds()}
	}
	for _, t := range s.digest.Troubles {
		v.Errors = append(v.Errors, errorKind{t.Source, t.Status, t.Count, t.Last.UTC(), t.Cause})
	}
	return v
}

func viewSeries(s metrics.Series) metricView {
	m := s.Metric
	v := metricView{Name: m.Name, About: m.About, Unit: string(m.Unit), Statistic: string(m.Statistic),
		PeriodSeconds: int64(s.Window.Period / time.Second), Points: []pointView{}}
	if total, ok := s.Total(); ok && m.Statistic.Adds() {
		v.Total = &total
	}
	if peak, ok := s.Peak(); ok {
		v.Peak = &peak
	}
	for i, value := range s.Points {
		if !math.IsNaN(value) {
			v.Points = append(v.Points, pointView{s.Window.At(i), value, i >= s.Window.Settled})
		}
	}
	return v
}

// activePlayers are the players in the logs, if these were read to their end.
func (s *seen) activePlayers() (n int64, ok bool) {
	if s.digest == nil || s.cut || len(s.logGaps) > 0 {
		return 0, false
	}
	return int64(len(s.digest.Players)), true
}

// coldStarts are those in the functions' logs, if these could all be read. If they were
// cut, it is as many until then.
func (s *seen) coldStarts() (n int, ok bool) {
	if s.digest == nil {
		return 0, false
	}
	for _, g := range s.logGaps {
		if slices.Contains(stage.FunctionNames(), g.Source) {
			return 0, false
		}
	}
	return len(s.digest.ColdStarts), true
}

// sayColdStarts says how many there were.
func (s *seen) sayColdStarts() string {
	n, ok := s.coldStarts()
	switch {
	case !ok:
		return "unknown"
	case n == 0:
		return "0"
	}
	return ui.Count(int64(n)) + ", at most " + duration(s.longestColdStart())
}

func (s *seen) longestColdStart() (longest time.Duration) {
	for _, c := range s.digest.ColdStarts {
		longest = max(longest, c.Took)
	}
	return longest
}

// settled are the values of the periods that are over; the others would look like a drop.
func settled(s metrics.Series) []float64 {
	list := slices.Clone(s.Points)
	for i := s.Window.Settled; i < len(list); i++ {
		list[i] = math.NaN()
	}
	return list
}

// quantity says a value in its unit.
func quantity(v float64, unit metrics.Unit) string {
	switch unit {
	case metrics.Milliseconds:
		return duration(time.Duration(v * float64(time.Millisecond)))
	case metrics.Bytes:
		return ui.Bytes(int64(v))
	}
	switch {
	case v < 10 && v != math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v >= 1e9:
		return strconv.FormatFloat(v/1e9, 'f', 2, 64) + " G"
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'f', 2, 64) + " M"
	}
	return ui.Count(int64(math.Round(v)))
}

// rowWidth is what a row of the table takes beside its chart, in cells: the longest
// name, and three values of up to seven cells.
const rowWidth = 25 + 2 + 7 + 2 + 7 + 2 + 7 + 2

package cli

import (
	"fmt"
	"math"

	"github.com/renpy-cloud/renpyctl/internal/health"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// launchView is the JSON of what a launch asks of a stage.
type launchView struct {
	Players int64       `json:"players"`
	Quotas  []quotaView `json:"quotas"`  // the one that the fewest players break first
	Million []quotaView `json:"million"` // the same for a million players
}

type quotaView struct {
	Quota  string  `json:"quota"`
	Unit   string  `json:"unit"`
	Limit  float64 `json:"limit"` // -1 for none
	Needed float64 `json:"needed"`
	Breaks int64   `json:"enoughFor"`        // players
	Mend   string  `json:"mend,omitempty"`   // a command that raises it, of one that is not enough
	Advice string  `json:"advice,omitempty"` // or how else it is raised
	Cost   string  `json:"cost,omitempty"`   // of raising it
}

func (a *app) launchView(f *health.Forecast) *launchView {
	if f == nil {
		return nil
	}
	return &launchView{f.Players, a.quotaViews(f.Quotas), a.quotaViews(f.Million)}
}

func (a *app) quotaViews(list []health.Quota) []quotaView {
	views := make([]quotaView, len(list))
	for i, q := range list {
		views[i] = quotaView{q.Name, q.Unit, q.Limit, q.Needed, q.Breaks, a.mend(q.Mend), q.Mend.Advice, q.Cost}
	}
	return views
}

// printLaunch prints what a launch asks, and what is first to break at a million.
func (a *app) printLaunch(f health.Forecast) error {
	t := ui.Table{Header: []string{"QUOTA", "LIMIT", "NEEDED", "ENOUGH FOR", "RAISING IT COSTS"}, Right: map[int]bool{1: true, 2: true, 3: true}}
	for _, q := range f.Quotas {
		limit, enough := ui.Count(int64(q.Limit)), ui.Count(q.Breaks)
		if q.Limit < 0 {
			limit, enough = "none", "any number"
		}
		t.Rows = append(t.Rows, []string{q.Name + ", " + q.Unit, limit, ui.Count(int64(math.Ceil(q.Needed))), enough, q.Cost})
	}
	if _, err := fmt.Fprintf(a.streams.Out, "\n%s sign up on one day and start within one minute:\n", ui.Plural(f.Players, "player")); err != nil {
		return err
	}
	if err := a.printTable(t); err != nil {
		return err
	}
	first := f.Million[0]
	_, err := fmt.Fprintf(a.streams.Out, "Of a million %s breaks first; to raise it costs %s.\n", first.Name, first.Cost)
	return err
}

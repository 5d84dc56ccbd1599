package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

func newReleases(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "releases",
		Short:   "List what was deployed when, by whom, and how it went",
		Example: "  renpyctl releases --stage prod",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.releases(cmd.Context()) },
	}
}

func (a *app) releases(ctx context.Context) error {
	archive, err := a.archive(ctx)
	if err != nil {
		return err
	}
	list, err := archive.Releases(ctx)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(list)
	}
	table := ui.Table{Header: []string{"", "RELEASE", "WHEN", "KIND", "RESULT", "VERSION", "CODE", "BY"}, Right: map[int]bool{1: true}}
	now := time.Now()
	for _, r := range list {
		table.Rows = append(table.Rows, a.releaseRow(r, now))
	}
	return a.printTable(table)
}

// archive connects and lists what the stage's artefact bucket holds.
func (a *app) archive(ctx context.Context) (*stage.Archive, error) {
	s, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	archive, err := s.at.Archive(ctx)
	if err == nil {
		s.sayRemoval(archive.Stack)
	}
	return archive, err
}

func (a *app) releaseRow(r stage.Listed, now time.Time) []string {
	live := ""
	if r.Live {
		live = ui.Success("live")
	}
	if r.Damaged != "" {
		return []string{live, strconv.Itoa(r.Number), "", "", ui.Failure("record damaged"), "", "", ""}
	}
	when := r.Time.UTC().Format(time.RFC3339)
	if a.streams.OutTerminal {
		when = ui.Ago(r.Time, now)
	}
	kind, origin := string(r.Kind), ""
	if r.Origin != 0 {
		origin = strconv.Itoa(r.Origin)
		if a.streams.OutTerminal {
			kind += " to " + origin
		}
	}
	result := string(r.Outcome.Result)
	switch r.Outcome.Result {
	case release.Failed:
		result = ui.Failure(result)
	case release.Unknown:
		result = "not finished"
	}
	if !r.Live && r.Doubtful() {
		result = ui.Warning("not proven")
	}
	row := []string{live, strconv.Itoa(r.Number), when, kind, result, r.Version, short(stage.CodeHash(r.Code["syncPlan"])), cloud.Identity{ARN: r.By}.Name()}
	if !a.streams.OutTerminal {
		row = append(row, origin)
	}
	return row
}

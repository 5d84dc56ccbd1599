package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

func newReleases(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "releases",
		Short: "List what was deployed when, by whom, and how it went",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.releases(cmd.Context()) },
	}
}

// releaseView is the JSON of a release.
type releaseView struct {
	release.Release
	Live bool `json:"live"` // the stack says that it is this one
}

func (a *app) releases(ctx context.Context) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	sit, err := s.stageAndStore(ctx)
	if err != nil {
		return err
	}
	list, err := s.history(ctx, sit)
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

// stageAndStore finds the stage's stack and artefact bucket, for commands that
// need no more of the situation.
func (s *session) stageAndStore(ctx context.Context) (*situation, error) {
	st, err := s.deployed(ctx)
	if err != nil {
		return nil, err
	}
	id, err := cloud.WhoAmI(ctx, s.cfg)
	if err != nil {
		return nil, err
	}
	return &situation{id: id, stack: st, store: s.artifacts(id.Account)}, nil
}

// history lists the releases, newest first, with the live one marked as the
// stack says. A live release whose run was cut off before it could write its
// outcome has succeeded if the stack has.
func (s *session) history(ctx context.Context, sit *situation) ([]releaseView, error) {
	all, err := sit.store.List(ctx)
	if err != nil {
		return nil, err
	}
	list := []releaseView{}
	for _, r := range all {
		v := releaseView{r, r.Number == sit.release()}
		if v.Live && r.Outcome.Result == release.Unknown && sit.stack.Status.Updatable() {
			v.Outcome.Result = release.Succeeded
		}
		list = append(list, v)
	}
	return list, nil
}

func (a *app) releaseRow(r releaseView, now time.Time) []string {
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
	kind := string(r.Kind)
	if r.Origin != 0 {
		kind += fmt.Sprintf(" to %d", r.Origin)
	}
	result := string(r.Outcome.Result)
	switch r.Outcome.Result {
	case release.Failed:
		result = ui.Failure(result)
	case release.Unknown:
		result = "not finished"
	}
	return []string{live, strconv.Itoa(r.Number), when, kind, result, r.Version, short(codeHash(r.Code["syncPlan"])), cloud.Identity{ARN: r.By}.Name()}
}

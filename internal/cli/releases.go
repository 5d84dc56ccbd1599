package cli

import (
	"context"
	"errors"
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
	s, sit, err := a.stageAndStore(ctx)
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

// stageAndStore finds the stage's stack and lists its artefact bucket, for
// commands that need no more of the situation.
func (a *app) stageAndStore(ctx context.Context) (*session, *situation, error) {
	s, err := a.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	sit := &situation{}
	if err := together(ctx, into(&sit.stack, s.deployed), into(&sit.id, s.whoAmI)); err != nil {
		return nil, nil, err
	}
	sit.store = s.artifacts(sit.id.Account)
	sit.contents, err = sit.store.Contents(ctx)
	return s, sit, err
}

// history lists the releases, newest first, with the live one marked as the
// stack says.
func (s *session) history(ctx context.Context, sit *situation) ([]releaseView, error) {
	all, err := sit.store.List(ctx, sit.contents.Numbers())
	if err != nil {
		return nil, err
	}
	list := []releaseView{}
	for _, r := range all {
		list = append(list, releaseView{sit.settled(r), r.Number == sit.release()})
	}
	return list, nil
}

// get returns a release; one whose record cannot be read is returned as damaged.
func (sit *situation) get(ctx context.Context, number int) (release.Release, error) {
	r, err := sit.store.Get(ctx, number)
	if errors.Is(err, release.ErrDamaged) {
		err = nil
	}
	return sit.settled(r), err
}

// settled returns the release with what the stack tells of it: the live one has
// succeeded if the stack has, whatever its run could write down.
func (sit *situation) settled(r release.Release) release.Release {
	if r.Number == sit.release() && r.Damaged == "" && sit.stack.Status.Updatable() {
		r.Outcome.Result, r.Outcome.Reason = release.Succeeded, ""
	}
	return r
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

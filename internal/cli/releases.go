package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
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

func newRollback(a *app) *cobra.Command {
	var o deployOptions
	cmd := &cobra.Command{
		Use:   "rollback [RELEASE]",
		Short: "Go back to an earlier release",
		Long: `Go back to an earlier release, as a new release: to the one of that number, or
to the last successful one before the live one. Template, code and settings
become what they were; players' accounts and saves are not touched.`,
		Example: `  renpyctl rollback --stage prod
  renpyctl rollback 41 --stage prod`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes one release, got %d arguments", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.rollback(cmd.Context(), args, o) },
	}
	o.changeFlags(cmd)
	return cmd
}

// rollback makes the stage what an earlier release was.
func (a *app) rollback(ctx context.Context, args []string, o deployOptions) error {
	wanted := 0
	if len(args) == 1 {
		n, err := strconv.Atoi(args[0])
		if err != nil || n < 1 {
			return usagef("%q is not the number of a release", args[0])
		}
		wanted = n
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	if _, err := s.deployed(ctx); err != nil {
		return err
	}
	sit, err := s.look(ctx)
	if err != nil {
		return err
	}
	s.where(sit.id)
	if err := s.makeReady(ctx, sit, o); err != nil {
		return err
	}
	list, err := s.history(ctx, sit)
	if err != nil {
		return err
	}
	r, err := pickRelease(list, wanted)
	if err != nil {
		return err
	}
	t, err := s.released(ctx, sit, r)
	if err != nil {
		return err
	}
	drift, err := s.drift(ctx, sit)
	if err != nil {
		return err
	}
	s.say("Back to release %d of %s.", r.Number, r.Time.UTC().Format(time.RFC3339))
	return s.change(ctx, sit, t, drift, release.Record{Kind: release.Rollback, Origin: r.Number}, o)
}

// pickRelease finds the release to go back to: the one of that number, or, for
// 0, the last successful one before what is live. After a rollback that is the
// one before the release that was gone back to, so that repeating goes further back.
func pickRelease(list []releaseView, wanted int) (release.Release, error) {
	before := 0
	for _, r := range list {
		switch {
		case wanted != 0 && r.Number == wanted:
			return r.Release, usable(r)
		case r.Live && r.Origin != 0:
			before = r.Origin
		case r.Live:
			before = r.Number
		}
	}
	if wanted != 0 {
		return release.Release{}, fmt.Errorf("%w: %d", release.ErrNoRelease, wanted)
	}
	for _, r := range list {
		if r.Number < before && r.Kind == release.Deploy && usable(r) == nil {
			return r.Release, nil
		}
	}
	return release.Release{}, fmt.Errorf("%w: none before the live one has succeeded", release.ErrNoRelease)
}

// usable tells whether a release can be gone back to.
func usable(r releaseView) error {
	switch {
	case r.Damaged != "":
		return fmt.Errorf("release %d cannot be used: %s", r.Number, r.Damaged)
	case r.Kind == release.FunctionOnly:
		return fmt.Errorf("release %d changed the code of single functions only and cannot be gone back to", r.Number)
	case r.Outcome.Result != release.Succeeded:
		return fmt.Errorf("release %d did not succeed and cannot be gone back to", r.Number)
	}
	return nil
}

func newPrune(a *app) *cobra.Command {
	keep, dryRun := 10, false
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Delete the records and code of old releases",
		Long: `Delete the records of old releases, and the templates and code that no release
left needs. The live release and the latest successful ones are kept.`,
		Example: "  renpyctl prune --stage prod --keep 20 --dry-run",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.prune(cmd.Context(), keep, dryRun) },
	}
	cmd.Flags().IntVar(&keep, "keep", keep, "how many successful releases to keep")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be deleted")
	return cmd
}

// pruneView is the JSON of `prune`.
type pruneView struct {
	Releases []int    `json:"releases"` // whose records are deleted
	Keys     []string `json:"keys"`     // of all objects that are deleted
	DryRun   bool     `json:"dryRun"`
}

// prune deletes what no release that can be gone back to needs.
func (a *app) prune(ctx context.Context, keep int, dryRun bool) error {
	if keep < 1 {
		return usagef("--keep %d: at least one release has to stay", keep)
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	sit, err := s.stageAndStore(ctx)
	if err != nil {
		return err
	}
	if sit.stack.Status.InProgress() {
		return busy(sit.stack)
	}
	list, err := s.history(ctx, sit)
	if err != nil {
		return err
	}
	old := oldReleases(list, keep)
	inUse := []string{sit.stack.Parameters[cfn.ParamSyncPlanCodeKey], sit.stack.Parameters[cfn.ParamSyncCompleteCodeKey]}
	keys, err := sit.store.Unneeded(ctx, old, inUse)
	if err != nil {
		return err
	}
	view := pruneView{Releases: old, Keys: keys, DryRun: dryRun}
	if !a.json() {
		a.say("%s of old releases, %s in all.", ui.Plural(int64(len(old)), "record"), ui.Plural(int64(len(keys)), "object"))
	}
	if !dryRun && len(keys) > 0 {
		if err := a.confirm(ctx, "Delete them?"); err != nil {
			return err
		}
		if err := sit.store.Delete(ctx, keys); err != nil {
			return err
		}
		a.say("Deleted; the bucket keeps them for %d more days.", release.ExpireAfterDays)
	}
	if a.json() {
		return a.printJSON(view)
	}
	return nil
}

// oldReleases are the numbers of the releases that are older than the oldest
// one to keep: the live one, what it went back to, and the latest successful ones.
func oldReleases(list []releaseView, keep int) []int {
	oldest := 0
	kept := 0
	for _, r := range list {
		switch {
		case r.Live && r.Origin != 0:
			oldest = smaller(oldest, r.Origin)
		case r.Live:
			oldest = smaller(oldest, r.Number)
		case kept < keep && usable(r) == nil:
			oldest = smaller(oldest, r.Number)
			kept++
		}
	}
	old := []int{}
	for _, r := range list {
		if r.Number < oldest {
			old = append(old, r.Number)
		}
	}
	return old
}

// smaller is the smaller of two numbers of which the first may be unset.
func smaller(a, b int) int {
	if a == 0 {
		return b
	}
	return min(a, b)
}

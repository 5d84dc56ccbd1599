package cli

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

func newPrune(a *app) *cobra.Command {
	keep, dryRun := 10, false
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Delete the records and code of old releases, and stale plans",
		Long: `Delete the records of old releases, the templates and code that no release left
needs, and plans of plan --out that cannot be executed any more or are older
than 30 days. Kept are the live release and what it went back to, the latest
successful ones beside it, and everything since the oldest of those.`,
		Example: "  renpyctl prune --stage prod --keep 20 --dry-run",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.prune(cmd.Context(), keep, dryRun) },
	}
	cmd.Flags().IntVar(&keep, "keep", keep, "how many successful releases to keep beside the live one")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only list what would be deleted")
	return cmd
}

// pruneView is the JSON of `prune`.
type pruneView struct {
	Releases []int    `json:"releases"` // whose records are deleted
	Keys     []string `json:"keys"`     // of all objects that are deleted
	Plans    []string `json:"plans"`    // ids of the change sets that are deleted
	DryRun   bool     `json:"dryRun"`
}

// prune deletes what no release that can be gone back to needs.
func (a *app) prune(ctx context.Context, keep int, dryRun bool) error {
	if keep < 1 {
		return usagef("--keep %d: at least one release has to stay", keep)
	}
	archive, err := a.archive(ctx)
	if err != nil {
		return err
	}
	if archive.Stack.Status.InProgress() {
		return stage.Busy(archive.Stack)
	}
	list, err := archive.Releases(ctx)
	if err != nil {
		return err
	}
	all := make([]release.Release, 0, len(list))
	for _, r := range list {
		all = append(all, r.Release)
	}
	old := release.Old(all, archive.Release(), keep)
	keys := archive.Contents.Unneeded(all, old, archive.Release(), archive.CodeKeys())
	plans, err := archive.StalePlans(ctx)
	if err != nil {
		return err
	}
	view := pruneView{Releases: old, Keys: keys, Plans: []string{}, DryRun: dryRun}
	for _, p := range plans {
		view.Plans = append(view.Plans, p.ID)
	}
	a.sayPruned(list, old, keys)
	if len(plans) > 0 {
		a.say("Stale: %s that nobody can use any more.", ui.Plural(int64(len(plans)), "kept plan"))
	}
	if !dryRun && len(keys)+len(plans) > 0 {
		if err := a.confirm(ctx, "Delete them?"); err != nil {
			return err
		}
		if err := archive.Store.Delete(ctx, keys); err != nil {
			return err
		}
		for _, p := range plans {
			if err := archive.Stacks.Discard(ctx, p.Plan(archive.Stack.ID)); err != nil {
				return err
			}
		}
		a.say("Deleted; the bucket keeps its objects for %d more days.", release.ExpireAfterDays)
	}
	return a.printPruned(view)
}

// printPruned prints what was deleted, or would be. To people it is said already.
func (a *app) printPruned(v pruneView) error {
	if a.json() {
		return a.printJSON(v)
	}
	if a.streams.OutTerminal && !v.DryRun {
		return nil
	}
	t := ui.Table{Header: []string{"KIND", "NAME"}}
	for _, number := range v.Releases {
		t.Rows = append(t.Rows, []string{"release", strconv.Itoa(number)})
	}
	for _, key := range v.Keys {
		t.Rows = append(t.Rows, []string{"object", key})
	}
	for _, id := range v.Plans {
		t.Rows = append(t.Rows, []string{"plan", id})
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return a.printTable(t)
}

// sayPruned says which releases go and which stay.
func (a *app) sayPruned(list []stage.Listed, old []int, keys []string) {
	var gone, stay []string
	for _, r := range slices.Backward(list) {
		switch name := strconv.Itoa(r.Number); {
		case slices.Contains(old, r.Number):
			gone = append(gone, name)
		case r.Live:
			stay = append(stay, name+" (live)")
		default:
			stay = append(stay, name)
		}
	}
	a.say("Old: %s, with %s that no other release needs.", cmp.Or(ranges(gone), "none"), ui.Plural(int64(len(keys)), "object"))
	a.say("Kept: %s.", cmp.Or(ranges(stay), "none"))
}

// ranges shortens a list: "1 … 9, 11".
func ranges(names []string) string {
	if len(names) > 4 {
		return names[0] + " … " + strings.Join(names[len(names)-2:], ", ")
	}
	return strings.Join(names, ", ")
}

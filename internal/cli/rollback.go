package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/release"
)

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
	if err := s.makeChangeable(ctx, sit, o); err != nil {
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

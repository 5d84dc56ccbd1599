package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
to the newest successful one before the live one; after a rollback, before the
one that was gone back to. Template, code and settings become what they were;
players' accounts and saves are not touched.`,
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
	if err := o.checkAllowed(); err != nil {
		return err
	}
	wanted := 0
	if len(args) == 1 {
		n, err := strconv.Atoi(args[0])
		if err != nil || n < 1 {
			return usagef("%q is not the number of a release", args[0])
		}
		wanted = n
	}
	s, sit, err := a.surveyDeployed(ctx)
	if err != nil {
		return err
	}
	if err := s.makeChangeable(ctx, sit, o); err != nil {
		return err
	}
	if err := sit.MustBeDeployed(); err != nil {
		return err // deleted while it was waited for
	}
	if err := s.inspect(ctx, sit); err != nil {
		return err
	}
	r, err := pickRelease(sit.contents.Numbers(), sit.compared().Origin(), wanted, func(n int) (release.Release, error) { return sit.inspected().Get(ctx, n) })
	if err != nil {
		return err
	}
	t, err := s.released(ctx, sit, r)
	if err != nil {
		return err
	}
	// A rollback is what it went back to, as long as that is remembered.
	origin, which := r.Number, ""
	if r.Origin != 0 && slices.Contains(sit.contents.Numbers(), r.Origin) {
		origin, which = r.Origin, fmt.Sprintf(", which is release %d again", r.Origin)
	}
	if sit.runs(r) {
		return s.unchanged(ctx, sit, t, o)
	}
	s.say("Going back to release %d of %s%s.", r.Number, r.Time.UTC().Format(time.RFC3339), which)
	return s.change(ctx, sit, t, release.Record{Kind: release.Rollback, Origin: origin}, o)
}

// runs tells whether the live release is the same as another, but for its number.
func (sit *situation) runs(r release.Release) bool {
	live := sit.record
	return live != nil && sit.Stack.Status.Updatable() && len(sit.Missing()) == 0 &&
		live.Template == r.Template && maps.Equal(live.Code, r.Code) && maps.Equal(live.Parameters, r.Parameters)
}

// origin is the number of the deploy that is live, itself or gone back to: after
// a rollback, going back once more leads to what was before that.
func (sit *situation) origin() int {
	if sit.record != nil && sit.record.Origin != 0 {
		return sit.record.Origin
	}
	return sit.Release()
}

// pickRelease finds the release to go back to: the one of the number that is
// wanted, or, for 0, the newest usable one before a number. Numbers are those of
// all releases, the newest first.
func pickRelease(numbers []int, before, wanted int, get func(int) (release.Release, error)) (release.Release, error) {
	if wanted != 0 {
		r, err := get(wanted)
		if err == nil {
			err = usable(r)
		}
		return r, err
	}
	if before == 0 {
		return release.Release{}, fmt.Errorf("%w: the stack does not say which one is live", release.ErrNoRelease)
	}
	for _, n := range numbers {
		if n >= before {
			continue
		}
		r, err := get(n)
		if err != nil {
			return release.Release{}, err
		}
		if usable(r) == nil {
			return r, nil
		}
	}
	return release.Release{}, fmt.Errorf("%w: release %d is live, and none before it has succeeded", release.ErrNoRelease, before)
}

// unusableError says why a release cannot be gone back to.
type unusableError struct{ text string }

func (e *unusableError) Error() string { return e.text }

// usable tells whether a release can be gone back to; the error is an *unusableError.
func usable(r release.Release) error {
	text := ""
	switch {
	case r.Damaged != "":
		text = fmt.Sprintf("release %d cannot be used: %s", r.Number, r.Damaged)
	case r.Kind == release.FunctionOnly:
		text = fmt.Sprintf("release %d changed the code of single functions only and cannot be gone back to", r.Number)
	case r.Outcome.Result != release.Succeeded:
		text = fmt.Sprintf("release %d did not succeed and cannot be gone back to", r.Number)
	default:
		return nil
	}
	return &unusableError{text}
}

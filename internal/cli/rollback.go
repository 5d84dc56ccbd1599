package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/deploy"
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
	s, st, err := a.surveyDeployed(ctx)
	if err != nil {
		return err
	}
	if st, err = deploy.Changeable(ctx, st, o.wait, s.screen()); err != nil {
		return err
	}
	if err := st.MustBeDeployed(); err != nil {
		return err // deleted while it was waited for
	}
	in, err := st.Inspect(ctx)
	if err != nil {
		return err
	}
	back, err := deploy.Choose(ctx, in, wanted)
	for _, r := range back.PassedOver {
		s.warnOfDoubts([]string{r.Usable().Error()})
	}
	if err != nil {
		return err
	}
	if back.Live {
		return s.keepUp(ctx, deploy.KeepAs(in.Compared, back.To), o)
	}
	r, which := back.Release, ""
	if back.Origin != r.Number {
		which = fmt.Sprintf(", which is release %d again", back.Origin)
	}
	s.say("Going back to release %d of %s%s.", r.Number, r.Time.UTC().Format(time.RFC3339), which)
	return s.change(ctx, in, back.To, a.how(release.Rollback, back.Origin, o), o)
}

package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/lambda"
)

func newDeployFunction(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "function NAME",
		Short: "Give one function the code of this program, in seconds",
		Long: `Give one function the code of this program, past CloudFormation and in seconds.
It is recorded as a release. The next deploy brings stack and function together.`,
		Example:   "  renpyctl deploy function syncPlan --stage dev",
		Args:      exactly("a function: " + strings.Join(stage.FunctionNames(), " or ")),
		ValidArgs: stage.FunctionNames(),
		RunE:      func(cmd *cobra.Command, args []string) error { return a.deployFunction(cmd.Context(), args[0]) },
	}
}

// deployFunction updates the code of one function and returns when it runs.
func (a *app) deployFunction(ctx context.Context, name string) error {
	f, known := stage.FunctionNamed(name)
	if !known {
		return oneOf("function", name, stage.FunctionNames())
	}
	s, st, err := a.surveyDeployed(ctx)
	if err != nil {
		return err
	}
	if st, err = deploy.Changeable(ctx, st, false, s.screen()); err != nil {
		return err
	}
	if err := st.MustBeDeployed(); err != nil {
		return err // deleted while it was waited for
	}
	code, err := s.code(f.Function, lambda.Arch(st.Stack.Parameters[cfn.ParamArchitecture]))
	if err != nil {
		return err
	}
	if live, runs := deploy.RunsCode(st, code); runs {
		s.say("Nothing to do: %s runs this code already (%s).", ui.Accent(name), short(code.SHA256))
		return s.printFunction(live)
	}
	if err := s.confirm(ctx, fmt.Sprintf("Update the code of %s on %s?", name, s.flags.stage)); err != nil {
		return err
	}
	r, err := deploy.ReplaceCode(ctx, st, code, a.how(release.FunctionOnly, 0, deployOptions{}).Record, s.screen())
	if err != nil {
		return err
	}
	s.say("%s %s runs %s, as release %d, after %s", ui.Success("Updated:"), ui.Accent(name), short(code.SHA256), r.Number, ui.Elapsed(r.Took))
	return s.printFunction(r.Function)
}

func (s *session) printFunction(f stage.Running) error {
	if s.json() {
		return s.printJSON(f)
	}
	return nil
}

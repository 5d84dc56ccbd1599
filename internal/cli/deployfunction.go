package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/functions"
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
		return usagef("function %q: there are %s", name, strings.Join(stage.FunctionNames(), " and "))
	}
	s, sit, err := a.surveyDeployed(ctx)
	if err != nil {
		return err
	}
	if err := s.makeChangeable(ctx, sit, deployOptions{}); err != nil {
		return err
	}
	if err := sit.MustBeDeployed(); err != nil {
		return err // deleted while it was waited for
	}
	code, err := s.code(f.Function, lambda.Arch(sit.Stack.Parameters[cfn.ParamArchitecture]))
	if err != nil {
		return err
	}
	for _, live := range sit.Live {
		if live.Name == name && live.CodeSha256 == lambda.CodeSha256(code.SHA256) {
			s.say("Nothing to do: %s runs this code already (%s).", ui.Accent(name), short(code.SHA256))
			return s.printFunction(live)
		}
	}
	if err := s.confirm(ctx, fmt.Sprintf("Update the code of %s on %s?", name, s.flags.stage)); err != nil {
		return err
	}
	return s.replaceCode(ctx, sit, code)
}

// replaceCode uploads the code, records the release, and updates the function.
func (s *session) replaceCode(ctx context.Context, sit *situation, code lambda.Code) error {
	start := time.Now()
	key := stage.CodeKey(code)
	var err error
	if sit.contents, err = sit.Store.Contents(ctx); err != nil {
		return err
	}
	t := &target{code: map[string]string{code.Function.Name: key}, bodies: map[string][]byte{key: code.Zip}}
	if _, _, err := t.upload(ctx, sit); err != nil {
		return err
	}
	number := sit.inspected().Next()
	if err := sit.Store.Begin(ctx, s.record(sit, t, sit.Stack.ID, release.Record{Kind: release.FunctionOnly}, number)); err != nil {
		return err
	}
	name := s.stage().Function(code.Function)
	src := functions.Source{Bucket: sit.Store.Bucket, Key: key, CodeSha256: lambda.CodeSha256(code.SHA256), Architecture: string(code.Arch)}
	live, err := functions.UpdateCode(ctx, s.at.Lambda(), name, src)
	if err != nil {
		s.finishRecord(ctx, sit, number, release.Outcome{Result: release.Failed, Reason: oneLine(err.Error())})
		return err
	}
	info := stage.Running{Name: code.Function.Name, Function: live}
	if err := s.recordSuccess(ctx, sit, number, []stage.Running{info}); err != nil {
		return err
	}
	s.say("%s %s runs %s, as release %d, after %s", ui.Success("Updated:"), ui.Accent(info.Name), short(code.SHA256), number, ui.Elapsed(time.Since(start)))
	return s.printFunction(info)
}

func (s *session) printFunction(f stage.Running) error {
	if s.json() {
		return s.printJSON(f)
	}
	return nil
}

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	lambdaapi "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// deployOptions are the flags of deploy; plan and rollback have some of them.
type deployOptions struct {
	arch         string
	settings     []string
	verbose      bool
	wait         bool
	watch        bool
	express      bool
	protect      bool
	planFile     string
	allowReplace []string
}

func newDeploy(a *app) *cobra.Command {
	var o deployOptions
	cmd := &cobra.Command{
		Use:   "deploy",
		Short: "Create the backend of a stage, or bring it up to date",
		Long: `Create the backend of a stage, or bring it up to date. What would change is
shown first and nothing happens before it is confirmed. Settings that are not
given keep the value they have.

Settings (--set NAME=VALUE):
` + settingsHelp(),
		Example: `  renpyctl deploy --local
  renpyctl deploy --stage prod --set GameIds=my_game --set LogRetentionDays=90
  renpyctl deploy --stage prod --plan prod.plan --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := o.arch != "" || len(o.settings) > 0 || o.express || o.protect
			switch {
			case o.watch && (given || o.planFile != ""):
				return usagef("--watch only looks, and goes with no other flag of deploy")
			case o.watch:
				return a.watch(cmd.Context())
			case o.planFile != "" && given:
				return usagef("a plan is executed as it was made: --plan goes without --set, --arch, --express and --protect")
			case o.planFile != "":
				return a.deployPlan(cmd.Context(), o)
			}
			return a.deploy(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	o.targetFlags(cmd)
	o.changeFlags(cmd)
	f.StringVar(&o.planFile, "plan", "", "execute the plan in this file, which renpyctl plan --out wrote")
	f.BoolVar(&o.watch, "watch", false, "only watch what runs on the stack already")
	f.BoolVar(&o.express, "express", false, "do not wait until resources work (not for protected stages)")
	f.BoolVar(&o.protect, "protect", false, "protect the stage as prod is: against deletion, and by a typed confirmation")
	cmd.AddCommand(newDeployFunction(a))
	return cmd
}

// targetFlags are the flags that say what is deployed.
func (o *deployOptions) targetFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.arch, "arch", "", "processor of the functions: arm64 or x86_64 (default: as deployed, else arm64)")
	cmd.Flags().StringArrayVar(&o.settings, "set", nil, "set a setting, NAME=VALUE; may be repeated")
}

// changeFlags are the flags of every command that plans a change of the stack.
func (o *deployOptions) changeFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "list every resource and property that changes")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "wait while another operation runs on the stack")
	cmd.Flags().StringArrayVar(&o.allowReplace, "allow-replace", nil, "let this resource be replaced or removed although players lose by it")
}

func settingsHelp() string {
	var b strings.Builder
	for _, s := range cfn.Settings() {
		fmt.Fprintf(&b, "  %-19s %s (%s)\n", s.Name, s.Help, cmp.Or(s.Default, "empty"))
	}
	return b.String()
}

// deploy makes the stage what this program carries.
func (a *app) deploy(ctx context.Context, o deployOptions) error {
	settings, err := parseSettings(o.settings)
	if err != nil {
		return err
	}
	s, sit, err := a.survey(ctx)
	if err != nil {
		return err
	}
	if err := s.makeReady(ctx, sit, o); err != nil {
		return err
	}
	t, err := s.embedded(sit, settings, o.arch)
	if err != nil {
		return err
	}
	drift, err := s.drift(ctx, sit)
	if err != nil {
		return err
	}
	if sit.stack.Status.Updatable() && t.is(sit) {
		return s.unchanged(ctx, sit, drift, o)
	}
	return s.change(ctx, sit, t, drift, release.Record{Kind: release.Deploy}, o)
}

// unchanged ends a deploy whose stack needs no change. What a run that was cut
// off could not set and write down any more is made up for.
func (s *session) unchanged(ctx context.Context, sit *situation, drift []drifted, o deployOptions) error {
	if len(drift) > 0 {
		return s.restore(ctx, sit, drift)
	}
	unfinished := sit.record == nil || sit.record.Outcome.Result == release.Unknown
	protects := o.protect && !sit.stack.TerminationProtection
	if unfinished || protects {
		if err := s.fortify(ctx, sit.stack, o.protect); err != nil {
			return err
		}
	}
	if unfinished && sit.record != nil {
		if err := s.recordSuccess(ctx, sit, sit.record.Record); err != nil {
			return err
		}
	}
	if protects {
		s.say("Stage %s is protected now.", ui.Accent(s.flags.stage))
	}
	s.say("Nothing to do: stage %s is up to date.", ui.Accent(s.flags.stage))
	return s.printDeployed(sit.stack)
}

// restore puts right functions that were changed past CloudFormation, which
// would see no reason to touch them.
func (s *session) restore(ctx context.Context, sit *situation, list []drifted) error {
	s.say("\nThe stack is up to date, but somebody has changed the functions:")
	s.sayDrift(list)
	if err := s.confirm(ctx, "Put them right?"); err != nil {
		return err
	}
	client := lambdaapi.NewFromConfig(s.cfg)
	for _, d := range list {
		if err := s.restoreFunction(ctx, sit, client, d); err != nil {
			return err
		}
		s.say("  %s %s", ui.Success("✓"), d.FunctionName)
	}
	s.say("Put right: stage %s runs release %d again.", ui.Accent(s.flags.stage), sit.release())
	return s.printDeployed(sit.stack)
}

func (s *session) restoreFunction(ctx context.Context, sit *situation, client functions.Client, d drifted) error {
	var code, settings bool
	for _, diff := range d.Differences {
		if diff.Setting == "codeSha256" || diff.Setting == "architecture" {
			code = true
		} else {
			settings = true
		}
	}
	if code {
		src := functions.Source{
			Bucket: sit.store.Bucket, Key: sit.stack.Parameters[codeParameters()[d.Name]],
			CodeSha256: d.want.CodeSha256, Architecture: d.want.Architecture,
		}
		if err := functions.UpdateCode(ctx, client, d.FunctionName, src); err != nil {
			return err
		}
	}
	if settings {
		return functions.UpdateSettings(ctx, client, d.want)
	}
	return nil
}

// printDeployed prints where the backend is.
func (s *session) printDeployed(st stack.Stack) error {
	if s.json() {
		return s.printJSON(s.info(st))
	}
	out := s.outputs(st)
	fields := [][2]string{
		{"API", out[cfn.OutputAPIEndpoint]},
		{"User pool", out[cfn.OutputUserPoolID]},
		{"Client", out[cfn.OutputAppClientID]},
	}
	if err := s.printFields(fields); err != nil {
		return err
	}
	s.hint("%s prints what to paste into the game", s.command("config renpy"))
	return nil
}

// watch follows what runs on the stack already, whoever began it.
func (a *app) watch(ctx context.Context) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	st, err := s.describe(ctx)
	if err != nil {
		return err
	}
	if !st.Status.InProgress() {
		s.say("Nothing runs on the stack %s: it is %s.", st.Name, st.Status)
		return nil
	}
	final, events, err := s.attach(ctx, st)
	switch {
	case errors.Is(err, stack.ErrNotFound) || err == nil && final.Status == stack.DeleteComplete:
		s.say("The stack %s is deleted.", st.Name)
		return nil
	case err != nil:
		return err
	case !final.Status.Settled():
		return s.failed("watch", final, events)
	}
	s.say("The stack %s is %s.", st.Name, ui.Success(string(final.Status)))
	return nil
}

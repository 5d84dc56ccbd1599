package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// deployOptions are the flags of deploy; plan and rollback have some of them.
type deployOptions struct {
	arch         string
	roleARN      string
	settings     []string
	verbose      bool
	wait         bool
	watch        bool
	express      bool
	protect      bool
	smoke        bool
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

With --smoke the release is tried as renpyctl smoke does it, twice if it fails.
One that fails is taken back by itself, to the newest good one before it: exit
code 5. Where there is none, and where the test could not be run, it stays: exit
codes 8 and 9.

Settings (--set NAME=VALUE):
` + settingsHelp(),
		Example: `  renpyctl deploy --local
  renpyctl deploy --stage prod --set GameIds=my_game --set LogRetentionDays=90
  renpyctl deploy --stage prod --plan prod.plan --yes
  renpyctl deploy --stage prod --yes --smoke`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := o.arch != "" || o.roleARN != "" || len(o.settings) > 0 || o.express || o.protect
			switch {
			case cmd.Flags().Changed("plan") && o.planFile == "":
				return usagef("--plan needs a file")
			case o.watch && (given || o.planFile != "" || o.smoke):
				return usagef("--watch only looks, and goes with no other flag of deploy")
			case o.smoke && o.express:
				return usagef("--smoke tries what works, which --express does not wait for: leave one of them out")
			case o.watch:
				return a.watch(cmd.Context())
			case o.planFile != "" && given:
				return usagef("a plan is executed as it was made: --plan goes without --set, --arch, --role-arn, --express and --protect")
			case o.planFile != "":
				return a.deployPlan(cmd.Context(), o)
			}
			return a.deployInTurn(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	o.targetFlags(cmd)
	o.changeFlags(cmd)
	f.StringVar(&o.planFile, "plan", "", "execute the plan in this file, which renpyctl plan --out wrote")
	f.BoolVar(&o.watch, "watch", false, "only watch what runs on the stack already")
	f.BoolVar(&o.express, "express", false, "do not wait until resources work (not for protected stages)")
	f.BoolVar(&o.smoke, "smoke", false, "try what was deployed as renpyctl smoke does, and take it back if it fails")
	f.BoolVar(&o.protect, "protect", false, "protect the stage as prod is: against deletion, and by a typed confirmation")
	cmd.AddCommand(newDeployFunction(a))
	return cmd
}

// targetFlags are the flags that say what is deployed.
func (o *deployOptions) targetFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.arch, "arch", "", "processor of the functions: arm64 or x86_64 (default: as deployed, else arm64; with --local this computer's)")
	cmd.Flags().StringVar(&o.roleARN, "role-arn", "", "role that CloudFormation works as from then on (default: as before, else as whoever deploys)")
	cmd.Flags().StringArrayVar(&o.settings, "set", nil, "set a setting, `NAME=VALUE`; may be repeated")
	_ = cmd.RegisterFlagCompletionFunc("set", completeSettings) // the flags are there
	_ = cmd.RegisterFlagCompletionFunc("arch", completeArches)
}

// changeFlags are the flags of every command that plans a change of the stack.
func (o *deployOptions) changeFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "list every resource and property that changes")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "wait while another operation runs on the stack")
	cmd.Flags().StringArrayVar(&o.allowReplace, "allow-replace", nil, "let this resource be replaced or removed although players lose by it")
	_ = cmd.RegisterFlagCompletionFunc("allow-replace", completeResources) // the flag is there
}

// deployInTurn deploys; with --wait again after somebody else who was faster in
// between, since between a look at the stack and its change there is time for that.
func (a *app) deployInTurn(ctx context.Context, o deployOptions) error {
	const tries = 5
	for n := 1; ; n++ {
		err := a.deploy(ctx, o)
		if !o.wait || !errors.Is(err, stack.ErrBusy) || n == tries {
			return err
		}
		a.say("Somebody else was faster. Once more, after what they do.")
		if err := cloud.Sleep(ctx, time.Duration(n)*2*time.Second); err != nil {
			return err
		}
	}
}

// deploy makes the stage what this program carries.
func (a *app) deploy(ctx context.Context, o deployOptions) error {
	settings, err := o.parse()
	if err != nil {
		return err
	}
	s, st, err := a.survey(ctx)
	if err != nil {
		return err
	}
	if o.express && (o.protect || st.Protected()) {
		return usagef("--express is not for the protected stage %s: it would not wait until the backend works", s.flags.stage)
	}
	if st, err = deploy.MakeReady(ctx, st, o.wait, s.screen()); err != nil {
		return err
	}
	t, err := s.embedded(st, settings, o)
	if err != nil {
		return err
	}
	if t.IsLive(st) {
		u, err := deploy.Keep(ctx, st, t)
		if err != nil {
			return err
		}
		if len(u.Lost()) == 0 {
			return s.keepUp(ctx, u, o)
		}
	}
	in, err := s.inspect(ctx, st, t, a.canAsk() == nil)
	if err != nil {
		return err
	}
	return s.change(ctx, in, t, a.how(release.Deploy, 0, o), o)
}

// printDeployed prints where the backend is, and what a test of it has shown, nil for none.
func (s *session) printDeployed(st stack.Stack, tried *smokeView) error {
	if s.json() {
		in := s.info(st)
		in.Smoke = tried
		return s.printJSON(in)
	}
	if tried != nil && tried.Verdict == smokeWell && len(tried.Left) == 0 {
		s.say("%s", tried.passed())
	}
	s.rememberStage(true)
	out := s.outputs(st)
	fields := [][2]string{
		{"API", out[cfn.OutputAPIEndpoint]},
		{"User pool", out[cfn.OutputUserPoolID]},
		{"Client", out[cfn.OutputAppClientID]},
	}
	if err := s.printFields(fields); err != nil {
		return err
	}
	if tried == nil || tried.Verdict == smokeWell {
		s.hint("what the game needs, in its project's folder: %s", s.command("config renpy --game-id my_game --out game/cloud_config.rpy"))
	}
	return nil
}

// watch follows what runs on the stack already, whoever began it.
func (a *app) watch(ctx context.Context) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	st, err := s.at.Describe(ctx)
	if err != nil {
		return err
	}
	if !st.Status.InProgress() {
		s.say("Nothing runs on the stack %s: it is %s.", st.Name, st.Status)
		return s.printState(st)
	}
	final, events, err := s.at.Attach(ctx, st, s.screen())
	switch {
	case errors.Is(err, stack.ErrNotFound) || err == nil && final.Status == stack.DeleteComplete:
		s.say("The stack %s is deleted.", st.Name)
		return s.printState(deleted(st))
	case err != nil:
		return err
	case !final.Status.Settled():
		return stage.Fail(final, events, s.screen())
	}
	s.say("The stack %s is %s.", st.Name, ui.Success(string(final.Status)))
	return s.printState(final)
}

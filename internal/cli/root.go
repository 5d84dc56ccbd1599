package cli

import (
	"github.com/spf13/cobra"
)

// newRoot returns the command tree. No command touches the network, the
// configuration or the local cloud before it runs.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "renpyctl",
		Short: "Deploy and run the save-sync backend of a Ren'Py game",
		Long: `renpyctl puts the sync backend of a Ren'Py game into your AWS account, or onto
this computer with --local, and looks after it: players sign in, and their
saves follow them from device to device.`,
		Example: `  renpyctl deploy --local             try it here, without an AWS account
  renpyctl deploy --stage prod        put it into your AWS account
  renpyctl config renpy --stage prod  print what to paste into the game`,
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return a.prepare()
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usagef("%v", err) })
	root.SetOut(a.env.Stdout)
	root.SetErr(a.env.Stderr)

	f := root.PersistentFlags()
	f.StringVar(&a.flags.stage, "stage", "dev", "stage to work on: dev, prod, …")
	f.StringVar(&a.flags.region, "region", "", "AWS region (default: AWS_REGION or the profile's)")
	f.StringVar(&a.flags.profile, "profile", "", "profile of the AWS configuration (default: AWS_PROFILE)")
	f.BoolVar(&a.flags.local, "local", false, "work on the local cloud on this computer, started when needed")
	f.IntVar(&a.flags.localPort, "local-port", 0, "port of the local cloud (default: RENPYCTL_LOCAL_PORT or 4566)")
	f.StringVar(&a.flags.output, "output", "table", "print a table or json")
	f.BoolVar(&a.flags.noColor, "no-color", false, "print without colours")
	f.BoolVar(&a.flags.debug, "debug", false, "print every call to AWS")
	f.BoolVarP(&a.flags.yes, "yes", "y", false, "answer yes to questions")

	root.AddCommand(
		newDeploy(a), newPlan(a), newInfo(a), newReleases(a), newRollback(a), newPrune(a), newDrift(a), newRecover(a),
		newConfig(a), newLogs(a), newUsers(a), newSaves(a), newRemove(a), newPolicy(a), newLocal(a), newVersion(a), newLambdaRuntime(a),
	)
	return root
}

// noArgs is cobra.NoArgs with this program's kind of error.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return usagef("unknown command %q for %q", args[0], cmd.CommandPath())
	}
	return usagef("%s takes no argument, got %q", cmd.CommandPath(), args[0])
}

// exactly is cobra.ExactArgs(1) with the argument's name.
func exactly(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return usagef("%s needs %s", cmd.CommandPath(), name)
		case len(args) > 1:
			return usagef("%s takes one argument, got %d", cmd.CommandPath(), len(args))
		}
		return nil
	}
}

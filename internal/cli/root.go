package cli

import (
	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Tree is the command tree for what is written about it, as the manual: none of its
// commands can be run.
func Tree() *cobra.Command {
	return newRoot(&app{env: Env{Getenv: func(string) string { return "" }}})
}

// newRoot returns the command tree. No command touches the network, the
// configuration or the local cloud before it runs.
func newRoot(a *app) *cobra.Command {
	inAnyCase.Do(func() { cobra.EnableCaseInsensitive = true })
	root := &cobra.Command{
		Use:   "renpyctl",
		Short: "Deploy and run the save-sync backend of a Ren'Py game",
		Long: `renpyctl puts the sync backend of a Ren'Py game into your AWS account, or onto
this computer with --local, and looks after it: players sign in, and their
saves follow them from device to device.`,
		Example: `  renpyctl deploy --local                   try it here, without an AWS account
  renpyctl deploy --stage prod              put it into your AWS account
  renpyctl config renpy --game-id my_game   print what the game needs`,
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version().Version,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return a.prepare(cmd)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(flagError)
	root.SetUsageFunc(usage)
	root.SetOut(a.env.Stdout)
	root.SetErr(a.env.Stderr)
	root.Flags().Bool("version", false, "print the version")
	a.flags.define(root.PersistentFlags(), a.env.Getenv)
	for flag, values := range map[string]cobra.CompletionFunc{
		"output": completeFormats, "stage": a.completeStages, "profile": a.completeProfiles,
		"region": cobra.FixedCompletions(cloud.Regions(), cobra.ShellCompDirectiveNoFileComp),
	} {
		_ = root.RegisterFlagCompletionFunc(flag, values) // the flags are there
	}

	group(root, "Deploy:", newDeploy(a), newPlan(a), newReleases(a), newRollback(a), newPrune(a), newDrift(a), newRecover(a), newRemove(a))
	group(root, "Look:", newStages(a), newStatus(a), newInfo(a), newDoctor(a), newAlarms(a), newSmoke(a), newLogs(a), newMetrics(a), newCost(a))
	group(root, "Help players:", newUsers(a), newSaves(a))
	group(root, "Set up:", newConfig(a), newPolicy(a), newLocal(a))
	help := newHelp()
	group(root, "About renpyctl:", newDemo(a), newVersion(a), newCompletion(a), help)
	root.SetHelpCommand(help)
	root.AddCommand(newLambdaRuntime(a))
	root.AddCommand(topics()...)
	alias(root)
	return root
}

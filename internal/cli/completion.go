package cli

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/players"
)

// newCompletion has a subcommand for each shell. The scripts call the program.
func newCompletion() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "completion",
		Short: "Print the completion for your shell",
		Long: `Print the script by which a shell completes renpyctl's commands, flags and their
values. Packages bring it already.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, s := range shells {
		cmd.AddCommand(&cobra.Command{
			Use:   s.name,
			Short: "Print the completion for " + s.title,
			Args:  noArgs,
			RunE:  func(cmd *cobra.Command, _ []string) error { return s.script(cmd.Root(), cmd.OutOrStdout()) },
		})
	}
	return cmd
}

// shells are those that completion is for.
var shells = []struct {
	name, title string
	script      func(root *cobra.Command, to io.Writer) error
}{
	{"bash", "bash", func(root *cobra.Command, to io.Writer) error { return root.GenBashCompletionV2(to, true) }},
	{"zsh", "zsh", func(root *cobra.Command, to io.Writer) error { return root.GenZshCompletion(to) }},
	{"fish", "fish", func(root *cobra.Command, to io.Writer) error { return root.GenFishCompletion(to, true) }},
	{"powershell", "PowerShell", func(root *cobra.Command, to io.Writer) error { return root.GenPowerShellCompletionWithDesc(to) }},
}

// completeFormats offers the formats of a command's answer.
func completeFormats(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return formatsOf(cmd), cobra.ShellCompDirectiveNoFileComp
}

const (
	// completionTime is how long a shell waits for names: somebody sits there.
	completionTime = 300 * time.Millisecond
	// completions is how many players it is offered.
	completions = 40
)

// completePlayers offers the addresses that begin like what was typed, where
// AWS or a local cloud that runs can be asked in time, and else nothing.
func (a *app) completePlayers(cmd *cobra.Command, given []string, typed string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	a.flags.debug = false // a shell would take it for names
	if a.flags.local && !a.localRuns(ctx) {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c, err := a.crowd(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for player, err := range c.pool.List(ctx, players.Query{Email: typed}) {
		if err != nil || len(names) == completions {
			break
		}
		names = append(names, called(player))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeOnePlayer offers players for the first argument only.
func (a *app) completeOnePlayer(cmd *cobra.Command, given []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(given) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.completePlayers(cmd, given, typed)
}

// completeSaves offers players, then the games of the one who was named, then its files.
func (a *app) completeSaves(cmd *cobra.Command, given []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(given) == 0 {
		return a.completePlayers(cmd, given, typed)
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	a.flags.debug = false // a shell would take it for names
	if a.flags.local && !a.localRuns(ctx) {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	d, err := a.desk(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	player, err := d.keeper(ctx, given[0])
	switch {
	case err != nil:
		return nil, cobra.ShellCompDirectiveNoFileComp
	case len(given) == 1:
		return player.games(), cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, f := range player.files(given[1]) {
		if !slices.Contains(given[2:], f.File) {
			names = append(names, f.File)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// localRuns tells whether there is a local cloud to ask: none is started for a completion.
func (a *app) localRuns(ctx context.Context) bool {
	lc, err := a.localCloud()
	if err != nil {
		return false
	}
	s, err := lc.Status(ctx)
	return err == nil && s.Healthy && !s.Outdated
}

package cli

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// completeFormats offers the formats of a command's answer.
func completeFormats(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return formatsOf(cmd), cobra.ShellCompDirectiveNoFileComp
}

// completeStages offers the stages that there are: as AWS or a running local cloud
// say in time, or else as they were when somebody last looked.
func (a *app) completeStages(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names, fresh := a.rememberedStages()
	if !fresh {
		if listed, ok := a.inTime(cmd.Context(), a.stagesNow); ok {
			names = listed
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// stagesNow are the stages that there are.
func (a *app) stagesNow(ctx context.Context) ([]string, error) {
	if a.flags.local && !a.localRuns(ctx) {
		return nil, errNotAsked
	}
	s, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	return s.listStages(ctx)
}

// errNotAsked says that no completion starts a local cloud.
var errNotAsked = errors.New("the local cloud does not run")

// inTime asks for what a shell waits for, and gives up when that takes too long,
// whatever holds it up.
func (a *app) inTime(ctx context.Context, ask func(context.Context) ([]string, error)) (names []string, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	a.flags.debug = false // a shell would take it for names
	type answer struct {
		names []string
		err   error
	}
	got := make(chan answer, 1)
	go func() {
		names, err := ask(ctx)
		got <- answer{names, err}
	}()
	select {
	case <-ctx.Done():
		return nil, false
	case is := <-got:
		return is.names, is.err == nil
	}
}

// completeProfiles offers the profiles of the AWS configuration.
func (a *app) completeProfiles(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return a.profiles(), cobra.ShellCompDirectiveNoFileComp
}

// completeResources offers what --allow-replace may name.
func completeResources(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []cobra.Completion
	for _, r := range cfn.Stateful() {
		names = append(names, cobra.CompletionWithDesc(r.LogicalID, r.Purpose))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeArches offers the processors.
func completeArches(*cobra.Command, []string, string) (names []cobra.Completion, directive cobra.ShellCompDirective) {
	for _, arch := range lambda.Arches() {
		names = append(names, string(arch))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

const (
	// completionTime is how long a shell waits for names: somebody sits there.
	completionTime = 300 * time.Millisecond
	// completions is how many players it is offered.
	completions = 40
)

// completePlayers offers the addresses that begin like what was typed, where
// AWS or a local cloud that runs can be asked in time, and else nothing.
func (a *app) completePlayers(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	names, _ := a.inTime(cmd.Context(), func(ctx context.Context) (names []string, err error) {
		if a.flags.local && !a.localRuns(ctx) {
			return nil, errNotAsked
		}
		c, err := a.crowd(ctx)
		if err != nil {
			return nil, err
		}
		for player, err := range c.pool.List(ctx, players.Query{Email: typed}) {
			if err != nil || len(names) == completions {
				break
			}
			names = append(names, called(player))
		}
		return names, nil
	})
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

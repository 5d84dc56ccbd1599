package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noArgs is cobra.NoArgs with this program's kind of error.
func noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasSubCommands():
		return unknownCommand(cmd, args[0])
	}
	return stray(cmd, args[0], usagef("%s takes no argument, got %q", cmd.CommandPath(), args[0]))
}

// exactly is cobra.ExactArgs(1) with the argument's name.
func exactly(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("%s needs %s", cmd.CommandPath(), name)
		}
		return atMostOne(cmd, args)
	}
}

// atMostOne is cobra.MaximumNArgs(1) with this program's kind of error.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s takes one argument, got %d", cmd.CommandPath(), len(args))
	}
	return nil
}

// didYouMean is an error of usage with what was probably meant, if that is known.
func didYouMean(err error, meant ...string) error {
	if len(meant) == 0 || meant[0] == "" {
		return err
	}
	return &hintedError{err, "did you mean " + strings.Join(meant, ", or ") + "?"}
}

// unknownCommand says that a command has no such subcommand, and which may be meant.
func unknownCommand(cmd *cobra.Command, typed string) error {
	err := usagef("unknown command %q for %q", typed, cmd.CommandPath())
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(append(names, sub.Name()), sub.Aliases...)
		}
	}
	for _, meant := range [][]string{habit(cmd, typed), ofPlayer(cmd, typed), namesakes(cmd, typed)} {
		if len(meant) > 0 {
			return didYouMean(err, meant...)
		}
	}
	if near := nearest(typed, names); near != "" {
		return didYouMean(err, cmd.CommandPath()+" "+near)
	}
	if acts(cmd) {
		return stray(cmd, typed, err)
	}
	return err
}

// namesakes are the subcommands of subcommands that have a name.
func namesakes(cmd *cobra.Command, name string) (paths []string) {
	for _, sub := range cmd.Commands() {
		for _, c := range sub.Commands() {
			if c.IsAvailableCommand() && (c.Name() == name || c.HasAlias(name)) {
				paths = append(paths, c.CommandPath())
			}
		}
	}
	return paths
}

// acts tells a command with subcommands that does something by itself from one
// that prints its help: the latter has no flags of its own.
func acts(cmd *cobra.Command) bool {
	own := false
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { own = own || f.Name != "help" && f.Name != "version" })
	return own
}

// flagError says in this program's words what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	if before := cmd.Flags().Args(); cmd.HasSubCommands() && !acts(cmd) && len(before) > 0 {
		return unknownCommand(cmd, before[0]) // the flag is the unknown command's
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknownFlag(cmd, e, err)
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usagef("--%s %q %s", e.GetFlag().Name, e.GetValue(), notOf(e.GetFlag()))
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usagef("--%s needs a value", e.GetFlag().Name)
	}
	return usagef("%v", err)
}

// unknownFlag says that a command has no such flag, and which may be meant.
func unknownFlag(cmd *cobra.Command, e *pflag.NotExistError, err error) error {
	text, typed, dashes := usagef("%v", err), e.GetSpecifiedName(), "--"
	if e.GetSpecifiedShortnames() != "" {
		dashes = "-"
	}
	for _, meant := range [][]string{habit(cmd, dashes+typed), {foreignFlag(cmd, typed)}, flagsBelow(cmd, typed)} {
		if len(meant) > 0 && meant[0] != "" {
			return didYouMean(text, meant...)
		}
	}
	if dashes == "-" {
		return text
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if near := nearest(typed, names); near != "" {
		return didYouMean(text, "--"+near)
	}
	return text
}

// flagsBelow are the subcommands that have a flag, with it, of a command that only
// prints its help.
func flagsBelow(cmd *cobra.Command, flag string) (lines []string) {
	if acts(cmd) || cmd == cmd.Root() {
		return nil
	}
	for _, sub := range cmd.Commands() {
		if sub.LocalFlags().Lookup(flag) != nil && sub.IsAvailableCommand() {
			lines = append(lines, sub.CommandPath()+" --"+flag)
		}
	}
	return lines
}

// oneOf refuses a value that is none of those that there are, and says which are.
func oneOf(what, typed string, values []string) error {
	if slices.Contains(values, typed) {
		return nil
	}
	err := usagef("%s %q is none of %s", what, typed, strings.Join(values, ", "))
	return didYouMean(err, nearest(typed, values))
}

// group adds subcommands under a title of the help.
func group(parent *cobra.Command, title string, commands ...*cobra.Command) {
	id := fmt.Sprint(len(parent.Groups()))
	parent.AddGroup(&cobra.Group{ID: id, Title: title})
	for _, cmd := range commands {
		cmd.GroupID = id
		parent.AddCommand(cmd)
	}
}

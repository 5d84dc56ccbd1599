package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// markdown is the reference of all commands as docs/reference.md has it.
func markdown(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# Commands\n\nWhat `--help` says of every command. Made by `go test ./tools/reference -update`, and held current by it.\n\n")
	all := commands(root)
	for _, cmd := range all {
		fmt.Fprintf(&b, "- [`%s`](#%s): %s\n", cmd.CommandPath(), anchor(cmd.CommandPath()), cmd.Short)
	}
	for _, cmd := range all {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", cmd.CommandPath(), indented(text(cmd)))
	}
	return b.String()
}

// commands are a command and those below it, topics of the help included, in the order of the help.
func commands(cmd *cobra.Command) (all []*cobra.Command) {
	all = append(all, cmd)
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			all = append(all, commands(sub)...)
		}
	}
	return all
}

// text is what --help prints.
func text(cmd *cobra.Command) string {
	cmd.InitDefaultHelpFlag()
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	return strings.TrimSpace(strings.TrimRight(about, "\n ") + "\n\n" + cmd.UsageString())
}

// indented is text as Markdown's code.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			b.WriteString("    ")
		}
		b.WriteString(line)
	}
	return b.String()
}

// anchor is how GitHub names a heading.
func anchor(heading string) string { return strings.ReplaceAll(strings.ToLower(heading), " ", "-") }

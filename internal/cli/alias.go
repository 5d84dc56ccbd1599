package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// aliases are the names that people type for commands out of habit with other
// programs, by the commands' names, at every depth of the tree.
var aliases = map[string][]string{
	"list":   {"ls"},
	"delete": {"rm"},
	"remove": {"rm", "delete", "destroy"},
}

// alias gives a command and those below it the names that fingers know: those of
// [aliases], and of a plural the singular, as user for users.
func alias(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		sub.Aliases = append(sub.Aliases, aliases[sub.Name()]...)
		if one, ok := strings.CutSuffix(sub.Name(), "s"); ok && sub.Parent() == sub.Root() && !strings.HasSuffix(one, "u") {
			sub.Aliases = append(sub.Aliases, one)
		}
		alias(sub)
	}
}

package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpWidth is how wide help is, in cells.
const helpWidth = 80

// newHelp is cobra's help command with this program's errors.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND...]",
		Short: "Explain a command or a topic",
		Args:  cobra.ArbitraryArgs,
		ValidArgsFunction: func(cmd *cobra.Command, given []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			about, rest, err := cmd.Root().Find(given)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []cobra.Completion
			for _, sub := range about.Commands() {
				if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
					names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			switch {
			case err != nil:
				return usagef("%v", err)
			case len(rest) > 0 && about.HasSubCommands():
				return unknownCommand(about, rest[0])
			case len(rest) > 0:
				return usagef("%q has no commands", about.CommandPath())
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// usage prints how a command is used. The flags that every command has are shown
// once, with the program's own.
func usage(cmd *cobra.Command) error {
	if cmd.IsAdditionalHelpTopicCommand() {
		return nil // its text is all there is
	}
	var b strings.Builder
	section := func(title, body string) {
		fmt.Fprintf(&b, "\n%s\n%s\n", title, strings.TrimRight(body, " \n"))
	}
	var lines []string
	if !cmd.HasAvailableSubCommands() || acts(cmd) {
		lines = append(lines, "  "+cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		lines = append(lines, "  "+cmd.CommandPath()+" COMMAND")
	}
	section("Usage:", strings.Join(lines, "\n"))
	if len(cmd.Aliases) > 0 {
		section("Aliases:", "  "+cmd.NameAndAliases())
	}
	if cmd.HasExample() {
		section("Examples:", cmd.Example)
	}
	for _, g := range cmd.Groups() {
		section(g.Title, list(cmd, func(c *cobra.Command) bool { return c.GroupID == g.ID && c.IsAvailableCommand() }))
	}
	if others := list(cmd, func(c *cobra.Command) bool { return c.GroupID == "" && c.IsAvailableCommand() }); others != "" {
		section("Commands:", others)
	}
	if topics := list(cmd, (*cobra.Command).IsAdditionalHelpTopicCommand); topics != "" {
		section("Topics, with help TOPIC:", topics)
	}
	if cmd.HasAvailableLocalFlags() {
		section("Flags:", cmd.LocalFlags().FlagUsagesWrapped(helpWidth))
	}
	switch {
	case cmd.HasAvailableSubCommands():
		fmt.Fprintf(&b, "\n%s COMMAND --help explains a command.\n", cmd.CommandPath())
	case cmd.HasAvailableInheritedFlags():
		fmt.Fprintf(&b, "\n%s help flags lists the flags of every command: --stage, --output, …\n", cmd.Root().Name())
	}
	_, err := io.WriteString(cmd.OutOrStdout(), strings.TrimPrefix(b.String(), "\n"))
	return err
}

// list is a line for each of a command's subcommands that are wanted.
func list(cmd *cobra.Command, wanted func(*cobra.Command) bool) string {
	var rows [][2]string
	for _, sub := range cmd.Commands() {
		if wanted(sub) {
			rows = append(rows, [2]string{sub.Name(), sub.Short})
		}
	}
	return columns(rows)
}

// columns are rows of a name and a text, which goes on in its own column.
func columns(rows [][2]string) string {
	width := 0
	for _, row := range rows {
		width = max(width, len(row[0]))
	}
	var b strings.Builder
	for _, row := range rows {
		text := ansi.Wordwrap(row[1], helpWidth-width-5, "")
		text = strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", width+4))
		fmt.Fprintf(&b, "  %-*s  %s\n", width, row[0], text)
	}
	return b.String()
}

// topics are what help explains beside commands.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "What the exit codes mean", Args: noArgs, Long: exitCodesHelp()},
		{Use: "environment", Short: "The variables that count", Args: noArgs, Long: environmentHelp()},
		{Use: "flags", Short: "The flags of every command", Args: noArgs, Long: flagsHelp()},
	}
}

func exitCodesHelp() string {
	var rows [][2]string
	for _, e := range exitCodes {
		rows = append(rows, [2]string{fmt.Sprint(e.code), e.means})
	}
	return "Scripts may rely on the exit codes:\n\n" + columns(rows)
}

// otherVariables are those that count beside the ones of flags, as in README.md.
var otherVariables = [][2]string{
	{"RENPYCTL_LOCAL_DIR", "the folder of the local cloud (default: renpyctl/local in your cache folder)"},
	{"AWS_PROFILE, AWS_REGION, …", "what the AWS tools read: who you are and where; the flags win"},
	{"AWS_ENDPOINT_URL", "another address for all calls to AWS, as an emulator's"},
	{"AWS_CA_BUNDLE", "a file of certificates to trust, for networks that put their own in between"},
	{"NO_COLOR", "no colours, whatever its value is"},
	{"CLICOLOR", "0: no colours"},
	{"CLICOLOR_FORCE", "1: colours in a pipe, too, but not in tab-separated values and JSON"},
	{"LC_ALL, LC_CTYPE, LANG", "with another character set than UTF-8, as de_DE.ISO-8859-1: plain ASCII on the terminal"},
	{"CI", "nothing is redrawn in place: a line for each step"},
	{"TZ", "the zone of times that are typed and shown, as Europe/Berlin; one that is not known is refused"},
}

// variables are the variables of the global flags, and the others.
func variables() [][2]string {
	var rows [][2]string
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(globalFlags).define(flags, func(string) string { return "" })
	flags.SortFlags = false
	flags.VisitAll(func(f *pflag.Flag) {
		rows = append(rows, [2]string{variable(f.Name), "--" + f.Name + " where it is not given"})
	})
	return append(rows, otherVariables...)
}

func environmentHelp() string {
	return "A flag wins over its variable, and an empty variable is none:\n\n" + columns(variables())
}

func flagsHelp() string {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(globalFlags).define(flags, func(string) string { return "" })
	return "Every command has these flags, each with its variable in brackets:\n\n" + flags.FlagUsagesWrapped(helpWidth)
}

package cli

import (
	"cmp"
	"io"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"
)

// newCompletion has a subcommand for each shell. The scripts call the program.
func newCompletion(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "completion",
		Short: "Print the completion for your shell, or install it",
		Long: `Print the script by which a shell completes renpyctl's commands, flags and their
values, or write it where your shell looks for it. Packages bring it already.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, s := range shells {
		cmd.AddCommand(&cobra.Command{
			Use:     s.name,
			Short:   "Print the completion for " + s.title,
			Example: "  " + s.load,
			Args:    noArgs,
			RunE:    func(cmd *cobra.Command, _ []string) error { return s.script(cmd.Root(), cmd.OutOrStdout()) },
		})
	}
	cmd.AddCommand(newCompletionInstall(a))
	return cmd
}

// shell is one that completion is for.
type shell struct {
	name, title string
	// load is what has this very shell complete, until it ends.
	load   string
	script func(root *cobra.Command, to io.Writer) error
	// file is where the shell looks for a person's own completions.
	file func(home string, getenv func(string) string) string
	// rest says what a person still has to do.
	rest func(file string) string
}

// shells are in the order in which they are named. Where each looks: the manuals of
// bash-completion, zsh (compinit), fish (Where to put completions) and PowerShell
// (about_Profiles).
var shells = []shell{
	{
		"bash", "bash", "source <(renpyctl completion bash)", func(root *cobra.Command, to io.Writer) error { return root.GenBashCompletionV2(to, true) },
		func(home string, getenv func(string) string) string {
			return filepath.Join(cmp.Or(getenv("XDG_DATA_HOME"), filepath.Join(home, ".local", "share")), "bash-completion", "completions", "renpyctl")
		},
		func(string) string { return "a new shell has it, if the package bash-completion is installed" },
	},
	{
		"zsh", "zsh", "source <(renpyctl completion zsh)", func(root *cobra.Command, to io.Writer) error { return root.GenZshCompletion(to) },
		func(home string, getenv func(string) string) string {
			return filepath.Join(cmp.Or(getenv("XDG_DATA_HOME"), filepath.Join(home, ".local", "share")), "zsh", "site-functions", "_renpyctl")
		},
		func(file string) string {
			return "~/.zshrc needs, once: fpath=(" + quoted(filepath.Dir(file)) + " $fpath); autoload -U compinit; compinit"
		},
	},
	{
		"fish", "fish", "renpyctl completion fish | source", func(root *cobra.Command, to io.Writer) error { return root.GenFishCompletion(to, true) },
		func(home string, getenv func(string) string) string {
			return filepath.Join(cmp.Or(getenv("XDG_CONFIG_HOME"), filepath.Join(home, ".config")), "fish", "completions", "renpyctl.fish")
		},
		func(string) string { return "a new shell has it" },
	},
	{
		"powershell", "PowerShell", "renpyctl completion powershell | Out-String | Invoke-Expression", func(root *cobra.Command, to io.Writer) error { return root.GenPowerShellCompletionWithDesc(to) },
		func(home string, getenv func(string) string) string {
			if runtime.GOOS == "windows" {
				return filepath.Join(home, "Documents", "PowerShell", "renpyctl-completion.ps1")
			}
			return filepath.Join(cmp.Or(getenv("XDG_CONFIG_HOME"), filepath.Join(home, ".config")), "powershell", "renpyctl-completion.ps1")
		},
		func(file string) string { return "the file that $PROFILE names needs, once: . " + quoted(file) },
	},
}

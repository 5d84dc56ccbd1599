package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/ui"
)

func newCompletionInstall(a *app) *cobra.Command {
	var name string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Write the completion where your shell looks for it",
		Long: `Write the completion into the folder of your own where your shell looks for it.
It says which file it writes and changes no other. Where a shell has no such
folder, it says what is left to do.`,
		Example: `  renpyctl completion install
  renpyctl completion install --shell fish --dry-run`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.installCompletion(cmd.Root(), name, dryRun) },
	}
	cmd.Flags().StringVar(&name, "shell", "", "the shell: "+strings.Join(shellNames(), ", ")+" (default: yours)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be written")
	_ = cmd.RegisterFlagCompletionFunc("shell", cobra.FixedCompletions(shellNames(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

// installedCompletion is the JSON of `completion install`.
type installedCompletion struct {
	Shell   string `json:"shell"`
	File    string `json:"file"`
	Written bool   `json:"written"` // false if it was there already, and of a dry run
	DryRun  bool   `json:"dryRun"`
}

func (a *app) installCompletion(root *cobra.Command, name string, dryRun bool) error {
	s, err := a.shell(name)
	if err != nil {
		return err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return fmt.Errorf("find your home folder: %w; renpyctl completion %s prints the script", err, s.name)
	}
	var script bytes.Buffer
	if err := s.script(root, &script); err != nil {
		return err
	}
	v := installedCompletion{Shell: s.name, File: s.file(home, a.env.Getenv), DryRun: dryRun}
	before, err := os.ReadFile(v.File)
	switch {
	case err == nil && bytes.Equal(before, script.Bytes()):
		a.say("Nothing to do: %s is this program's already.", quoted(v.File))
	case err == nil && !bytes.Contains(before, []byte(root.Name())):
		return &existsError{v.File}
	case dryRun:
		a.say("Would write %s.", quoted(v.File))
	default:
		if err := writeScript(v.File, script.Bytes()); err != nil {
			return fmt.Errorf("write the completion: %w", err)
		}
		v.Written = true
		a.say("Written: %s.", quoted(v.File))
	}
	a.hint("%s", s.rest(v.File))
	return a.printInstalled(v)
}

// writeScript writes a file that everybody may read, and its folder.
func writeScript(file string, script []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := replaceable(file); err != nil {
		return err
	}
	_, err := writeWhole(file, time.Time{}, func(f *os.File) error {
		_, err := f.Write(script)
		return cmp.Or(err, f.Chmod(0o644))
	})
	return err
}

func (a *app) printInstalled(v installedCompletion) error {
	if a.json() {
		return a.printJSON(v)
	}
	if a.streams.OutTerminal {
		return nil // it is said
	}
	return a.printTable(ui.Table{Rows: [][]string{{v.Shell, v.File}}})
}

// shell is the one that is named, or else the one from which the program was started.
func (a *app) shell(name string) (shell, error) {
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(a.env.Getenv("SHELL")), ".exe")
		if a.env.Getenv("PSModulePath") != "" && a.env.Getenv("MSYSTEM") == "" {
			name = "powershell" // which sets it for what it starts, on every system
		}
	}
	for _, s := range shells {
		if s.name == name {
			return s, nil
		}
	}
	if name == "." || name == "" {
		return shell{}, usagef("which shell is yours is not known: add --shell %s", strings.Join(shellNames(), "|"))
	}
	return shell{}, oneOf("shell", name, shellNames())
}

func shellNames() (names []string) {
	for _, s := range shells {
		names = append(names, s.name)
	}
	return names
}

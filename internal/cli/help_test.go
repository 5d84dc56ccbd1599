package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"
)

// What the program explains of its exit codes and variables is what README.md says.
func TestReadmeExplainsTheSame(t *testing.T) {
	var codes [][2]string
	for _, e := range exitCodes {
		codes = append(codes, [2]string{fmt.Sprint(e.code), e.means})
	}
	for heading, want := range map[string][][2]string{"| exit code | means |": codes, "| variable | means |": variables()} {
		if got := readmeTable(t, heading); !slices.Equal(got, want) {
			t.Errorf("README.md has below %q\n%q\nand the program says\n%q", heading, got, want)
		}
	}
}

// readmeTable is a table of two columns below its heading, without Markdown's own characters.
func readmeTable(t *testing.T, heading string) (rows [][2]string) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), heading+"\n|---|---|\n")
	if !ok {
		t.Fatalf("README.md has no table %q", heading)
	}
	for line := range strings.Lines(rest) {
		line = strings.NewReplacer("`", "", `\|`, "\x00").Replace(line)
		cells := strings.Split(line, "|")
		if len(cells) != 4 {
			break
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(strings.ReplaceAll(cells[i], "\x00", "|"))
		}
		rows = append(rows, [2]string{cells[1], cells[2]})
	}
	return rows
}

// Help is 80 wide, its examples included, and no command is missing from its groups.
func TestHelpIsWhole(t *testing.T) {
	root := newRoot(&app{env: Env{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}})
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		for line := range strings.Lines(cmd.Long + "\n" + cmd.UsageString()) {
			if n := ansi.StringWidth(strings.TrimRight(line, "\n")); n > helpWidth {
				t.Errorf("%s --help has a line of %d cells: %q", cmd.CommandPath(), n, line)
			}
		}
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() && len(cmd.Groups()) > 0 && sub.GroupID == "" {
				t.Errorf("%s is in no group of the help", sub.CommandPath())
			}
			visit(sub)
		}
	}
	visit(root)
}

// Every command that does something shows how it is typed: an example has the
// command's own name.
func TestHelpHasExamples(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.IsAvailableCommand() && !cmd.HasAvailableSubCommands() && !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s --help has no example of it: %q", cmd.CommandPath(), cmd.Example)
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(newRoot(&app{env: Env{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}}))
}

package cli

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Every command is documented in the same way, and its examples are commands
// that this program takes.
func TestCommandTree(t *testing.T) {
	root := newRoot(&app{env: Env{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}})
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			checkShort(t, cmd)
			checkFlags(t, cmd)
			checkExamples(t, cmd)
			if cmd.Args == nil {
				t.Error("arguments are not checked, so that a slip of the pen would be ignored")
			}
		})
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
}

func checkShort(t *testing.T, cmd *cobra.Command) {
	first, _, _ := strings.Cut(cmd.Short, " ")
	switch {
	case cmd.Short == "":
		t.Error("no short description")
		return
	case !unicode.IsUpper([]rune(cmd.Short)[0]):
		t.Errorf("%q does not begin with a capital", cmd.Short)
	case strings.HasSuffix(cmd.Short, "."):
		t.Errorf("%q ends with a full stop", cmd.Short)
	case strings.HasSuffix(first, "s") && !strings.HasSuffix(first, "ss"):
		t.Errorf("%q: say %q, as an order", cmd.Short, strings.TrimSuffix(first, "s"))
	}
	if len(cmd.Short) > 75 {
		t.Errorf("%q is %d characters long: the list of commands is 80 wide", cmd.Short, len(cmd.Short))
	}
	for line := range strings.Lines(cmd.Long) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 && !strings.HasPrefix(line, "  ") {
			t.Errorf("a line of %d characters: %q", n, line)
		}
	}
}

func checkFlags(t *testing.T, cmd *cobra.Command) {
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		switch {
		case f.Usage == "":
			t.Errorf("--%s is not documented", f.Name)
		case unicode.IsUpper([]rune(f.Usage)[0]) && !isName(f.Usage):
			t.Errorf("--%s: %q begins with a capital", f.Name, f.Usage)
		case strings.HasSuffix(f.Usage, "."):
			t.Errorf("--%s: %q ends with a full stop", f.Name, f.Usage)
		case f.Name != strings.ToLower(f.Name) || strings.Contains(f.Name, "_"):
			t.Errorf("--%s is not written in small letters with hyphens", f.Name)
		}
	})
}

// isName tells whether a text begins with a name or an abbreviation: "AWS region".
func isName(text string) bool {
	word, _, _ := strings.Cut(text, " ")
	return word == strings.ToUpper(word) || slices.Contains([]string{"GitHub", "CloudFormation"}, word)
}

func checkExamples(t *testing.T, cmd *cobra.Command) {
	piped := false
	// A line that ends with \ goes on in the next.
	for line := range strings.Lines(regexp.MustCompile(`\\\n *`).ReplaceAllString(cmd.Example, "")) {
		line = strings.TrimSpace(line)
		if inner, ok := strings.CutPrefix(line, "source <("); ok {
			line = strings.TrimSuffix(inner, ")")
		}
		rest, ok := strings.CutPrefix(line, "renpyctl ")
		if piped && !ok {
			continue // what the output goes to
		}
		rest, _, piped = strings.Cut(rest, " |")
		if !ok {
			t.Errorf("the example %q does not begin with renpyctl", line)
			continue
		}
		// Behind two blanks is an explanation, behind > or < a file.
		rest, _, _ = strings.Cut(rest, "  ")
		rest, _, _ = strings.Cut(rest, " > ")
		rest, _, _ = strings.Cut(rest, " < ")
		root := newRoot(&app{env: Env{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}})
		found, args, err := root.Find(strings.Fields(rest))
		if err == nil {
			if err = found.ParseFlags(args); err == nil {
				err = found.ValidateArgs(found.Flags().Args())
			}
		}
		if err != nil || found == root {
			t.Errorf("the example %q is none: %v", line, err)
		}
		if cmd != cmd.Root() && !strings.HasPrefix(found.CommandPath(), cmd.CommandPath()) {
			t.Errorf("the example %q is of %s", line, found.CommandPath())
		}
	}
}

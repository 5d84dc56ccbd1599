package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Whatever is meant by what other programs' users type is a command that there is,
// with flags that it has; and what they type is none.
func TestHabitsNameWhatExists(t *testing.T) {
	for typed, lines := range habits {
		t.Run(typed, func(t *testing.T) {
			root := Tree()
			root.InitDefaultHelpFlag()
			words := strings.Fields(typed)
			if cmd, rest, err := root.Find(words); err == nil && len(rest) == 0 {
				t.Errorf("%s is a command", cmd.CommandPath())
			}
			for _, line := range lines {
				for _, one := range strings.Split(line, "renpyctl ")[1:] {
					checkLine(t, root, strings.Fields(strings.TrimSuffix(one, "&& ")))
				}
			}
		})
	}
}

func checkLine(t *testing.T, root *cobra.Command, words []string) {
	t.Helper()
	cmd, rest, err := root.Find(words)
	if err != nil || cmd == root || cmd.HasSubCommands() && !acts(cmd) {
		t.Fatalf("%q is no command: %v", words, err)
	}
	for _, word := range rest {
		name := strings.TrimLeft(word, "-")
		if strings.HasPrefix(word, "--") && cmd.Flag(name) == nil ||
			!strings.HasPrefix(word, "--") && strings.HasPrefix(word, "-") && cmd.InheritedFlags().ShorthandLookup(name) == nil {
			t.Errorf("%s has no flag %s", cmd.CommandPath(), word)
		}
	}
}

// A stage that was seen before is recognised where no argument belongs.
func TestRememberedStageIsMeant(t *testing.T) {
	cache := t.TempDir()
	a := &app{env: Env{Getenv: func(string) string { return "" }, CacheDir: func() (string, error) { return cache, nil }}}
	if err := os.MkdirAll(filepath.Dir(a.stageCache()), 0o700); err != nil {
		t.Fatal(err)
	}
	if a.knowsStage("moon") {
		t.Error("moon is known before it was seen")
	}
	a.rememberStages([]string{"moon"})
	if !a.knowsStage("moon") || a.knowsStage("sun") {
		t.Error("moon is not known, or sun is")
	}
}

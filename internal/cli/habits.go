package cli

import (
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// inAnyCase lets the names of commands be typed in any case. cobra has it for the
// whole program.
var inAnyCase sync.Once

// habits are what people type who are used to other programs, without the program's
// name, and the command lines that do it here. What is nearly the name of a command
// that does the opposite is here, too.
var habits = map[string][]string{
	"auth":       {"aws sso login", "renpyctl doctor"},
	"backup":     {"renpyctl saves download", "renpyctl users export"},
	"dashboard":  {"renpyctl metrics --out metrics.html"},
	"describe":   {"renpyctl info", "renpyctl status"},
	"docs":       {"renpyctl help"},
	"env":        {"renpyctl help environment", "renpyctl info -o env"},
	"get":        {"renpyctl info", "renpyctl users show"},
	"init":       {"renpyctl deploy --local"},
	"launch":     {"renpyctl deploy"},
	"login":      {"aws sso login"},
	"man":        {"renpyctl help"},
	"open":       {"renpyctl metrics --out metrics.html"},
	"ps":         {"renpyctl status", "renpyctl stages"},
	"restart":    {"renpyctl local down && renpyctl local up"},
	"start":      {"renpyctl local up"},
	"stop":       {"renpyctl local down"},
	"tail":       {"renpyctl logs --follow"},
	"teardown":   {"renpyctl remove"},
	"test":       {"renpyctl smoke"},
	"undeploy":   {"renpyctl remove"},
	"uninstall":  {"renpyctl remove"},
	"update":     {"renpyctl deploy"},
	"upgrade":    {"renpyctl deploy"},
	"whoami":     {"renpyctl doctor", "aws sts get-caller-identity"},
	"config get": {"renpyctl config renpy"},
	"config rpy": {"renpyctl config renpy"},

	"config show":      {"renpyctl config renpy"},
	"deploy --dry-run": {"renpyctl plan"},
	"local logs -f":    {"tail -f of the log that renpyctl local status names"},
	"local restart":    {"renpyctl local down && renpyctl local up"},
	"local start":      {"renpyctl local up"},
	"local stop":       {"renpyctl local down"},
	"saves get":        {"renpyctl saves download"},
	"saves put":        {"renpyctl saves upload"},
	"saves show":       {"renpyctl saves list"},
	"users add":        {"renpyctl users create"},
	"users get":        {"renpyctl users show"},
	"users info":       {"renpyctl users show"},
	"users remove":     {"renpyctl users delete"},
	"users new":        {"renpyctl users create"},
}

// habit are the command lines for what was typed behind a command by habit.
func habit(cmd *cobra.Command, typed string) []string {
	words := append(strings.Fields(cmd.CommandPath())[1:], strings.ToLower(typed))
	return habits[strings.Join(words, " ")]
}

// ofPlayer is the command that shows a player whose address stands where a command belongs.
func ofPlayer(cmd *cobra.Command, typed string) []string {
	if !strings.Contains(typed, "@") {
		return nil
	}
	switch cmd.Name() {
	case "users":
		return []string{cmd.CommandPath() + " show " + quoted(typed)}
	case "saves":
		return []string{cmd.CommandPath() + " list " + quoted(typed)}
	}
	return nil
}

// foreignFlags are flags of other programs, and those here that are meant, of which
// the first is that the command has. One letter is a flag such as -s.
var foreignFlags = map[string][]string{
	"env":         {"stage"},
	"environment": {"stage"},
	"f":           {"follow", "yes"},
	"force":       {"yes"},
	"format":      {"output"},
	"json":        {"output json"},
	"l":           {"local"},
	"n":           {"limit", "dry-run", "stage"},
	"namespace":   {"stage"},
	"p":           {"profile"},
	"r":           {"region"},
	"s":           {"stage"},
	"v":           {"version", "debug"},
	"verbose":     {"debug"},
}

// foreignFlag is the flag that is meant by one of another program, "" if none is.
func foreignFlag(cmd *cobra.Command, typed string) string {
	for _, ours := range foreignFlags[typed] {
		name, _, _ := strings.Cut(ours, " ")
		if cmd.Flags().Lookup(name) != nil {
			return "--" + ours
		}
	}
	return ""
}

// strayError is an argument where none belongs, which may be the name of a stage.
type strayError struct {
	error
	command, typed string
}

func (e *strayError) Unwrap() error { return e.error }

// stray is the error for an argument that has no place, with what it may have been
// meant for: a flag's value, an order to list, or the stage, as in deploy prod.
func stray(cmd *cobra.Command, typed string, err error) error {
	word, path := strings.ToLower(typed), cmd.CommandPath()
	if slices.Contains(shellNames(), word) && cmd.Flags().Lookup("shell") != nil {
		return didYouMean(err, path+" --shell "+word)
	}
	switch word {
	case "list", "ls", "show":
		return didYouMean(err, path)
	case "true", "false", "yes", "no", "on", "off":
		return &hintedError{err, "what follows a flag that is on or off is not its value: --local is on, --local=false is off"}
	}
	if !hasStage(cmd) {
		return err
	}
	if word == "local" {
		return didYouMean(err, path+" --local")
	}
	return &strayError{err, path, typed}
}

// hasStage tells whether a command is about a stage that is chosen by --stage.
func hasStage(cmd *cobra.Command) bool {
	below := strings.Fields(cmd.CommandPath())[1:]
	return len(below) > 0 && !slices.Contains([]string{"completion", "demo", "help", "local", "version"}, below[0])
}

// usualStages are names that people give to stages.
var usualStages = []string{"beta", "demo", "dev", "development", "live", "preview", "prod", "production", "qa", "release", "staging", "test"}

// knowsStage tells whether a word is the name of a stage: a usual one, or one that
// has been seen here.
func (a *app) knowsStage(word string) bool {
	remembered, _ := a.rememberedStages()
	return stage.Name(word).Valid() && (slices.Contains(usualStages, word) || slices.Contains(remembered, word))
}

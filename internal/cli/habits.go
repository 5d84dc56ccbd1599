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
	"auth":        {"aws sso login", "renpyctl doctor"},
	"backup":      {"renpyctl saves download", "renpyctl users export"},
	"dashboard":   {"renpyctl metrics --out metrics.html"},
	"apply":       {"renpyctl deploy"},
	"describe":    {"renpyctl info", "renpyctl status"},
	"diff":        {"renpyctl plan", "renpyctl drift"},
	"docs":        {"renpyctl help"},
	"env":         {"renpyctl help environment", "renpyctl info -o env"},
	"functions":   {"renpyctl info"},
	"get":         {"renpyctl info", "renpyctl stages", "renpyctl users show"},
	"history":     {"renpyctl releases", "renpyctl saves history"},
	"iam":         {"renpyctl policy caller"},
	"init":        {"renpyctl deploy --local"},
	"launch":      {"renpyctl deploy"},
	"login":       {"aws sso login"},
	"man":         {"renpyctl help"},
	"open":        {"renpyctl metrics --out metrics.html"},
	"outputs":     {"renpyctl info -o env"},
	"permissions": {"renpyctl policy caller", "renpyctl doctor"},
	"players":     {"renpyctl users list"},
	"preview":     {"renpyctl plan"},
	"projects":    {"renpyctl stages"},
	"ps":          {"renpyctl status", "renpyctl stages"},
	"restart":     {"renpyctl local down && renpyctl local up"},
	"secrets":     {"renpyctl deploy --set NAME=VALUE"},
	"set":         {"renpyctl deploy --set NAME=VALUE"},
	"settings":    {"renpyctl info", "renpyctl deploy --set NAME=VALUE"},
	"start":       {"renpyctl local up"},
	"stop":        {"renpyctl local down"},
	"tail":        {"renpyctl logs --follow"},
	"teardown":    {"renpyctl remove"},
	"test":        {"renpyctl smoke"},
	"undo":        {"renpyctl rollback"},
	"undeploy":    {"renpyctl remove"},
	"uninstall":   {"renpyctl remove"},
	"use":         {"export RENPYCTL_STAGE=NAME"},
	"url":         {"renpyctl info"},
	"update":      {"renpyctl deploy"},
	"upgrade":     {"renpyctl deploy"},
	"validate":    {"renpyctl plan"},
	"watch":       {"renpyctl deploy --watch", "renpyctl status"},
	"whoami":      {"renpyctl doctor", "aws sts get-caller-identity"},
	"config get":  {"renpyctl config renpy"},
	"config rpy":  {"renpyctl config renpy"},

	"config set":       {"renpyctl deploy --set NAME=VALUE"},
	"config show":      {"renpyctl config renpy"},
	"deploy --dry-run": {"renpyctl plan"},
	"local logs -f":    {"tail -f of the log that renpyctl local status names"},
	"local restart":    {"renpyctl local down && renpyctl local up"},
	"local start":      {"renpyctl local up"},
	"local stop":       {"renpyctl local down"},
	"saves delete":     {"renpyctl users delete --saves erase", "renpyctl users forget"},
	"saves get":        {"renpyctl saves download"},
	"saves put":        {"renpyctl saves upload"},
	"saves undelete":   {"renpyctl saves history", "renpyctl saves restore"},
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
	"env":             {"stage"},
	"environment":     {"stage"},
	"auto-approve":    {"yes"},
	"f":               {"follow"},
	"non-interactive": {"yes"},
	"force":           {"yes"},
	"format":          {"output"},
	"json":            {"output json"},
	"l":               {"local"},
	"n":               {"limit", "dry-run", "stage"},
	"namespace":       {"stage"},
	"p":               {"profile"},
	"r":               {"region"},
	"s":               {"stage"},
	"v":               {"version", "debug"},
	"verbose":         {"debug"},
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
	if cmd.Name() == "remove" && strings.Contains(word, "@") {
		return &hintedError{err, "renpyctl remove takes a stage down, with everybody's saves; of one player it is renpyctl users delete or forget"}
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

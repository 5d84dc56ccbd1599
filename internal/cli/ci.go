package cli

import (
	"fmt"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// inGitHub tells whether GitHub Actions runs the program and reads what it prints.
func (a *app) inGitHub() bool { return a.env.Getenv("GITHUB_ACTIONS") == "true" }

// annotate marks an error where GitHub Actions shows it.
func (a *app) annotate(text string) {
	a.streams.Command("error", "renpyctl "+a.flags.stage, cloud.OneLine(text))
}

// group begins a part of the log that GitHub Actions folds; calling what it
// returns ends it. What somebody is to read, as a plan, is in none.
func (a *app) group(title string) (end func()) {
	a.streams.Command("group", "", title+" "+a.flags.stage)
	return func() { a.streams.Command("endgroup", "", "") }
}

// ciRun returns the address of the CI run that this is part of, or "".
func (a *app) ciRun() string {
	if !a.inGitHub() {
		return ""
	}
	return fmt.Sprintf("%s/%s/actions/runs/%s", a.env.Getenv("GITHUB_SERVER_URL"), a.env.Getenv("GITHUB_REPOSITORY"), a.env.Getenv("GITHUB_RUN_ID"))
}

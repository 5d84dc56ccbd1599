package cli

import (
	"github.com/renpy-cloud/renpyctl/internal/smoke"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// smokeScreen shows in one row how far a test is.
type smokeScreen struct{ progress *ui.Progress }

var _ smoke.Observer = (*smokeScreen)(nil)

// smokeTexts are what is said of a step while it runs.
var smokeTexts = map[smoke.Name]string{
	smoke.Account: "making a test player", smoke.SignIn: "signing in", smoke.Plan: "planning", smoke.Upload: "sending a save",
	smoke.Complete: "completing", smoke.Offer: "planning on a second device", smoke.Download: "fetching the save",
	smoke.Compare: "comparing", smoke.CleanUp: "erasing the test player",
}

func (s *session) smokeScreen() *smokeScreen { return &smokeScreen{ui.NewProgress(s.streams)} }

// Began implements smoke.Observer.
func (s *smokeScreen) Began(name smoke.Name) { s.set(ui.Running, smokeTexts[name]) }

// Ended implements smoke.Observer: the answer has the times of all steps.
func (s *smokeScreen) Ended(smoke.Step) {}

// end leaves the row as the test's outcome.
func (s *smokeScreen) end(v smokeVerdict) {
	state, text := ui.Done, "the save arrived"
	switch v {
	case "":
		state, text = ui.Failed, "interrupted"
	case smokeFailed:
		state, text = ui.Failed, "the save did not arrive"
	case smokeUnrun:
		state, text = ui.Failed, "could not be run"
	}
	s.set(state, text)
	s.progress.Close()
}

func (s *smokeScreen) set(state ui.State, text string) {
	s.progress.Set(ui.Task{Key: "smoke", Name: "smoke test", State: state, Text: text})
}

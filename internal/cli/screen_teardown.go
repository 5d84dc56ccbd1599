package cli

import (
	"fmt"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/teardown"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

var _ teardown.Observer = (*screen)(nil)

// stepTexts are what is said of a step while it runs and when it is done.
var stepTexts = map[teardown.What]struct{ name, doing, done, failed string }{
	teardown.Protections: {"protections", "lifting", "lifted", "failed"},
	teardown.Saves:       {"saves", "deleting versions", "", "not all deleted"},
	teardown.Kept:        {"kept resources", "deleting", "deleted", "failed"},
	teardown.Artifacts:   {"artefacts", "deleting", "deleted", "failed"},
	teardown.Check:       {"check", "looking for leftovers", "nothing is left", "failed"},
}

// row is the step's row of progress.
func row(st teardown.Step, state ui.State, text string) ui.Task {
	name := stepTexts[st.What].name
	t := ui.Task{Key: name, Name: name, State: state, Text: text}
	if st.Bucket != "" {
		t.Key = st.Bucket
	}
	return t
}

// Started implements teardown.Observer.
func (s *screen) Started(st teardown.Step) {
	switch st.What {
	case teardown.Nothing:
		s.say("It holds no players and no saves, so it is deleted.")
	case teardown.Stack:
		s.close() // its events come on a board of their own
	default:
		s.open()
		s.began, s.versions = time.Now(), 0
		if doing := stepTexts[st.What].doing; doing != "" {
			s.progress.Set(row(st, ui.Running, doing))
		}
	}
}

// Progress implements teardown.Observer.
func (s *screen) Progress(st teardown.Step, versions int64) {
	switch {
	case st.What == teardown.Saves:
		s.versions = versions
		s.progress.Set(row(st, ui.Running, fmt.Sprintf("%s of %s versions  %s  %s/s", ui.Count(versions), ui.Count(st.Total),
			ui.Bar(versions, st.Total, 12), ui.Count(int64(float64(versions)/time.Since(s.began).Seconds())))))
	case versions >= 10_000: // otherwise it is counted in a moment
		s.progress.Set(ui.Task{Key: st.Bucket, Name: "counting saves", State: ui.Running, Text: ui.Plural(versions, "version")})
	}
}

// Finished implements teardown.Observer.
func (s *screen) Finished(st teardown.Step, err error) {
	texts := stepTexts[st.What]
	done := texts.done
	if st.What == teardown.Saves {
		done = ui.Plural(s.versions, "version") + " deleted"
	}
	switch {
	case st.What == teardown.Counting:
		s.close()
	case st.What == teardown.Stack:
	case err != nil:
		s.progress.Set(row(st, ui.Failed, texts.failed))
	default:
		s.progress.Set(row(st, ui.Done, done))
	}
}

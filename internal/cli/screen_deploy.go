package cli

import (
	"fmt"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

var _ deploy.Observer = (*screen)(nil)

func (s *screen) Clearing(st stack.Stack) {
	s.say("The first deploy of stage %s failed and left the stack as %s.", ui.Accent(s.flags.stage), st.Status)
}

func (s *screen) Cleared() {
	s.cleared = true
	s.say("Now it is created anew.")
}

func (s *screen) Uploading() {
	s.open()
	s.progress.Set(ui.Task{Key: "artefacts", Name: "artefacts", State: ui.Running, Text: "looking what is missing"})
}

func (s *screen) Sent(bytes, of int64) {
	s.progress.Set(ui.Task{
		Key: "artefacts", Name: "artefacts", State: ui.Running,
		Text: fmt.Sprintf("%s of %s  %s", ui.Bytes(bytes), ui.Bytes(of), ui.Bar(bytes, of, 12)),
	})
}

func (s *screen) Uploaded(missing, of int, size int64, err error) {
	task := ui.Task{Key: "artefacts", Name: "artefacts", State: ui.Done}
	switch {
	case err != nil:
		task.State, task.Text = ui.Failed, "not uploaded"
	case missing == 0:
		task.Text = "all there already"
	default:
		task.Text = fmt.Sprintf("%d of %d uploaded, %s", missing, of, ui.Bytes(size))
	}
	s.progress.Set(task)
	s.close()
}

func (s *screen) PutRight(function string) {
	s.say("  %s %s  put right", ui.Success("✓"), ui.Accent(function))
}

func (s *screen) Orphaned(ev stack.Event) {
	s.say("%s", ui.Warning(fmt.Sprintf("%s could not be deleted and is no longer part of the stack: %s", ev.PhysicalID, cloud.OneLine(ev.Reason))))
}

func (s *screen) NotCreated(cause stack.Event) { s.sayCause(cause) }

func (s *screen) TakingBack(st stack.Stack) {
	s.say("CloudFormation left the stack as %s: taking it back.", st.Status)
}

func (s *screen) TakenBack(err error) {
	if err != nil {
		s.say("That did not succeed: %s", s.text(err))
		return
	}
	s.say("Taken back: nothing is running.")
}

func (s *screen) NotRecorded(number int, err error) {
	s.say("%s", ui.Warning(fmt.Sprintf("the outcome of release %d could not be recorded: %s", number, s.text(err))))
}

package cli

import (
	"context"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// screen draws what happens to a stage, as it happens.
type screen struct {
	*session
	progress *ui.Progress // the board that is shown; nil if none
	endGroup func()

	began    time.Time // the step that runs
	versions int64     // of saves, that it has deleted
}

var _ stage.Watcher = (*screen)(nil)

func (s *session) screen() *screen { return &screen{session: s} }

func (s *screen) Waiting(st stack.Stack) {
	s.say("Waiting for what runs on the stack already (%s):", st.Status)
}

// open shows a board, if none is shown, and close leaves it as it stands.
func (s *screen) open() {
	if s.progress == nil {
		s.progress = ui.NewProgress(s.streams)
	}
}

func (s *screen) close() {
	if s.progress != nil {
		s.progress.Close()
		s.progress = nil
	}
}

func (s *screen) Begin(expected int) {
	s.close()
	s.endGroup = s.group("stack events")
	s.open()
	s.progress.Expect(expected)
}

func (s *screen) Event(ev stack.Event) {
	switch {
	case !ev.OfStack:
		s.progress.Set(taskOf(ev))
	case ev.Status.Failed() && ev.Status.InProgress() && ev.Reason != "":
		s.progress.Note(ui.Warning("The stack is rolled back: " + cloud.OneLine(ev.Reason)))
	}
}

func (s *screen) End() {
	s.close()
	s.endGroup()
}

// Blind says that looking goes on although AWS does not answer.
func (s *screen) Blind(err error) {
	s.open()
	s.progress.Note(ui.Warning("AWS does not tell how far it is, and is asked again: " + s.text(err)))
	if _, hint := s.explainAWS(err); hint != "" {
		s.progress.Note("  " + hint)
	}
}

// Lost says what AWS goes on doing unseen.
func (s *screen) Lost() {
	s.say("\nLost sight of the stack. AWS goes on with it by itself: %s watches again.", s.command("deploy --watch"))
}

// Left says what AWS goes on doing after an interruption.
func (s *screen) Left(ctx context.Context, stackID string, ours bool) {
	s.say("\nInterrupted. AWS goes on with the stack by itself: %s watches again.", s.command("deploy --watch"))
	if ours {
		s.offerCancel(ctx, stackID)
	}
}

// offerCancel asks a person who has interrupted an update whether AWS should
// stop too. A second Ctrl-C ends the program at once.
func (s *session) offerCancel(ctx context.Context, stackID string) {
	if !s.streams.InTerminal {
		return
	}
	st, err := s.at.Stacks.Describe(ctx, stackID)
	if err != nil || st.Status != "UPDATE_IN_PROGRESS" {
		return
	}
	if s.streams.Confirm(ctx, "Cancel the update, so that it is rolled back?") != nil {
		return
	}
	if err := s.at.Stacks.CancelUpdate(ctx, stackID); err != nil {
		s.say("%s", ui.Warning("The update could not be cancelled: "+cloud.OneLine(cloud.Text(err))))
		return
	}
	s.say("Cancelled: AWS rolls the update back. %s shows it.", s.command("deploy --watch"))
}

// taskOf turns an event of a resource into its row of the board.
func taskOf(ev stack.Event) ui.Task {
	t := ui.Task{Key: ev.LogicalID, Name: ev.LogicalID, State: ui.Done, At: ev.Time}
	verb, phase, _ := strings.Cut(string(ev.Status), "_")
	switch {
	case strings.HasSuffix(phase, "IN_PROGRESS"):
		t.State = ui.Running
		t.Text = map[string]string{"CREATE": "creating", "UPDATE": "updating", "DELETE": "deleting", "IMPORT": "importing"}[verb]
	case strings.HasSuffix(phase, "FAILED"):
		t.State = ui.Failed
		t.Text = cloud.OneLine(ev.Reason)
	case phase == "SKIPPED":
		t.Text = "kept"
	default:
		t.Text = map[string]string{"CREATE": "created", "UPDATE": "updated", "DELETE": "deleted", "IMPORT": "imported"}[verb]
	}
	if t.Text == "" {
		t.Text = strings.ToLower(strings.ReplaceAll(string(ev.Status), "_", " "))
	}
	return t
}

package awsaccount

import (
	"context"
	"fmt"
	"sync"

	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/teardown"
)

// Listener writes down what an observer of the engine is told: it is a
// deploy.Observer. Of the events of an operation only their end is kept.
type Listener struct {
	mu   sync.Mutex
	Said []string
}

func (l *Listener) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Said = append(l.Said, fmt.Sprintf(format, args...))
}

func (l *Listener) Waiting(st stack.Stack)                   { l.say("waiting for %s", st.Status) }
func (l *Listener) Begin(expected int)                       { l.say("follow %d", expected) }
func (l *Listener) Event(stack.Event)                        {}
func (l *Listener) End()                                     { l.say("followed") }
func (l *Listener) Blind(error)                              { l.say("blind") }
func (l *Listener) Lost()                                    { l.say("lost") }
func (l *Listener) Left(_ context.Context, _ string, _ bool) { l.say("left") }
func (l *Listener) Failed(e *stage.FailedError) {
	l.say("failed: %s, %s", e.Final.Status, e.Reason())
}

func (l *Listener) Started(s teardown.Step)           { l.say("%s", s.What) }
func (l *Listener) Progress(teardown.Step, int64)     {}
func (l *Listener) Finished(_ teardown.Step, _ error) {}

func (l *Listener) Clearing(st stack.Stack) { l.say("clearing %s", st.Status) }
func (l *Listener) Cleared()                { l.say("cleared") }
func (l *Listener) Uploading()              { l.say("uploading") }
func (l *Listener) Sent(_, _ int64)         {}
func (l *Listener) Uploaded(missing, of int, _ int64, err error) {
	l.say("uploaded %d of %d, error %v", missing, of, err)
}
func (l *Listener) PutRight(function string)     { l.say("put right %s", function) }
func (l *Listener) Orphaned(ev stack.Event)      { l.say("orphaned %s", ev.LogicalID) }
func (l *Listener) NotCreated(cause stack.Event) { l.say("not created: %s", stage.Reason(cause)) }
func (l *Listener) TakingBack(st stack.Stack)    { l.say("taking back %s", st.Status) }
func (l *Listener) TakenBack(err error)          { l.say("taken back, error %v", err) }
func (l *Listener) NotRecorded(number int, err error) {
	l.say("release %d is not recorded: %v", number, err)
}

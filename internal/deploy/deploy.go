// Package deploy changes a deployed stage. A change goes this way, whoever asks
// for it (deploy, deploy --plan, plan, rollback):
//
//	stage.Look                  what is there
//	[MakeReady], [Changeable]   bring the stack into a state that can be changed, or refuse
//	[Embedded], [Released]      what the stage is to become: a [Target]
//	Inspect, [Supply]           what a change has to know beside
//	[Prepare], [Recall]         work out the change: a [Plan]
//	[Plan.Guard]                refuse it if players would lose something
//	[Plan.Execute]              record it, run it to its end, record how it went
//	[Plan.Discard]              take back what was not executed
//
// Where the stack needs no change there may still be [Upkeep]. One function gets
// new code in seconds by [ReplaceCode]. A stack that is stuck is brought back by
// [ContinueRollback] and [RollBack].
//
// Nothing here prints or asks: an [Observer] is told what happens, and the
// caller asks between the steps.
package deploy

import (
	"context"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/teardown"
)

// Observer is told what happens while a stage is changed.
type Observer interface {
	teardown.Observer
	// Clearing says that what a failed first deploy left is cleared away, and
	// Cleared that it is.
	Clearing(st stack.Stack)
	Cleared()
	// Uploading says that artefacts are uploaded, Sent how many bytes are on their
	// way of how many, and Uploaded how many objects were missing of how many, and
	// their size. Sent may say less than before: a try that fails begins anew.
	Uploading()
	Sent(bytes, of int64)
	Uploaded(missing, of int, size int64, err error)
	// PutRight says that a function is what it should be again.
	PutRight(function string)
	// Orphaned names a resource that a successful update meant to delete and could not.
	Orphaned(ev stack.Event)
	// NotCreated says why a stack could not be created. What CloudFormation left
	// is taken back then: TakingBack says that it is about to be, TakenBack that
	// it is, or why not.
	NotCreated(cause stack.Event)
	TakingBack(st stack.Stack)
	TakenBack(err error)
	// NotRecorded says that the outcome of a release could not be written down.
	NotRecorded(number int, err error)
}

// afterwards is the context for what is written or taken back even after an
// interruption, within 15 seconds.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
}

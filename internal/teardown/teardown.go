// Package teardown takes a stage down: the whole of it, its stack alone, or what
// a failed first deploy left of it. Whatever a player may have is noted in the
// artefact bucket before anything is touched, so that an interrupted removal is
// finished by running it again. The order is that of [Holdings.Erase].
package teardown

import (
	"fmt"

	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// What a step is about.
type What string

// The steps, in the order of a removal. Nothing is none of a removal: it says that
// what a failed first deploy left holds nothing of a player, and is deleted now.
const (
	Counting    What = "counting"
	Nothing     What = "nothing"
	Protections What = "protections" // of the data
	Saves       What = "saves"       // in a bucket
	Stack       What = "stack"
	Kept        What = "kept"      // by the stack's deletion policies: pool, table and bucket
	Artifacts   What = "artifacts" // the artefact bucket
	Check       What = "check"     // that nothing is left
)

// Step is a step of taking a stage down.
type Step struct {
	What   What
	Bucket string // of saves, which the step is about; "" for the other steps
	Total  int64  // versions to delete, in all buckets of saves together
}

// Observer is told what happens while a stage is taken down.
type Observer interface {
	stage.Watcher
	// Started comes before a step, and Finished after it, but for Nothing.
	Started(s Step)
	// Progress tells how many versions in the step's bucket have been counted or
	// deleted so far.
	Progress(s Step, versions int64)
	Finished(s Step, err error)
}

// step tells of a step that it does.
func step(o Observer, s Step, do func() error) error {
	o.Started(s)
	err := do()
	o.Finished(s, err)
	return err
}

// HoldsDataError refuses to clear away what holds something of a player.
type HoldsDataError struct {
	Status stack.Status
	Totals Totals
}

func (e *HoldsDataError) Error() string {
	return fmt.Sprintf("the stack is %s, and holds %d players and %d versions of saves", e.Status, e.Totals.Players, e.Totals.Saves.Versions)
}

// WrittenMeanwhileError says that a player has come while the stage was cleared away.
type WrittenMeanwhileError struct{}

func (*WrittenMeanwhileError) Error() string {
	return "something has been written to the stage while it was deleted: it is kept"
}

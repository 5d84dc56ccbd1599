package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/teardown"
)

// notDeployed writes down that a release failed, and closes what --allow-replace
// opened for it. A release that was only left, by Ctrl-C or a lost connection,
// has no outcome yet: AWS goes on with it.
func (p *Plan) notDeployed(ctx context.Context, cause error, x Execution, o Observer) error {
	outcome := release.Outcome{Result: release.Failed}
	update, updateFailed := errors.AsType[*stage.FailedError](cause)
	create, createFailed := errors.AsType[*CreateFailedError](cause)
	_, notStarted := errors.AsType[notStartedError](cause)
	var cleanup error
	switch {
	case createFailed:
		outcome.Reason = stage.Reason(create.Cause)
	case updateFailed:
		outcome.Reason = update.Reason()
	case errors.Is(cause, stack.ErrBusy): // whoever was faster has made the change set void
		outcome.Reason = "another operation was faster"
	case notStarted:
		outcome.Reason = cloud.OneLine(cloud.Text(cause))
		cleanup = p.discard(ctx)
	default:
		return nil
	}
	finish(ctx, p.From.Store, p.Number, outcome, o)
	if !p.Create && len(x.AllowReplace) > 0 { // a stack that could not be created is gone
		ctx, cancel := afterwards(ctx)
		defer cancel()
		cleanup = errors.Join(cleanup, closePolicy(ctx, p.From.Stage, p.set.StackID))
	}
	return cleanup
}

// CreateFailedError says that CloudFormation could not create a stage's stack.
type CreateFailedError struct {
	Cause stack.Event // zero if unknown
	Left  bool        // what CloudFormation left could not be taken back
}

func (*CreateFailedError) Error() string { return "the stack could not be created" }

// failedCreate says why a first deploy failed, and takes back what
// CloudFormation could not: it does not delete what is protected.
func (p *Plan) failedCreate(ctx context.Context, final stack.Stack, events []stack.Event, o Observer) error {
	at := p.From.Stage
	if there, err := at.Find(ctx); err == nil && there.Status != stack.None && there.ID != final.ID {
		return stage.Busy(there) // somebody else has created the stage
	}
	e := &CreateFailedError{}
	e.Cause, _ = stack.RootCause(events)
	o.NotCreated(e.Cause)
	if final.Status != stack.None && final.Status != stack.DeleteComplete {
		o.TakingBack(final)
		if err := teardown.ClearLeftovers(ctx, at, p.From.ID.Account, final, o); err != nil {
			o.TakenBack(err)
			e.Left = true
			return e
		}
	}
	o.TakenBack(nil)
	return e
}

// makeUp writes down that the live release has succeeded, where the run that
// deployed it was cut off before it could.
func makeUp(ctx context.Context, c *stage.Compared, o Observer) error {
	if c.Record == nil || c.Record.Outcome.Result != release.Unknown {
		return nil
	}
	return recordSuccess(ctx, c.Store, c.Record.Number, c.Ran(), c.Live, o)
}

// recordSuccess writes down what runs after a success. What a function ran
// before that is missing now is kept: it tells how the function comes back.
func recordSuccess(ctx context.Context, store *release.Store, number int, before, live []stage.Running, o Observer) error {
	for _, f := range before {
		if !slices.ContainsFunc(live, func(l stage.Running) bool { return l.Name == f.Name }) {
			live = append(live, f)
		}
	}
	body, err := json.Marshal(live)
	if err != nil {
		return err
	}
	finish(ctx, store, number, release.Outcome{Result: release.Succeeded, Functions: body}, o)
	return nil
}

// finish writes down how a release went. A failure to do so is no failure of the
// release: it is told, and the stack itself tells what is live.
func finish(ctx context.Context, store *release.Store, number int, outcome release.Outcome, o Observer) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	outcome.Time = time.Now().UTC()
	if err := store.Finish(ctx, number, outcome); err != nil {
		o.NotRecorded(number, err)
	}
}

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// makeUp writes down that the live release has succeeded, where the run that
// deployed it was cut off before it could.
func (s *session) makeUp(ctx context.Context, sit *situation) error {
	if sit.record == nil || sit.record.Outcome.Result != release.Unknown {
		return nil
	}
	return s.recordSuccess(ctx, sit, sit.record.Number, sit.Live)
}

// recordSuccess writes down what runs after a success. What a function ran that
// is missing is kept: it tells how the function comes back.
func (s *session) recordSuccess(ctx context.Context, sit *situation, number int, live []stage.Running) error {
	for _, f := range sit.compared().Ran() {
		if !slices.ContainsFunc(live, func(l stage.Running) bool { return l.Name == f.Name }) {
			live = append(live, f)
		}
	}
	body, err := json.Marshal(live)
	if err != nil {
		return err
	}
	s.finishRecord(ctx, sit, number, release.Outcome{Result: release.Succeeded, Functions: body})
	return nil
}

// notDeployed writes down that a release failed, and closes what --allow-replace
// opened for it. A release that was only left, by Ctrl-C or a lost connection,
// has no outcome yet: AWS goes on with it.
func (s *session) notDeployed(ctx context.Context, sit *situation, plan *stack.Plan, number int, cause error, o deployOptions) error {
	outcome := release.Outcome{Result: release.Failed}
	failure, failed := errors.AsType[*stage.FailedError](cause)
	create, notCreated := errors.AsType[*stackError](cause)
	_, notStarted := errors.AsType[notStartedError](cause)
	var cleanup error
	switch {
	case failed:
		outcome.Reason = failure.Reason()
	case notCreated:
		outcome.Reason = create.reason
	case errors.Is(cause, stack.ErrBusy): // whoever was faster has made the change set void
		outcome.Reason = "another operation was faster"
	case notStarted:
		outcome.Reason = oneLine(cloud.Text(cause))
		cleanup = s.discard(ctx, plan)
	default:
		return nil
	}
	s.finishRecord(ctx, sit, number, outcome)
	if !plan.Create && len(o.allowReplace) > 0 { // a stack that could not be created is gone
		ctx, cancel := afterwards(ctx)
		defer cancel()
		cleanup = errors.Join(cleanup, s.closePolicy(ctx, plan.StackID))
	}
	return cleanup
}

// afterwards is the context for what is written or taken back even after an
// interruption, within 15 seconds.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
}

// finishRecord writes down how a release went. A failure to do so is no failure
// of the release: it is said, and the stack itself tells what is live.
func (s *session) finishRecord(ctx context.Context, sit *situation, number int, o release.Outcome) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	o.Time = time.Now().UTC()
	if err := sit.Store.Finish(ctx, number, o); err != nil {
		s.say("%s", ui.Warning(fmt.Sprintf("the outcome of release %d could not be recorded: %s", number, cloud.Text(err))))
	}
}

// discard takes back a plan that nobody wants, even after an interruption.
func (s *session) discard(ctx context.Context, plan *stack.Plan) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	return s.at.Stacks.Discard(ctx, plan)
}

package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/teardown"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// Execution says how a plan is executed.
type Execution struct {
	AllowReplace []string // logical ids that the stack policy lets go for this once
	Protect      bool     // protect the stage as prod is
}

// Done is what a change has come to.
type Done struct {
	Stack stack.Stack // as it then is
	Took  time.Duration
}

// Execute executes the plan as a release: it writes the release's record, makes
// the stack ready, begins the change set, follows it to its end, sets what a
// change set cannot, and writes down how it went.
//
// The release's record comes first, so that of two runs with the same number one
// gives up. What can happen after ExecuteChangeSet, and what is done about it:
//
//   - CloudFormation refuses it: the stack is as it was. The plan is discarded,
//     and the release has failed.
//   - Somebody else was faster: the error is [stack.ErrBusy], and the release has
//     failed; its change set is void, and the stack is left to them.
//   - The answer is lost: the change set itself tells whether it is executed. If
//     that cannot be read either, the stack's events will tell.
//   - CloudFormation accepts it, and nothing comes of it: the change set is deleted,
//     which proves that it never runs, and the release has failed.
//   - This run is left, by Ctrl-C, a kill, or because AWS does not answer for too
//     long or contradicts itself: AWS goes on, and
//     the outcome stays open. If the release becomes the live one, the next deploy
//     makes up for what this one could not write down and set ([Upkeep]).
//   - It is rolled back, or sticks: the observer is told of the root cause, the
//     release has failed, and what AllowReplace had opened is closed again.
//   - A create fails: what CloudFormation left is taken back, if it holds nothing
//     of a player; the error is a *[CreateFailedError].
//   - It succeeds, which is believed if the events say so, the stack says so, and it
//     shows the release's number: the protections are set, and what now runs is written down.
func (p *Plan) Execute(ctx context.Context, x Execution, o Observer) (Done, error) {
	p.over = true
	err := p.From.Store.Begin(ctx, p.recordNow())
	if errors.Is(err, release.ErrTaken) {
		err = fmt.Errorf("%w: release %d has begun already", stack.ErrBusy, p.Number)
	}
	if err != nil {
		return Done{}, errors.Join(err, p.discard(ctx))
	}
	start := time.Now()
	deployed, err := p.run(ctx, x, o)
	if err != nil {
		return Done{}, errors.Join(err, p.notDeployed(ctx, err, x, o))
	}
	if err := p.conclude(ctx, deployed, x, o); err != nil {
		return Done{}, err
	}
	return Done{deployed, time.Since(start)}, nil
}

// run runs the plan to its end and returns the stack as it then is.
func (p *Plan) run(ctx context.Context, x Execution, o Observer) (stack.Stack, error) {
	mark, unclear := p.begin(ctx, x, o)
	switch {
	case errors.Is(unclear, stack.ErrUnclear) && ctx.Err() == nil:
		o.Blind(unclear) // the events will tell
	case unclear != nil && !errors.Is(unclear, stack.ErrUnclear):
		return stack.Stack{}, unclear
	}
	final, events, err := p.follow(ctx, mark, o)
	if errors.Is(err, stack.ErrNothingRan) {
		err = p.nothingRan(ctx, cmp.Or(unclear, err), o)
	}
	if err != nil {
		return stack.Stack{}, err
	}
	return final, p.ended(ctx, final, events, o)
}

// nothingRan makes sure that a change set of which nothing has come never runs:
// CloudFormation deletes none that it executes. The error is a notStartedError then.
func (p *Plan) nothingRan(ctx context.Context, why error, o Observer) error {
	_, err := p.From.Stacks.Recall(ctx, &stack.Plan{ChangeSetID: p.set.ChangeSetID, StackID: p.set.StackID})
	if err == nil {
		err = p.discard(ctx)
	}
	if err != nil {
		o.Lost()
		return why
	}
	return notStartedError{why}
}

// begin makes the stack ready and executes the change set, whose events come
// after the mark. The error is a notStartedError where it is certain that
// nothing has begun.
func (p *Plan) begin(ctx context.Context, x Execution, o Observer) (mark string, err error) {
	if !p.Create { // a stack that is yet to be created has no events from before
		if mark, err = p.makeStackReady(ctx, x, o); err != nil {
			return "", notStartedError{err}
		}
	}
	if ctx.Err() != nil {
		return "", notStartedError{context.Cause(ctx)}
	}
	err = p.From.Stacks.Execute(ctx, p.set)
	if errors.Is(err, stack.ErrNotBegun) {
		err = notStartedError{err}
	}
	return mark, err
}

// notStartedError says that a plan was not executed: its stack is as it was.
type notStartedError struct{ error }

func (e notStartedError) Unwrap() error { return e.error }

// makeStackReady makes a stack ready for an update, and returns the mark after
// which the update's events will come. CloudFormation itself is to refuse what
// nobody has allowed, and it only touches what its templates differ in, so it
// has to find the rest as they say.
func (p *Plan) makeStackReady(ctx context.Context, x Execution, o Observer) (mark string, err error) {
	stacks := p.From.Stacks
	if len(p.From.Drift) > 0 {
		// Once somebody else's update has begun the functions are for it to change.
		_, err := stacks.Recall(ctx, &stack.Plan{ChangeSetID: p.set.ChangeSetID, StackID: p.set.StackID})
		if errors.Is(err, stack.ErrStale) {
			err = fmt.Errorf("%w: the plan cannot be executed any more", stack.ErrBusy)
		}
		if err != nil {
			return "", err
		}
	}
	// Only then the policy, which of a removal that is taken back is the mark.
	if err := putRight(ctx, p.From, p.To.Code, o); err != nil {
		return "", err
	}
	err = cloud.Together(ctx,
		func(ctx context.Context) error {
			return stacks.SetPolicy(ctx, p.set.StackID, cfn.StackPolicy(x.AllowReplace...))
		},
		func(ctx context.Context) (err error) {
			mark, err = stacks.LatestEvent(ctx, p.set.StackID)
			return err
		},
		func(ctx context.Context) error { return makeUp(ctx, p.From, o) },
	)
	return mark, err
}

// follow follows the change set to its end, however that is. A stack that is gone
// then, as a create that fails deletes it, is zero.
func (p *Plan) follow(ctx context.Context, mark string, o Observer) (stack.Stack, []stack.Event, error) {
	final, events, err := p.From.Follow(ctx, p.set.StackID, mark, len(p.Changes), p.shows, o)
	if errors.Is(err, stack.ErrNotFound) {
		err = nil
	}
	return final, events, err
}

// shows tells whether a stack shows that it is the plan's release.
func (p *Plan) shows(st stack.Stack) bool {
	return st.Parameters[cfn.ParamRelease] == strconv.Itoa(p.Number)
}

// ended tells a success from what is none.
func (p *Plan) ended(ctx context.Context, final stack.Stack, events []stack.Event, o Observer) error {
	switch {
	case final.Status.Settled():
		for _, ev := range events {
			if ev.Status == stack.DeleteFailed && !ev.OfStack { // CloudFormation skips it and forgets it
				o.Orphaned(ev)
			}
		}
		return nil
	case p.Create:
		return p.failedCreate(ctx, final, events, o)
	}
	return stage.Fail(final, events, o)
}

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
	if final.Status != stack.None && (final.Status != stack.DeleteComplete || skipped(events)) {
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

// skipped tells whether a deletion has left something where it was: by its
// deletion policy, although nobody needs it yet.
func skipped(events []stack.Event) bool {
	return slices.ContainsFunc(events, func(ev stack.Event) bool { return ev.Status == stack.DeleteSkipped })
}

// conclude sets what a change set cannot, and writes down what then runs.
func (p *Plan) conclude(ctx context.Context, deployed stack.Stack, x Execution, o Observer) error {
	var live []stage.Running
	err := cloud.Together(ctx, cloud.Into(&live, p.From.Running), func(ctx context.Context) error {
		if p.Create || len(x.AllowReplace) > 0 {
			if err := closePolicy(ctx, p.From.Stage, deployed.ID); err != nil {
				return err
			}
		}
		return protect(ctx, p.From.Stage, deployed, x.Protect)
	})
	if err == nil {
		err = recordSuccess(ctx, p.From.Store, p.Number, live, o)
	}
	if err != nil {
		return &UnfinishedError{p.Number, err}
	}
	if err := checkCode(live, p.To.Code); err != nil {
		return err
	}
	if err := checkMissing(stage.Missing(live, p.To.Template)); err != nil || len(p.From.Lost()) == 0 {
		return err
	}
	return p.broughtBack(ctx)
}

// broughtBack looks again for what was lost before the plan.
func (p *Plan) broughtBack(ctx context.Context) error {
	s, err := p.From.Look(ctx)
	if err != nil {
		return err
	}
	c, err := s.Compare(ctx)
	if err != nil {
		return err
	}
	return CheckLost(c.Lost())
}

// UnfinishedError says that a release is live, but that what a change set cannot
// set, or what then runs, could not be set or written down. The next deploy does it.
type UnfinishedError struct {
	Number int
	err    error
}

func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("release %d is live, but not all that belongs to it could be done: %v", e.Number, e.err)
}

// Unwrap returns why.
func (e *UnfinishedError) Unwrap() error { return e.err }

// CodeError says that a function runs other code than the release that was just deployed.
type CodeError struct {
	Function   string // "syncPlan"
	Want, Have string // SHA-256 of the code, in base64
}

func (e *CodeError) Error() string {
	return fmt.Sprintf("the stack is deployed, but %s runs other code: %s, and should run %s", e.Function, e.Have, e.Want)
}

// checkCode refuses to call a release a success whose functions run other code;
// the error is a *[CodeError].
func checkCode(live []stage.Running, code map[string]string) error {
	for _, f := range live {
		if want := lambda.CodeSha256(stage.CodeHash(code[f.Name])); f.CodeSha256 != want {
			return &CodeError{f.Name, want, f.CodeSha256}
		}
	}
	return nil
}

// notDeployed writes down that a release failed, and closes what --allow-replace
// opened for it. A release that was only left, by Ctrl-C or a lost connection,
// has no outcome yet: AWS goes on with it.
func (p *Plan) notDeployed(ctx context.Context, cause error, x Execution, o Observer) error {
	outcome := release.Outcome{Result: release.Failed}
	update, updateFailed := errors.AsType[*stage.FailedError](cause)
	create, createFailed := errors.AsType[*CreateFailedError](cause)
	busy := errors.Is(cause, stack.ErrBusy)
	_, notStarted := errors.AsType[notStartedError](cause)
	var cleanup error
	switch {
	case createFailed:
		outcome.Reason = stage.Reason(create.Cause)
	case updateFailed:
		outcome.Reason = update.Reason()
	case busy: // whoever was faster has made the change set void
		outcome.Reason = "another operation was faster"
	case notStarted:
		outcome.Reason = cloud.OneLine(cloud.Text(cause))
		cleanup = p.discard(ctx)
	default:
		return nil
	}
	finish(ctx, p.From.Store, p.Number, outcome, o)
	// A stack that could not be created is gone. While somebody else's update runs
	// the policy is theirs: closing it would fail what they have allowed. The next
	// deploy closes what is left open.
	if !p.Create && !busy && len(x.AllowReplace) > 0 {
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

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// change brings the stage to the target as a new release: upload, plan, show,
// guard, ask, record, execute, record how it went. Drift is put right even if
// CloudFormation sees nothing to change.
func (s *session) change(ctx context.Context, sit *situation, t *target, r release.Record, o deployOptions) error {
	if err := s.canAsk(); err != nil {
		return err // before anything is made
	}
	if err := s.upload(ctx, sit, t); err != nil {
		return err
	}
	plan, number, err := s.propose(ctx, sit, t, o)
	if errors.Is(err, stack.ErrNoChanges) {
		if o.roleARN != "" && o.roleARN != sit.stack.RoleARN {
			s.say("%s", ui.Warning("CloudFormation takes a role only together with a change: --role-arn has had no effect."))
		}
		if sit.policy, err = s.engine.Policy(ctx, sit.stack.ID); err != nil {
			return err
		}
		return s.unchanged(ctx, sit, t, o)
	}
	if err != nil {
		return err
	}
	err = checkMissing(sit.leftMissing(plan))
	if err == nil {
		err = s.warnOfRemains(ctx, sit)
	}
	if err != nil {
		return errors.Join(err, s.discard(ctx, plan))
	}
	end := s.group("plan")
	s.say("\n%s", newPlanView(s, sit, t, plan).text(t, o.verbose))
	end()
	err = s.guard(plan.Changes, o.allowReplace)
	if err == nil {
		err = s.confirmChange(ctx, sit, r)
	}
	if err != nil {
		return errors.Join(err, s.discard(ctx, plan))
	}
	return s.run(ctx, sit, plan, s.record(sit, t, plan, r, number), o)
}

// upload puts what the target needs into the artefact bucket, showing it.
func (s *session) upload(ctx context.Context, sit *situation, t *target) error {
	p := ui.NewProgress(s.streams)
	defer p.Close()
	task := ui.Task{Key: "artefacts", Name: "artefacts", State: ui.Running, Text: "looking what is missing"}
	p.Set(task)
	written, size, err := t.upload(ctx, sit)
	switch {
	case err != nil:
		task.State, task.Text = ui.Failed, "not uploaded"
	case written == 0:
		task.State, task.Text = ui.Done, "all there already"
	default:
		task.State, task.Text = ui.Done, fmt.Sprintf("%d of %d uploaded, %s", written, len(t.bodies), ui.Bytes(size))
	}
	p.Set(task)
	return err
}

// propose makes the change set for the next release and settles what
// CloudFormation leaves open in it.
func (s *session) propose(ctx context.Context, sit *situation, t *target, o deployOptions) (*stack.Plan, int, error) {
	number := sit.next()
	request := t.request(s.app, number)
	request.Express = o.express
	request.RevertDrift = len(sit.missing()) > 0
	plan, err := s.engine.Propose(ctx, sit.stack, request)
	if err != nil {
		return nil, 0, err
	}
	plan.Changes = settle(plan.Changes)
	return plan, number, nil
}

// confirmChange asks before a plan is executed.
func (s *session) confirmChange(ctx context.Context, sit *situation, r release.Record) error {
	verb := "Deploy to"
	if r.Kind == release.Rollback {
		verb = "Roll back"
	}
	return s.ask(ctx, sit, fmt.Sprintf("%s %s?", verb, s.flags.stage))
}

// ask asks before players' backend changes. On a protected stage a person has to
// type its name.
func (s *session) ask(ctx context.Context, sit *situation, question string) error {
	if !s.protected(sit.stack) || s.flags.yes {
		return s.confirm(ctx, question)
	}
	return needsFlag(s.streams.ConfirmTyped(ctx, question+" Type the stage's name:", s.flags.stage), "--yes")
}

// record is what is written down of the release that is about to begin.
func (s *session) record(sit *situation, t *target, plan *stack.Plan, r release.Record, number int) release.Record {
	v := version()
	r.Number, r.Time, r.By = number, time.Now().UTC(), sit.id.ARN
	r.Version, r.Commit, r.CI = v.Version, v.Commit, s.ciRun()
	r.StackID, r.Template, r.Code, r.Parameters = plan.StackID, t.templateKey, t.code, maps.Clone(t.parameters)
	return r
}

// run executes a plan as a release, from its record to its outcome.
func (s *session) run(ctx context.Context, sit *situation, plan *stack.Plan, r release.Record, o deployOptions) error {
	err := sit.store.Begin(ctx, r)
	if errors.Is(err, release.ErrTaken) {
		err = fmt.Errorf("%w: release %d has begun already", stack.ErrBusy, r.Number)
	}
	if err != nil {
		return errors.Join(err, s.discard(ctx, plan))
	}
	start := time.Now()
	deployed, err := s.execute(ctx, sit, plan, r, o)
	if err != nil {
		return errors.Join(err, s.notDeployed(ctx, sit, plan, r.Number, err, o))
	}
	if err := s.conclude(ctx, sit, deployed, plan, r.Number, o); err != nil {
		return err
	}
	verb := "Deployed"
	if r.Kind == release.Rollback {
		verb = fmt.Sprintf("Rolled back to release %d as", r.Origin)
	}
	s.say("%s release %d in %s", ui.Success(verb), r.Number, ui.Elapsed(time.Since(start)))
	return s.printDeployed(deployed)
}

// notStartedError says that a plan was not executed: its stack is as it was.
type notStartedError struct{ error }

func (e notStartedError) Unwrap() error { return e.error }

// execute runs the plan to its end and returns the stack as it then is.
func (s *session) execute(ctx context.Context, sit *situation, plan *stack.Plan, r release.Record, o deployOptions) (stack.Stack, error) {
	var mark string // a stack that is yet to be created has no events from before
	if !plan.Create {
		var err error
		if mark, err = s.prepare(ctx, sit, plan, r, o); err != nil {
			return stack.Stack{}, notStartedError{err}
		}
	}
	if ctx.Err() != nil {
		return stack.Stack{}, notStartedError{context.Cause(ctx)}
	}
	if err := s.engine.Execute(ctx, plan); errors.Is(err, stack.ErrNotBegun) {
		return stack.Stack{}, notStartedError{err}
	} else if err != nil {
		return stack.Stack{}, err
	}
	final, events, err := s.follow(ctx, plan.StackID, mark, len(plan.Changes))
	if err != nil && !errors.Is(err, stack.ErrNotFound) {
		return stack.Stack{}, err
	}
	if final.Status.Settled() {
		s.reportOrphans(events)
		return final, nil
	}
	if plan.Create {
		return stack.Stack{}, s.failedCreate(ctx, final, events)
	}
	return stack.Stack{}, s.failed("deploy", final, events)
}

// prepare makes a stack ready for an update, and returns the mark after which
// the update's events will come. CloudFormation itself is to refuse what nobody
// has allowed, and it only touches what its templates differ in, so it has to
// find the rest as they say.
func (s *session) prepare(ctx context.Context, sit *situation, plan *stack.Plan, r release.Record, o deployOptions) (mark string, err error) {
	if len(sit.drift) > 0 {
		// Once somebody else's update has begun the functions are for it to change.
		_, err := s.engine.Recall(ctx, &stack.Plan{ChangeSetID: plan.ChangeSetID, StackID: plan.StackID})
		if errors.Is(err, stack.ErrStale) {
			err = fmt.Errorf("%w: the plan cannot be executed any more", stack.ErrBusy)
		}
		if err != nil {
			return "", err
		}
	}
	err = together(ctx,
		func(ctx context.Context) error {
			return s.engine.SetPolicy(ctx, plan.StackID, cfn.StackPolicy(o.allowReplace...))
		},
		func(ctx context.Context) (err error) {
			mark, err = s.engine.LatestEvent(ctx, plan.StackID)
			return err
		},
		func(ctx context.Context) error { return s.putRight(ctx, sit, r.Code) },
		func(ctx context.Context) error { return s.makeUp(ctx, sit) },
	)
	return mark, err
}

// conclude sets what a change set cannot, and writes down what then runs.
func (s *session) conclude(ctx context.Context, sit *situation, deployed stack.Stack, plan *stack.Plan, number int, o deployOptions) error {
	var live []functionInfo
	err := together(ctx, into(&live, s.functions), func(ctx context.Context) error {
		if plan.Create || len(o.allowReplace) > 0 {
			if err := s.closePolicy(ctx, deployed.ID); err != nil {
				return err
			}
		}
		return s.protect(ctx, deployed, o)
	})
	if err != nil {
		return err
	}
	if err := s.recordSuccess(ctx, sit, number, live); err != nil {
		return err
	}
	return checkMissing(missingFrom(live, cfn.Template()))
}

// closePolicy sets the policy under which CloudFormation itself refuses to
// replace what players need, without exception.
func (s *session) closePolicy(ctx context.Context, stackID string) error {
	return s.engine.SetPolicy(ctx, stackID, cfn.StackPolicy())
}

// protect sets the termination protection of a stage that is to have it.
func (s *session) protect(ctx context.Context, st stack.Stack, o deployOptions) error {
	if st.TerminationProtection || !o.protect && !s.protected(st) {
		return nil
	}
	return s.engine.SetTerminationProtection(ctx, st.ID, true)
}

// makeUp writes down that the live release has succeeded, where the run that
// deployed it was cut off before it could.
func (s *session) makeUp(ctx context.Context, sit *situation) error {
	if sit.record == nil || sit.record.Outcome.Result != release.Unknown {
		return nil
	}
	return s.recordSuccess(ctx, sit, sit.record.Number, sit.live)
}

// recordSuccess writes down what runs after a success. What a function ran that
// is missing is kept: it tells how the function comes back.
func (s *session) recordSuccess(ctx context.Context, sit *situation, number int, live []functionInfo) error {
	for _, f := range sit.ran() {
		if !slices.ContainsFunc(live, func(l functionInfo) bool { return l.Name == f.Name }) {
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
	failure, failed := errors.AsType[*stackError](cause)
	_, notStarted := errors.AsType[notStartedError](cause)
	var cleanup error
	switch {
	case failed:
		outcome.Reason = failure.reason
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
	if err := sit.store.Finish(ctx, number, o); err != nil {
		s.say("%s", ui.Warning(fmt.Sprintf("the outcome of release %d could not be recorded: %s", number, cloud.Text(err))))
	}
}

// discard takes back a plan that nobody wants, even after an interruption.
func (s *session) discard(ctx context.Context, plan *stack.Plan) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	return s.engine.Discard(ctx, plan)
}

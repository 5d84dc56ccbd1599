package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// record is what is written down of the release that is about to begin.
func (s *session) record(sit *situation, t *target, stackID string, r release.Record, number int) release.Record {
	v := version()
	r.Number, r.Time, r.By = number, time.Now().UTC(), sit.ID.ARN
	r.Version, r.Commit, r.CI = v.Version, v.Commit, s.ciRun()
	r.StackID, r.Template, r.Code, r.Parameters = stackID, t.templateKey, t.code, maps.Clone(t.parameters)
	return r
}

// run executes a plan as a release, from its record to its outcome.
func (s *session) run(ctx context.Context, sit *situation, plan *stack.Plan, r release.Record, o deployOptions) error {
	err := sit.Store.Begin(ctx, r)
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
	if err := s.at.Stacks.Execute(ctx, plan); errors.Is(err, stack.ErrNotBegun) {
		return stack.Stack{}, notStartedError{err}
	} else if err != nil {
		return stack.Stack{}, err
	}
	final, events, err := s.at.Follow(ctx, plan.StackID, mark, len(plan.Changes), s.screen())
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
	return stack.Stack{}, s.at.Fail("deploy", final, events, s.screen())
}

// prepare makes a stack ready for an update, and returns the mark after which
// the update's events will come. CloudFormation itself is to refuse what nobody
// has allowed, and it only touches what its templates differ in, so it has to
// find the rest as they say.
func (s *session) prepare(ctx context.Context, sit *situation, plan *stack.Plan, r release.Record, o deployOptions) (mark string, err error) {
	if len(sit.drift) > 0 {
		// Once somebody else's update has begun the functions are for it to change.
		_, err := s.at.Stacks.Recall(ctx, &stack.Plan{ChangeSetID: plan.ChangeSetID, StackID: plan.StackID})
		if errors.Is(err, stack.ErrStale) {
			err = fmt.Errorf("%w: the plan cannot be executed any more", stack.ErrBusy)
		}
		if err != nil {
			return "", err
		}
	}
	err = cloud.Together(ctx,
		func(ctx context.Context) error {
			return s.at.Stacks.SetPolicy(ctx, plan.StackID, cfn.StackPolicy(o.allowReplace...))
		},
		func(ctx context.Context) (err error) {
			mark, err = s.at.Stacks.LatestEvent(ctx, plan.StackID)
			return err
		},
		func(ctx context.Context) error { return s.putRight(ctx, sit, r.Code) },
		func(ctx context.Context) error { return s.makeUp(ctx, sit) },
	)
	return mark, err
}

// conclude sets what a change set cannot, and writes down what then runs.
func (s *session) conclude(ctx context.Context, sit *situation, deployed stack.Stack, plan *stack.Plan, number int, o deployOptions) error {
	var live []stage.Running
	err := cloud.Together(ctx, cloud.Into(&live, s.at.Running), func(ctx context.Context) error {
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
	return checkMissing(stage.Missing(live, cfn.Template()))
}

// closePolicy sets the policy under which CloudFormation itself refuses to
// replace what players need, without exception.
func (s *session) closePolicy(ctx context.Context, stackID string) error {
	return s.at.Stacks.SetPolicy(ctx, stackID, cfn.StackPolicy())
}

// protect sets the termination protection of a stage that is to have it.
func (s *session) protect(ctx context.Context, st stack.Stack, o deployOptions) error {
	if st.TerminationProtection || !o.protect && !s.stage().Protected(st) {
		return nil
	}
	return s.at.Stacks.SetTerminationProtection(ctx, st.ID, true)
}

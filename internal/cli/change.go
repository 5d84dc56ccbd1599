package cli

import (
	"context"
	"errors"
	"fmt"

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
		if o.roleARN != "" && o.roleARN != sit.Stack.RoleARN {
			s.say("%s", ui.Warning("CloudFormation takes a role only together with a change: --role-arn has had no effect."))
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
	return s.run(ctx, sit, plan, s.record(sit, t, plan.StackID, r, number), o)
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
	number := sit.inspected().Next()
	request := t.request(s.app, number)
	request.Express = o.express
	request.RevertDrift = len(sit.Missing()) > 0
	plan, err := s.at.Stacks.Propose(ctx, sit.Stack, request)
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
	if !s.stage().Protected(sit.Stack) || s.flags.yes {
		return s.confirm(ctx, question)
	}
	return needsFlag(s.streams.ConfirmTyped(ctx, question+" Type the stage's name:", s.flags.stage), "--yes")
}

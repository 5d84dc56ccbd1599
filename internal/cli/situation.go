package cli

import (
	"context"
	"slices"

	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// situation is what a deploy finds: who runs it, and what is there.
type situation struct {
	*stage.State

	contents release.Contents // of the artefact bucket; inspect looks for it
	policy   *string          // of the stack; looked for where nothing else changes

	// What inspect and findDrift find, if the stack can be updated.
	record *release.Release // of the live release; nil where none can be read
	drift  []stage.Drifted  // functions that somebody has changed past CloudFormation
}

// survey connects, looks, and says whose credentials work where: how a command
// begins that may change the stack.
func (a *app) survey(ctx context.Context) (*session, *situation, error) {
	s, err := a.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	st, err := s.at.Look(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.where(st.ID)
	return s, &situation{State: st}, nil
}

// surveyDeployed is survey for commands that need a stack with resources in it.
func (a *app) surveyDeployed(ctx context.Context) (*session, *situation, error) {
	s, sit, err := a.survey(ctx)
	if err == nil {
		err = sit.MustBeDeployed()
	}
	return s, sit, err
}

// inspect looks for what a change of the stack has to know beside: what the
// artefact bucket holds, and what the functions run.
func (s *session) inspect(ctx context.Context, sit *situation) error {
	in, err := sit.Inspect(ctx)
	if err != nil {
		return err
	}
	sit.contents, sit.record, sit.drift = in.Contents, in.Record, in.Drift
	return nil
}

// findDrift compares what the functions run with what the stack says.
func (s *session) findDrift(ctx context.Context, sit *situation) error {
	c, err := sit.Compare(ctx)
	if err != nil {
		return err
	}
	sit.record, sit.drift = c.Record, c.Drift
	return nil
}

// inspected and compared are the views that the situation stands for.
func (sit *situation) inspected() *stage.Inspected {
	return &stage.Inspected{Compared: sit.compared(), Contents: sit.contents}
}

func (sit *situation) compared() *stage.Compared {
	return &stage.Compared{State: sit.State, Record: sit.record, Drift: sit.drift}
}

// waitFor waits while an operation runs already, and looks again.
func (s *session) waitFor(ctx context.Context, sit *situation, o deployOptions) error {
	st, err := sit.Wait(ctx, o.wait, s.screen())
	if err == nil && st != sit.State {
		*sit = situation{State: st}
	}
	return err
}

// leftMissing are the missing functions that a plan would not bring back.
func (sit *situation) leftMissing(plan *stack.Plan) []string {
	return slices.DeleteFunc(sit.Missing(), func(name string) bool {
		f, _ := stage.FunctionNamed(name)
		return slices.ContainsFunc(plan.Changes, func(c stack.Change) bool { return c.LogicalID == f.LogicalID })
	})
}

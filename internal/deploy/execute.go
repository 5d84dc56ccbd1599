package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
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
// the stack ready, runs the change set to its end, sets what a change set
// cannot, and writes down how it went.
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

// notStartedError says that a plan was not executed: its stack is as it was.
type notStartedError struct{ error }

func (e notStartedError) Unwrap() error { return e.error }

// run runs the plan to its end and returns the stack as it then is.
func (p *Plan) run(ctx context.Context, x Execution, o Observer) (stack.Stack, error) {
	var mark string // a stack that is yet to be created has no events from before
	if !p.Create {
		var err error
		if mark, err = p.makeStackReady(ctx, x, o); err != nil {
			return stack.Stack{}, notStartedError{err}
		}
	}
	if ctx.Err() != nil {
		return stack.Stack{}, notStartedError{context.Cause(ctx)}
	}
	at := p.From.Stage
	if err := at.Stacks.Execute(ctx, p.set); errors.Is(err, stack.ErrNotBegun) {
		return stack.Stack{}, notStartedError{err}
	} else if err != nil {
		return stack.Stack{}, err
	}
	final, events, err := at.Follow(ctx, p.set.StackID, mark, len(p.Changes), o)
	if err != nil && !errors.Is(err, stack.ErrNotFound) {
		return stack.Stack{}, err
	}
	if final.Status.Settled() {
		for _, ev := range events {
			if ev.Status == stack.DeleteFailed && !ev.OfStack { // CloudFormation skips it and forgets it
				o.Orphaned(ev)
			}
		}
		return final, nil
	}
	if p.Create {
		return stack.Stack{}, p.failedCreate(ctx, final, events, o)
	}
	return stack.Stack{}, stage.Fail(final, events, o)
}

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
	err = cloud.Together(ctx,
		func(ctx context.Context) error {
			return stacks.SetPolicy(ctx, p.set.StackID, cfn.StackPolicy(x.AllowReplace...))
		},
		func(ctx context.Context) (err error) {
			mark, err = stacks.LatestEvent(ctx, p.set.StackID)
			return err
		},
		func(ctx context.Context) error { return putRight(ctx, p.From, p.To.Code, o) },
		func(ctx context.Context) error { return makeUp(ctx, p.From, o) },
	)
	return mark, err
}

// putRight gives the functions what the stack says of them. Code that
// CloudFormation is about to replace stays until then: next has the keys of the
// code that the functions are to have. So do functions that are missing.
func putRight(ctx context.Context, c *stage.Compared, next map[string]string, o Observer) error {
	for _, d := range c.Drift {
		code, settings := d.Parts()
		key, want := c.CodeKey(d.Name), d.Want()
		code = code && cmp.Or(next[d.Name], key) == key
		if code {
			src := functions.Source{Bucket: c.Store.Bucket, Key: key, CodeSha256: want.CodeSha256, Architecture: want.Architecture}
			if _, err := functions.UpdateCode(ctx, c.Lambda(), d.FunctionName, src); err != nil {
				return err
			}
		}
		if settings {
			if err := functions.UpdateSettings(ctx, c.Lambda(), want); err != nil {
				return err
			}
		}
		if code || settings {
			o.PutRight(d.Name)
		}
	}
	return nil
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
	if err != nil {
		return err
	}
	if err := recordSuccess(ctx, p.From.Store, p.Number, p.From.Ran(), live, o); err != nil {
		return err
	}
	return CheckMissing(stage.Missing(live, p.To.Template))
}

// closePolicy sets the policy under which CloudFormation itself refuses to
// replace what players need, without exception.
func closePolicy(ctx context.Context, at *stage.Stage, stackID string) error {
	return at.Stacks.SetPolicy(ctx, stackID, cfn.StackPolicy())
}

// protect sets the termination protection of a stage that is to have it.
func protect(ctx context.Context, at *stage.Stage, st stack.Stack, wanted bool) error {
	if st.TerminationProtection || !wanted && !at.Name.Protected(st) {
		return nil
	}
	return at.Stacks.SetTerminationProtection(ctx, st.ID, true)
}

package health

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/metrics"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// patient is the stage that is examined, with what several checks read of it: each
// is asked for once, as soon as the examination begins.
type patient struct {
	*stage.Stage
	program  string
	id       *answer[cloud.Identity]
	stack    *answer[stack.Stack]
	compared *answer[*stage.Compared]
	plan     *answer[players.Plan]
	atOnce   *answer[int64] // functions, in the account
	day      *answer[metrics.Reading]
}

// admit begins to read.
func admit(ctx context.Context, at *stage.Stage, o Options) *patient {
	p := &patient{Stage: at, program: o.Program}
	p.id = ask(ctx, at.WhoAmI)
	p.stack = ask(ctx, at.Known)
	p.compared = ask(ctx, func(ctx context.Context) (*stage.Compared, error) {
		state, err := at.Look(ctx)
		if err != nil {
			return nil, err
		}
		return state.Compare(ctx)
	})
	p.plan = ask(ctx, func(ctx context.Context) (players.Plan, error) {
		st, err := p.stack.get(ctx)
		if err != nil || st.Outputs[cfn.OutputUserPoolID] == "" {
			return players.Plan{}, err
		}
		return at.Pool(st.Outputs[cfn.OutputUserPoolID]).Plan(ctx)
	})
	p.atOnce = ask(ctx, func(ctx context.Context) (int64, error) {
		return functions.Concurrency(ctx, lambda.NewFromConfig(at.Config))
	})
	p.day = ask(ctx, func(ctx context.Context) (metrics.Reading, error) {
		st, err := p.stack.get(ctx)
		if err != nil {
			return metrics.Reading{}, err
		}
		names := []string{metrics.SignUps}
		for _, f := range stage.Functions() {
			names = append(names, metrics.OfFunction(f.Name, metrics.Throttles))
		}
		return metrics.Read(ctx, at.Metrics(), metrics.Last(24*time.Hour, time.Now()), metrics.Named(metrics.All(at.Measured(st)), names...))
	})
	return p
}

// discharge waits for what is still read.
func (p *patient) discharge() {
	for _, done := range []<-chan struct{}{p.id.done, p.stack.done, p.compared.done, p.plan.done, p.atOnce.done, p.day.done} {
		<-done
	}
}

// answer is what a call will have answered.
type answer[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// ask makes a call in the background, which ends with its context.
func ask[T any](ctx context.Context, call func(context.Context) (T, error)) *answer[T] {
	a := &answer[T]{done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.value, a.err = cloud.Within(ctx, answerWithin, call)
	}()
	return a
}

// get waits for the answer.
func (a *answer[T]) get(ctx context.Context) (T, error) {
	select {
	case <-a.done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

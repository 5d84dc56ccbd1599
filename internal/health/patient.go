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
	hour     *answer[metrics.Reading] // the last one
	day      *answer[metrics.Reading] // the last 24 hours
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
	p.day = ask(ctx, p.reading(24*time.Hour, func(function string) []string {
		return []string{metrics.SignUps, metrics.SignIns, metrics.StoredBytes, metrics.StoredObjects, metrics.OfFunction(function, metrics.Throttles)}
	}))
	p.hour = ask(ctx, p.reading(time.Hour, func(function string) []string {
		return []string{metrics.Requests, metrics.ClientErrors, metrics.ServerErrors, metrics.LatencyP95,
			metrics.OfFunction(function, metrics.Errors), metrics.OfFunction(function, metrics.Throttles)}
	}))
	return p
}

// reading reads metrics of the time that ends now; names are those that belong to a
// function and those that belong to none.
func (p *patient) reading(period time.Duration, names func(function string) []string) func(context.Context) (metrics.Reading, error) {
	return func(ctx context.Context) (metrics.Reading, error) {
		st, err := p.stack.get(ctx)
		if err != nil {
			return metrics.Reading{}, err
		}
		var list []string
		for _, f := range stage.Functions() {
			list = append(list, names(f.Name)...)
		}
		return metrics.Read(ctx, p.Metrics(), metrics.Last(period, time.Now()), metrics.Named(metrics.All(p.Measured(st)), list...))
	}
}

// standIn is what answers in AWS's place, "" if AWS does or nobody can tell. What bounds
// or keeps nothing there but what is for trying out is not worth a warning.
func (p *patient) standIn(ctx context.Context) string {
	id, err := p.id.get(ctx)
	if err != nil {
		return ""
	}
	return cloud.StandIn(p.Config, id)
}

// atOnce is how many functions Lambda runs at once in the account.
func (p *patient) atOnce(ctx context.Context) (int64, error) {
	return functions.Concurrency(ctx, lambda.NewFromConfig(p.Config))
}

// discharge waits for what is still read.
func (p *patient) discharge() {
	for _, done := range []<-chan struct{}{p.id.done, p.stack.done, p.compared.done, p.plan.done, p.day.done, p.hour.done} {
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

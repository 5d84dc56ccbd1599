package health

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/mail"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// launch is what the findings of a forecast are called.
const launch = "launch"

// Million is the number of players that every forecast is made for as well.
const Million = 1_000_000

// Forecast is what a launch asks of a stage, beside the stage's limits.
type Forecast struct {
	Players int64
	Quotas  []Quota // the one that the fewest players break first
	Million []Quota // the same for a million players
}

// forecast computes a launch with the limits of the stage, or where none is deployed
// with those that a new one would have.
func (p *patient) forecast(ctx context.Context, count int64) (Forecast, error) {
	l, err := p.limits(ctx)
	if err != nil {
		return Forecast{}, err
	}
	return Forecast{count, Quotas(Launch(count), l), Quotas(Launch(Million), l)}, nil
}

func (p *patient) limits(ctx context.Context) (Limits, error) {
	l := NewAccount()
	atOnce, err := p.atOnce(ctx)
	if err != nil {
		return l, err
	}
	l.Concurrency = float64(atOnce)
	st, err := p.stack.get(ctx)
	if err != nil {
		st = stack.Stack{}
		if !isNone(err) {
			return l, err
		}
	}
	if rate, err := strconv.Atoi(st.Parameters[cfn.ParamThrottleRateLimit]); err == nil {
		l.Throttle = float64(rate)
	}
	var plan players.Plan
	if st.Name != "" {
		if plan, err = p.plan.get(ctx); err != nil {
			return l, err
		}
	}
	if plan.Sender == "" {
		return l, nil
	}
	account, err := mail.Read(ctx, sesv2.NewFromConfig(p.Config))
	l.OwnSender, l.Mails = true, account.Daily
	return l, err
}

// findings tell which quotas a launch breaks, the first one first.
func (f Forecast) findings() []Finding {
	var list []Finding
	for _, q := range f.Quotas {
		if q.Enough() {
			continue
		}
		found := fmt.Sprintf("%s: %s %s, and %d players at once need %s", q.Name, brief(q.Limit), q.Unit, f.Players, brief(q.Needed))
		if len(list) == 0 {
			found = "breaks first: " + found
		}
		list = append(list, Finding{Check: launch, Grade: Problem, Found: found,
			Means: fmt.Sprintf("it is enough for %d: the others %s", q.Breaks, q.refused()), Mend: q.Mend})
	}
	if len(list) == 0 {
		list, _ = well(fmt.Sprintf("enough of everything for %d players; %s breaks first, at %d", f.Players, f.Quotas[0].Name, f.Quotas[0].Breaks))
		list[0].Check = launch
	}
	return list
}

// refused is what becomes of those for whom a quota is not enough.
func (q Quota) refused() string {
	switch q.Name {
	case email, signUp:
		return "cannot sign up on that day"
	case signIn:
		return "cannot sign in at that moment, and play without the cloud"
	}
	return "do not sync at that moment, and try again at their next sync"
}

package health

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/metrics"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// Overview is a stage at a glance. What could not be read is missing, and among the
// findings as unchecked.
type Overview struct {
	Stack    stack.Stack
	Number   int              // of the live release
	Record   *release.Release // of it, nil where there is none that the stack proves, or it could not be read
	Drifted  int              // parts that are not what the release made them, -1 where that is not known
	Accounts int64            // of players, as Cognito estimates, -1 where that is not known
	Hour     metrics.Reading  // the last one
	Day      metrics.Reading  // the last 24 hours; of what is measured once a day the last that there is
	Findings []Finding        // what is not well, what could not be checked, and what is well
}

// Glance looks at a stage at once and without a question that takes long. The error
// is why there is nothing to be seen: no stage, or its stack could not be read.
func Glance(ctx context.Context, at *stage.Stage, o Options) (Overview, error) {
	p := admit(ctx, at, o)
	defer p.discharge()
	st, err := p.stack.get(ctx)
	if err != nil {
		return Overview{}, err
	}
	v := Overview{Stack: st, Number: stage.Release(st), Drifted: -1, Accounts: -1}
	v.Findings = p.make(ctx, func(c check) bool { return c.atAGlance })
	if c, err := p.compared.get(ctx); err == nil && st.Status.Updatable() {
		v.Record, v.Drifted = c.Record, len(c.Drift)
	}
	if plan, err := p.plan.get(ctx); err != nil {
		v.Findings = append(v.Findings, Finding{Check: "players", Grade: Unchecked, Err: err})
	} else {
		v.Accounts = plan.Accounts
	}
	v.Hour, err = p.hour.get(ctx)
	v.Findings = append(v.Findings, gaps("last hour", v.Hour, err)...)
	v.Day, err = p.day.get(ctx)
	v.Findings = append(v.Findings, gaps("last day", v.Day, err)...)
	return v, nil
}

// gaps are the metrics that could not be read: all at once if none could.
func gaps(name string, r metrics.Reading, err error) []Finding {
	if err == nil {
		err = r.Failed()
	}
	if err != nil {
		return []Finding{{Check: name, Grade: Unchecked, Err: err}}
	}
	var list []Finding
	for _, s := range r.Gaps() {
		list = append(list, Finding{Check: name, Grade: Unchecked, Err: s.Err})
	}
	return list
}

// Of the requests of an hour so many may fail before a stage is not well.
const (
	tolerableShare  = 0.01
	tolerableErrors = 5
)

// errors tells whether requests fail.
func (p *patient) errors(ctx context.Context) ([]Finding, error) {
	hour, err := p.hour.get(ctx)
	if err != nil {
		return nil, err
	}
	failed, requests := hour.Of(metrics.ServerErrors), hour.Of(metrics.Requests)
	for _, s := range []metrics.Series{failed, requests} {
		if s.Err != nil {
			return nil, s.Err
		}
	}
	errors, _ := failed.Total()
	all, _ := requests.Total()
	crashes, err := OverFunctions(hour, metrics.Errors)
	if err != nil {
		return nil, err
	}
	errors = max(errors, crashes)
	found := fmt.Sprintf("%.0f of %.0f requests failed in the last hour", errors, all)
	switch {
	case errors >= tolerableErrors && errors >= all*tolerableShare:
		return one(Problem, found, "as many syncs came to nothing; devices try again at their next", ours("logs --errors --since 1h"))
	case errors > 0:
		return one(Warning, found, "as many syncs came to nothing; devices try again at their next", ours("logs --errors --since 1h"))
	}
	return well(found)
}

// Deployed is when a stack was last deployed, as CloudFormation tells.
func Deployed(st stack.Stack) time.Time {
	if st.Updated.After(st.Created) {
		return st.Updated
	}
	return st.Created
}

// Worst is the worst grade among the findings of a check, "" if it was not made.
func (v Overview) Worst(check string) Grade {
	order := []Grade{"", Well, Warning, Unchecked, Problem}
	var worst Grade
	for _, f := range v.Findings {
		if f.Check == check && slices.Index(order, f.Grade) > slices.Index(order, worst) {
			worst = f.Grade
		}
	}
	return worst
}

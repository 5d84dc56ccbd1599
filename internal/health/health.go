// Package health looks whether a stage is well: [Examine] makes every check of a
// table, side by side, and says of each what was found, what it means to a player,
// and what mends it. It changes nothing, and asks AWS nothing that costs.
package health

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// Grade is what a finding counts as.
type Grade string

// The grades. What could not be checked is neither well nor a problem.
const (
	Well      Grade = "ok"
	Warning   Grade = "warning"
	Problem   Grade = "problem"
	Unchecked Grade = "unchecked"
)

// Finding is what a check has found.
type Finding struct {
	Check string // its name: "clock"
	Grade Grade
	Found string // one line
	Means string // to a player or to who operates the stage; "" where all is well
	Mend  Mend
	Err   error // why it could not be checked
}

// Mend is what to do to put something right: a command, or advice in words, or both.
type Mend struct {
	// Ours is a command of renpyctl, without the program's name and without the flags
	// that say where: "deploy --set UserPoolTier=ESSENTIALS".
	Ours string
	// AWS is a command of AWS's own tool, without the flags that say where: "aws s3api …".
	AWS    string
	Advice string
}

func ours(command string) Mend { return Mend{Ours: command} }
func advice(words string) Mend { return Mend{Advice: words} }

// answerWithin is how long the checks may take, those included that wait for what
// others read as well. What has no answer by then could not be checked.
const answerWithin = 15 * time.Second

// check is one look at one thing.
type check struct {
	name string
	// ofAccount says that there is something to look at where no stage is deployed.
	ofAccount bool
	// atAGlance says that a glance makes it, too.
	atAGlance bool
	look      func(*patient, context.Context) ([]Finding, error)
}

// Options are what is looked at beside the stage itself.
type Options struct {
	// Program is this program's version, as releases name it.
	Program string
	// Launch is for how many players a launch is computed, 0 for none.
	Launch int64
}

// Report is what an examination came to.
type Report struct {
	Findings []Finding
	Launch   *Forecast // nil unless it was asked for and its limits are known
}

// Tally counts findings.
type Tally struct {
	Problems, Warnings, Unchecked int64
	// Denied are those of the unchecked that a missing permission was in the way of.
	Denied int64
}

// Count counts findings.
func Count(list []Finding) Tally {
	var t Tally
	for _, f := range list {
		switch f.Grade {
		case Problem:
			t.Problems++
		case Warning:
			t.Warnings++
		case Unchecked:
			t.Unchecked++
			if cloud.KindOf(f.Err) == cloud.Denied {
				t.Denied++
			}
		}
	}
	return t
}

// Examine makes all checks at once. A check without an answer does not keep the
// others from theirs. The error is why there is no stage to examine
// (*[stage.NoStageError], *[stage.ForeignStackError]); what could be said of the
// account is in the report all the same.
func Examine(ctx context.Context, at *stage.Stage, o Options) (Report, error) {
	p := admit(ctx, at, o)
	defer p.discharge()
	found := p.make(ctx, func(check) bool { return true })
	_, none := p.stack.get(ctx)
	if !isNone(none) {
		none = nil
	} else {
		found = slices.DeleteFunc(found, func(f Finding) bool { return !ofAccount(f.Check) })
	}
	r := Report{Findings: found}
	if o.Launch > 0 {
		forecast, err := p.forecast(ctx, o.Launch)
		if err != nil {
			r.Findings = append(r.Findings, Finding{Check: launch, Grade: Unchecked, Err: err})
		} else {
			r.Launch, r.Findings = &forecast, append(r.Findings, forecast.findings()...)
		}
	}
	return r, none
}

// ofAccount tells whether a check is of the account alone.
func ofAccount(name string) bool {
	return slices.ContainsFunc(checks(), func(c check) bool { return c.name == name && c.ofAccount })
}

// isNone tells whether an error says that there is no stage.
func isNone(err error) bool {
	_, none := errors.AsType[*stage.NoStageError](err)
	_, foreign := errors.AsType[*stage.ForeignStackError](err)
	return none || foreign
}

// make makes those of the checks that are wanted, all at once.
func (p *patient) make(ctx context.Context, wanted func(check) bool) []Finding {
	all := checks()
	found := make([][]Finding, len(all))
	var group sync.WaitGroup
	for i, c := range all {
		if wanted(c) {
			group.Go(func() { found[i] = c.make(ctx, p) })
		}
	}
	group.Wait()
	return slices.Concat(found...)
}

// make makes the check. One that fails has found that it could not be made.
func (c check) make(ctx context.Context, p *patient) []Finding {
	found, err := cloud.Within(ctx, answerWithin, func(ctx context.Context) ([]Finding, error) { return c.look(p, ctx) })
	if err != nil {
		found = append(found, Finding{Grade: Unchecked, Err: err})
	}
	for i := range found {
		found[i].Check = c.name
	}
	return found
}

// one is a single finding.
func one(grade Grade, found, means string, mend Mend) ([]Finding, error) {
	return []Finding{{Grade: grade, Found: found, Means: means, Mend: mend}}, nil
}

// well is the finding that all is well.
func well(found string) ([]Finding, error) { return one(Well, found, "", Mend{}) }

package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/teardown"
)

// Plan is a change of a stage that has been worked out and not yet begun.
type Plan struct {
	From    *stage.Compared
	To      *Target
	Create  bool              // the stack does not exist yet
	Changes []stack.Change    // with the replacements left out that cannot happen
	Tags    map[string]string // of the stack, as they would be
	Number  int               // of the release that it would be
	Record  release.Record    // of it, as far as it is known before it begins
	Noted   teardown.Noted    // what earlier stacks left, and a first deploy does not use
	Sender  string            // of mails, by its ARN, that somebody has set and the change takes back; "" for none

	set  *stack.Plan
	over bool // it is executed, discarded or kept
}

// How says how a change is made.
type How struct {
	// Record is what is known of the release before it is planned: its kind, what
	// it goes back to, and what program makes it where.
	Record release.Record
	// Express does not wait until resources are known to work.
	Express bool
}

// Prepare uploads what the target needs, unless [Supply] has, and plans the change
// as the stage's next release. The error is [stack.ErrNoChanges] if the stack needs none.
func Prepare(ctx context.Context, in *stage.Inspected, to *Target, how How, o Observer) (*Plan, error) {
	if err := to.supply(ctx, in.State, in.Contents, o); err != nil {
		return nil, err
	}
	return Preview(ctx, in, to, how)
}

// Preview is [Prepare] for a plan that is only to be looked at. The error is
// [stack.ErrNoChanges] as there, and a *[MissingError] where what somebody has deleted would not come back.
func Preview(ctx context.Context, in *stage.Inspected, to *Target, how How) (*Plan, error) {
	number := in.Next()
	request := to.request(in.Compared, newRecord(how.Record, number, in.State, in.Stack.ID, to))
	request.Express = how.Express
	request.RevertDrift = len(in.Lost()) > 0
	set, err := in.Stacks.Propose(ctx, in.Stack, request)
	if err != nil {
		return nil, err
	}
	p := newPlan(in.Compared, to, set, number, how.Record)
	err = CheckLost(p.leftLost())
	if err == nil {
		p.Noted, err = noted(ctx, in)
	}
	if err == nil {
		err = p.findSender(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, p.Discard(ctx))
	}
	return p, nil
}

func newPlan(from *stage.Compared, to *Target, set *stack.Plan, number int, r release.Record) *Plan {
	return &Plan{From: from, To: to, Create: set.Create, Changes: ruleOut(set.Changes), Tags: set.Tags, Number: number, Record: r, set: set}
}

// noted reads what earlier stacks left, which a first deploy does not use.
func noted(ctx context.Context, in *stage.Inspected) (teardown.Noted, error) {
	if !in.Stack.Status.Uncreated() || !in.Contents.HasRemains() {
		return teardown.Noted{}, nil
	}
	return teardown.ReadNoted(ctx, in.Stage, in.ID.Account)
}

// MissingError says that somebody has deleted parts of the stage that
// CloudFormation does not bring back.
type MissingError struct {
	Parts []string // functions by their short names, others by their logical ids
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("somebody has deleted %s, and CloudFormation does not bring it back", strings.Join(e.Parts, " and "))
}

// CheckLost refuses to leave a stage without parts of it; the error is a *[MissingError].
func CheckLost(lost []stage.Drifted) error {
	var names []string
	for _, d := range lost {
		names = append(names, d.Name)
	}
	return checkMissing(names)
}

func checkMissing(names []string) error {
	if len(names) == 0 {
		return nil
	}
	return &MissingError{names}
}

// leftLost are the lost parts that the plan would not bring back.
func (p *Plan) leftLost() []stage.Drifted {
	return slices.DeleteFunc(p.From.Lost(), func(d stage.Drifted) bool {
		return slices.ContainsFunc(p.Changes, func(c stack.Change) bool { return c.LogicalID == d.LogicalID() })
	})
}

// recordNow is what is written down of the release, were it to begin now.
func (p *Plan) recordNow() release.Record {
	return newRecord(p.Record, p.Number, p.From.State, p.set.StackID, p.To)
}

func newRecord(r release.Record, number int, s *stage.State, stackID string, t *Target) release.Record {
	r.Number, r.Time, r.By, r.StackID = number, time.Now().UTC(), s.ID.ARN, stackID
	r.Template, r.Code, r.Parameters, r.RoleARN = t.TemplateKey, t.Code, maps.Clone(t.Parameters), t.RoleARN
	return r
}

// Discard takes the plan back, even after an interruption, unless it was executed or is kept.
func (p *Plan) Discard(ctx context.Context) error {
	if p.over {
		return nil
	}
	return p.discard(ctx)
}

func (p *Plan) discard(ctx context.Context) error {
	p.over = true
	ctx, cancel := afterwards(ctx)
	defer cancel()
	return p.From.Stacks.Discard(ctx, p.set)
}

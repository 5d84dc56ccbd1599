package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// Kept is a plan that is kept to be executed later; CloudFormation keeps its changes.
type Kept struct {
	Stage   stage.Name     `json:"stage"`
	Region  string         `json:"region"`
	Account string         `json:"account"`
	Plan    stack.Plan     `json:"plan"`
	Record  release.Record `json:"record"`
}

// Kept is the plan in the form in which it is kept.
func (p *Plan) Kept() Kept {
	at := p.From
	return Kept{at.Name, at.Config.Region, at.ID.Account, *p.set, p.recordNow()}
}

// Keep keeps the plan from being discarded.
func (p *Plan) Keep() { p.over = true }

// ReadKept reads the JSON of a plan that was kept.
func ReadKept(text []byte) (Kept, error) {
	var k Kept
	if err := json.Unmarshal(text, &k); err != nil {
		return k, err
	}
	if k.Plan.ChangeSetID == "" {
		return k, errors.New("it names no change set")
	}
	return k, nil
}

// Recall makes a plan of one that was kept, which the stage must still fit: the
// error is [stack.ErrStale] if it does not. What it would be is not live and
// nobody has taken its number, its artefacts are there, and the file is the one
// that was written with it. Made is what is known of the release: what program makes it where.
func Recall(ctx context.Context, in *stage.Inspected, k Kept, made release.Record) (*Plan, error) {
	r := k.Record
	if in.Release() == r.Number {
		return nil, fmt.Errorf("%w: release %d, which it would be, is live", stack.ErrStale, r.Number)
	}
	if in.Contents.HasRelease(r.Number) || in.Release() > r.Number {
		return nil, stack.ErrStale // its number, which the change set contains, is another release's
	}
	for _, key := range append(slices.Collect(maps.Values(r.Code)), r.Template) {
		if !in.Contents.Has(key) {
			return nil, fmt.Errorf("%w: %s is missing from the artefact bucket", stack.ErrStale, key)
		}
	}
	// Whether the stack is yet to be created it says itself.
	set := stack.Plan{ChangeSetID: k.Plan.ChangeSetID, StackID: in.Stack.ID, Create: in.Stack.Status.Uncreated()}
	parameters, err := in.Stacks.Recall(ctx, &set)
	if err != nil {
		return nil, err
	}
	if !release.ParseHistory(parameters[cfn.ParamHistory]).Proves(r) {
		return nil, fmt.Errorf("%w, or its file was changed: it does not say what CloudFormation's plan does", stack.ErrStale)
	}
	template, err := in.Store.Template(ctx, r.Template)
	if err != nil {
		return nil, err
	}
	to := &Target{Template: template, TemplateKey: r.Template, Code: r.Code, Parameters: r.Parameters, RoleARN: r.RoleARN}
	p := newPlan(in.Compared, to, &set, r.Number, made)
	if e, lost := errors.AsType[*MissingError](CheckLost(p.leftLost())); lost {
		return nil, fmt.Errorf("%w: somebody has deleted %s", stack.ErrStale, strings.Join(e.Parts, " and "))
	}
	if p.Noted, err = noted(ctx, in); err != nil {
		return nil, err
	}
	return p, p.findSender(ctx)
}

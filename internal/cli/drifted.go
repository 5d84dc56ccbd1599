package cli

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// drifted is a function that does not run what the stack says.
type drifted struct {
	functionInfo
	want        functions.Function
	Differences []functions.Difference `json:"differences"`
}

// findDrift compares what the functions run with what the stack says: their code
// by the stack's parameters, which name it by its hash, and their settings by the
// record that the live release left. Without a record the settings are not known.
func (s *session) findDrift(ctx context.Context, sit *situation) error {
	if !sit.stack.Status.Updatable() {
		return nil
	}
	recorded, err := s.recorded(ctx, sit)
	if err != nil {
		return err
	}
	for _, have := range sit.live {
		want, known := recorded[have.Name]
		if !known {
			want = have.Function
		}
		want.CodeSha256 = lambda.CodeSha256(codeHash(sit.codeKey(have.Name)))
		if d := functions.Compare(want, have.Function); len(d) > 0 {
			sit.drift = append(sit.drift, drifted{have, want, d})
		}
	}
	for _, name := range sit.missing() {
		gone := functionInfo{Name: name}
		sit.drift = append(sit.drift, drifted{functionInfo: gone, Differences: []functions.Difference{{Setting: missingFunction, Want: "there"}}})
	}
	return nil
}

// missingFunction is the setting that differs of a function that was deleted.
const missingFunction = "function"

// missing are the functions that the stack has and Lambda has not.
func (sit *situation) missing() []string {
	if !sit.stack.Status.Updatable() {
		return nil
	}
	return missingFrom(sit.live, sit.template)
}

// missingFrom are the functions of a stack's template that are not among those live.
func missingFrom(live []functionInfo, template string) []string {
	var names []string
	for _, name := range functionNames() {
		// A stack that was made by importing kept data has no functions yet.
		isOfStack := strings.Contains(template, inTemplate(name).logicalID+":")
		if isOfStack && !slices.ContainsFunc(live, func(f functionInfo) bool { return f.Name == name }) {
			names = append(names, name)
		}
	}
	return names
}

// leftMissing are the missing functions that a plan would not bring back.
func (sit *situation) leftMissing(plan *stack.Plan) []string {
	return slices.DeleteFunc(sit.missing(), func(name string) bool {
		return slices.ContainsFunc(plan.Changes, func(c stack.Change) bool { return c.LogicalID == inTemplate(name).logicalID })
	})
}

// recorded returns what the functions ran right after the live release, by
// their short names; empty where no record tells.
func (s *session) recorded(ctx context.Context, sit *situation) (map[string]functions.Function, error) {
	r, err := sit.store.Get(ctx, sit.release())
	if errors.Is(err, release.ErrNoRelease) || errors.Is(err, release.ErrDamaged) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sit.record = &r
	recorded := map[string]functions.Function{}
	for _, f := range sit.ran() {
		recorded[f.Name] = f.Function
	}
	return recorded, nil
}

// ran is what the functions ran right after the live release, as its record tells.
func (sit *situation) ran() []functionInfo {
	var then []functionInfo
	if sit.record == nil || len(sit.record.Outcome.Functions) == 0 || json.Unmarshal(sit.record.Outcome.Functions, &then) != nil {
		return nil
	}
	return then
}

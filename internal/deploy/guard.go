package deploy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// GuardError refuses a plan under which players would lose something.
type GuardError struct {
	Resources []cfn.Resource // that would be replaced or removed
	Removed   bool           // one of them would be removed
}

func (e *GuardError) Error() string {
	var losses []string
	for _, r := range e.Resources {
		losses = append(losses, r.Loss)
	}
	verb := "would be replaced"
	if e.Removed {
		verb = "would be removed or replaced"
	}
	return fmt.Sprintf("refused, %s %s: players would lose %s",
		strings.Join(e.LogicalIDs(), ", "), verb, strings.Join(losses, ", "))
}

// LogicalIDs name the resources in the template.
func (e *GuardError) LogicalIDs() []string {
	var ids []string
	for _, r := range e.Resources {
		ids = append(ids, r.LogicalID)
	}
	return ids
}

// Guard refuses the plan if players would lose something by it, except by what
// is allowed. The error is a *[GuardError].
func (p *Plan) Guard(allowed []string) error {
	e := &GuardError{}
	for _, c := range p.Changes {
		if r, harm := harms(c); harm && !slices.Contains(allowed, c.LogicalID) {
			e.Resources = append(e.Resources, r)
			e.Removed = e.Removed || c.Action == stack.Remove
		}
	}
	if len(e.Resources) == 0 {
		return nil
	}
	return e
}

// Guarded lists the logical ids of the changes that players would feel.
func (p *Plan) Guarded() []string {
	ids := []string{}
	for _, c := range p.Changes {
		if _, harm := harms(c); harm {
			ids = append(ids, c.LogicalID)
		}
	}
	return ids
}

// harms tells whether players would feel a change, and of what.
func harms(c stack.Change) (cfn.Resource, bool) {
	r, known := cfn.Describe(c.LogicalID)
	return r, known && r.Loss != "" && (c.Action == stack.Replace || c.Action == stack.Remove)
}

// ruleOut decides what CloudFormation leaves open: a replacement that it calls
// conditional is none if no changed property can cause one. It answers so for
// properties whose new value is known only during the update, and emulators
// answer so for everything.
//
// A property that takes its value from another resource can cause a replacement
// only if that resource is itself replaced.
func ruleOut(changes []stack.Change) []stack.Change {
	decided := slices.Clone(changes)
	for again := true; again; {
		again = false
		for i, c := range decided {
			if c.Action == stack.Replace && c.Conditional && !mayReplace(c, decided) {
				decided[i].Action, decided[i].Conditional = stack.Modify, false
				again = true
			}
		}
	}
	return decided
}

func mayReplace(c stack.Change, all []stack.Change) bool {
	if len(c.Details) == 0 {
		return true // nothing is told, so nothing is ruled out
	}
	return slices.ContainsFunc(c.Details, func(d stack.Detail) bool {
		if d.Property == "" || d.Recreates == types.RequiresRecreationNever {
			return false
		}
		if !cfn.MayReplace(c.LogicalID, d.Property) {
			return false
		}
		return d.Because == "" || slices.ContainsFunc(all, func(o stack.Change) bool {
			return o.LogicalID == d.Because && (o.Action == stack.Replace || o.Action == stack.Remove)
		})
	})
}

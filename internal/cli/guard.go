package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// settle decides what CloudFormation leaves open: a replacement that it calls
// conditional is none if no changed property can cause one. It answers so for
// properties whose new value is known only during the update, and emulators
// answer so for everything.
//
// A property that takes its value from another resource can cause a replacement
// only if that resource is itself replaced.
func settle(changes []stack.Change) []stack.Change {
	settled := slices.Clone(changes)
	for again := true; again; {
		again = false
		for i, c := range settled {
			if c.Action == stack.Replace && c.Conditional && !mayReplace(c, settled) {
				settled[i].Action, settled[i].Conditional = stack.Modify, false
				again = true
			}
		}
	}
	return settled
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

// guarded lists the changes that players would feel, those allowed left out.
func guarded(changes []stack.Change, allowed []string) []stack.Change {
	var list []stack.Change
	for _, c := range changes {
		r, known := cfn.Describe(c.LogicalID)
		harm := c.Action == stack.Replace || c.Action == stack.Remove
		if harm && known && r.Loss != "" && !slices.Contains(allowed, c.LogicalID) {
			list = append(list, c)
		}
	}
	return list
}

// guard refuses a plan under which players would lose something. The error is a *refusedError.
func (a *app) guard(changes []stack.Change, allowed []string) error {
	if err := checkAllowed(allowed); err != nil {
		return err
	}
	list := guarded(changes, allowed)
	if len(list) == 0 {
		return nil
	}
	var names, losses []string
	for _, c := range list {
		r, _ := cfn.Describe(c.LogicalID)
		names = append(names, c.LogicalID)
		losses = append(losses, r.Loss)
	}
	verb := "would be replaced"
	if slices.ContainsFunc(list, func(c stack.Change) bool { return c.Action == stack.Remove }) {
		verb = "would be removed or replaced"
	}
	return &refusedError{
		text: fmt.Sprintf("deploy %s: refused, %s %s: players would lose %s",
			a.flags.stage, strings.Join(names, ", "), verb, strings.Join(losses, ", ")),
		hint: fmt.Sprintf("to look closer, %s --verbose; to really do it, add --allow-replace %s",
			a.command("plan"), strings.Join(names, " --allow-replace ")),
	}
}

// checkAllowed refuses --allow-replace for what is not guarded at all, since it is a slip of the pen.
func checkAllowed(allowed []string) error {
	var names []string
	for _, r := range cfn.Stateful() {
		names = append(names, r.LogicalID)
	}
	for _, id := range allowed {
		if !slices.Contains(names, id) {
			return usagef("--allow-replace %s: the guarded resources are %s", id, strings.Join(names, ", "))
		}
	}
	return nil
}

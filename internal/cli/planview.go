package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// showPlan prints what the plan does, the resources that matter to an operator
// one by one and the others as a count unless verbose.
func (s *session) showPlan(plan *stack.Plan, want *desired, verbose bool) {
	s.say("\nPlan: %s", planSummary(plan.Changes))
	var shown []planRow
	for _, c := range byImportance(plan.Changes) {
		about, known := cfn.Describe(c.LogicalID)
		if !known {
			about.Kind = c.Type
		}
		if verbose || c.Action != stack.Add || about.Loss != "" || about.Kind == "function" {
			shown = append(shown, planRow{c, about, want.codeOf(c.LogicalID)})
		}
	}
	var kind, id int
	for _, r := range shown {
		kind, id = max(kind, len(r.about.Kind)), max(id, len(r.change.LogicalID))
	}
	for _, r := range shown {
		s.say("  %s %-*s  %s  %s", r.mark(), kind, r.about.Kind, ui.Accent(fmt.Sprintf("%-*s", id, r.change.LogicalID)), r.note())
		if verbose || r.change.Action == stack.Replace {
			for _, d := range r.change.Details {
				s.say("      %s", ui.Dim(detailLine(d)))
			}
		}
	}
	if hidden := len(plan.Changes) - len(shown); hidden > 0 {
		s.say("  %s", ui.Dim(fmt.Sprintf("+ %d more: roles, log groups, routes, permissions (--verbose lists them)", hidden)))
	}
	s.say("")
}

// planRow is one resource of a plan as it is shown.
type planRow struct {
	change stack.Change
	about  cfn.Resource
	code   string // of a function
}

func (r planRow) mark() string {
	switch r.change.Action {
	case stack.Add:
		return ui.Success("+")
	case stack.Modify:
		return ui.Warning("~")
	case stack.Replace:
		return ui.Failure("!")
	default:
		return ui.Failure("-")
	}
}

func (r planRow) note() string {
	purpose := r.about.Purpose
	if r.code != "" {
		purpose = r.code
	}
	switch {
	case r.change.Action == stack.Replace && r.change.Conditional:
		return "may be REPLACED; " + purpose
	case r.change.Action == stack.Replace:
		return "REPLACED; " + purpose
	case r.change.Action == stack.Add && r.about.Protected:
		return fmt.Sprintf("%-22s  %s", purpose, ui.Dim("protected"))
	}
	return purpose
}

// byImportance sorts changes in the order in which cfn lists the resources.
func byImportance(changes []stack.Change) []stack.Change {
	rank := map[string]int{}
	for i, r := range cfn.Resources() {
		rank[r.LogicalID] = i - len(cfn.Resources())
	}
	return slices.SortedStableFunc(slices.Values(changes), func(a, b stack.Change) int {
		return rank[a.LogicalID] - rank[b.LogicalID]
	})
}

var actionOrder = []stack.Action{stack.Add, stack.Modify, stack.Replace, stack.Remove}

func planSummary(changes []stack.Change) string {
	if len(changes) == 0 {
		return "change outputs or settings of the stack, no resource"
	}
	words := map[stack.Action]string{stack.Add: "create", stack.Modify: "change", stack.Replace: "replace", stack.Remove: "remove"}
	count := map[stack.Action]int64{}
	for _, c := range changes {
		count[c.Action]++
	}
	var parts []string
	for _, a := range actionOrder {
		if count[a] > 0 {
			parts = append(parts, words[a]+" "+ui.Plural(count[a], "resource"))
		}
	}
	return strings.Join(parts, ", ")
}

func detailLine(d stack.Detail) string {
	if d.Before == "" && d.After == "" {
		return d.Path
	}
	return fmt.Sprintf("%s: %s → %s", d.Path, d.Before, d.After)
}

// codeOf describes the code of a function by its logical id: "arm64, 3.1 MB, a3f29c1".
func (d *desired) codeOf(logicalID string) string {
	for i, id := range []string{cfn.SyncPlanFunction, cfn.SyncCompleteFunction} {
		if id == logicalID {
			code := d.code[i]
			return fmt.Sprintf("%s, %s, %s", code.Arch, ui.Bytes(int64(len(code.Zip))), code.SHA256()[:7])
		}
	}
	return ""
}

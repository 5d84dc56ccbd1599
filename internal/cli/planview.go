package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// planView is the JSON of `plan`.
type planView struct {
	Stage       string            `json:"stage"`
	Region      string            `json:"region"`
	Stack       string            `json:"stack"`
	Create      bool              `json:"create"` // the stack does not exist yet
	Changes     []changeView      `json:"changes"`
	Parameters  []parameterChange `json:"parameters"`
	Tags        []tagChange       `json:"tags"`              // of the stack, those that change
	Permissions []string          `json:"permissions"`       // what functions may do from then on, or no longer
	Functions   []stage.Drifted   `json:"functions"`         // what was changed past CloudFormation, functions and other parts
	Sender      string            `json:"sender,omitempty"`  // of mails to players, set by hand, that the change takes back
	RoleARN     string            `json:"roleArn,omitempty"` // that CloudFormation is to work as from then on
	Guarded     []string          `json:"guarded"`           // logical ids whose change a deploy refuses
}

type changeView struct {
	Action     stack.Action `json:"action"`
	Maybe      bool         `json:"maybe,omitempty"` // of replace: CloudFormation decides when it runs
	LogicalID  string       `json:"logicalId"`
	Type       string       `json:"type"`
	Kind       string       `json:"kind"`
	Purpose    string       `json:"purpose"`
	Loss       string       `json:"loss,omitempty"` // what players would lose by it
	Code       *codeChange  `json:"code,omitempty"`
	Properties []property   `json:"properties"`
}

type codeChange struct {
	Before string `json:"before,omitempty"` // SHA-256 of the zip in hex
	After  string `json:"after"`
}

type property struct {
	Path   string `json:"path"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

type parameterChange struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// tagChange is a tag of the stack that changes: "" is none.
type tagChange = parameterChange

// newNoPlanView describes that the stack needs no change to be the target.
func newNoPlanView(from *stage.Compared, to *deploy.Target) planView {
	v := planView{
		Stage: string(from.Name), Region: from.Config.Region, Stack: from.Name.Stack(),
		Changes: []changeView{}, Parameters: parameterChanges(from.Stack, to), Tags: []tagChange{}, Permissions: []string{},
		Functions: append([]stage.Drifted{}, from.Drift...), Guarded: []string{},
	}
	if to.RoleARN != from.Stack.RoleARN {
		v.RoleARN = to.RoleARN
	}
	return v
}

// newPlanView describes what the plan does, what matters most first.
func newPlanView(p *deploy.Plan) planView {
	v := newNoPlanView(p.From, p.To)
	v.Create, v.Guarded, v.Tags, v.Sender = p.Create, p.Guarded(), tagChanges(p), p.Sender
	for _, c := range byImportance(p.Changes) {
		v.Changes = append(v.Changes, newChangeView(c, p))
		v.Permissions = append(v.Permissions, permissionChanges(c)...)
	}
	return v
}

func newChangeView(c stack.Change, p *deploy.Plan) changeView {
	about, known := cfn.Describe(c.LogicalID)
	if !known {
		about.Kind = c.Type
	}
	v := changeView{
		Action: c.Action, Maybe: c.Conditional, LogicalID: c.LogicalID, Type: c.Type,
		Kind: about.Kind, Purpose: about.Purpose, Code: codeOf(c.LogicalID, p), Properties: []property{},
	}
	if c.Action == stack.Replace || c.Action == stack.Remove {
		v.Loss = about.Loss
	}
	for _, d := range c.Details {
		v.Properties = append(v.Properties, property{d.Path, d.Before, d.After})
	}
	return v
}

// codeOf tells the hashes of a function's code, nil for what is no function or keeps its code.
func codeOf(logicalID string, p *deploy.Plan) *codeChange {
	for _, f := range stage.Functions() {
		before, after := stage.CodeHash(p.From.CodeKey(f.Name)), stage.CodeHash(p.To.Code[f.Name])
		if f.LogicalID == logicalID && before != after {
			return &codeChange{before, after}
		}
	}
	return nil
}

// parameterChanges lists the settings that change, the code's keys left out:
// they are shown with the functions.
func parameterChanges(st stack.Stack, t *deploy.Target) []parameterChange {
	list := []parameterChange{}
	if st.Status == stack.None {
		return list
	}
	for _, s := range append(cfn.Settings(), cfn.Setting{Name: cfn.ParamArchitecture}) {
		before, was := st.Parameters[s.Name]
		after, is := t.Parameters[s.Name]
		if !is { // an earlier release that was not told otherwise
			after = s.Default
		}
		if was && before != after {
			list = append(list, parameterChange{s.Name, before, after})
		}
	}
	return list
}

// tagChanges lists the tags of a stack that change, or go, by their names.
func tagChanges(p *deploy.Plan) []tagChange {
	list := []tagChange{}
	if p.Create {
		return list
	}
	before := p.From.Stack.Tags
	all := maps.Clone(p.Tags)
	maps.Copy(all, before)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if before[name] != p.Tags[name] && !strings.HasPrefix(name, "aws:") {
			list = append(list, tagChange{name, before[name], p.Tags[name]})
		}
	}
	return list
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

// text says what a plan does, the resources that matter to an operator one by one
// and the other new ones as a count unless verbose.
func (v planView) text(t *deploy.Target, verbose bool) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("Plan: %s", planSummary(v.Changes))
	var shown, hidden []changeView
	for _, c := range v.Changes {
		about, known := cfn.Describe(c.LogicalID)
		if verbose || c.Action != stack.Add || !known || about.Loss != "" || c.Kind == "function" {
			shown = append(shown, c)
		} else {
			hidden = append(hidden, c)
		}
	}
	var kind, id int
	for _, c := range shown {
		kind, id = max(kind, len(c.Kind)), max(id, len(c.LogicalID))
	}
	for _, c := range shown {
		words, values := c.details(verbose)
		name := ui.Accent(c.LogicalID)
		if note := c.note(t, words); note != "" {
			name += strings.Repeat(" ", id-len(c.LogicalID)+2) + note
		}
		say("  %s %-*s  %s", c.mark(), kind, c.Kind, name)
		for _, value := range values {
			say("      %s", ui.Dim(value))
		}
	}
	if len(hidden) > 0 {
		say("  %s", ui.Dim(fmt.Sprintf("+ %d more: %s (--verbose lists them)", len(hidden), kinds(hidden))))
	}
	for _, p := range v.Parameters {
		say("  setting %s: %s → %s", ui.Accent(p.Name), quoteEmpty(p.Before), quoteEmpty(p.After))
	}
	for _, t := range v.Tags {
		say("  tag %s: %s → %s", ui.Accent(t.Name), quoteEmpty(t.Before), quoteEmpty(t.After))
	}
	for _, p := range v.Permissions {
		say("  %s", ui.Warning(p))
	}
	if v.Sender != "" {
		say("  %s", ui.Warning("mails to players are sent by "+v.Sender+", which somebody has set by hand: this change takes it back"))
		say("  --set %s=%s, with %s, keeps it", cfn.ParamEmailIdentity, v.Sender, cfn.ParamEmailFrom)
	}
	if v.RoleARN != "" {
		say("  CloudFormation works as %s from then on", ui.Accent(v.RoleARN))
	}
	if len(v.Functions) > 0 {
		b.WriteString("\n" + v.drift())
	}
	return b.String()
}

// drift says what is put right beside the plan.
func (v planView) drift() string {
	return "Not as it should be, and put right by a deploy:\n" + driftText(v.Functions)
}

func quoteEmpty(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

func planSummary(changes []changeView) string {
	if len(changes) == 0 {
		return "change settings of the stack, no resource"
	}
	words := []struct {
		action stack.Action
		verb   string
	}{{stack.Add, "create"}, {stack.Modify, "change"}, {stack.Replace, "replace"}, {stack.Remove, "remove"}}
	var parts []string
	for _, w := range words {
		n := int64(0)
		for _, c := range changes {
			if c.Action == w.action {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, w.verb+" "+ui.Plural(n, "resource"))
		}
	}
	return strings.Join(parts, ", ")
}

func (c changeView) mark() string {
	switch c.Action {
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

// note says what happens to the resource, in the words that fit its action.
func (c changeView) note(t *deploy.Target, changed []string) string {
	switch {
	case c.Action == stack.Replace || c.Action == stack.Remove:
		return c.lossNote(changed)
	case c.Action == stack.Modify:
		return strings.Join(changed, ", ")
	case c.Code != nil:
		return codeNote(t, c.Code.After)
	}
	if about, _ := cfn.Describe(c.LogicalID); about.Protected {
		return fmt.Sprintf("%-22s  %s", c.Purpose, ui.Dim("protected"))
	}
	return c.Purpose
}

func (c changeView) lossNote(changed []string) string {
	verb := "REMOVED"
	switch {
	case c.Maybe:
		verb = "may be REPLACED"
	case c.Action == stack.Replace:
		verb = "REPLACED"
	}
	if len(changed) > 0 {
		verb += " because " + strings.Join(changed, ", ") + " changes"
	}
	if c.Loss != "" {
		verb += "; players would lose " + c.Loss
	}
	return ui.Failure(verb)
}

// details tells what changes: in words for the resource's own line, and in lines
// of old and new values where CloudFormation tells them, the long ones cut unless
// verbose. Code is told by its hash, whatever property names it.
func (c changeView) details(verbose bool) (words, values []string) {
	if c.Code != nil && c.Code.Before != "" {
		words = append(words, fmt.Sprintf("code %s → %s", short(c.Code.Before), short(c.Code.After)))
	}
	for _, p := range c.Properties {
		if c.isCode(p) && !verbose {
			continue
		}
		told := p.Before != "" || p.After != ""
		if (!told || c.Action == stack.Replace) && !slices.Contains(words, p.name()) { // a replacement is because of all of them
			words = append(words, p.name())
		}
		switch {
		case told && verbose:
			values = append(values, fmt.Sprintf("%s: %s → %s", p.name(), quoteEmpty(p.Before), quoteEmpty(p.After)))
		case told:
			values = append(values, fmt.Sprintf("%s: %s → %s", p.name(), brief(p.Before), brief(p.After)))
		}
	}
	if len(words) == 0 && len(values) == 1 {
		return values, nil
	}
	return words, values
}

// isCode tells the properties that name a function's code from others.
func (c changeView) isCode(p property) bool {
	return c.Code != nil && (p.name() == "Code" || strings.HasPrefix(p.name(), "Code."))
}

func (p property) name() string { return strings.TrimPrefix(p.Path, "Properties.") }

// brief is a value that fits beside another one on a line of 80 columns.
func brief(value string) string { return ansi.Truncate(cloud.OneLine(quoteEmpty(value)), 28, "…") }

// codeNote describes new code: "arm64, 3.1 MB, a3f29c1".
func codeNote(t *deploy.Target, hash string) string {
	note := t.Parameters[cfn.ParamArchitecture]
	if size := t.CodeSize(hash); size > 0 {
		note += ", " + ui.Bytes(size)
	}
	return note + ", " + short(hash)
}

func short(hash string) string { return hash[:min(7, len(hash))] }

// kinds names what changes are of, those with the most first, and not more than a line holds.
func kinds(list []changeView) string {
	const most = 4
	count := map[string]int{}
	for _, c := range list {
		count[c.Kind]++
	}
	names := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(count[b]-count[a], strings.Compare(a, b))
	})
	more := ""
	if len(names) > most {
		names, more = names[:most], ", …"
	}
	for i, name := range names {
		if count[name] > 1 {
			names[i] = name + "s"
		}
	}
	return strings.Join(names, ", ") + more
}

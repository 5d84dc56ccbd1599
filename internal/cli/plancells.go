package cli

import (
	"slices"

	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// rows are a plan for programs. The first cell of a row says what it is about,
// and so which cells follow: docs/deploying.md lists them.
func (v planView) rows() (rows [][]string) {
	add := func(cells ...string) { rows = append(rows, cells) }
	for _, c := range v.Changes {
		rows = append(rows, c.rows()...)
	}
	for _, p := range v.Parameters {
		add("setting", p.Name, p.Before, p.After)
	}
	for _, t := range v.Tags {
		add("tag", t.Name, t.Before, t.After)
	}
	for _, p := range v.Permissions {
		add("permission", p)
	}
	if v.Sender != "" {
		add("sender", v.Sender)
	}
	if v.RoleARN != "" {
		add("role", v.RoleARN)
	}
	for _, f := range v.Functions {
		for _, d := range f.Differences {
			rows = append(rows, slices.Concat([]string{"drift"}, driftCells(f, d)))
		}
	}
	for _, id := range v.Guarded {
		add("guarded", id)
	}
	return rows
}

func (c changeView) rows() [][]string {
	action := string(c.Action)
	if c.Maybe && c.Action == stack.Replace {
		action = "maybe " + action
	}
	rows := [][]string{{"change", action, c.LogicalID, c.Type, c.Loss}}
	if c.Code != nil {
		rows = append(rows, []string{"code", c.LogicalID, c.Code.Before, c.Code.After})
	}
	for _, p := range c.Properties {
		rows = append(rows, []string{"property", c.LogicalID, p.name(), p.Before, p.After})
	}
	return rows
}

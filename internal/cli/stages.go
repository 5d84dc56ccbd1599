package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/health"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

func newStages(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "stages",
		Short: "List the stages of the account and region",
		Long: `List the stages of the account and region, with their release and whether the
stack of each is well. Stacks of others are left out.

It exits with 8 if one is not well, with 9 if one could not be read.`,
		Example: `  renpyctl stages
  renpyctl stages --local`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.stages(cmd.Context()) },
	}
}

// stageView is an entry of the JSON of `stages`.
type stageView struct {
	Stage    string    `json:"stage"`
	Grade    string    `json:"grade"`            // ok, warning, problem, unchecked
	Status   string    `json:"status,omitempty"` // of the stack; absent if it could not be read
	Release  int       `json:"release"`          // 0 for one that is not known
	Deployed time.Time `json:"deployed,omitzero"`
	Endpoint string    `json:"endpoint,omitempty"` // the API's address
	Found    string    `json:"found"`              // what the grade is for
}

func (a *app) stages(ctx context.Context) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	all, listed := stage.All(ctx, s.at.Config)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if listed != nil && len(all) == 0 {
		return a.unknowable(ctx, listed)
	}
	if listed == nil {
		s.rememberStages(stageNames(all))
	}
	views, findings := []stageView{}, []health.Finding{}
	for _, f := range all {
		finding := health.OfStack(f)
		findings = append(findings, finding)
		views = append(views, s.stageView(f, finding))
	}
	if listed != nil {
		findings = append(findings, health.Finding{Check: "stages", Grade: health.Unchecked, Err: listed})
		a.say("%s", ui.Warning("There may be more stages: "+a.text(listed)))
	}
	if err := a.printStages(views, s.region()); err != nil {
		return err
	}
	return s.judgeStages(findings)
}

// stageNames are those of stages.
func stageNames(all []stage.Found) (list []string) {
	for _, f := range all {
		list = append(list, string(f.Name))
	}
	return list
}

// stageView is a stage as it is listed.
func (s *session) stageView(f stage.Found, finding health.Finding) stageView {
	said := s.findings([]health.Finding{finding})[0]
	return stageView{
		Stage: string(f.Name), Grade: said.Grade, Status: string(f.Stack.Status), Release: stage.Release(f.Stack),
		Deployed: health.Deployed(f.Stack), Endpoint: s.outputs(f.Stack)[cfn.OutputAPIEndpoint], Found: said.Found,
	}
}

func (a *app) printStages(views []stageView, region string) error {
	switch {
	case a.json():
		return a.printJSON(views)
	case len(views) == 0:
		a.say("There are no stages in %s.", region)
		return nil
	}
	t := ui.Table{Header: []string{"", "STAGE", "RELEASE", "DEPLOYED", "STATE"}, Right: map[int]bool{2: true}}
	for _, v := range views {
		t.Rows = append(t.Rows, a.stageRow(v))
	}
	return a.printTable(t)
}

// stageRow is a stage in a line: for programs with its grade in a word, its address
// and what was found.
func (a *app) stageRow(v stageView) []string {
	release, deployed := "", ""
	if v.Release > 0 {
		release = strconv.Itoa(v.Release)
	}
	if !a.streams.OutTerminal {
		if !v.Deployed.IsZero() {
			deployed = v.Deployed.UTC().Format(time.RFC3339)
		}
		return []string{v.Grade, v.Stage, release, deployed, v.Status, v.Endpoint, v.Found}
	}
	if !v.Deployed.IsZero() {
		deployed = ui.Ago(v.Deployed, time.Now())
	}
	state := v.Found
	if v.Grade == string(health.Well) {
		state = v.Status
	}
	return []string{gradeMark(v.Grade), ui.Accent(v.Stage), release, deployed, state}
}

// judgeStages is the verdict on several stages: a hint leads to the first that is not well.
func (s *session) judgeStages(list []health.Finding) error {
	err := s.judge(list, false)
	for _, f := range list {
		if e, ok := err.(*verdictError); ok && f.Grade == health.Problem {
			e.text = fmt.Sprintf("%s not well", ui.Plural(health.Count(list).Problems, "stage"))
			e.hint = s.commandFor(f.Check, "doctor") + " looks closer"
			return e
		}
	}
	return err
}

// commandFor is [app.command] for another stage.
func (a *app) commandFor(stage, verb string) string {
	other := *a
	other.flags.stage = stage
	return other.command(verb)
}

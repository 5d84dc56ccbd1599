package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/lambda"
)

func newInfo(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "info",
		Short: "Show what is deployed",
		Long: `Show what is deployed: addresses, functions and the hash of their code, the
stack's outputs, and the settings in force.

With --output env it prints variables, a NAME=value each, as shells and CI take
them: RENPY_CLOUD_STAGE and more, which docs/deploying.md lists.`,
		Example: `  renpyctl info --stage prod
  renpyctl info --stage prod --output env > prod.env`,
		Args:        noArgs,
		Annotations: map[string]string{moreFormats: formatEnv},
		RunE:        func(cmd *cobra.Command, _ []string) error { return a.showInfo(cmd.Context()) },
	}
}

// info is the JSON of `info`, and of the commands that leave a stack in another
// state: `deploy`, `rollback`, `recover`.
type info struct {
	Service   string            `json:"service"` // "renpy-cloud"
	Stage     string            `json:"stage"`
	Region    string            `json:"region"`
	Account   string            `json:"account"`
	Stack     stackInfo         `json:"stack"`
	Endpoints []endpointInfo    `json:"endpoints"`
	Functions []stage.Running   `json:"functions,omitzero"`
	Outputs   map[string]string `json:"outputs"`
	Settings  map[string]string `json:"settings"`            // those in force, by name
	KeptPlans []stack.ChangeSet `json:"keptPlans,omitempty"` // of info alone
	Smoke     *smokeView        `json:"smoke,omitempty"`     // of deploy --smoke alone
}

type stackInfo struct {
	Name    string    `json:"name"`
	ID      string    `json:"id"`
	Status  string    `json:"status"`
	Reason  string    `json:"reason,omitempty"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated,omitzero"`
	RoleARN string    `json:"roleArn,omitempty"` // that CloudFormation works as, if not as the caller

	Removing bool `json:"removing,omitempty"` // a removal has begun and is not finished
}

type endpointInfo struct {
	Method string `json:"method"`
	URL    string `json:"url"`
}

func (a *app) showInfo(ctx context.Context) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	var st stack.Stack
	var live []stage.Running
	var plans []stack.ChangeSet
	err = cloud.Together(ctx, cloud.Into(&st, s.at.Known), cloud.Into(&live, s.at.Running), func(ctx context.Context) (err error) {
		plans, err = s.at.Stacks.ChangeSets(ctx, s.at.Name.Stack())
		return err
	})
	if err != nil {
		return err
	}
	s.sayRemoval(st)
	s.rememberStage(true)
	in := s.info(st)
	in.Functions, in.KeptPlans = live, plans
	if a.json() {
		return a.printJSON(in)
	}
	if a.flags.output == formatEnv {
		return a.printEnv(in)
	}
	return a.printInfo(in)
}

// info gathers what the stack itself tells.
func (s *session) info(st stack.Stack) info {
	out := s.outputs(st)
	in := info{
		Service: "renpy-cloud", Stage: s.flags.stage, Region: s.region(), Account: st.Account(),
		Stack:     stackInfo{st.Name, st.ID, string(st.Status), st.Reason, st.Created, st.Updated, st.RoleARN, stage.Removing(st)},
		Endpoints: []endpointInfo{},
		Outputs:   out,
		Settings:  inForce(st),
	}
	if api := out[cfn.OutputAPIEndpoint]; api != "" {
		in.Endpoints = []endpointInfo{{"POST", api + "/sync/plan"}, {"POST", api + "/sync/complete"}}
	}
	return in
}

// inForce are the settings that a stack was deployed with.
func inForce(st stack.Stack) map[string]string {
	settings := map[string]string{}
	for _, s := range cfn.Settings() {
		if value, ok := st.Parameters[s.Name]; ok {
			settings[s.Name] = value
		}
	}
	return settings
}

// printState prints the stack as a command has left it: as JSON only, to people
// the command has said it.
func (s *session) printState(st stack.Stack) error {
	if !s.json() {
		return nil
	}
	return s.printJSON(s.info(st))
}

// deleted is the stack after its deletion.
func deleted(st stack.Stack) stack.Stack {
	st.Status, st.Reason, st.Outputs = stack.DeleteComplete, "", map[string]string{}
	return st
}

func (a *app) printInfo(in info) error {
	status := ui.Success(in.Stack.Status)
	if !stack.Status(in.Stack.Status).Settled() {
		status = ui.Warning(in.Stack.Status)
	}
	changed := in.Stack.Created
	if in.Stack.Updated.After(changed) {
		changed = in.Stack.Updated
	}
	var fields ui.Fields
	fields.Add("service", ui.Text(in.Service))
	fields.Add("stage", ui.Text(ui.Accent(in.Stage)))
	fields.Add("region", ui.Text(in.Region))
	fields.Add("account", ui.Text(in.Account))
	fields.Add("stack", ui.Text(in.Stack.Name))
	fields.Add("status", ui.Text(status))
	if in.Stack.Reason != "" {
		fields.Add("reason", ui.Text(cloud.OneLine(in.Stack.Reason)))
	}
	if in.Stack.RoleARN != "" {
		fields.Add("works as", ui.Text(in.Stack.RoleARN))
	}
	if !changed.IsZero() {
		fields.Add("deployed", ui.Moment(changed, a.instant(changed)))
	}
	for _, e := range in.Endpoints {
		fields.Add("endpoint", ui.Text(e.Method), ui.Text(e.URL))
	}
	for _, f := range in.Functions {
		fields.Add("function", ui.Text(f.FunctionName), ui.Text(f.Architecture), ui.Size(f.CodeSize), hash(lambda.HexSum(f.CodeSha256)))
	}
	for _, p := range in.KeptPlans {
		fields.Add("kept plan", ui.Moment(p.Created, a.instant(p.Created)), ui.Text(p.ID))
	}
	for _, name := range cfn.Outputs() {
		if value, ok := in.Outputs[name]; ok {
			fields.Add(name, ui.Text(value))
		}
	}
	fields = append(fields, in.settings()...)
	return a.printValues(fields)
}

// settings are those in force, in the order of deploy's help. People see which
// of them are not the defaults.
func (in info) settings() (fields ui.Fields) {
	for _, s := range cfn.Settings() {
		value, known := in.Settings[s.Name]
		if !known {
			continue
		}
		shown := quoteEmpty(value)
		if value == s.Default {
			shown = ui.Dim(shown)
		}
		fields.Add("setting", ui.Value{Shown: fmt.Sprintf("%-20s", s.Name), Raw: s.Name}, ui.Value{Shown: shown, Raw: value})
	}
	return fields
}

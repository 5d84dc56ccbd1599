package cli

import (
	"context"
	"strings"
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
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.showInfo(cmd.Context()) },
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
	KeptPlans []stack.ChangeSet `json:"keptPlans,omitempty"` // of info alone
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
	in := s.info(st)
	in.Functions, in.KeptPlans = live, plans
	if a.json() {
		return a.printJSON(in)
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
	}
	if api := out[cfn.OutputAPIEndpoint]; api != "" {
		in.Endpoints = []endpointInfo{{"POST", api + "/sync/plan"}, {"POST", api + "/sync/complete"}}
	}
	return in
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
	fields := [][2]string{
		{"service", in.Service}, {"stage", ui.Accent(in.Stage)}, {"region", in.Region}, {"account", in.Account},
		{"stack", in.Stack.Name}, {"status", status},
	}
	if in.Stack.Reason != "" {
		fields = append(fields, [2]string{"reason", cloud.OneLine(in.Stack.Reason)})
	}
	if in.Stack.RoleARN != "" {
		fields = append(fields, [2]string{"works as", in.Stack.RoleARN})
	}
	if !changed.IsZero() {
		fields = append(fields, [2]string{"deployed", changed.UTC().Format(time.RFC3339)})
	}
	for _, e := range in.Endpoints {
		fields = append(fields, [2]string{"endpoint", e.Method + " " + e.URL})
	}
	for _, f := range in.Functions {
		fields = append(fields, [2]string{"function", strings.Join([]string{f.FunctionName, f.Architecture, ui.Bytes(f.CodeSize), short(lambda.HexSum(f.CodeSha256))}, "  ")})
	}
	for _, p := range in.KeptPlans {
		fields = append(fields, [2]string{"kept plan", p.Created.UTC().Format(time.RFC3339) + "  " + p.ID})
	}
	for _, name := range cfn.Outputs() {
		if value, ok := in.Outputs[name]; ok {
			fields = append(fields, [2]string{name, value})
		}
	}
	return a.printFields(fields)
}

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

type planOptions struct {
	deployOptions
	out      string
	exitCode bool
}

func newPlan(a *app) *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what a deploy would change",
		Long: `Show what a deploy would change, and change nothing. With --out the plan is kept
in CloudFormation and its name in a file: renpyctl deploy --plan FILE executes
exactly it, or refuses if the stack has changed in the meantime.`,
		Example: `  renpyctl plan --stage prod
  renpyctl plan --stage prod --out prod.plan
  renpyctl plan --stage prod --exit-code --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("out") && o.out == "" {
				return usagef("--out needs a file")
			}
			return a.plan(cmd.Context(), o)
		},
	}
	o.targetFlags(cmd)
	o.changeFlags(cmd)
	cmd.Flags().StringVar(&o.out, "out", "", "keep the plan, and write this file for renpyctl deploy --plan")
	cmd.Flags().BoolVar(&o.exitCode, "exit-code", false, "exit with 8 if there are changes")
	return cmd
}

// changesError says, by its exit code, that there are changes. Nothing failed.
type changesError struct{}

func (changesError) Error() string { return "there are changes" }

// plan shows what a deploy would do.
func (a *app) plan(ctx context.Context, o planOptions) error {
	settings, err := o.parse()
	if err != nil {
		return err
	}
	s, sit, err := a.survey(ctx)
	if err != nil {
		return err
	}
	if err := s.makeChangeable(ctx, sit, o.deployOptions); err != nil {
		return err
	}
	t, err := s.embedded(sit, settings, o.deployOptions)
	if err != nil {
		return err
	}
	plan, number, err := s.planFor(ctx, sit, t, o)
	if err != nil {
		return err
	}
	if err := s.warnOfRemains(ctx, sit); err != nil {
		return errors.Join(err, s.drop(ctx, plan))
	}
	keep := o.out != "" && plan.ChangeSetID != ""
	if keep {
		if err := s.savePlan(sit, t, plan, number, o.out); err != nil {
			return errors.Join(err, s.drop(ctx, plan))
		}
	}
	if err := a.printPlan(newPlanView(s, sit, t, plan), t, plan.ChangeSetID != "", o.verbose); err != nil {
		return errors.Join(err, s.drop(ctx, plan))
	}
	switch {
	case keep:
		s.hint("%s --plan %s executes exactly this plan", s.command("deploy"), quoted(o.out))
	case o.out == "":
		err = s.drop(ctx, plan)
	default:
		s.say("There is nothing for a plan to execute: %s is not written.", o.out)
		if len(sit.drift) > 0 {
			s.hint("%s puts the functions right", s.command("deploy"))
		}
	}
	if err == nil && o.exitCode && (plan.ChangeSetID != "" || len(sit.drift) > 0) {
		err = changesError{}
	}
	return err
}

// planFor makes a plan, uploading what a plan that is kept refers to. One
// without a change set stands for no changes.
func (s *session) planFor(ctx context.Context, sit *situation, t *target, o planOptions) (*stack.Plan, int, error) {
	none := &stack.Plan{StackID: sit.Stack.ID}
	if sit.is(t) {
		return none, 0, s.findDrift(ctx, sit)
	}
	if err := s.inspect(ctx, sit); err != nil {
		return nil, 0, err
	}
	if o.out != "" {
		if err := s.upload(ctx, sit, t); err != nil {
			return nil, 0, err
		}
	}
	plan, number, err := s.propose(ctx, sit, t, o.deployOptions)
	if errors.Is(err, stack.ErrNoChanges) {
		return none, 0, checkMissing(sit.Missing())
	}
	if err != nil {
		return nil, 0, err
	}
	if err := checkMissing(sit.leftMissing(plan)); err != nil {
		return nil, 0, errors.Join(err, s.drop(ctx, plan))
	}
	return plan, number, nil
}

func (s *session) drop(ctx context.Context, plan *stack.Plan) error {
	if plan.ChangeSetID == "" {
		return nil
	}
	return s.discard(ctx, plan)
}

// printPlan prints a plan that changes the stack, or says that none does.
func (a *app) printPlan(v planView, t *target, changes, verbose bool) error {
	if a.json() {
		return a.printJSON(v)
	}
	text := ""
	switch {
	case changes:
		text = v.text(t, verbose)
	case len(v.Functions) > 0:
		text = v.drift()
	default:
		a.say("No changes: stage %s is up to date.", ui.Accent(a.flags.stage))
	}
	if a.streams.OutTerminal && text != "" {
		a.say("") // below the line that says where
	}
	_, err := io.WriteString(a.streams.Out, text)
	return err
}

// planFile is what plan --out writes.
type planFile struct {
	Stage   string         `json:"stage"`
	Region  string         `json:"region"`
	Account string         `json:"account"`
	Plan    stack.Plan     `json:"plan"`
	RoleARN string         `json:"roleArn,omitempty"`
	Record  release.Record `json:"record"`
}

func (s *session) savePlan(sit *situation, t *target, plan *stack.Plan, number int, file string) error {
	r := s.record(sit, t, plan.StackID, release.Record{Kind: release.Deploy}, number)
	body, err := json.MarshalIndent(planFile{s.flags.stage, s.region(), sit.ID.Account, *plan, t.roleARN, r}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, append(body, '\n'), 0o600); err != nil {
		return usagef("--out: %v", err)
	}
	return nil
}

// deployPlan executes a plan that was kept, or refuses if it does not fit any more.
func (a *app) deployPlan(ctx context.Context, o deployOptions) error {
	if err := o.checkAllowed(); err != nil {
		return err
	}
	kept, err := readPlan(o.planFile)
	if err != nil {
		return err
	}
	if kept.Stage != a.flags.stage {
		return usagef("the plan in %s is for stage %s, not %s", o.planFile, kept.Stage, a.flags.stage)
	}
	s, sit, err := a.survey(ctx)
	if err != nil {
		return err
	}
	if kept.Account != sit.ID.Account || kept.Region != s.region() {
		return usagef("the plan in %s is for account %s in %s", o.planFile, kept.Account, kept.Region)
	}
	if err := s.waitFor(ctx, sit, o); err != nil {
		return err
	}
	plan := &kept.Plan
	if err := s.recall(ctx, sit, plan, kept.Record); err != nil {
		return err
	}
	if err := s.warnOfRemains(ctx, sit); err != nil {
		return err
	}
	t := &target{templateKey: kept.Record.Template, code: kept.Record.Code, parameters: kept.Record.Parameters, roleARN: kept.RoleARN}
	s.say("\n%s", newPlanView(s, sit, t, plan).text(t, o.verbose))
	if err := a.guard(plan.Changes, o.allowReplace); err != nil {
		return err // the plan stays: it can be executed with --allow-replace
	}
	if err := s.confirmChange(ctx, sit, kept.Record); err != nil {
		return err
	}
	r := s.record(sit, t, plan.StackID, release.Record{Kind: release.Deploy}, kept.Record.Number)
	return s.run(ctx, sit, plan, r, o)
}

// recall reads the plan's change set again and checks that the artefacts it
// refers to are there as they were.
func (s *session) recall(ctx context.Context, sit *situation, plan *stack.Plan, r release.Record) error {
	if err := s.inspect(ctx, sit); err != nil {
		return err
	}
	if sit.Release() == r.Number {
		return fmt.Errorf("%w: release %d, which it would be, is live", stack.ErrStale, r.Number)
	}
	if sit.contents.Next() > r.Number || sit.Release() > r.Number {
		return stack.ErrStale // its number, which the change set contains, is another release's
	}
	for _, key := range append(slices.Collect(maps.Values(r.Code)), r.Template) {
		if !sit.contents.Has(key) {
			return fmt.Errorf("%w: %s is missing from the artefact bucket", stack.ErrStale, key)
		}
	}
	parameters, err := s.at.Stacks.Recall(ctx, plan)
	if err != nil {
		return err
	}
	for name, value := range r.Parameters {
		if parameters[name] != value {
			return fmt.Errorf("%w, or its file was changed: it says %s=%s, and CloudFormation's plan %q", stack.ErrStale, name, value, parameters[name])
		}
	}
	if n := parameters[cfn.ParamRelease]; n != strconv.Itoa(r.Number) {
		return fmt.Errorf("%w, or its file was changed: it says release %d, and CloudFormation's plan %q", stack.ErrStale, r.Number, n)
	}
	plan.Changes = settle(plan.Changes)
	if left := sit.leftMissing(plan); len(left) > 0 {
		return fmt.Errorf("%w: somebody has deleted %s", stack.ErrStale, strings.Join(left, " and "))
	}
	return nil
}

func readPlan(file string) (planFile, error) {
	var p planFile
	body, err := os.ReadFile(file)
	if err != nil {
		return p, usagef("--plan: %v", err)
	}
	if json.Unmarshal(body, &p) != nil || p.Plan.ChangeSetID == "" {
		return p, usagef("%s is not a plan that renpyctl plan --out wrote", file)
	}
	return p, nil
}

// quoted is a file's name as it can be typed into a shell.
func quoted(file string) string {
	if strings.ContainsAny(file, " \t'\"\\$&;()*?<>|") {
		return strconv.Quote(file)
	}
	return file
}

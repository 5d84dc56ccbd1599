package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
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
func (a *app) plan(ctx context.Context, o planOptions) (err error) {
	settings, err := o.parse()
	if err != nil {
		return err
	}
	s, st, err := a.survey(ctx)
	if err != nil {
		return err
	}
	if st, err = deploy.Changeable(ctx, st, o.wait, s.screen()); err != nil {
		return err
	}
	t, err := s.embedded(st, settings, o.deployOptions)
	if err != nil {
		return err
	}
	if t.IsLive(st) {
		c, err := st.Compare(ctx)
		if err != nil {
			return err
		}
		if len(c.Lost()) == 0 {
			return s.planNothing(c, t, o)
		}
	}
	in, err := s.inspect(ctx, st, t, o.out != "")
	if err != nil {
		return err
	}
	p, err := deploy.Preview(ctx, in, t, s.how(release.Deploy, 0, o.deployOptions))
	if errors.Is(err, stack.ErrNoChanges) {
		if err := deploy.CheckLost(in.Lost()); err != nil {
			return err
		}
		return s.planNothing(in.Compared, t, o)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Discard(ctx)) }()
	s.warnOfRemains(p.Noted)
	view := newPlanView(p)
	if err := a.printPlan(view, view.text(p.To, o.verbose)); err != nil {
		return err
	}
	if o.out != "" { // only now: of a plan that is taken back no file is left
		if err := writePlan(o.out, p.Kept()); err != nil {
			return err
		}
		p.Keep()
		s.hint("%s --plan %s executes exactly this plan", s.command("deploy"), quoted(o.out))
	} else if err := p.Discard(ctx); err != nil {
		return err
	}
	if o.exitCode {
		return changesError{}
	}
	return nil
}

// planNothing ends a plan for a stack that needs no change. A deploy may still
// put something right.
func (s *session) planNothing(c *stage.Compared, t *deploy.Target, o planOptions) error {
	v, drifted := newNoPlanView(c, t), len(c.Drift) > 0
	text := ""
	if drifted {
		text = v.drift()
	} else if !s.json() {
		s.say("No changes: stage %s is up to date.", ui.Accent(s.flags.stage))
	}
	if err := s.printPlan(v, text); err != nil {
		return err
	}
	if o.out != "" {
		s.say("There is nothing for a plan to execute: %s is not written.", o.out)
		if drifted {
			s.hint("%s puts it right", s.command("deploy"))
		}
	}
	if o.exitCode && drifted {
		return changesError{}
	}
	return nil
}

// printPlan prints a plan, or as text what there is to say without one.
func (a *app) printPlan(v planView, text string) error {
	if a.json() {
		return a.printJSON(v)
	}
	if !a.streams.OutTerminal {
		rows := v.rows()
		if text != "" && len(rows) == 0 { // the template differs, and no resource
			rows = [][]string{{"change", string(stack.Modify), v.Stack, "AWS::CloudFormation::Stack", ""}}
		}
		return a.printTable(ui.Table{Rows: rows})
	}
	if text != "" {
		a.say("") // below the line that says where
	}
	_, err := io.WriteString(a.streams.Out, text)
	return err
}

// writePlan writes the file of a plan that is kept.
func writePlan(file string, k deploy.Kept) error {
	body, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	if err := writePrivate(file, append(body, '\n')); err != nil {
		return usagef("--out: %v", err)
	}
	return nil
}

// readPlan reads the file that writePlan wrote.
func readPlan(file string) (deploy.Kept, error) {
	body, err := os.ReadFile(file)
	if err != nil {
		return deploy.Kept{}, usagef("--plan: %v", err)
	}
	k, err := deploy.ReadKept(body)
	if err != nil {
		return k, usagef("%s is not a plan that renpyctl plan --out wrote", file)
	}
	return k, nil
}

// deployPlan executes a plan that was kept, or refuses if it does not fit any
// more. One that the guard or the person refuses stays: it can be executed later.
func (a *app) deployPlan(ctx context.Context, o deployOptions) error {
	if err := o.checkAllowed(); err != nil {
		return err
	}
	kept, err := leaving(ctx, func() (deploy.Kept, error) { return readPlan(o.planFile) })
	if err != nil {
		return err
	}
	if kept.Stage != a.stage() {
		return usagef("the plan in %s is for stage %s, not %s", o.planFile, kept.Stage, a.flags.stage)
	}
	s, st, err := a.survey(ctx)
	if err != nil {
		return err
	}
	if kept.Account != st.ID.Account || kept.Region != s.region() {
		return usagef("the plan in %s is for account %s in %s", o.planFile, kept.Account, kept.Region)
	}
	if st, err = st.Wait(ctx, o.wait, s.screen()); err != nil {
		return err
	}
	in, err := st.Inspect(ctx)
	if err != nil {
		return err
	}
	p, err := deploy.Recall(ctx, in, kept, a.how(release.Deploy, 0, o).Record)
	if err != nil {
		return err
	}
	s.warnOfRemains(p.Noted)
	s.show(p, o)
	return s.execute(ctx, p, o)
}

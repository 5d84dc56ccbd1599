package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// survey connects, looks, and says whose credentials work where: how a command
// begins that may change the stack.
func (a *app) survey(ctx context.Context) (*session, *stage.State, error) {
	s, err := a.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	st, err := s.at.Look(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.where(st.ID)
	s.sayRemoval(st.Stack)
	return s, st, nil
}

// surveyDeployed is survey for commands that need a stack with resources in it.
func (a *app) surveyDeployed(ctx context.Context) (*session, *stage.State, error) {
	s, st, err := a.survey(ctx)
	if err == nil {
		err = st.MustBeDeployed()
	}
	return s, st, err
}

// how is how a release is made: its record says by what program, and where.
func (a *app) how(kind release.Kind, origin int, o deployOptions) deploy.How {
	v := version()
	return deploy.How{
		Record:  release.Record{Kind: kind, Origin: origin, Version: v.Version, Commit: v.Commit, CI: a.ciRun()},
		Express: o.express,
	}
}

// inspect looks what a change to the target has to know. What a change refers to that
// may be executed, now or as a plan that is kept, is uploaded meanwhile.
func (s *session) inspect(ctx context.Context, st *stage.State, t *deploy.Target, supply bool) (*stage.Inspected, error) {
	if supply {
		return deploy.Supply(ctx, st, t, s.screen())
	}
	return st.Inspect(ctx)
}

// change brings the stage to the target as a new release: prepare, show, guard,
// ask, execute. Drift is put right even if CloudFormation sees nothing to change.
// Where nobody can be asked, what would be is shown, if there is a stack to compare with.
func (s *session) change(ctx context.Context, in *stage.Inspected, t *deploy.Target, how deploy.How, o deployOptions) (err error) {
	unasked := s.canAsk()
	if unasked != nil && in.Stack.Status == stack.None {
		return unasked // before anything is made
	}
	var p *deploy.Plan
	if unasked != nil {
		p, err = deploy.Preview(ctx, in, t, how)
	} else {
		p, err = deploy.Prepare(ctx, in, t, how, s.screen())
	}
	if errors.Is(err, stack.ErrNoChanges) {
		if o.roleARN != "" && o.roleARN != in.Stack.RoleARN {
			s.say("%s", ui.Warning("CloudFormation takes a role only together with a change: --role-arn has had no effect."))
		}
		return s.keepUp(ctx, deploy.KeepAs(in.Compared, t), o)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Discard(ctx)) }()
	s.warnOfDoubts(in.Doubts)
	s.warnOfRemains(p.Noted)
	s.show(p, o)
	if unasked != nil {
		return unasked
	}
	return s.execute(ctx, p, o)
}

func (s *session) show(p *deploy.Plan, o deployOptions) {
	s.say("\n%s", newPlanView(p).text(p.To, o.verbose))
}

// execute executes a plan that was shown, if the guard and the person let it pass.
func (s *session) execute(ctx context.Context, p *deploy.Plan, o deployOptions) error {
	if err := p.Guard(o.allowReplace); err != nil {
		return err
	}
	verb, done := "Deploy to", "Deployed"
	if p.Record.Kind == release.Rollback {
		verb, done = "Roll back", fmt.Sprintf("Rolled back to release %d as", p.Record.Origin)
	}
	if err := s.ask(ctx, p.From.State, fmt.Sprintf("%s %s?", verb, s.flags.stage)); err != nil {
		return err
	}
	d, err := p.Execute(ctx, deploy.Execution{AllowReplace: o.allowReplace, Protect: o.protect}, s.screen())
	s.created = p.From.Stack.Status.Uncreated() && !errors.Is(err, stack.ErrBusy) && !errors.Is(err, release.ErrTaken)
	if err != nil {
		return err
	}
	s.say("%s release %d in %s", ui.Success(done), p.Number, ui.Elapsed(d.Took))
	live, tried := d.Stack, (*smokeView)(nil)
	if o.smoke {
		live, tried, err = s.tryDeployed(ctx, p, d.Stack)
	}
	if printErr := s.printDeployed(live, tried); printErr != nil || err != nil {
		return cmp.Or(err, printErr)
	}
	if p.Create && d.Stack.Parameters[cfn.ParamEmailIdentity] == "" {
		s.hint("Cognito sends 50 mails a day for the whole account, and refuses sign-ups after that; before a launch see Mails to players in README.md")
	}
	return nil
}

// keepUp ends a deploy whose stack needs no change.
func (s *session) keepUp(ctx context.Context, u *deploy.Upkeep, o deployOptions) error {
	s.warnOfDoubts(u.Doubts)
	said := fmt.Sprintf("Nothing to do: stage %s is up to date.", ui.Accent(s.flags.stage))
	if len(u.Drift) > 0 {
		if err := deploy.CheckLost(u.Lost()); err != nil {
			return err
		}
		s.say("\nThe stack is up to date, but not all is as it should be:")
		s.say("%s", strings.TrimSuffix(driftText(u.Drift), "\n"))
		if err := s.ask(ctx, u.State, "Put them right?"); err != nil {
			return err
		}
		var err error
		if u, err = u.Restore(ctx, s.screen()); err != nil {
			return err
		}
		said = fmt.Sprintf("Put right: stage %s is what release %d made it.", ui.Accent(s.flags.stage), u.Release())
	}
	if err := u.Finish(ctx, o.protect, s.screen()); err != nil {
		return err
	}
	if o.protect && !u.Stack.TerminationProtection {
		s.say("Stage %s is protected now.", ui.Accent(s.flags.stage))
	}
	s.say("%s", said)
	var tried *smokeView
	var err error
	if o.smoke {
		tried, err = s.smokeTwice(ctx, u.Stack) // which fails or not: there is nothing to take back
	}
	return cmp.Or(err, s.printDeployed(u.Stack, tried))
}

// ask asks before players' backend changes. On a protected stage a person has to
// type its name.
func (s *session) ask(ctx context.Context, st *stage.State, question string) error {
	if !st.Protected() || s.flags.yes {
		return s.confirm(ctx, question)
	}
	return needsFlag(s.streams.ConfirmTyped(ctx, question+" Type the stage's name:", s.flags.stage), "--yes")
}

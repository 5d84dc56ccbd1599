package cli

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// situation is what a deploy finds: who runs it, and what is there.
type situation struct {
	id       cloud.Identity
	store    *release.Store
	stack    stack.Stack // zero where there is none
	template string      // of the stack
	live     []functionInfo
	record   *release.Release // of the live release; nil where none can be read, or before it was looked for
}

// look finds out who we are and what is there, all at once.
func (s *session) look(ctx context.Context) (*situation, error) {
	sit := &situation{}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		sit.id, err = cloud.WhoAmI(ctx, s.cfg)
		return err
	})
	group.Go(func() (err error) {
		sit.stack, err = s.describe(ctx)
		if _, none := errors.AsType[*noStageError](err); none {
			return nil
		}
		return err
	})
	group.Go(func() (err error) {
		sit.template, err = s.engine.Template(ctx, s.stackName())
		if cloud.IsNotFound(err) {
			return nil
		}
		return err
	})
	group.Go(func() (err error) {
		sit.live, err = s.functions(ctx)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	sit.store = s.artifacts(sit.id.Account)
	return sit, nil
}

// survey connects, looks, and says whose credentials work where: how a command
// begins that may change the stack.
func (a *app) survey(ctx context.Context) (*session, *situation, error) {
	s, err := a.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	sit, err := s.look(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.where(sit.id)
	return s, sit, nil
}

// release is the number of the release that the stack says it is; 0 for none.
func (sit *situation) release() int {
	n, _ := strconv.Atoi(sit.stack.Parameters[cfn.ParamRelease])
	return n
}

// protected tells whether players rely on the stage: by its name, or because
// somebody has switched on its termination protection.
func (a *app) protected(st stack.Stack) bool {
	return a.flags.stage == "prod" || a.flags.stage == "production" || st.TerminationProtection
}

// drifted is a function that does not run what the stack says.
type drifted struct {
	functionInfo
	want        functions.Function
	Differences []functions.Difference `json:"differences"`
}

// drift compares what the functions run with what the stack says: their code by
// the stack's parameters, which name it by its hash, and their settings by the
// record that the live release left. Without a record the settings are not known.
func (s *session) drift(ctx context.Context, sit *situation) ([]drifted, error) {
	if !sit.stack.Status.Updatable() || len(sit.live) == 0 {
		return nil, nil
	}
	recorded, err := s.recorded(ctx, sit)
	if err != nil {
		return nil, err
	}
	var list []drifted
	for _, have := range sit.live {
		want, known := recorded[have.Name]
		if !known {
			want = have.Function
		}
		want.CodeSha256 = lambda.CodeSha256(codeHash(sit.stack.Parameters[codeParameters()[have.Name]]))
		if d := functions.Compare(want, have.Function); len(d) > 0 {
			list = append(list, drifted{have, want, d})
		}
	}
	return list, nil
}

// recorded returns what the functions ran right after the live release, by
// their short names; empty where no record tells.
func (s *session) recorded(ctx context.Context, sit *situation) (map[string]functions.Function, error) {
	r, err := sit.store.Get(ctx, sit.release())
	if errors.Is(err, release.ErrNoRelease) || errors.Is(err, release.ErrDamaged) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sit.record = &r
	var then []functionInfo
	if len(r.Outcome.Functions) == 0 || json.Unmarshal(r.Outcome.Functions, &then) != nil {
		return nil, nil
	}
	recorded := map[string]functions.Function{}
	for _, f := range then {
		recorded[f.Name] = f.Function
	}
	return recorded, nil
}

// codeParameters are the parameters that hold the keys of the functions' code.
func codeParameters() map[string]string {
	return map[string]string{"syncPlan": cfn.ParamSyncPlanCodeKey, "syncComplete": cfn.ParamSyncCompleteCodeKey}
}

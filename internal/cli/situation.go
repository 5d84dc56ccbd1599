package cli

import (
	"context"
	"strconv"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// situation is what a deploy finds: who runs it, and what is there.
type situation struct {
	id       cloud.Identity
	store    *release.Store
	stack    stack.Stack // zero where there is none
	template string      // of the stack
	live     []functionInfo

	contents release.Contents // of the artefact bucket; inspect looks for it
	policy   *string          // of the stack; looked for where nothing else changes

	// What inspect and findDrift find, if the stack can be updated.
	record *release.Release // of the live release; nil where none can be read
	drift  []drifted        // functions that somebody has changed past CloudFormation
}

// look finds out who we are and what is there, all at once.
func (s *session) look(ctx context.Context) (*situation, error) {
	sit := &situation{}
	err := together(ctx,
		into(&sit.id, s.whoAmI),
		into(&sit.stack, s.describeAny),
		into(&sit.template, s.currentTemplate),
		into(&sit.live, s.functions),
	)
	if err != nil {
		return nil, err
	}
	sit.store = s.artifacts(sit.id.Account)
	return sit, nil
}

// currentTemplate returns the stack's template, "" where there is no stack.
func (s *session) currentTemplate(ctx context.Context) (string, error) {
	template, err := s.engine.Template(ctx, s.stackName())
	if cloud.IsNotFound(err) {
		return "", nil
	}
	return template, err
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

// surveyDeployed is survey for commands that need a stack with resources in it.
func (a *app) surveyDeployed(ctx context.Context) (*session, *situation, error) {
	s, sit, err := a.survey(ctx)
	if err == nil {
		err = s.mustBeDeployed(sit.stack)
	}
	return s, sit, err
}

// mustBeDeployed refuses a stack that was never created.
func (s *session) mustBeDeployed(st stack.Stack) error {
	if st.Status.Uncreated() {
		return &noStageError{s.flags.stage, s.cfg.Region}
	}
	return nil
}

// release is the number of the release that the stack says it is; 0 for none.
func (sit *situation) release() int {
	n, _ := strconv.Atoi(sit.stack.Parameters[cfn.ParamRelease])
	return n
}

// next is the number of the next release. A stack whose artefact bucket was
// deleted has lost its records, not its number.
func (sit *situation) next() int { return max(sit.contents.Next(), sit.release()+1) }

// protected tells whether players rely on the stage: by its name, or because
// somebody has switched on its termination protection.
func (a *app) protected(st stack.Stack) bool {
	return a.flags.stage == "prod" || a.flags.stage == "production" || st.TerminationProtection
}

// inspect looks for what a change of the stack has to know beside: what the
// artefact bucket holds, and what the functions run.
func (s *session) inspect(ctx context.Context, sit *situation) error {
	return together(ctx,
		into(&sit.contents, sit.store.Contents),
		func(ctx context.Context) error { return s.findDrift(ctx, sit) },
	)
}

// codeKey is where the artefact bucket keeps what the stack says a function runs.
func (sit *situation) codeKey(function string) string {
	return sit.stack.Parameters[inTemplate(function).codeParameter]
}

// templateNames are the names by which the template knows a function.
type templateNames struct{ logicalID, codeParameter string }

// inTemplate returns the names of a function: "syncPlan".
func inTemplate(function string) templateNames {
	return map[string]templateNames{
		"syncPlan":     {cfn.SyncPlanFunction, cfn.ParamSyncPlanCodeKey},
		"syncComplete": {cfn.SyncCompleteFunction, cfn.ParamSyncCompleteCodeKey},
	}[function]
}

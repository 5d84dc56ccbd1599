// Package stage is a deployed stage as a value: its names, where its parts are,
// what it runs, and what somebody has changed about it. Whoever works on a stage
// begins here with [At], and then reads as much as is needed:
//
//	[Stage.Deployed]  the stack                                for info, logs, config and users
//	[Stage.Accounts]  its user pool                            for users
//	[Stage.Archive]   the stack and its artefact bucket        for releases and prune
//	[Stage.Look]      a [State]: stack, template, functions    for whatever may change it
//	[State.Compare]   a [Compared]: and what they should be    for drift, and deploys with nothing to do
//	[State.Inspect]   an [Inspected]: and the artefact bucket  for every change of the stack
//
// What was read is not written to: waiting for the stack returns another State.
package stage

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	lambdaapi "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/saves"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// Stage is the place of a stage in an account: nothing of it is read yet.
type Stage struct {
	Name   Name
	Config aws.Config    // of the account and region
	Stacks *stack.Engine // that works on its stack

	// Adopts takes the stage's stack for ours although it has lost its [Tag].
	Adopts bool
}

// At returns the stage of a name in the account and region that cfg leads to.
func At(cfg aws.Config, name Name) *Stage {
	return &Stage{Name: name, Config: cfg, Stacks: stack.New(cloudformation.NewFromConfig(cfg))}
}

// NoStageError says that the stage is not deployed.
type NoStageError struct {
	Name   Name
	Region string
}

func (e *NoStageError) Error() string {
	return fmt.Sprintf("stage %s is not deployed in %s", e.Name, e.Region)
}

// ForeignStackError says that another tool made the stack of that name.
type ForeignStackError struct {
	Stack string
	Lost  bool // all but its [Tag], which is missing, says that it is ours
}

func (e *ForeignStackError) Error() string {
	if e.Lost {
		return fmt.Sprintf("the stack %s has lost the tag %s, by which renpyctl knows what it has made", e.Stack, Tag)
	}
	return fmt.Sprintf("the stack %s was not made by renpyctl", e.Stack)
}

// None is the error where the stage is not deployed.
func (s *Stage) None() error { return &NoStageError{s.Name, s.Config.Region} }

// Describe reads the stage's stack, which may be the shell of a plan. The errors
// are *[NoStageError] where there is none and *[ForeignStackError] where the
// stack is not ours to touch.
func (s *Stage) Describe(ctx context.Context) (stack.Stack, error) {
	st, err := s.Stacks.Describe(ctx, s.Name.Stack())
	switch {
	case errors.Is(err, stack.ErrNotFound):
		return st, s.None()
	case err != nil:
		return st, err
	case st.Tags[Tag] == string(s.Name) || s.Adopts && s.LostTag(st):
		return st, nil
	}
	return st, &ForeignStackError{st.Name, s.LostTag(st)}
}

// LostTag tells whether a stack has lost its [Tag], and all that its parameters
// say is what this stage's would.
func (s *Stage) LostTag(st stack.Stack) bool {
	_, tagged := st.Tags[Tag]
	return !tagged && Release(st) > 0 && st.Parameters[cfn.ParamStage] == string(s.Name) &&
		st.Parameters[cfn.ParamArtifactsBucket] == s.Name.Artifacts(st.Account(), s.Config.Region)
}

// Find is [Stage.Describe] for what can do without a stack, which is zero then.
func (s *Stage) Find(ctx context.Context) (stack.Stack, error) {
	st, err := s.Describe(ctx)
	if _, none := errors.AsType[*NoStageError](err); none {
		return stack.Stack{}, nil
	}
	return st, err
}

// withPolicy is a reading of the stage's stack that reads its policy as well,
// which tells whether the stage is being removed.
func (s *Stage) withPolicy(read func(context.Context) (stack.Stack, error)) func(context.Context) (stack.Stack, error) {
	return func(ctx context.Context) (stack.Stack, error) {
		var st stack.Stack
		var policy string
		err := cloud.Together(ctx, cloud.Into(&st, read), func(ctx context.Context) (err error) {
			policy, err = s.Stacks.Policy(ctx, s.Name.Stack())
			if cloud.IsNotFound(err) {
				return nil
			}
			return err
		})
		st.Policy = policy
		return st, err
	}
}

// Known is [Stage.Deployed] with what the stack's policy tells.
func (s *Stage) Known(ctx context.Context) (stack.Stack, error) {
	return s.withPolicy(s.Deployed)(ctx)
}

// Deployed is [Stage.Describe] for what needs a stack with resources in it.
func (s *Stage) Deployed(ctx context.Context) (stack.Stack, error) {
	st, err := s.Describe(ctx)
	if err == nil {
		err = s.MustBeDeployed(st)
	}
	return st, err
}

// MustBeDeployed refuses a stack that was never created.
func (s *Stage) MustBeDeployed(st stack.Stack) error {
	if st.Status.Uncreated() {
		return s.None()
	}
	return nil
}

// FirstFailed tells whether a stack is what a failed first deploy left: also one
// whose deletion CloudFormation then began by itself, and could not finish because
// of what is protected.
func (s *Stage) FirstFailed(ctx context.Context, st stack.Stack) (bool, error) {
	if st.Status != stack.DeleteFailed {
		return st.Status.FailedCreate(), nil
	}
	return s.Stacks.NeverCreated(ctx, st.ID)
}

// Busy says that another operation runs on a stack.
func Busy(st stack.Stack) error { return fmt.Errorf("%w %s (%s)", stack.ErrBusy, st.Name, st.Status) }

// WhoAmI asks AWS whose credentials these are.
func (s *Stage) WhoAmI(ctx context.Context) (cloud.Identity, error) {
	return cloud.WhoAmI(ctx, s.Config)
}

// Artifacts is the stage's artefact bucket in an account.
func (s *Stage) Artifacts(account string) *release.Store {
	return release.NewStore(cloud.S3(s.Config), string(s.Name), account, s.Config.Region)
}

// Pool is a user pool of the stage.
func (s *Stage) Pool(id string) *players.Pool {
	return players.NewPool(idp.NewFromConfig(s.Config), id)
}

// Accounts is the user pool of a deployed stage's stack.
func (s *Stage) Accounts(st stack.Stack) (*players.Pool, error) {
	id := st.Outputs[cfn.OutputUserPoolID]
	if id == "" {
		return nil, fmt.Errorf("the stack %s has no user pool yet (%s)", st.Name, st.Status)
	}
	return s.Pool(id), nil
}

// Table is a table of the stage.
func (s *Stage) Table(name string) *saves.Table {
	return saves.NewTable(dynamodb.NewFromConfig(s.Config), name)
}

// Bucket is a bucket of saves of the stage.
func (s *Stage) Bucket(name, account string) *saves.Bucket {
	return saves.NewBucket(cloud.S3(s.Config), name, account)
}

// Lambda is the way to the stage's functions past CloudFormation.
func (s *Stage) Lambda() functions.Client { return lambdaapi.NewFromConfig(s.Config) }

// Glance finds out who we are and whether there is a stack, which is zero if
// there is none.
func (s *Stage) Glance(ctx context.Context) (cloud.Identity, stack.Stack, error) {
	var id cloud.Identity
	var st stack.Stack
	err := cloud.Together(ctx, cloud.Into(&id, s.WhoAmI), cloud.Into(&st, s.withPolicy(s.Find)))
	return id, st, err
}

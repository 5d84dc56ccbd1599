package deploy

import (
	"context"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// Upkeep is what there may be to do for a stage whose stack needs no change:
// what somebody has changed is put right, and what a run that was cut off could
// not set and write down any more is made up for.
type Upkeep struct {
	*stage.Compared
	to *Target
}

// Keep looks what there is to do for a stage that is the target already.
func Keep(ctx context.Context, s *stage.State, to *Target) (*Upkeep, error) {
	c, err := s.Compare(ctx)
	if err != nil {
		return nil, err
	}
	return KeepAs(c, to), nil
}

// KeepAs is [Keep] for a stage that has been looked at.
func KeepAs(c *stage.Compared, to *Target) *Upkeep { return &Upkeep{c, to} }

// Restore puts right what was changed past CloudFormation, which sees no reason to
// touch it.
func (u *Upkeep) Restore(ctx context.Context, o Observer) (*Upkeep, error) {
	contents, err := u.Store.Contents(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := upload(ctx, u.Store, contents, false, u.to.Bodies, o); err != nil { // the artefact bucket may have been deleted
		return nil, err
	}
	if err := putRight(ctx, u.Compared, nil, o); err != nil {
		return nil, err
	}
	s, err := u.Look(ctx)
	if err != nil {
		return nil, err
	}
	return Keep(ctx, s, u.to)
}

// Finish makes up for an outcome that was not written down, and protects the
// stage if it is to be.
func (u *Upkeep) Finish(ctx context.Context, wanted bool, o Observer) error {
	if err := makeUp(ctx, u.Compared, o); err != nil {
		return err
	}
	return protect(ctx, u.Stage, u.Stack, wanted)
}

// closePolicy sets the policy under which CloudFormation itself refuses to
// replace what players need, without exception.
func closePolicy(ctx context.Context, at *stage.Stage, stackID string) error {
	return at.Stacks.SetPolicy(ctx, stackID, cfn.StackPolicy())
}

// protect sets the termination protection of a stage that is to have it.
func protect(ctx context.Context, at *stage.Stage, st stack.Stack, wanted bool) error {
	if st.TerminationProtection || !wanted && !at.Name.Protected(st) {
		return nil
	}
	return at.Stacks.SetTerminationProtection(ctx, st.ID, true)
}

package deploy

import (
	"context"
	"slices"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// findSender finds out whether the change takes back who sends the mails to
// players, as an update of the user pool does.
func (p *Plan) findSender(ctx context.Context) error {
	updates := slices.ContainsFunc(p.Changes, func(c stack.Change) bool {
		return c.LogicalID == cfn.UserPool && c.Action == stack.Modify
	})
	if !updates {
		return nil
	}
	sender, err := p.From.Sender(ctx)
	if sender != p.To.Parameters[cfn.ParamEmailIdentity] {
		p.Sender = sender
	}
	return err
}

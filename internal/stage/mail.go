package stage

import (
	"context"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/functions"
)

// Sender is the ARN of the SES identity that sends the mails to players because
// somebody has set it past renpyctl, "" if nobody has. CloudFormation does not
// know of it: its next update of the user pool goes back to the template's sender.
func (s *State) Sender(ctx context.Context) (string, error) {
	id := s.Stack.Outputs[cfn.OutputUserPoolID]
	if id == "" {
		return "", nil
	}
	sender, err := s.Pool(id).Sender(ctx)
	if sender == s.Stack.Parameters[cfn.ParamEmailIdentity] {
		sender = ""
	}
	return sender, err
}

// DriftedSender is the user pool with a [State.Sender] of somebody's.
func (s *State) DriftedSender(sender string) Drifted {
	return Drifted{Running: Running{Name: cfn.UserPool}, Differences: []functions.Difference{
		{Setting: cfn.ParamEmailIdentity, Want: s.Stack.Parameters[cfn.ParamEmailIdentity], Have: sender},
	}}
}

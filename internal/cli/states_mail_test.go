package cli

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
)

// Who has not chosen a sender is told once what Cognito's own means.
func TestMails(t *testing.T) {
	const identity = "EmailIdentity=arn:aws:ses:eu-west-1:123456789012:identity/example.com"
	const fifty = "hint: Cognito sends 50 mails a day"
	story(t, "without a sender", newAccount, func(t *testing.T, a *awsAccount) {
		a.run("deploy", "--yes").wants(t, exitOK, "Deployed release 1", fifty)
		a.run(change...).lacks(t, fifty)
	})
	story(t, "with a sender", newAccount, func(t *testing.T, a *awsAccount) {
		a.run("deploy", "--yes", "--set", "EmailFrom=saves@example.com").wants(t, exitUsage, "EmailFrom is of no use without EmailIdentity")
		a.run("deploy", "--yes", "--set", identity).wants(t, exitUsage, "EmailIdentity is a domain: EmailFrom has to name an address of it")
		if a.Current() != nil {
			t.Fatal("a stack was made")
		}
		a.run("deploy", "--yes", "--set", identity, "--set", "EmailFrom=My Game <saves@example.com>").lacks(t, fifty)
		if got := a.Setting(cfn.ParamEmailFrom); got != "My Game <saves@example.com>" {
			t.Errorf("the mails are from %s", got)
		}
	})
}

// A sender that somebody has set by hand is not taken back in silence.
func TestSenderByHand(t *testing.T) {
	const byHand = "arn:aws:ses:eu-west-1:123456789012:identity/saves@example.com"
	set := func(t *testing.T) *awsAccount {
		a := deployed(t)
		a.Pools[awsaccount.Physical(cfn.UserPool)].Sender = byHand
		return a
	}
	updates := func(id string) []awsaccount.Change {
		return []awsaccount.Change{{LogicalResourceId: aws.String(id), Action: types.ChangeActionModify, Replacement: types.ReplacementFalse}}
	}
	const takesBack = "mails to players are sent by " + byHand + ", which somebody has set by hand: this change takes it back"
	story(t, "shown by drift", set, func(t *testing.T, a *awsAccount) {
		o := a.run("drift", "--exit-code")
		o.wants(t, exitChanges, "--set EmailIdentity="+byHand, "CognitoUserPool\tEmailIdentity\t\t"+byHand)
		o.lacks(t, "puts them right")
	})
	story(t, "shown by what updates the pool", set, func(t *testing.T, a *awsAccount) {
		a.Changes = updates(cfn.UserPool)
		a.run(append(change, "--output", "json")...).wants(t, exitOK, takesBack)
	})
	story(t, "not shown by what does not", set, func(t *testing.T, a *awsAccount) {
		a.Changes = updates(cfn.SyncPlanFunction)
		a.run(change...).lacks(t, "by hand")
	})
	story(t, "kept by the setting", set, func(t *testing.T, a *awsAccount) {
		a.Changes = updates(cfn.UserPool)
		a.run(append(change, "--set", "EmailIdentity="+byHand)...).lacks(t, "by hand")
		a.run("drift", "--exit-code").wants(t, exitOK, "No differences")
	})
}

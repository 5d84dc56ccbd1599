package cli

import (
	"testing"

	"github.com/renpy-cloud/renpyctl/cfn"
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

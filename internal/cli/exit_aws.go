package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// explainAWS advises on what the SDK reports.
func (a *app) explainAWS(err error) (code int, hint string) {
	if e, ok := errors.AsType[*cloud.NoSuchRegionError](err); ok {
		return exitAccess, otherRegions(e.Name)
	}
	if strings.HasPrefix(cloud.Message(err), "Parameter") { // "Parameter 'X' must be one of AllowedValues", "… failed to satisfy constraint: …"
		return exitUsage, "renpyctl deploy --help lists the settings"
	}
	switch cloud.KindOf(err) {
	case cloud.RegionOff:
		return exitAccess, a.enableRegion()
	case cloud.UnknownProfile:
		return exitAccess, a.otherProfiles()
	case cloud.NoCredentials:
		return exitAccess, "sign in with " + a.withProfile("aws sso login") + ", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; --local needs no account"
	case cloud.NoWayIn:
		return exitAccess, a.mendSignIn()
	case cloud.NeedsMFA:
		return exitAccess, a.withProfile("aws configure export-credentials --format env") + " asks for the code and prints variables: set them, and leave the profile out"
	case cloud.Expired:
		return exitAccess, a.signInAgain()
	case cloud.BadCredentials:
		if cloud.OptIn(a.cloud.Region) { // which does not know the keys of an account that has not enabled it
			return exitAccess, a.enableRegion() + "; if it is, AWS does not accept these credentials: " + a.checkSignIn()
		}
		return exitAccess, "AWS does not accept these credentials: " + a.checkSignIn()
	case cloud.ClockSkew:
		return exitAccess, "this computer's clock is wrong by more than AWS allows: set it, then try again"
	case cloud.Denied:
		return exitAccess, whatIsMissing(err)
	case cloud.Throttled:
		return exitError, "AWS asks to slow down: try again in a minute"
	case cloud.Quota:
		return exitError, fullAccount(err)
	case cloud.Unreachable:
		if region := a.cloud.Region; region != "" && !cloud.KnownRegion(region) && cloud.NoSuchHost(err) {
			return exitError, ui.Plain(region) + " may be no region: " + otherRegions(region) + " If it is a new one, check the network"
		}
		return exitError, "no connection: check the network, --region and AWS_ENDPOINT_URL"
	case cloud.Untrusted:
		return exitError, "a web filter or proxy on the way shows a certificate of its own: put the certificate of its authority into a file and name it in AWS_CA_BUNDLE"
	case cloud.NotAWS:
		return exitError, "a web filter, a proxy or the Wi-Fi's sign-in page keeps this computer from AWS: ask whoever runs the network, or use another"
	case cloud.Conflict:
		return exitError, find(knownCauses, stack.Event{Type: "AWS::S3::Bucket", Reason: cloud.Text(err)})
	}
	return exitError, ""
}

// chooseRegion says how a region is chosen, or that the local cloud was meant, which needs none.
func (a *app) chooseRegion(ctx context.Context) string {
	hint := "add --region, for example --region eu-west-1, or set AWS_REGION"
	if lc, err := a.localCloud(); err == nil {
		if s, err := lc.Status(ctx); err == nil && s.Healthy {
			return "the local cloud runs: add --local to work on it; for AWS " + hint
		}
	}
	return hint + "; --local needs neither"
}

// otherRegions says which regions may have been meant.
func otherRegions(typed string) string {
	like := cloud.PlacesLike(typed)
	if len(like) == 0 {
		return "regions are called as eu-central-1 (Frankfurt) or us-east-1 (N. Virginia)"
	}
	var names []string
	for _, place := range like {
		names = append(names, place.String())
	}
	return "did you mean " + strings.Join(names, ", or ") + "?"
}

// otherProfiles says which profiles there are instead of the one that is not.
func (a *app) otherProfiles() string {
	names := a.profiles()
	if near := nearest(a.profile(), names); near != "" {
		return "did you mean --profile " + quoted(near) + "?"
	}
	if len(names) == 0 {
		return "this computer has no profiles: sign in with aws configure sso, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
	}
	return "there are " + ui.Plain(strings.Join(names, ", "))
}

// profiles are those of this computer, in the files that the AWS tools read.
func (a *app) profiles() []string {
	home, _ := os.UserHomeDir()
	return cloud.Profiles(cmp.Or(a.env.Getenv("AWS_CONFIG_FILE"), filepath.Join(home, ".aws", "config")),
		cmp.Or(a.env.Getenv("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(home, ".aws", "credentials")))
}

// signInAgain says how a session that has run out is begun anew.
func (a *app) signInAgain() string {
	switch cloud.SignInOf(a.cloud) {
	case cloud.SignInLogin:
		return "sign in again: " + a.withProfile("aws login")
	case cloud.SignInEnvironment:
		if a.inGitHub() {
			return "the job has outlived its session: run it again; role-duration-seconds of configure-aws-credentials makes sessions longer"
		}
		return "AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN are of a session that is over: set those of a new one"
	case cloud.SignInProfileKeys:
		return "the profile's aws_session_token is of a session that is over: put the keys of a new one into ~/.aws/credentials"
	case cloud.SignInProcess:
		return "the profile's credential_process gives credentials that have run out: sign in again with that tool"
	case cloud.SignInWebIdentity:
		return "the job's identity token has run out: run the job again"
	}
	return "sign in again: " + a.withProfile("aws sso login")
}

// checkSignIn says where credentials come from that AWS does not accept.
func (a *app) checkSignIn() string {
	switch cloud.SignInOf(a.cloud) {
	case cloud.SignInLogin:
		return a.withProfile("aws login")
	case cloud.SignInEnvironment:
		return "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; keys that begin with ASIA need their AWS_SESSION_TOKEN too"
	case cloud.SignInProfileKeys:
		return "check the profile's keys in ~/.aws/credentials"
	case cloud.SignInProcess:
		return "check the profile's credential_process in ~/.aws/config"
	case cloud.SignInWebIdentity:
		return "check the job's role and whom it trusts"
	}
	return "check AWS_ACCESS_KEY_ID and the profile, or " + a.withProfile("aws sso login")
}

// mendSignIn says where the way to credentials is set up that does not work.
func (a *app) mendSignIn() string {
	switch cloud.SignInOf(a.cloud) {
	case cloud.SignInProcess:
		return "~/.aws/config says what the profile's credential_process is: run that by hand to see what it wants"
	case cloud.SignInWebIdentity:
		return "AWS_WEB_IDENTITY_TOKEN_FILE, or the profile's web_identity_token_file, has to name the file with the job's token; without it other ways are tried"
	}
	return "look at the profile in ~/.aws/config, or choose another with --profile"
}

// whatIsMissing says which permission would help, if one would.
func whatIsMissing(err error) string {
	if forbidden := forbids(cloud.Message(err)); forbidden != "" {
		return forbidden
	}
	if action := cloud.DeniedAction(cloud.Message(err)); action != "" {
		return "these credentials need permission for " + action
	}
	return "these credentials lack a permission; --debug shows for which call"
}

// fullAccount says of what the account has as many as AWS allows.
func fullAccount(err error) string {
	of := "of these"
	switch text := strings.ToLower(cloud.Message(err)); {
	case strings.Contains(text, "bucket"):
		of = "buckets"
	case strings.Contains(text, "change set"), strings.Contains(text, "changeset"):
		of = "change sets of this stack"
	case strings.Contains(text, "stack"):
		of = "stacks in this region"
	}
	return fmt.Sprintf("the account has as many %s as AWS allows: delete some that nobody needs, or ask AWS for more (Service Quotas)", of)
}

func (a *app) enableRegion() string {
	return fmt.Sprintf("the account has to enable the region %s first: AWS console, Account, AWS Regions", a.cloud.Region)
}

// withProfile is a command line of AWS's own tool for the profile that is used.
func (a *app) withProfile(line string) string {
	if p := a.profile(); p != "" {
		line += " --profile " + quoted(p)
	}
	return line
}

func (a *app) profile() string {
	if a.flags.profile != "" {
		return a.flags.profile
	}
	return a.env.Getenv("AWS_PROFILE")
}

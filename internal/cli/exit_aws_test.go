package cli

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// What AWS refuses leads to the hint that helps whoever signed in as they did.
func TestHintsForAnswersOfAWS(t *testing.T) {
	expired := awsfake.Error{Code: "ExpiredToken", Message: "The security token included in the request is expired", Status: 403}
	bad := awsfake.Error{Code: "InvalidClientTokenId", Message: "The security token included in the request is invalid.", Status: 403}
	denied := func(because string) awsfake.Error {
		return awsfake.Error{Code: "AccessDenied", Status: 403, Message: "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: s3:CreateBucket on resource: \"*\" " + because}
	}
	for _, c := range []struct {
		what   string
		source aws.CredentialSource
		region string
		env    map[string]string
		answer awsfake.Error
		code   int
		hint   string // what it has to contain
	}{
		{"a session of SSO", aws.CredentialSourceSSO, "", nil, expired, exitAccess, "sign in again: aws sso login --profile game"},
		{"a session of aws login", aws.CredentialSourceLogin, "", nil, expired, exitAccess, "sign in again: aws login --profile game"},
		{"a session's keys in the environment", aws.CredentialSourceEnvVars, "", nil, expired, exitAccess, "AWS_SESSION_TOKEN are of a session that is over"},
		{"a job's session in GitHub", aws.CredentialSourceEnvVars, "", map[string]string{"GITHUB_ACTIONS": "true"}, expired, exitAccess, "role-duration-seconds"},
		{"a session's keys in a profile", aws.CredentialSourceProfile, "", nil, expired, exitAccess, "aws_session_token"},
		{"a job's token", aws.CredentialSourceEnvVarsSTSWebIDToken, "", nil, expired, exitAccess, "run the job again"},
		{"a tool's credentials", aws.CredentialSourceProcess, "", nil, expired, exitAccess, "credential_process"},

		{"wrong keys in the environment", aws.CredentialSourceEnvVars, "", nil, bad, exitAccess, "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
		{"wrong keys in a profile", aws.CredentialSourceProfile, "", nil, bad, exitAccess, "~/.aws/credentials"},
		{"a region that has to be enabled", aws.CredentialSourceSSO, "eu-south-1", nil, bad, exitAccess, "enable the region eu-south-1 first"},
		{"a region that is off", aws.CredentialSourceSSO, "me-central-1", nil, awsfake.Error{Code: "OptInRequired", Status: 403}, exitAccess, "enable the region me-central-1 first"},

		{"a missing permission", 0, "", nil, denied("because no identity-based policy allows the s3:CreateBucket action"), exitAccess, "need permission for s3:CreateBucket"},
		{"an explicit deny", 0, "", nil, denied("with an explicit deny in an identity-based policy"), exitAccess, "forbids this"},
		{"an organisation's policy", 0, "", nil, denied("because no service control policy allows the s3:CreateBucket action"), exitAccess, "forbids this"},
		{"a permissions boundary", 0, "", nil, denied("because no permissions boundary allows the s3:CreateBucket action"), exitAccess, "permissions boundary"},

		{"too many stacks", 0, "", nil, awsfake.Error{Code: "LimitExceededException", Message: "Stack limit exceeded"}, exitError, "as many stacks in this region"},
		{"too many change sets", 0, "", nil, awsfake.Error{Code: "LimitExceededException", Message: "ChangeSet limit exceeded for stack"}, exitError, "as many change sets of this stack"},
		{"too many buckets", 0, "", nil, awsfake.Error{Code: "TooManyBuckets", Message: "You have attempted to create more buckets than allowed"}, exitError, "as many buckets"},
		{"a bucket still being deleted", 0, "", nil, awsfake.Error{Code: "OperationAborted", Status: 409, Message: "A conflicting conditional operation is currently in progress against this resource. Please try again."}, exitError, "S3 is still busy"},
	} {
		t.Run(c.what, func(t *testing.T) {
			fake := awsfake.New(t)
			awsfake.On(fake, func(*s3.ListBucketsInput) (*s3.ListBucketsOutput, error) { return nil, c.answer })
			cfg := fake.Config()
			_, err := s3.NewFromConfig(cfg).ListBuckets(t.Context(), &s3.ListBucketsInput{})
			if c.region != "" {
				cfg.Region = c.region
			}
			cfg.Credentials = aws.NewCredentialsCache(credentials.StaticCredentialsProvider{Source: []aws.CredentialSource{c.source, aws.CredentialSourceSTSAssumeRole}})
			a := &app{env: Env{Getenv: func(name string) string { return c.env[name] }}, flags: globalFlags{profile: "game"}, cloud: cfg}
			if code, hint := a.explain(t.Context(), err); code != c.code || !strings.Contains(hint, c.hint) {
				t.Errorf("exit code %d, hint %q; want %d, %q", code, hint, c.code, c.hint)
			}
		})
	}
}

// A host without an address is the network's fault, but in a region that nobody knows
// perhaps the region's.
func TestHintsForHostsWithoutAddress(t *testing.T) {
	gone := &net.DNSError{Err: "no such host", Name: "sts.example", IsNotFound: true}
	slow := &net.DNSError{Err: "server misbehaving", Name: "sts.example", IsTemporary: true}
	for _, c := range []struct {
		region string
		err    error
		want   string
	}{
		{"eu-central-9", gone, "eu-central-9 may be no region: did you mean eu-central-1 (Frankfurt), or eu-central-2 (Zurich)?"},
		{"eu-central-9", slow, "no connection"},
		{"eu-central-1", gone, "no connection"},
	} {
		a := &app{cloud: aws.Config{Region: c.region}}
		if code, hint := a.explain(t.Context(), c.err); code != exitError || !strings.HasPrefix(hint, c.want) {
			t.Errorf("%s, %v: exit code %d, hint %q, want %q", c.region, c.err, code, hint, c.want)
		}
	}
}

// Who names a stage that is not there is told which are, and on the local cloud
// nothing of regions and profiles.
func TestHintsForStagesThatAreNotThere(t *testing.T) {
	for _, c := range []struct {
		stage string
		local bool
		want  string
	}{
		{"prdo", false, "did you mean --stage prod? renpyctl deploy --stage prdo creates it; --region and --profile choose where to look"},
		{"prdo", true, "did you mean --stage prod? renpyctl deploy --stage prdo --local creates it"},
		{"moon", true, "there are beta, prod; renpyctl deploy --stage moon --local creates it"},
	} {
		fake := awsfake.New(t)
		awsfake.On(fake, func(*cloudformation.ListStacksInput) (*cloudformation.ListStacksOutput, error) {
			var out cloudformation.ListStacksOutput
			for _, name := range []string{"renpy-cloud-beta", "renpy-cloud-prod"} {
				out.StackSummaries = append(out.StackSummaries, types.StackSummary{StackName: aws.String(name), StackStatus: types.StackStatusCreateComplete})
			}
			return &out, nil
		})
		a := &app{cloud: fake.Config(), flags: globalFlags{stage: c.stage, local: c.local}}
		if code, hint := a.explain(t.Context(), &stage.NoStageError{}); code != exitNotFound || hint != c.want {
			t.Errorf("%s: exit code %d, hint %q, want %q", c.stage, code, hint, c.want)
		}
	}
}

// A version that cannot be deleted is not always a question of permissions.
func TestHintsForVersionsThatStay(t *testing.T) {
	for message, want := range map[string]string{
		"Access Denied": "s3:DeleteObjectVersion",
		"Access Denied because object protected by object lock.": "Object lock",
		"Mfa Authentication must be used for this request":       "MFA delete",
	} {
		a := &app{}
		code, hint := a.explain(t.Context(), &bucket.KeyError{Code: "AccessDenied", Message: message})
		if code != exitAccess || !strings.Contains(hint, want) {
			t.Errorf("%s: exit code %d, hint %q", message, code, hint)
		}
	}
}

// A question that is not answered with yes says what was changed: nothing, but
// for what a deploy clears away before it asks.
func TestHintsForQuestions(t *testing.T) {
	for err, want := range map[error]int{ui.ErrDeclined: exitError, ui.ErrLeft: exitInterrupted} {
		a := &app{streams: &ui.Streams{Err: io.Discard}}
		if code, hint := a.explain(t.Context(), err); code != want || hint != "nothing was changed" {
			t.Errorf("%v: exit code %d, hint %q", err, code, hint)
		}
		(&screen{session: &session{app: a}}).Cleared()
		if _, hint := a.explain(t.Context(), err); !strings.Contains(hint, "cleared away") {
			t.Errorf("%v: hint %q", err, hint)
		}
	}
}

// Not well, could not find out, and not allowed are told apart by their exit codes.
func TestVerdicts(t *testing.T) {
	for v, want := range map[verdict]int{notWell: 8, notSure: 9, notAllowed: 4} {
		a := &app{streams: &ui.Streams{Err: io.Discard}, env: Env{Getenv: func(string) string { return "" }}}
		if code := a.finish(t.Context(), &verdictError{verdict: v, text: "what was found", hint: "what to type"}); code != want {
			t.Errorf("verdict %d: exit code %d, want %d", v, code, want)
		}
	}
}

package cloud_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// answer is the error that a client returns for a service's answer, wrapped as
// the domain packages wrap it.
func answer(t *testing.T, err error) error {
	t.Helper()
	fake := awsfake.New(t)
	awsfake.On(fake, func(*s3.HeadBucketInput) (*s3.HeadBucketOutput, error) { return nil, err })
	_, err = s3.NewFromConfig(fake.Config()).HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("b")})
	return fmt.Errorf("look for bucket b: %w", err)
}

func TestKindOfAnswers(t *testing.T) {
	for _, c := range []struct {
		answer awsfake.Error
		want   cloud.Kind
	}{
		{awsfake.Error{Code: "ValidationError", Message: "Stack with id renpy-cloud-dev does not exist"}, cloud.NotFound},
		{awsfake.Error{Code: "ValidationError", Message: "Parameters: [Stage] must have values"}, cloud.Other},
		{awsfake.Error{Code: "ResourceNotFoundException", Message: "User pool eu-west-1_x does not exist."}, cloud.NotFound},
		{awsfake.Error{Code: "NoSuchBucket", Status: 404}, cloud.NotFound},
		{awsfake.Error{Code: "NoSuchKey", Status: 404}, cloud.NotFound},
		// HEAD is answered without a body, and so without a code of S3's own.
		{awsfake.Error{Code: "NotFound", Message: "Not Found", Status: 404}, cloud.NotFound},
		{awsfake.Error{Code: "Forbidden", Message: "Forbidden", Status: 403}, cloud.Denied},
		{awsfake.Error{Code: "MovedPermanently", Message: "Moved Permanently", Status: 301}, cloud.Other},
		{awsfake.Error{Code: "Unknown", Status: 429}, cloud.Throttled},

		{awsfake.Error{Code: "AccessDenied", Message: "Access Denied", Status: 403}, cloud.Denied},
		{awsfake.Error{Code: "AccessDeniedException", Message: "User: x is not authorized to perform: dynamodb:DescribeTable"}, cloud.Denied},
		{awsfake.Error{Code: "ExpiredToken", Message: "The security token included in the request is expired", Status: 403}, cloud.Expired},
		{awsfake.Error{Code: "ExpiredTokenException", Message: "The security token included in the request is expired"}, cloud.Expired},
		{awsfake.Error{Code: "InvalidClientTokenId", Message: "The security token included in the request is invalid.", Status: 403}, cloud.BadCredentials},
		{awsfake.Error{Code: "SignatureDoesNotMatch", Message: "The request signature we calculated does not match", Status: 403}, cloud.BadCredentials},
		// Both wordings of a wrong clock: aws/aws-cli#6676, aws/aws-sdk-js#1938.
		{awsfake.Error{Code: "SignatureDoesNotMatch", Message: "Signature expired: 20220127T001427Z is now earlier than 20220127T014428Z (20220127T015928Z - 15 min.)", Status: 403}, cloud.ClockSkew},
		{awsfake.Error{Code: "InvalidSignatureException", Message: "Signature not yet current: 20220127T031427Z is still later than 20220127T021428Z (20220127T015928Z + 15 min.)"}, cloud.ClockSkew},
		{awsfake.Error{Code: "RequestTimeTooSkewed", Status: 403}, cloud.ClockSkew},

		{awsfake.Error{Code: "Throttling", Message: "Rate exceeded"}, cloud.Throttled},
		{awsfake.Error{Code: "TooManyRequestsException", Status: 429}, cloud.Throttled},
		{awsfake.Error{Code: "SlowDown", Status: 503}, cloud.Throttled},
		{awsfake.Error{Code: "BucketAlreadyOwnedByYou", Status: 409}, cloud.Conflict},
		{awsfake.Error{Code: "ResourceInUseException"}, cloud.Conflict},
		{awsfake.Error{Code: "OptInRequired", Message: "The AWS Access Key Id needs a subscription for the service", Status: 403}, cloud.RegionOff},
		{awsfake.Error{Code: "TooManyBuckets", Message: "You have attempted to create more buckets than allowed"}, cloud.Quota},
		{awsfake.Error{Code: "InternalFailure", Status: 500}, cloud.Other},
	} {
		err := answer(t, c.answer)
		if got := cloud.KindOf(err); got != c.want {
			t.Errorf("%v: kind %d, want %d", c.answer, got, c.want)
		}
		if got := cloud.IsNotFound(err); got != (c.want == cloud.NotFound) {
			t.Errorf("%v: IsNotFound %v", c.answer, got)
		}
	}
}

// What never reaches a service, made by the SDK itself from what a machine may hold.
func TestKindOfWhatNeverReachesAWS(t *testing.T) {
	const sso = `[profile old]
region = eu-west-1
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = Admin
[profile new]
region = eu-west-1
sso_session = company
sso_account_id = 123456789012
sso_role_name = Admin
[sso-session company]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
`
	const others = `[profile tool]
region = eu-west-1
credential_process = sh -c 'echo {\"SecretAccessKey\":\"secret\"; exit %d'
[profile mfa]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/Admin
source_profile = keys
mfa_serial = arn:aws:iam::123456789012:mfa/ann
[profile role]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/Admin
source_profile = login
[profile keys]
aws_access_key_id = AKIATEST
aws_secret_access_key = x
[profile login]
region = eu-west-1
login_session = arn:aws:iam::123456789012:user/ann
`
	expired := fmt.Sprintf(`{"accessToken":"x","expiresAt":%q,"region":"eu-west-1","startUrl":"https://example.awsapps.com/start"}`,
		time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	tokens := map[string]string{ // named by the SHA-1 of the start URL, or of the session's name
		"e8be5486177c5b5392bd9aa76563515b29358e6e.json": expired,
		"71b21161ffa1e6516bcc072aaf5ef38cbe85b511.json": expired,
	}
	for _, c := range []struct {
		what   string
		env    map[string]string
		config string
		tokens map[string]string
		want   cloud.Kind
		text   string // what a person reads
	}{
		{"no region", nil, "", nil, cloud.NoRegion, "no AWS region is set"},
		{"an unknown profile", map[string]string{"AWS_PROFILE": "nobody"}, "", nil, cloud.UnknownProfile, `this computer's AWS configuration has no profile "nobody"`},
		{"no file of authorities", map[string]string{"AWS_REGION": "eu-west-1", "AWS_CA_BUNDLE": "/nowhere/ca.pem"}, "", nil, cloud.Other,
			"read this computer's AWS configuration: open /nowhere/ca.pem: no such file or directory"},
		{"nobody signed in", map[string]string{"AWS_REGION": "eu-west-1"}, "", nil, cloud.NoCredentials, "no AWS credentials were found"},
		{"SSO, old form, run out", map[string]string{"AWS_PROFILE": "old"}, sso, tokens, cloud.Expired, "the AWS session has run out"},
		{"SSO, old form, never signed in", map[string]string{"AWS_PROFILE": "old"}, sso, nil, cloud.Expired, "the AWS session has run out"},
		{"SSO session run out", map[string]string{"AWS_PROFILE": "new"}, sso, tokens, cloud.Expired, "the AWS session has run out"},
		{"SSO session never begun", map[string]string{"AWS_PROFILE": "new"}, sso, nil, cloud.Expired, "the AWS session has run out"},
		{"aws login, never signed in", map[string]string{"AWS_PROFILE": "login"}, others, nil, cloud.Expired, "the AWS session has run out"},
		{"a role that demands MFA", map[string]string{"AWS_PROFILE": "mfa"}, others, nil, cloud.NeedsMFA, "the profile's role demands an MFA code"},
		{"a role whose source is a login, which the SDK cannot take", map[string]string{"AWS_PROFILE": "role"}, others, nil, cloud.NoWayIn,
			`profile "login" has no credentials to assume the role arn:aws:iam::123456789012:role/Admin with`},
		{"a tool for credentials that fails", map[string]string{"AWS_PROFILE": "tool"}, fmt.Sprintf(others, 3), nil,
			cloud.NoWayIn, "the profile's credential_process failed: exit status 3"},
		{"a tool that prints something else", map[string]string{"AWS_PROFILE": "tool"}, fmt.Sprintf(others, 0), nil,
			cloud.NoWayIn, "the profile's credential_process failed: what it prints is not the JSON that the AWS tools read"},
		{"no token of the job", map[string]string{
			"AWS_REGION": "eu-west-1", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/ci", "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token",
		}, "", nil, cloud.NoWayIn, "STS GetCallerIdentity: unable to read file at /nowhere/token: open /nowhere/token: no such file or directory"},
		{"nobody listens", map[string]string{
			"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "x",
			"AWS_ENDPOINT_URL": "http://127.0.0.1:1/?token=secret",
		}, "", nil, cloud.Unreachable, "cannot reach 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused"},
	} {
		t.Run(c.what, func(t *testing.T) {
			home(t, c.env, c.config, c.tokens)
			cfg, err := cloud.Load(t.Context(), cloud.Options{})
			if err == nil {
				cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} } // its pauses are real
				_, err = sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			}
			if got := cloud.KindOf(err); got != c.want {
				t.Errorf("kind %d, want %d: %v", got, c.want, err)
			}
			if got := cloud.Text(err); got != c.text {
				t.Errorf("text %q, want %q", got, c.text)
			}
		})
	}
}

// home gives the test a home of its own without anything of the machine's.
func home(t *testing.T, env map[string]string, config string, tokens map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_CA_BUNDLE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		t.Setenv(name, env[name])
		if env[name] == "" {
			os.Unsetenv(name)
		}
	}
	t.Setenv("HOME", dir)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	files := map[string]string{filepath.Join(".aws", "config"): config}
	for name, token := range tokens {
		files[filepath.Join(".aws", "sso", "cache", name)] = token
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, ".aws", "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, ".aws", "credentials"))
}

func TestKindOfTheRest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, interrupted := s3.NewFromConfig(awsfake.New(t).Config()).ListBuckets(ctx, &s3.ListBucketsInput{})
	_, noFile := os.Open(filepath.Join(t.TempDir(), "nothing"))
	send := func(err error) error { return &url.Error{Op: "Post", URL: "https://sts.amazonaws.com/", Err: err} }
	for what, c := range map[string]struct {
		err  error
		want cloud.Kind
	}{
		"a file that is missing":         {noFile, cloud.Other},
		"a full disk":                    {&fs.PathError{Op: "write", Path: "plan", Err: syscall.ENOSPC}, cloud.Other},
		"a certificate of the company's": {send(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), cloud.Untrusted},
		"a certificate of another year":  {send(&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}), cloud.ClockSkew},
		"a reset connection":             {send(&net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}), cloud.Unreachable},
		"no error":                       {nil, cloud.Other},
		"an error of ours":               {errors.New("the stack does not exist"), cloud.Other},
		"a lost connection":              {answer(t, awsfake.ErrLost), cloud.Unreachable},
		"STS out of reach for a role":    {fmt.Errorf("get credentials: failed to refresh cached credentials, %w", send(&net.DNSError{Err: "no such host"})), cloud.Unreachable},
		"our own time limit":             {fmt.Errorf("x: %w", context.DeadlineExceeded), cloud.Unreachable},
		"Ctrl-C before a call":           {interrupted, cloud.Interrupted},
		"joined with something":          {errors.Join(errors.New("a"), answer(t, awsfake.Error{Code: "AccessDenied"})), cloud.Denied},
	} {
		if got := cloud.KindOf(c.err); got != c.want {
			t.Errorf("%s: kind %d, want %d: %v", what, got, c.want, c.err)
		}
	}
}

func TestTextSaysWhatAWSSaid(t *testing.T) {
	for want, err := range map[string]error{
		"plain words": errors.New("plain words"),
		"look for bucket b: Access Denied (AccessDenied)":                                                     answer(t, awsfake.Error{Code: "AccessDenied", Message: "Access Denied."}),
		"look for bucket b: S3 answered Forbidden":                                                            answer(t, awsfake.Error{Code: "Forbidden", Status: 403}),
		"look for bucket b: Rate exceeded (Throttling)":                                                       answer(t, awsfake.Error{Code: "Throttling", Message: " Rate exceeded\n"}),
		"look for bucket b: cannot reach service.eu-west-1.amazonaws.com: read tcp: connection reset by peer": answer(t, awsfake.ErrLost),
		"look for bucket b: S3 HeadBucket: odd":                                                               answer(t, errors.New("odd")),
	} {
		if got := cloud.Text(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	denied := answer(t, awsfake.Error{Code: "AccessDenied", Message: "no", RequestID: "R1"})
	if got := cloud.RequestID(denied); got != "R1" {
		t.Errorf("request id %q, want R1", got)
	}
	if got := cloud.Message(denied); got != "no" {
		t.Errorf("message %q, want no", got)
	}
}

func TestDeniedAction(t *testing.T) {
	for message, want := range map[string]string{
		"User: arn:aws:iam::123456789012:user/ann is not authorized to perform: cloudformation:DescribeStacks on resource: arn:aws:cloudformation:eu-west-1:123456789012:stack/x/* because no identity-based policy allows the cloudformation:DescribeStacks action": "cloudformation:DescribeStacks",
		`Resource handler returned message: "User: arn:aws:sts::123456789012:assumed-role/ci/1 is not authorized to perform: cognito-idp:CreateUserPool on resource: *"`:                                                                                             "cognito-idp:CreateUserPool",
		"User: x is not authorized to perform s3:GetObject": "s3:GetObject",
		// CloudFormation's own short form: buildkite/elastic-ci-stack-for-aws#1116.
		"API: s3:PutPublicAccessBlock Access Denied":                               "s3:PutPublicAccessBlock",
		"API: iam:CreateRole User: x is not authorized to perform: iam:CreateRole": "iam:CreateRole",
		"API: s3:CreateBucket The bucket already exists":                           "",
		"Access Denied": "",
		"":              "",
	} {
		if got := cloud.DeniedAction(message); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}

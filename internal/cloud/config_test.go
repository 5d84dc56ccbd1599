package cloud_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// One call, with all its retries, has two minutes; an answer that is read after
// the call has returned is not cut off.
func TestCallsHaveADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := awsfake.New(t)
		fake.SetLatency(10 * time.Minute)
		awsfake.On(fake, func(*s3.HeadBucketInput) (*s3.HeadBucketOutput, error) { return &s3.HeadBucketOutput{}, nil })
		awsfake.On(fake, func(*s3.GetObjectInput) (*s3.GetObjectOutput, error) { return &s3.GetObjectOutput{}, nil })
		cfg := cloud.Local("http://127.0.0.1:4566", cloud.Options{})
		cfg.APIOptions = append(cfg.APIOptions, fake.AddTo)
		client := cloud.S3(cfg)

		start := time.Now()
		_, err := client.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("b")})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 2*time.Minute {
			t.Errorf("HeadBucket took %s and gave %v, want the deadline after two minutes", time.Since(start), err)
		}
		if _, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")}); err != nil {
			t.Errorf("GetObject: %v", err)
		}
	})
}

func TestTraceTellsOfEachCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := awsfake.New(t)
		fake.SetLatency(40 * time.Millisecond)
		awsfake.On(fake, func(in *cloudformation.DescribeStacksInput) (*cloudformation.DescribeStacksOutput, error) {
			return nil, awsfake.Error{Code: "AccessDenied", Message: "no"}
		})
		var calls []cloud.Call
		cfg := cloud.Local("http://127.0.0.1:4566", cloud.Options{Trace: func(c cloud.Call) { calls = append(calls, c) }})
		cfg.APIOptions = append(cfg.APIOptions, fake.AddTo)
		_, _ = cloudformation.NewFromConfig(cfg).DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
		if len(calls) != 1 {
			t.Fatalf("%d calls, want 1", len(calls))
		}
		if c := calls[0]; c.Service != "CloudFormation" || c.Operation != "DescribeStacks" || c.Took != 40*time.Millisecond || cloud.KindOf(c.Err) != cloud.Denied {
			t.Errorf("told %+v", c)
		}
	})
}

// --local never reaches an account, whatever the environment says.
func TestLocalIgnoresTheEnvironment(t *testing.T) {
	home(t, map[string]string{
		"AWS_PROFILE": "prod", "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "https://elsewhere.example",
		"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "real",
	}, "[profile prod]\nregion = eu-central-1\n", nil)
	cfg := cloud.Local("http://127.0.0.1:4566", cloud.Options{})
	var sent *http.Request
	cfg.HTTPClient = client(func(r *http.Request) string {
		sent = r
		return "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>000000000000</Account>" +
			"<Arn>arn:aws:iam::000000000000:root</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"
	})
	id, err := cloud.WhoAmI(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if id.Account != "000000000000" || id.Name() != "root" {
		t.Errorf("identity %+v, named %q", id, id.Name())
	}
	if sent.URL.Host != "127.0.0.1:4566" {
		t.Errorf("sent to %s", sent.URL)
	}
	if auth := sent.Header.Get("Authorization"); !strings.Contains(auth, "Credential=test/") || !strings.Contains(auth, "/us-east-1/") {
		t.Errorf("signed as %s", auth)
	}
}

// What answers everything with an empty success is not AWS.
func TestAnIdentityWithoutAnAccount(t *testing.T) {
	for _, answer := range []string{"{}", "<x/>", "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>you</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"} {
		cfg := cloud.Local("http://127.0.0.1:4566", cloud.Options{})
		cfg.HTTPClient = client(func(*http.Request) string { return answer })
		if id, err := cloud.WhoAmI(t.Context(), cfg); err == nil {
			t.Errorf("%s: %+v", answer, id)
		}
	}
}

func TestBucketsAreInThePathBehindAnEndpoint(t *testing.T) {
	for _, c := range []struct{ variable, endpoint, want string }{
		{"AWS_ENDPOINT_URL", "http://localhost:4566", "http://localhost:4566/saves"}, // saves.localhost need not resolve
		{"AWS_ENDPOINT_URL_S3", "http://localhost:9000", "http://localhost:9000/saves"},
		{"AWS_ENDPOINT_URL", "", "https://saves.s3.eu-west-1.amazonaws.com/"},
	} {
		home(t, map[string]string{
			"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "x", c.variable: c.endpoint,
		}, "", nil)
		cfg, err := cloud.Load(t.Context(), cloud.Options{AppID: "renpyctl-1.2.3"})
		if err != nil {
			t.Fatal(err)
		}
		var sent *http.Request
		cfg.HTTPClient = client(func(r *http.Request) string { sent = r; return "" })
		if _, err := cloud.S3(cfg).HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("saves")}); err != nil {
			t.Fatal(err)
		}
		if got := sent.URL.String(); got != c.want {
			t.Errorf("endpoint %q: sent to %s, want %s", c.endpoint, got, c.want)
		}
		if agent := sent.UserAgent(); !strings.Contains(agent, "app/renpyctl-1.2.3") {
			t.Errorf("the user agent does not name the program: %s", agent)
		}
	}
}

// Whatever does not go to AWS is said, without what may be secret of its address.
func TestElsewhere(t *testing.T) {
	for _, c := range []struct {
		what   string
		env    map[string]string
		config string
		want   []string
	}{
		{"AWS", nil, "", nil},
		{"all of it", map[string]string{"AWS_ENDPOINT_URL": "http://user:secret@localhost:4566/path?token=secret"}, "", []string{"http://localhost:4566"}},
		{"one service", map[string]string{"AWS_ENDPOINT_URL_S3": "http://localhost:9000", "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": "http://localhost:9229"}, "",
			[]string{"S3 http://localhost:9000", "Cognito Identity Provider http://localhost:9229"}},
		{"by a profile", nil, "[default]\nendpoint_url = http://localhost:4566\nservices = mine\n[services mine]\ns3 =\n  endpoint_url = http://localhost:9000\n",
			[]string{"http://localhost:4566", "S3 http://localhost:9000"}},
		{"ignored", map[string]string{"AWS_ENDPOINT_URL": "http://localhost:4566", "AWS_ENDPOINT_URL_S3": "http://localhost:9000", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "", nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			home(t, c.env, c.config, nil)
			cfg, err := cloud.Load(t.Context(), cloud.Options{Region: "eu-west-1"})
			if got := cloud.Elsewhere(cfg); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// An endpoint alone does not tell that AWS is not behind it.
func TestStandIn(t *testing.T) {
	const endpoint = "http://127.0.0.1:4566"
	for _, c := range []struct{ endpoint, account, want string }{
		{endpoint, "000000000000", endpoint}, {endpoint, "123456789012", ""}, {"", "000000000000", ""},
	} {
		home(t, map[string]string{"AWS_ENDPOINT_URL": c.endpoint}, "", nil)
		cfg, err := cloud.Load(t.Context(), cloud.Options{Region: "eu-west-1"})
		if got := cloud.StandIn(cfg, cloud.Identity{Account: c.account}); err != nil || got != c.want {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

// A flag wins over the environment, and the number of attempts does not depend on the SDK's version.
func TestLoadTakesFlagsFirst(t *testing.T) {
	home(t, map[string]string{"AWS_REGION": "us-east-1", "AWS_PROFILE": "one", "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "x"},
		"[profile one]\nregion = eu-west-1\n[profile two]\nregion = eu-west-2\naws_access_key_id = AKIATWO\naws_secret_access_key = x\n", nil)
	cfg, err := cloud.Load(t.Context(), cloud.Options{Profile: "two", Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	creds, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Region != "eu-central-1" || creds.AccessKeyID != "AKIATWO" || cfg.RetryMaxAttempts != 5 || cfg.RetryMode != aws.RetryModeStandard {
		t.Errorf("region %s, key %s, %d attempts, mode %s", cfg.Region, creds.AccessKeyID, cfg.RetryMaxAttempts, cfg.RetryMode)
	}
}

func TestPartition(t *testing.T) {
	for region, want := range map[string]string{
		"":           "aws amazonaws.com",
		"eu-west-1":  "aws amazonaws.com",
		"xx-south-9": "aws amazonaws.com", "cn-north-1": "aws-cn amazonaws.com.cn", "us-gov-west-1": "aws-us-gov amazonaws.com",
		"eusc-de-east-1": "aws-eusc amazonaws.eu", "us-iso-east-1": "aws-iso c2s.ic.gov", "us-isob-east-1": "aws-iso-b sc2s.sgov.gov",
	} {
		if got := cloud.Partition(region) + " " + cloud.URLSuffix(region); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}

// client answers every HTTP request with 200 and a body.
type client func(*http.Request) string

func (c client) Do(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/xml"}},
		Body: io.NopCloser(strings.NewReader(c(r))), Request: r,
	}, nil
}

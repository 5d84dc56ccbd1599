// Package cloud is the way to AWS: one configuration for every client, and the
// SDK's errors told apart in one place.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
)

// Options choose the account and region that a command talks to. Empty fields
// leave the choice to the SDK's own chain: environment, profiles, SSO, roles.
type Options struct {
	Region  string
	Profile string
	AppID   string // sent in the user agent: "renpyctl-1.2.3"

	// LocalSecret is the secret access key that [Local]'s emulator takes; "test" if empty.
	LocalSecret string

	// Trace, if set, is told of every call when it has ended. It never sees
	// headers or bodies: they carry credentials.
	Trace func(Call)
}

// Call is one call to AWS with all its retries.
type Call struct {
	Service, Operation string
	Took               time.Duration
	Err                error
}

const (
	// maxAttempts is how often one call is tried in all; the SDK backs off between.
	maxAttempts = 5
	// answerTimeout bounds the wait for an answer's first byte.
	answerTimeout = time.Minute
	// sendBuffer is how much of a request the system takes before it is sent, in
	// bytes. By default that can be megabytes, which take a slow line longer than
	// an answer may: what is taken counts as sent.
	sendBuffer = 256 << 10
)

// ErrNoRegion says that neither a flag, the environment nor the profile names a region.
var ErrNoRegion = errors.New("no AWS region is set")

// Load returns the configuration for AWS, or for whatever AWS_ENDPOINT_URL
// points at. It resolves no credentials yet: the first call does. Errors:
// [ErrNoRegion], config.SharedConfigProfileNotExistError.
func Load(ctx context.Context, o Options) (aws.Config, error) {
	opts := []func(*config.LoadOptions) error{
		// Since 2026-11 the SDK's defaults differ by version: say mode and attempts.
		config.WithRetryMode(aws.RetryModeStandard),
		config.WithRetryMaxAttempts(maxAttempts),
		config.WithAppID(o.AppID),
		config.WithHTTPClient(httpClient()),
		config.WithAPIOptions(apiOptions(o)),
		// The SDK's own log goes to standard error unasked; errors say what matters.
		config.WithLogger(logging.Nop{}),
	}
	if o.Region != "" {
		opts = append(opts, config.WithRegion(o.Region))
	}
	if o.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(o.Profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("read this computer's AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return aws.Config{}, ErrNoRegion
	}
	return cfg, nil
}

// LocalRegion is the region of the local cloud when none is asked for.
const LocalRegion = "us-east-1"

// Local returns the configuration for an emulator at endpoint. It reads neither
// environment nor profiles, so that `--local` can never reach an AWS account.
func Local(endpoint string, o Options) aws.Config {
	region := o.Region
	if region == "" {
		region = LocalRegion
	}
	secret := o.LocalSecret
	if secret == "" {
		secret = "test" // what emulators take
	}
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("test", secret, ""),
		HTTPClient:   httpClient(),
		AppID:        o.AppID,
		APIOptions:   apiOptions(o),
		Logger:       logging.Nop{},
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = maxAttempts })
		},
	}
}

// S3 returns an S3 client. Behind an endpoint that is set (an emulator) buckets
// are part of the path, since bucket.localhost need not resolve. OperationAborted
// says that S3 is busy with another operation on the bucket, and to try again.
// Keys may be of any bytes.
func S3(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil
		o.Retryer = retry.AddWithErrorCodes(o.Retryer, "OperationAborted")
		o.APIOptions = append(o.APIOptions, addPlainKeys)
	})
}

// NewBucket is an option for calls to a bucket that may have been created a
// moment ago: not every part of S3 knows it then, so that it is asked again.
func NewBucket(o *s3.Options) { o.Retryer = retry.AddWithErrorCodes(o.Retryer, "NoSuchBucket") }

// Identity is who the credentials belong to.
type Identity struct {
	Account string `json:"account"` // 12 digits
	ARN     string `json:"arn"`
}

// Name is the ARN without what every ARN of the account begins with:
// "user/alice", "assumed-role/Admin/session".
func (id Identity) Name() string {
	parts := strings.SplitN(id.ARN, ":", 6)
	return parts[len(parts)-1]
}

// WhoAmI asks STS whose credentials these are. It needs no permission.
func WhoAmI(ctx context.Context, cfg aws.Config) (Identity, error) {
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, err
	}
	id := Identity{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn)}
	if !accountID.MatchString(id.Account) {
		return Identity{}, &foreignAnswerError{host: "STS", status: "an identity without an account"}
	}
	return id, nil
}

// accountID is what an account's id looks like (IAM user guide, AWS account identifiers).
var accountID = regexp.MustCompile(`^\d{12}$`)

func httpClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithReadTimeout(0). // or nothing may be sent for longer than that, since nothing is answered meanwhile
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = 10 * time.Second }).
		WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = answerTimeout
			t.MaxIdleConnsPerHost = 64 // emptying a bucket keeps many requests in flight
			t.DialContext = limitSendBuffer(t.DialContext)
		})
}

func limitSendBuffer(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetWriteBuffer(sendBuffer) // without it all but slow uploads work
		}
		return conn, err
	}
}

func apiOptions(o Options) []func(*middleware.Stack) error {
	options := []func(*middleware.Stack) error{addDeadline, addPlainBody, addForeignAnswers}
	if o.Trace != nil {
		options = append(options, addTrace(o.Trace))
	}
	return options
}

func addTrace(trace func(Call)) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("renpyctlTrace",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
				middleware.InitializeOutput, middleware.Metadata, error) {
				start := time.Now()
				out, metadata, err := next.HandleInitialize(ctx, in)
				trace(Call{
					Service: middleware.GetServiceID(ctx), Operation: middleware.GetOperationName(ctx),
					Took: time.Since(start), Err: err,
				})
				return out, metadata, err
			}), middleware.After)
	}
}

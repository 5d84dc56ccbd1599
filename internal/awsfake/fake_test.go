package awsfake_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

// A fake's clients are the SDK's own: they page, check their input and wrap errors.
func TestFakeAnswersAndRecords(t *testing.T) {
	fake := awsfake.New(t)
	awsfake.On(fake, func(in *cloudformation.DescribeStackEventsInput) (*cloudformation.DescribeStackEventsOutput, error) {
		if in.NextToken == nil {
			return &cloudformation.DescribeStackEventsOutput{NextToken: aws.String("2")}, nil
		}
		return &cloudformation.DescribeStackEventsOutput{}, nil
	})
	client := cloudformation.NewFromConfig(fake.Config())
	pages := cloudformation.NewDescribeStackEventsPaginator(client, &cloudformation.DescribeStackEventsInput{StackName: aws.String("s")})
	for pages.HasMorePages() {
		if _, err := pages.NextPage(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := fake.Operations(), []string{"DescribeStackEvents", "DescribeStackEvents"}; !slices.Equal(got, want) {
		t.Errorf("operations %q, want %q", got, want)
	}
	if in := awsfake.Inputs[cloudformation.DescribeStackEventsInput](fake); len(in) != 2 || aws.ToString(in[1].NextToken) != "2" {
		t.Errorf("the second input was not recorded with its token: %+v", in)
	}
	_, err := client.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{})
	if invalid, ok := errors.AsType[smithy.InvalidParamsError](err); !ok || invalid.Len() != 1 {
		t.Errorf("an input without its required field gave %v, want the SDK's own refusal", err)
	}
}

// failing is a test whose failures are looked at.
type failing struct {
	testing.TB
	failures int
}

func (f *failing) Errorf(string, ...any) { f.failures++ }

func TestCallWithoutAnswerFailsTheTest(t *testing.T) {
	inner := &failing{TB: t}
	client := s3.NewFromConfig(awsfake.New(inner).Config())
	if _, err := client.ListBuckets(t.Context(), &s3.ListBucketsInput{}); err == nil {
		t.Error("the call had an answer")
	}
	if inner.failures != 1 {
		t.Errorf("the test failed %d times, want once", inner.failures)
	}
}

func TestErrorsHaveTheSDKsShape(t *testing.T) {
	fail := func(answer error) error {
		fake := awsfake.New(t)
		awsfake.On(fake, func(*s3.HeadBucketInput) (*s3.HeadBucketOutput, error) { return nil, answer })
		_, err := s3.NewFromConfig(fake.Config()).HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("b")})
		return err
	}
	denied := fail(awsfake.Error{Code: "AccessDenied", Message: "no", Status: 403, RequestID: "R1"})
	if op, ok := errors.AsType[*smithy.OperationError](denied); !ok || op.Service() != "S3" || op.Operation() != "HeadBucket" {
		t.Errorf("%v names no operation", denied)
	}
	if api, ok := errors.AsType[smithy.APIError](denied); !ok || api.ErrorCode() != "AccessDenied" || api.ErrorMessage() != "no" {
		t.Errorf("%v has no code", denied)
	}
	if response, ok := errors.AsType[*awshttp.ResponseError](denied); !ok || response.HTTPStatusCode() != 403 || response.ServiceRequestID() != "R1" {
		t.Errorf("%v has no status and request id", denied)
	}
	if _, ok := errors.AsType[*retry.MaxAttemptsError](denied); ok {
		t.Errorf("%v was retried", denied)
	}
	for _, answer := range []error{awsfake.Error{Code: "SlowDown", Status: 503}, awsfake.ErrLost} {
		if _, ok := errors.AsType[*retry.MaxAttemptsError](fail(answer)); !ok {
			t.Errorf("%v was not retried", answer)
		}
	}
	if _, ok := errors.AsType[net.Error](fail(awsfake.ErrLost)); !ok {
		t.Error("a lost connection is no network error")
	}
}

func TestLatencyEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := awsfake.New(t)
		fake.SetLatency(time.Minute)
		awsfake.On(fake, func(*s3.ListBucketsInput) (*s3.ListBucketsOutput, error) { return &s3.ListBucketsOutput{}, nil })
		client := s3.NewFromConfig(fake.Config())

		start := time.Now()
		if _, err := client.ListBuckets(t.Context(), &s3.ListBucketsInput{}); err != nil || time.Since(start) != time.Minute {
			t.Errorf("took %s, %v; want a minute", time.Since(start), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		_, err := client.ListBuckets(ctx, &s3.ListBucketsInput{})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("took %s, %v; want a second and the deadline", time.Since(start), err)
		}
	})
}

// A call whose attempts are answered one by one is tried again by the SDK
// itself; the same input tells its attempts from other calls.
func TestAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := awsfake.New(t)
		awsfake.On(fake, func(in *s3.PutObjectInput) (*s3.PutObjectOutput, error) {
			return &s3.PutObjectOutput{ETag: in.Key}, nil
		})
		attempts := map[any]int{}
		fake.Wrap(func(c awsfake.Call, answer func() (any, error)) (any, error) {
			if attempts[c.Input]++; attempts[c.Input] < 3 {
				return nil, awsfake.Error{Code: "SlowDown", Message: "Please reduce your request rate.", Status: 503}
			}
			return answer()
		})
		cfg := aws.Config{
			Region: awsfake.Region, Credentials: aws.AnonymousCredentials{},
			APIOptions: []func(*middleware.Stack) error{fake.AddToAttempts},
		}
		start := time.Now()
		for range 2 {
			out, err := s3.NewFromConfig(cfg).PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: aws.String("b"), Key: aws.String("k"), Body: strings.NewReader("text"),
			})
			if err != nil || aws.ToString(out.ETag) != "k" {
				t.Fatalf("out %+v, error %v", out, err)
			}
		}
		if len(attempts) != 2 || len(fake.Calls()) != 6 {
			t.Errorf("%d calls in %d attempts, want 2 in 6", len(attempts), len(fake.Calls()))
		}
		if time.Since(start) == 0 {
			t.Error("no pause between the attempts")
		}
	})
}

package cloud_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Whatever still reads a request's body when smithy has closed it finds its
// end, as net/http needs it, and every try sends the whole of it.
func TestBodiesHaveNoWriteTo(t *testing.T) {
	put := func(text string, from int64) func(context.Context, aws.Config) error {
		return func(ctx context.Context, cfg aws.Config) error {
			body := strings.NewReader(text)
			_, _ = body.Seek(from, io.SeekStart)
			_, err := cloud.S3(cfg).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: body})
			return err
		}
	}
	calls := map[string]struct {
		call func(context.Context, aws.Config) error
		want string // in the body
	}{
		"S3":                    {put("eleven byte", 0), "eleven byte"},
		"S3 from the middle on": {put("...eleven byte", 3), "eleven byte"},
		"CloudFormation": {func(ctx context.Context, cfg aws.Config) error {
			_, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("renpy-cloud-dev")})
			return err
		}, "StackName=renpy-cloud-dev"},
		"Lambda": {func(ctx context.Context, cfg aws.Config) error {
			_, err := lambda.NewFromConfig(cfg).UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("f"), S3Key: aws.String("code/syncPlan")})
			return err
		}, `"S3Key":"code/syncPlan"`},
	}
	for name, c := range calls {
		for _, endpoint := range []string{"http://127.0.0.1:4566", "https://s3.example"} { // S3 signs the two in other ways
			t.Run(name+" by "+endpoint[:5], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tries := &secondTry{}
					cfg := cloud.Local(endpoint, cloud.Options{})
					cfg.HTTPClient = tries
					if err := c.call(t.Context(), cfg); err != nil {
						t.Fatal(err)
					}
					if len(tries.sent) != 2 {
						t.Fatalf("%d tries, want 2", len(tries.sent))
					}
					for i, body := range tries.sent {
						if !strings.Contains(body, c.want) || body != tries.sent[0] || tries.announced[i] != int64(len(body)) {
							t.Errorf("try %d sent %q, announced as %d bytes", i+1, body, tries.announced[i])
						}
						if _, ok := tries.bodies[i].(io.WriterTo); ok {
							t.Errorf("try %d: the body has a WriteTo", i+1)
						}
						if _, err := io.Copy(io.Discard, tries.bodies[i]); err != nil {
							t.Errorf("try %d: behind the end of the closed body net/http finds %v", i+1, err)
						}
					}
				})
			})
		}
	}
}

// secondTry answers 503 and then 200, and remembers what was sent.
type secondTry struct {
	bodies    []io.ReadCloser
	sent      []string
	announced []int64
}

func (s *secondTry) Do(r *http.Request) (*http.Response, error) {
	var sent bytes.Buffer
	if _, err := io.Copy(&sent, io.LimitReader(r.Body, r.ContentLength)); err != nil {
		return nil, err
	}
	s.bodies, s.sent, s.announced = append(s.bodies, r.Body), append(s.sent, sent.String()), append(s.announced, r.ContentLength)
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}
	if len(s.sent) == 1 {
		answer.StatusCode = http.StatusServiceUnavailable
	}
	switch {
	case strings.Contains(sent.String(), "Action=DescribeStacks"):
		answer.Body = io.NopCloser(strings.NewReader("<DescribeStacksResponse><DescribeStacksResult/></DescribeStacksResponse>"))
	case strings.HasSuffix(r.URL.Path, "/code"):
		answer.Body = io.NopCloser(strings.NewReader("{}"))
	}
	return answer, nil
}

package cloud_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// answering is an HTTP client to which everything gives the same answer.
type answering struct {
	status int
	header http.Header
	body   string
}

func (a answering) Do(r *http.Request) (*http.Response, error) {
	body := a.body
	if r.Method == http.MethodHead {
		body = ""
	}
	return &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), Header: a.header.Clone(),
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// What is not AWS's is no success, and says who answered what.
func TestAnswersThatAreNotOfAWS(t *testing.T) {
	page := http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Server": {"Filter/2"}}
	const body = "\n<!DOCTYPE html><html><head><title>Blocked by\n policy</title></head></html>"
	calls := map[string]func(context.Context, aws.Config) error{
		"STS": func(ctx context.Context, cfg aws.Config) error {
			_, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		},
		"DynamoDB": func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("t")})
			return err
		},
		"S3 put": func(ctx context.Context, cfg aws.Config) error {
			_, err := cloud.S3(cfg).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: strings.NewReader("x")})
			return err
		},
		"S3 list": func(ctx context.Context, cfg aws.Config) error {
			_, err := cloud.S3(cfg).ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: aws.String("b")})
			return err
		},
		"S3 head": func(ctx context.Context, cfg aws.Config) error {
			_, err := cloud.S3(cfg).HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String("b")})
			return err
		},
	}
	for name, call := range calls {
		for _, c := range []struct {
			what   string
			answer answering
			text   string // in what a person reads
		}{
			{"a page", answering{403, page, body}, `not AWS but something on the way to aws.example answered: Forbidden, by Filter/2`},
			{"a page that calls itself a success", answering{200, page, body}, `answered: OK, by Filter/2, "Blocked by policy"`},
			{"JSON of somebody else's", answering{403, http.Header{"Content-Type": {"application/json"}}, `{"blocked":true}`}, `not AWS but something on the way to aws.example answered: Forbidden`},
		} {
			if strings.HasPrefix(name, "S3") && c.answer.header.Get("Server") == "" || name == "S3 head" && c.answer.status == 200 {
				continue // S3 answers with a status alone too
			}
			t.Run(name+": "+c.what, func(t *testing.T) {
				cfg := cloud.Local("https://aws.example", cloud.Options{})
				cfg.HTTPClient = c.answer
				err := call(t.Context(), cfg)
				if got := cloud.KindOf(err); got != cloud.NotAWS || !strings.Contains(cloud.Text(err), c.text) {
					t.Errorf("kind %d, want %d; %v", got, cloud.NotAWS, err)
				}
			})
		}
	}
	// AWS's own errors in HTML, an emulator's that says HTML, and the rest of a page that is none.
	for what, c := range map[string]answering{
		"with a request id": {403, http.Header{"Content-Type": {"text/html"}, "X-Amz-Request-Id": {"R"}}, "<html/>"},
		"an emulator's":     {403, http.Header{"Content-Type": {"text/html"}}, "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"},
	} {
		cfg := cloud.Local("https://aws.example", cloud.Options{})
		cfg.HTTPClient = c
		if err := calls["S3 list"](t.Context(), cfg); cloud.KindOf(err) != cloud.Denied {
			t.Errorf("%s: kind %d, want %d: %v", what, cloud.KindOf(err), cloud.Denied, err)
		}
	}
}

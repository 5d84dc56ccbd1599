package teardown

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	lambdaapi "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// What a removal left is named, after a while in which services may go on
// showing what is deleted; what cannot be looked for is never taken for gone.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := awsfake.New(t)
		gone := awsfake.Error{Code: "ResourceNotFoundException", Message: "does not exist", Status: 404}
		awsfake.On(fake, func(*cloudformation.DescribeStacksInput) (*cloudformation.DescribeStacksOutput, error) {
			return nil, gone
		})
		awsfake.On(fake, func(*lambdaapi.GetFunctionConfigurationInput) (*lambdaapi.GetFunctionConfigurationOutput, error) {
			return &lambdaapi.GetFunctionConfigurationOutput{}, nil
		})
		awsfake.On(fake, func(*cognitoidentityprovider.DescribeUserPoolInput) (*cognitoidentityprovider.DescribeUserPoolOutput, error) {
			return nil, gone
		})
		awsfake.On(fake, func(*dynamodb.DescribeTableInput) (*dynamodb.DescribeTableOutput, error) { return nil, gone })
		awsfake.On(fake, func(in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
			if *in.Bucket == "the-saves" {
				return &s3.HeadBucketOutput{}, nil
			}
			return nil, gone
		})
		cfg := fake.Config()
		at := stage.At(cfg, "dev")
		h := &Holdings{
			at: at, account: "123456789012", store: at.Artifacts("123456789012"),
			Data: []release.Remains{{UserPoolID: "the-pool", Table: "the-table", Bucket: "the-saves"}},
		}
		start := time.Now()
		err := h.Gone(t.Context())
		if want := "still there: bucket the-saves, functions"; err == nil || err.Error() != want {
			t.Errorf("gave %v, want %q", err, want)
		}
		if took := time.Since(start); took < lag || took > lag+2*time.Second {
			t.Errorf("looked for %s, want %s", took, lag)
		}

		awsfake.On(fake, func(*dynamodb.DescribeTableInput) (*dynamodb.DescribeTableOutput, error) {
			return nil, awsfake.Error{Code: "AccessDeniedException", Message: "no"}
		})
		if err := h.Gone(t.Context()); cloud.KindOf(err) != cloud.Denied || strings.Contains(err.Error(), "still there") {
			t.Errorf("a table that may not be read: %v", err)
		}
	})
}

// What DynamoDB keeps by itself is not nothing.
func TestBackups(t *testing.T) {
	h := &Holdings{Data: []release.Remains{{Table: "the-table", Bucket: "the-saves"}, {UserPoolID: "the-pool"}}}
	list := h.Backups(time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC))
	if want := (Backup{"the-table", time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC)}); len(list) != 1 || list[0] != want {
		t.Errorf("there are %v, want %v", list, want)
	}
}

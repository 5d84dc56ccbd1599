//go:build e2e && (linux || darwin)

package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// sdk looks at an account past renpyctl.
type sdk struct {
	cloudformation *cloudformation.Client
	cloudwatch     *cloudwatch.Client
	s3             *s3.Client
	dynamodb       *dynamodb.Client
	cognito        *idp.Client
	lambda         *lambda.Client
	iam            *iam.Client
	logs           *cwl.Client
	api            *apigatewayv2.Client
}

func clients(account string) sdk { return clientsAt(endpoint, account) }

func clientsAt(url, account string) sdk {
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &url,
		Credentials: credentials.NewStaticCredentialsProvider(account, secret, ""),
	}
	return sdk{
		cloudformation: cloudformation.NewFromConfig(cfg),
		cloudwatch:     cloudwatch.NewFromConfig(cfg),
		s3:             s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		dynamodb:       dynamodb.NewFromConfig(cfg),
		cognito:        idp.NewFromConfig(cfg),
		lambda:         lambda.NewFromConfig(cfg),
		iam:            iam.NewFromConfig(cfg),
		logs:           cwl.NewFromConfig(cfg),
		api:            apigatewayv2.NewFromConfig(cfg),
	}
}

// inventory names everything in the account of the kinds that a stage is made
// of, sorted: "bucket NAME", "role NAME", …
func (c sdk) inventory(t testing.TB) []string {
	t.Helper()
	ctx := context.Background() // called when the test's own has ended, too
	var found []string
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("take the inventory: %v", err)
		}
	}
	add := func(kind string, name *string) { found = append(found, kind+" "+aws.ToString(name)) }

	for pages := cloudformation.NewListStacksPaginator(c.cloudformation, &cloudformation.ListStacksInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		must(err)
		for _, s := range page.StackSummaries {
			if s.StackStatus != cfntypes.StackStatusDeleteComplete {
				add("stack", s.StackName)
			}
		}
	}
	buckets, err := c.s3.ListBuckets(ctx, &s3.ListBucketsInput{})
	must(err)
	for _, b := range buckets.Buckets {
		add("bucket", b.Name)
	}
	for pages := dynamodb.NewListTablesPaginator(c.dynamodb, &dynamodb.ListTablesInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		must(err)
		for _, name := range page.TableNames {
			add("table", &name)
		}
	}
	for pages := idp.NewListUserPoolsPaginator(c.cognito, &idp.ListUserPoolsInput{MaxResults: aws.Int32(60)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		must(err)
		for _, p := range page.UserPools {
			add("pool", aws.String(fmt.Sprintf("%s (%s)", aws.ToString(p.Id), aws.ToString(p.Name))))
		}
	}
	for pages := lambda.NewListFunctionsPaginator(c.lambda, &lambda.ListFunctionsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		must(err)
		for _, f := range page.Functions {
			add("function", f.FunctionName)
		}
	}
	for pages := iam.NewListRolesPaginator(c.iam, &iam.ListRolesInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		must(err)
		for _, r := range page.Roles {
			add("role", r.RoleName)
		}
	}
	for pages := cwl.NewDescribeLogGroupsPaginator(c.logs, &cwl.DescribeLogGroupsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		must(err)
		for _, g := range page.LogGroups {
			add("log group", g.LogGroupName)
		}
	}
	apis, err := c.api.GetApis(ctx, &apigatewayv2.GetApisInput{})
	must(err)
	for _, a := range apis.Items {
		add("API", aws.String(fmt.Sprintf("%s (%s)", aws.ToString(a.ApiId), aws.ToString(a.Name))))
	}
	slices.Sort(found)
	return found
}

// version is one version of an object, or a delete marker.
type version struct{ key, id string }

// A stored is one version of an object, with what S3 says of it.
type stored struct {
	version
	marker bool // a delete marker
	latest bool // the current version of its key
}

// versions lists every version and delete marker in a bucket.
func (c sdk) versions(t testing.TB, bucket string) []version {
	t.Helper()
	var list []version
	for _, v := range c.stored(t, bucket, "") {
		list = append(list, v.version)
	}
	return list
}

// stored lists every version and delete marker in a bucket of keys with a prefix.
func (c sdk) stored(t testing.TB, bucket, prefix string) []stored {
	t.Helper()
	var list []stored
	in := &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &prefix}
	for pages := s3.NewListObjectVersionsPaginator(c.s3, in); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Versions {
			list = append(list, stored{version{aws.ToString(v.Key), aws.ToString(v.VersionId)}, false, aws.ToBool(v.IsLatest)})
		}
		for _, m := range page.DeleteMarkers {
			list = append(list, stored{version{aws.ToString(m.Key), aws.ToString(m.VersionId)}, true, aws.ToBool(m.IsLatest)})
		}
	}
	return list
}

// Package presence tells of parts of a stage that hold nothing whether they are
// still there.
package presence

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// The parts of the APIs that this package uses.
type (
	APIClient interface {
		GetApi(context.Context, *apigatewayv2.GetApiInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetApiOutput, error)
	}
	RoleClient interface {
		GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error)
	}
	LogClient interface{ cwl.DescribeLogGroupsAPIClient }
)

// API tells whether there is an HTTP API of that id.
func API(ctx context.Context, client APIClient, id string) (bool, error) {
	_, err := client.GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: &id})
	return told(err, "HTTP API", id)
}

// Role tells whether there is a role of that name.
func Role(ctx context.Context, client RoleClient, name string) (bool, error) {
	_, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	return told(err, "role", name)
}

// LogGroups tells of the log groups whose names contain a word for how many days they
// keep what is logged, 0 for ever. It is what counts: a policy of the account
// overrides what a group has been given, and CloudWatch tells the policy's days then
// (API reference, LogGroup).
func LogGroups(ctx context.Context, client LogClient, word string) (map[string]int32, error) {
	groups := map[string]int32{}
	pages := cwl.NewDescribeLogGroupsPaginator(client, &cwl.DescribeLogGroupsInput{LogGroupNamePattern: &word})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the log groups: %w", err)
		}
		for _, g := range page.LogGroups {
			groups[aws.ToString(g.LogGroupName)] = aws.ToInt32(g.RetentionInDays)
		}
	}
	return groups, nil
}

// told reads the answer to a question after one thing.
func told(err error, kind, name string) (there bool, _ error) {
	if cloud.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for %s %s: %w", kind, name, err)
	}
	return true, nil
}

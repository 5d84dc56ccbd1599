package iam_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/iam"
)

// handlers lists what CloudFormation needs for the template's resource types, as
// the "handlers" of their schemas say, and for which resource. What a handler
// needs only for properties that the template does not have is left out: keys of
// KMS, VPCs, streams, imports, e-mail and SMS roles, managed policies. The old
// types without handlers (of API Gateway, the pool's domain) need their service's
// own calls.
var handlers = map[string]struct {
	resource string
	actions  []string
}{
	"AWS::Cognito::UserPool": {"arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_New", []string{
		"cognito-idp:CreateUserPool", "cognito-idp:SetUserPoolMfaConfig", "cognito-idp:DescribeUserPool", "cognito-idp:TagResource",
		"cognito-idp:GetUserPoolMfaConfig", "cognito-idp:UpdateUserPool", "cognito-idp:ListTagsForResource", "cognito-idp:DeleteUserPool"}},
	"AWS::Cognito::UserPoolClient": {"arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_New", []string{
		"cognito-idp:CreateUserPoolClient", "cognito-idp:DescribeUserPoolClient", "cognito-idp:UpdateUserPoolClient", "cognito-idp:DeleteUserPoolClient"}},
	"AWS::Cognito::UserPoolDomain": {"arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_New", []string{
		"cognito-idp:CreateUserPoolDomain", "cognito-idp:DescribeUserPoolDomain", "cognito-idp:DeleteUserPoolDomain"}},
	"AWS::DynamoDB::Table": {"arn:aws:dynamodb:eu-west-1:123456789012:table/renpy-cloud-dev-ManifestTable-1A2B3C4D5E6F", []string{
		"dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive", "dynamodb:DescribeContinuousBackups",
		"dynamodb:UpdateContinuousBackups", "dynamodb:DescribeContributorInsights", "dynamodb:DescribeKinesisStreamingDestination",
		"dynamodb:ListTagsOfResource", "dynamodb:TagResource", "dynamodb:UpdateTable", "dynamodb:GetResourcePolicy", "dynamodb:DeleteTable"}},
	"AWS::S3::Bucket": {"arn:aws:s3:::renpy-cloud-dev-savefilesbucket-1a2b3c4d5e6f", []string{
		"s3:CreateBucket", "s3:DeleteBucket", "s3:ListBucket", "s3:PutBucketTagging", "s3:PutEncryptionConfiguration", "s3:PutBucketCORS",
		"s3:PutLifecycleConfiguration", "s3:PutBucketPublicAccessBlock", "s3:PutBucketVersioning", "s3:PutBucketOwnershipControls",
		"s3:GetBucketAcl", "s3:GetBucketPublicAccessBlock", "s3:GetBucketCORS", "s3:GetBucketLogging", "s3:GetBucketNotification",
		"s3:GetBucketVersioning", "s3:GetBucketWebsite", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketTagging", "s3:GetBucketOwnershipControls",
		"s3:GetAccelerateConfiguration", "s3:GetLifecycleConfiguration", "s3:GetAnalyticsConfiguration", "s3:GetEncryptionConfiguration",
		"s3:GetInventoryConfiguration", "s3:GetMetricsConfiguration", "s3:GetReplicationConfiguration", "s3:GetIntelligentTieringConfiguration"}},
	"AWS::S3::BucketPolicy": {"arn:aws:s3:::renpy-cloud-dev-savefilesbucket-1a2b3c4d5e6f", []string{
		"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"}},
	"AWS::ApiGatewayV2::Api": {"arn:aws:apigateway:eu-west-1::/apis", []string{
		"apigateway:POST", "apigateway:PUT", "apigateway:GET", "apigateway:PATCH", "apigateway:DELETE"}},
	"AWS::ApiGatewayV2::Stage": {"arn:aws:apigateway:eu-west-1::/apis/k3j9x/stages", []string{
		"apigateway:POST", "apigateway:GET", "apigateway:PATCH", "apigateway:DELETE", "apigateway:TagResource",
		// The access log, as the developer guide's "Configure logging for HTTP APIs" lists it.
		"logs:DescribeLogGroups", "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
		"logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies"}},
	"AWS::ApiGatewayV2::Authorizer": {"arn:aws:apigateway:eu-west-1::/apis/k3j9x/authorizers", []string{
		"apigateway:POST", "apigateway:GET", "apigateway:PATCH", "apigateway:DELETE"}},
	"AWS::ApiGatewayV2::Route": {"arn:aws:apigateway:eu-west-1::/apis/k3j9x/routes", []string{
		"apigateway:POST", "apigateway:GET", "apigateway:PATCH", "apigateway:DELETE"}},
	"AWS::ApiGatewayV2::Integration": {"arn:aws:apigateway:eu-west-1::/apis/k3j9x/integrations", []string{
		"apigateway:POST", "apigateway:GET", "apigateway:PATCH", "apigateway:PUT", "apigateway:DELETE"}},
	"AWS::Lambda::Function": {"arn:aws:lambda:eu-west-1:123456789012:function:renpy-cloud-dev-syncPlan", []string{
		"lambda:CreateFunction", "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionRecursionConfig",
		"lambda:GetRuntimeManagementConfig", "lambda:TagResource", "lambda:ListTags", "lambda:UpdateFunctionConfiguration",
		"lambda:UpdateFunctionCode", "lambda:DeleteFunction"}},
	"AWS::Lambda::Permission": {"arn:aws:lambda:eu-west-1:123456789012:function:renpy-cloud-dev-syncComplete", []string{
		"lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission"}},
	"AWS::IAM::Role": {"arn:aws:iam::123456789012:role/renpy-cloud-dev-SyncPlanRole-1A2B3C4D5E6F", []string{
		"iam:CreateRole", "iam:PutRolePolicy", "iam:GetRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:GetRole", "iam:ListAttachedRolePolicies",
		"iam:ListRolePolicies", "iam:UpdateRole", "iam:UpdateRoleDescription", "iam:UpdateAssumeRolePolicy", "iam:DeleteRolePolicy", "iam:DeleteRole",
		"iam:PassRole"}}, // to the function
	"AWS::Logs::LogGroup": {"arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/renpy-cloud/dev/api-access:*", []string{
		"logs:DescribeLogGroups", "logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:TagResource", "logs:GetDataProtectionPolicy",
		"logs:ListTagsForResource", "logs:DescribeIndexPolicies", "logs:DeleteLogGroup"}},
}

// The boundary leaves the roles what the template gives them, and no more.
func TestBoundaryIsWhatTheTemplateGives(t *testing.T) {
	_, roles, _ := strings.Cut(cfn.Template(), "\n  SyncPlanRole:\n")
	roles, _, _ = strings.Cut(roles, "\n  # --- Logs")
	given := regexp.MustCompile(`\b(?:dynamodb|s3|logs):[A-Z][A-Za-z]+`).FindAllString(roles, -1)
	slices.Sort(given)
	given = slices.Compact(given)
	if allowed := actions(iam.Boundary(target("dev"))); !slices.Equal(allowed, given) {
		t.Errorf("the template gives %q, the boundary allows %q", given, allowed)
	}
}

// Whoever deploys with the boundary cannot give a role more than it allows, nor take it away.
func TestBoundRoles(t *testing.T) {
	bound := target("dev")
	bound.Boundary = "arn:aws:iam::123456789012:policy/b"
	for _, s := range iam.Execution(bound).Statement {
		grants := slices.Contains(s.Action, "iam:CreateRole") || slices.Contains(s.Action, "iam:PutRolePolicy") || slices.Contains(s.Action, "iam:PutRolePermissionsBoundary")
		if conditioned := s.Condition["StringEquals"]["iam:PermissionsBoundary"] == bound.Boundary; grants != conditioned {
			t.Errorf("%s grants %t, is bound %t", s.Sid, grants, conditioned)
		}
		if matchesAny(s.Action, "iam:DeleteRolePermissionsBoundary") {
			t.Errorf("%s allows to take the boundary away", s.Sid)
		}
	}
}

func TestExecutionMayDoWhatTheTemplateNeeds(t *testing.T) {
	policy := iam.Execution(target("dev"))
	types := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^    Type: (AWS::\S+)$`).FindAllStringSubmatch(cfn.Template(), -1) {
		types[m[1]] = true
	}
	if len(types) < 10 {
		t.Fatalf("found only %d types of resources in the template", len(types))
	}
	needed := []string{"s3:GetObject", "s3:GetObjectVersion"} // the functions' code
	if !allows(policy, "s3:GetObject", "arn:aws:s3:::renpyctl-dev-123456789012-eu-west-1/code/syncplan-0a1b.zip") {
		t.Error("the functions' code is out of reach")
	}
	for resourceType := range types {
		h, known := handlers[resourceType]
		if !known {
			t.Errorf("the template has a %s: write down here and in the policy what its handlers need", resourceType)
		}
		for _, action := range h.actions {
			if !allows(policy, action, h.resource) {
				t.Errorf("%s: %s on %s is not allowed", resourceType, action, h.resource)
			}
		}
		needed = append(needed, h.actions...)
	}
	for resourceType := range handlers {
		if !types[resourceType] {
			t.Errorf("the template has no %s any more", resourceType)
		}
	}
	for _, allowed := range actions(policy) {
		if !slices.ContainsFunc(needed, func(action string) bool { return matches(allowed, action) }) {
			t.Errorf("%s is allowed, but no resource of the template needs it", allowed)
		}
	}
}

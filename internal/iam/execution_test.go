package iam_test

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/iam"
)

// handlers is what CloudFormation says that the handlers of the template's
// resource types need: `make lint` holds the file to cfn-lint's schemas.
//
//go:embed testdata/handlers.json
var handlers []byte

// of names a resource of each type, on which its handlers work.
var of = map[string]string{
	"AWS::Cognito::UserPool":         "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_New",
	"AWS::Cognito::UserPoolClient":   "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_New",
	"AWS::Cognito::UserPoolDomain":   "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_New",
	"AWS::DynamoDB::Table":           "arn:aws:dynamodb:eu-west-1:123456789012:table/renpy-cloud-dev-ManifestTable-1A2B3C4D5E6F",
	"AWS::S3::Bucket":                "arn:aws:s3:::renpy-cloud-dev-savefilesbucket-1a2b3c4d5e6f",
	"AWS::S3::BucketPolicy":          "arn:aws:s3:::renpy-cloud-dev-savefilesbucket-1a2b3c4d5e6f",
	"AWS::ApiGatewayV2::Api":         "arn:aws:apigateway:eu-west-1::/apis",
	"AWS::ApiGatewayV2::Stage":       "arn:aws:apigateway:eu-west-1::/apis/k3j9x/stages",
	"AWS::ApiGatewayV2::Authorizer":  "arn:aws:apigateway:eu-west-1::/apis/k3j9x/authorizers",
	"AWS::ApiGatewayV2::Route":       "arn:aws:apigateway:eu-west-1::/apis/k3j9x/routes",
	"AWS::ApiGatewayV2::Integration": "arn:aws:apigateway:eu-west-1::/apis/k3j9x/integrations",
	"AWS::Lambda::Function":          "arn:aws:lambda:eu-west-1:123456789012:function:renpy-cloud-dev-syncPlan",
	"AWS::Lambda::Permission":        "arn:aws:lambda:eu-west-1:123456789012:function:renpy-cloud-dev-syncComplete",
	"AWS::IAM::Role":                 "arn:aws:iam::123456789012:role/renpy-cloud-dev-SyncPlanRole-1A2B3C4D5E6F",
	"AWS::CloudWatch::Alarm":         "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:renpy-cloud/dev/ApiErrorsAlarm",
	"AWS::SNS::Topic":                "arn:aws:sns:eu-west-1:123456789012:renpy-cloud-dev-AlarmTopic-1A2B3C4D5E6F",
	"AWS::SNS::TopicPolicy":          "arn:aws:sns:eu-west-1:123456789012:renpy-cloud-dev-AlarmTopic-1A2B3C4D5E6F",
	"AWS::SNS::Subscription":         "arn:aws:sns:eu-west-1:123456789012:renpy-cloud-dev-AlarmTopic-1A2B3C4D5E6F",
	"AWS::Logs::LogGroup":            "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/renpy-cloud/dev/api-access:*",
}

// elsewhere names the resource of an action that is not on the type's own.
var elsewhere = map[string]string{
	"s3:GetObject":                "arn:aws:s3:::renpyctl-dev-123456789012-eu-west-1/code/syncplan-0a1b.zip",
	"s3:GetObjectVersion":         "arn:aws:s3:::renpyctl-dev-123456789012-eu-west-1/code/syncplan-0a1b.zip",
	"iam:CreateServiceLinkedRole": "arn:aws:iam::123456789012:role/aws-service-role/email.cognito-idp.amazonaws.com/AWSServiceRoleForAmazonCognitoIdpEmailService",
	"iam:PassRole":                "arn:aws:iam::123456789012:role/renpy-cloud-dev-SyncPlanRole-1A2B3C4D5E6F",
}

// unused are what handlers need for properties alone that no resource of the type
// has in the template: "type.property" to actions.
var unused = map[string][]string{
	"AWS::Cognito::UserPool.Schema":                         {"cognito-idp:AddCustomAttributes"},
	"AWS::Cognito::UserPool.SmsConfiguration":               {"iam:PassRole"},
	"AWS::Cognito::UserPool.KeyConfiguration":               {"kms:*"},
	"AWS::Cognito::UserPoolClient.AnalyticsConfiguration":   {"iam:*"},
	"AWS::Cognito::UserPoolDomain.CustomDomainConfig":       {"cognito-idp:UpdateUserPoolDomain", "cloudfront:*"},
	"AWS::Cognito::UserPoolDomain.Routing":                  {"kms:*"},
	"AWS::DynamoDB::Table.ContributorInsightsSpecification": {"dynamodb:UpdateContributorInsights"},
	"AWS::DynamoDB::Table.GlobalTableSettingsReplicationMode": {"dynamodb:CreateTableReplica", "dynamodb:AssociateTableReplica",
		"dynamodb:Scan", "dynamodb:Query", "dynamodb:*Item"},
	"AWS::DynamoDB::Table.ImportSourceSpecification":         {"dynamodb:ImportTable", "dynamodb:BatchWriteItem", "logs:*", "s3:*"},
	"AWS::DynamoDB::Table.KinesisStreamSpecification":        {"dynamodb:*KinesisStreamingDestination", "kinesis:*", "iam:CreateServiceLinkedRole"},
	"AWS::DynamoDB::Table.ResourcePolicy":                    {"dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy"},
	"AWS::DynamoDB::Table.SSESpecification":                  {"kms:*"},
	"AWS::DynamoDB::Table.TimeToLiveSpecification":           {"dynamodb:UpdateTimeToLive"},
	"AWS::S3::Bucket.AbacStatus":                             {"s3:PutBucketAbac"},
	"AWS::S3::Bucket.AccelerateConfiguration":                {"s3:PutAccelerateConfiguration"},
	"AWS::S3::Bucket.AccessControl":                          {"s3:PutBucketAcl", "s3:PutObjectAcl"},
	"AWS::S3::Bucket.AnalyticsConfigurations":                {"s3:PutAnalyticsConfiguration", "s3:DeleteBucketAnalyticsConfiguration"},
	"AWS::S3::Bucket.IntelligentTieringConfigurations":       {"s3:PutIntelligentTieringConfiguration"},
	"AWS::S3::Bucket.InventoryConfigurations":                {"s3:PutInventoryConfiguration", "s3:DeleteObject"},
	"AWS::S3::Bucket.LoggingConfiguration":                   {"s3:PutBucketLogging"},
	"AWS::S3::Bucket.MetadataConfiguration":                  {"s3:*BucketMetadata*", "s3tables:*"},
	"AWS::S3::Bucket.MetricsConfigurations":                  {"s3:PutMetricsConfiguration", "s3:DeleteBucketMetricsConfiguration"},
	"AWS::S3::Bucket.NotificationConfiguration":              {"s3:PutBucketNotification"},
	"AWS::S3::Bucket.ObjectLockConfiguration":                {"s3:PutBucketObjectLockConfiguration", "s3:PutObjectLockConfiguration"},
	"AWS::S3::Bucket.ReplicationConfiguration":               {"s3:PutReplicationConfiguration", "s3:PutBucketReplication", "s3:DeleteBucketReplication", "iam:PassRole"},
	"AWS::S3::Bucket.WebsiteConfiguration":                   {"s3:PutBucketWebsite", "s3:DeleteBucketWebsite"},
	"AWS::ApiGatewayV2::Api.BodyS3Location":                  {"s3:getObject"},
	"AWS::ApiGatewayV2::Authorizer.AuthorizerCredentialsArn": {"iam:PassRole"},
	"AWS::ApiGatewayV2::Integration.CredentialsArn":          {"iam:PassRole"},
	"AWS::Lambda::Function.CapacityProviderConfig":           {"lambda:PassCapacityProvider", "lambda:PublishVersion", "lambda:PutFunctionScalingConfig"},
	"AWS::Lambda::Function.CodeSigningConfigArn":             {"lambda:GetCodeSigningConfig", "lambda:*FunctionCodeSigningConfig"},
	"AWS::Lambda::Function.FileSystemConfigs":                {"elasticfilesystem:*", "s3files:*"},
	"AWS::Lambda::Function.KmsKeyArn":                        {"kms:*"},
	"AWS::Lambda::Function.Layers":                           {"lambda:GetLayerVersion"},
	"AWS::Lambda::Function.RecursiveLoop":                    {"lambda:PutFunctionRecursionConfig"},
	"AWS::Lambda::Function.ReservedConcurrentExecutions":     {"lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency"},
	"AWS::Lambda::Function.RuntimeManagementConfig":          {"lambda:PutRuntimeManagementConfig", "lambda:AssociateRuntimeAlias"},
	"AWS::Lambda::Function.VpcConfig":                        {"ec2:*"},
	"AWS::IAM::Role.ManagedPolicyArns":                       {"iam:AttachRolePolicy", "iam:DetachRolePolicy"},
	"AWS::SNS::Topic.DataProtectionPolicy":                   {"sns:PutDataProtectionPolicy"},
	"AWS::SNS::Topic.DeliveryStatusLogging":                  {"iam:GetRole", "iam:PassRole"},
	"AWS::SNS::Subscription.SubscriptionRoleArn":             {"iam:GetRole", "iam:PassRole"},
	"AWS::Logs::LogGroup.BearerTokenAuthenticationEnabled":   {"logs:PutBearerTokenAuthentication"},
	"AWS::Logs::LogGroup.DataProtectionPolicy": {"logs:PutDataProtectionPolicy", "logs:DeleteDataProtectionPolicy",
		"firehose:*", "s3:REST.PUT.OBJECT"},
	"AWS::Logs::LogGroup.DeletionProtectionEnabled": {"logs:PutLogGroupDeletionProtection"},
	"AWS::Logs::LogGroup.FieldIndexPolicies":        {"logs:PutIndexPolicy", "logs:DeleteIndexPolicy"},
	"AWS::Logs::LogGroup.KmsKeyId":                  {"logs:AssociateKmsKey", "logs:DisassociateKmsKey"},
	"AWS::Logs::LogGroup.ResourcePolicyDocument":    {"logs:DeleteResourcePolicy"},
}

// withheld are what handlers name and the policy leaves out, with the reason.
var withheld = map[string]string{
	"dynamodb:DescribeImport":           "allowed by Describe*, and of use for imports alone",
	"iam:DeleteRolePermissionsBoundary": "a boundary stays",
	"iam:PutRolePermissionsBoundary":    "with a boundary alone: TestBoundRoles",
	"logs:DeleteRetentionPolicy":        "the template always has a retention",
	// IAM knows none of these: the calls take the right to put.
	"s3:DeleteBucketCors":       "s3:PutBucketCORS",
	"s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
	"s3:DeleteBucketLifecycle":  "s3:PutLifecycleConfiguration",
	"s3:DeleteBucketTagging":    "s3:PutBucketTagging",
}

// beyond are needed although no handler names them: the access log's, as API
// Gateway's developer guide, "Configure logging for HTTP APIs", lists them.
var beyond = []string{
	"logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
	"logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
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

// Both ways: what the handlers need is allowed, and nothing else is.
func TestExecutionMayDoWhatTheTemplateNeeds(t *testing.T) {
	policy := iam.Execution(target("dev"))
	needed := slices.Clone(beyond)
	for resourceType, actions := range needs(t) {
		for _, action := range actions {
			resource := cmp.Or(elsewhere[action], of[resourceType])
			if !allows(policy, action, resource) {
				t.Errorf("%s: %s on %s is not allowed", resourceType, action, resource)
			}
		}
		needed = append(needed, actions...)
	}
	for _, action := range beyond {
		if !allows(policy, action, "*") {
			t.Errorf("%s is not allowed", action)
		}
	}
	for _, allowed := range actions(policy) {
		if !slices.ContainsFunc(needed, func(action string) bool { return matches(allowed, action) }) {
			t.Errorf("%s is allowed, but no resource of the template needs it", allowed)
		}
	}
}

// needs lists by resource type what the handlers need for the template's properties.
func needs(t *testing.T) map[string][]string {
	t.Helper()
	var all map[string][]string
	if err := json.Unmarshal(handlers, &all); err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^    Type: (AWS::\S+)$`).FindAllStringSubmatch(cfn.Template(), -1) {
		if _, known := all[m[1]]; !known || of[m[1]] == "" {
			t.Errorf("the template has a %s: run tools/python/handlers.py, and name one of them here", m[1])
		}
	}
	spared := map[string]bool{}
	for resourceType, actions := range all {
		all[resourceType] = slices.DeleteFunc(actions, func(action string) bool {
			_, out := withheld[action]
			spared[action] = spared[action] || out
			for property, patterns := range unused {
				if strings.HasPrefix(property, resourceType+".") && matchesAny(patterns, action) {
					out, spared[property] = true, true
				}
			}
			return out
		})
	}
	for property := range unused {
		if !spared[property] || has(property) {
			t.Errorf("%s: the template has it by now, or no handler needs anything for it", property)
		}
	}
	for action := range withheld {
		if !spared[action] {
			t.Errorf("%s is withheld, and no handler names it", action)
		}
	}
	return all
}

// has tells whether a resource of the template has a property: "type.property".
func has(property string) bool {
	resourceType, name, _ := strings.Cut(property, ".")
	line := regexp.MustCompile(`(?m)^ +` + name + `:`)
	for _, resource := range regexp.MustCompile(`(?m)^  \w+:$`).Split(cfn.Template(), -1) {
		if strings.Contains(resource, "Type: "+resourceType+"\n") && line.MatchString(resource) {
			return true
		}
	}
	return false
}

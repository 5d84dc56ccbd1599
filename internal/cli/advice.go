package cli

import (
	"fmt"
	"strings"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// advise says in plain words what a failure of one of our resources means, ""
// if it is none that is known. The texts of AWS are matched in part, since they
// differ by the age of a resource type's handler.
func advise(cause stack.Event) string {
	if action := cloud.DeniedAction(cause.Reason); action != "" {
		return fmt.Sprintf("The credentials that CloudFormation works with lack permission for %s.", action)
	}
	reason := strings.ToLower(cause.Reason)
	for _, k := range knownCauses {
		if (k.kind == "" || strings.HasPrefix(cause.Type, k.kind)) && containsAny(reason, k.texts) {
			return k.advice
		}
	}
	return ""
}

func containsAny(s string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

// knownCauses lists the failures that our resources can have, the particular before the general.
var knownCauses = []struct {
	kind   string   // what the resource's type begins with
	texts  []string // any of these, in lower case, is in AWS's reason
	advice string
}{
	{"AWS::Logs::LogGroup", []string{"already exists"},
		"A log group of that name is left from an earlier backend. Delete it in CloudWatch, or choose another stage."},
	{"AWS::Logs::LogGroup", []string{"limit"},
		"The account has as many log groups as AWS allows. Delete unused ones, or ask AWS for more."},
	{"AWS::S3::Bucket", []string{"already exists", "bucketalreadyexists", "bucketalreadyownedbyyou"},
		"A bucket of that name exists already. Run the deploy again: CloudFormation then chooses another name."},
	{"AWS::S3::Bucket", []string{"conflicting conditional operation", "operationaborted"},
		"S3 is still busy with an earlier bucket of that name. Wait some minutes and deploy again."},
	{"AWS::S3::Bucket", []string{"you have attempted to create more buckets"},
		"The account has as many buckets as AWS allows. Delete unused ones, or ask AWS for more."},
	{"AWS::S3::BucketPolicy", []string{"blockpublicpolicy", "blocked by block public"},
		"The account blocks this bucket policy as public. Check the account's Block Public Access settings."},
	{"AWS::Lambda::Function", []string{"cannot be assumed"},
		"IAM has not spread the new role yet. Deploy again in a minute."},
	{"AWS::Lambda::Function", []string{"already exist"},
		"A function of that name exists already, outside this stack. Delete it, or choose another stage."},
	{"AWS::Lambda::Function", []string{"nosuchkey", "does not exist", "s3 error"},
		"The function's code is not in the artefact bucket. Deploy again: it is uploaded anew."},
	{"AWS::Lambda::Function", []string{"code storage limit"},
		"The account's space for Lambda code is full. Delete unused functions or versions, or ask AWS for more."},
	{"AWS::Lambda::Function", []string{"concurrentexecutions", "unreservedconcurrentexecution"},
		"The account's limit for functions at the same time is too low. Ask AWS to raise it."},
	{"AWS::Cognito::UserPoolDomain", []string{"already associated", "already exists", "invaliddomain", "domain"},
		"The user pool's domain is taken. Deploy again: a new stack has a domain of its own."},
	{"AWS::Cognito::UserPool", []string{"limit", "maximum number"},
		"The account has as many user pools as AWS allows. Delete unused ones, or ask AWS for more."},
	{"AWS::Cognito::UserPool", []string{"deletion protection", "deletionprotection"},
		"The user pool is protected against deletion, as it should be. renpyctl remove lifts that first."},
	{"AWS::Cognito::UserPool", []string{"updates are not allowed for property", "invalid attributedatatype", "cannot be modified"},
		"Cognito does not let this setting of an existing user pool change. Take it back to what it was."},
	{"AWS::Cognito::UserPool", []string{"tier", "feature plan"},
		"The setting UserPoolTier does not allow this. --set UserPoolTier=ESSENTIALS has more features, at a higher price."},
	{"AWS::DynamoDB::Table", []string{"deletion protection", "deletionprotection"},
		"The table is protected against deletion, as it should be. renpyctl remove lifts that first."},
	{"AWS::DynamoDB::Table", []string{"already exists"},
		"A table of that name exists already. Deploy again: CloudFormation then chooses another name."},
	{"AWS::DynamoDB::Table", []string{"limitexceeded", "limit exceeded", "table limit"},
		"The account has as many tables as AWS allows, or creates too many at once. Wait and deploy again, or ask AWS for more."},
	{"AWS::IAM::Role", []string{"limitexceeded", "cannot exceed quota"},
		"The account has as many roles as AWS allows. Delete unused ones, or ask AWS for more."},
	{"AWS::IAM::Role", []string{"permissions boundary", "boundary"},
		"The account demands a permissions boundary for roles. Ask whoever runs the account."},
	{"AWS::ApiGatewayV2::Stage", []string{"resource policy", "cloudwatch logs", "log-delivery", "access log"},
		"API Gateway may not write its access log. The credentials need logs:CreateLogDelivery and logs:PutResourcePolicy; the account's log policies may be full."},
	{"AWS::ApiGatewayV2::", []string{"too many requests", "toomanyrequests"},
		"API Gateway asks to slow down. Deploy again in a minute."},
	{"AWS::ApiGatewayV2::Authorizer", []string{"issuer"},
		"API Gateway could not read the user pool's public keys. Deploy again in a minute."},
	{"", []string{"explicit deny", "service control policy"},
		"A policy of the account or its organisation forbids this. Ask whoever runs the account."},
	{"", []string{"prevented by stack policy", "denied by stack policy"},
		"The stack's own policy forbids it, since players would lose data."},
	{"", []string{"rate exceeded", "throttl"},
		"AWS asks to slow down. Deploy again in a minute."},
	{"", []string{"security token included in the request is expired", "expiredtoken"},
		"The session ran out while CloudFormation worked with it. Sign in again, then deploy again."},
	{"", []string{"not authorized", "accessdenied", "access denied"},
		"The credentials that CloudFormation works with lack a permission. renpyctl policy prints what they need."},
}

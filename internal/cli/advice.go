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
	if advice := find(forbidden, cause); advice != "" {
		return advice // IAM's own words too, with an action that nobody can allow
	}
	if action := cloud.DeniedAction(cause.Reason); action != "" {
		return fmt.Sprintf("The credentials that CloudFormation works with lack permission for %s.", action)
	}
	return find(knownCauses, cause)
}

// knownCause is a failure whose meaning is known.
type knownCause struct {
	kind   string   // the resource's type, or its service: "AWS::ApiGatewayV2::"; "" for all
	texts  []string // any of these, in lower case, is in AWS's reason
	advice string
}

func find(causes []knownCause, cause stack.Event) string {
	reason := strings.ToLower(cause.Reason)
	for _, k := range causes {
		ours := k.kind == "" || k.kind == cause.Type || strings.HasSuffix(k.kind, "::") && strings.HasPrefix(cause.Type, k.kind)
		if ours && containsAny(reason, k.texts) {
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

// forbids says why AWS refuses what no permission of the caller would change, or "".
func forbids(reason string) string { return find(forbidden, stack.Event{Reason: reason}) }

// forbidden lists refusals that no permission of the caller would change. Most
// are IAM's words behind "because" (IAM guide, "Troubleshoot access denied error
// messages"); the last two are S3's.
var forbidden = []knownCause{
	{"AWS::IAM::Role", []string{"permissions boundary"},
		"The account demands a permissions boundary for roles. Ask whoever runs the account."},
	{"", []string{"explicit deny", "service control policy", "resource control policy"},
		"A policy of the account or its organisation forbids this. Ask whoever runs the account."},
	{"", []string{"no permissions boundary allows"},
		"The permissions boundary of these credentials does not allow this. Ask whoever runs the account."},
	{"", []string{"no session policy allows"},
		"The session was begun with a policy of its own that does not allow this. Sign in without it, or as somebody else."},
	{"", []string{"no vpc endpoint policy allows"},
		"The VPC endpoint on the way to AWS does not let this through. Ask whoever runs the network."},
	{"", []string{"object lock", "objectlock"},
		"Object lock keeps these versions until their retention ends or their legal hold is lifted. Nobody can delete them before."},
	{"", []string{"mfa authentication must be used", "mfa delete"},
		"The bucket has MFA delete switched on. Only the account's root user can switch it off (aws s3api put-bucket-versioning --mfa)."},
}

// knownCauses lists the failures that our resources can have, the particular before the general.
var knownCauses = []knownCause{
	{"AWS::Logs::LogGroup", []string{"already exists"},
		"A log group of that name is left from an earlier backend. Delete it in CloudWatch, or choose another stage."},
	{"AWS::Logs::LogGroup", []string{"limit exceeded", "limitexceeded"},
		"The account has as many log groups as AWS allows. Delete unused ones, or ask AWS for more."},
	{"AWS::S3::Bucket", []string{"already exists", "bucketalreadyexists", "bucketalreadyownedbyyou", "bucket name is not available"},
		"A bucket of that name exists already. Run the deploy again: CloudFormation then chooses another name."},
	{"AWS::S3::Bucket", []string{"conflicting conditional operation", "operationaborted"},
		"S3 is still busy with an earlier bucket of that name. Wait some minutes and deploy again."},
	{"AWS::S3::Bucket", []string{"you have attempted to create more buckets"},
		"The account has as many buckets as AWS allows. Delete unused ones, or ask AWS for more."},
	{"AWS::Lambda::Function", []string{"cannot be assumed"},
		"IAM has not spread the new role yet. Deploy again in a minute."},
	{"AWS::Lambda::Function", []string{"already exist"},
		"A function of that name exists already, outside this stack. Delete it, or choose another stage."},
	{"AWS::Lambda::Function", []string{"nosuchkey", "nosuchbucket"},
		"The function's code is not in the artefact bucket. Deploy again: it is uploaded anew."},
	{"AWS::Lambda::Function", []string{"code storage limit"},
		"The account's space for Lambda code is full. Delete unused functions or versions, or ask AWS for more."},
	{"AWS::Cognito::UserPoolDomain", []string{"already associated", "already exists"},
		"The user pool's domain is taken. Deploy again: a new stack has a domain of its own."},
	{"AWS::Cognito::UserPool", []string{"limitexceeded", "limit exceeded", "maximum number"},
		"The account has as many user pools as AWS allows. Delete unused ones, or ask AWS for more."},
	{"AWS::Cognito::UserPool", []string{"deletion protection"},
		"The user pool is protected against deletion, as it should be. renpyctl remove lifts that first."},
	{"AWS::Cognito::UserPool", []string{"updates are not allowed for property", "invalid attributedatatype", "cannot be modified"},
		"Cognito does not let this setting of an existing user pool change. Take it back to what it was."},
	{"AWS::Cognito::UserPool", []string{"pricing tier"},
		"The setting UserPoolTier does not allow this. --set UserPoolTier=ESSENTIALS has more features, at a higher price."},
	{"AWS::DynamoDB::Table", []string{"deletion protection"},
		"The table is protected against deletion, as it should be. renpyctl remove lifts that first."},
	{"AWS::DynamoDB::Table", []string{"limitexceeded", "limit exceeded"},
		"The account has as many tables as AWS allows, or creates too many at once. Wait and deploy again, or ask AWS for more."},
	{"AWS::IAM::Role", []string{"limitexceeded", "cannot exceed quota"},
		"The account has as many roles as AWS allows. Delete unused ones, or ask AWS for more."},
	{"AWS::ApiGatewayV2::Stage", []string{"enable logging", "breaking cloudwatch logs constraints"},
		"API Gateway may not write its access log. The credentials need logs:CreateLogDelivery and logs:PutResourcePolicy; the account's log policies may be full."},
	{"AWS::ApiGatewayV2::Authorizer", []string{"issuer"},
		"API Gateway could not read the user pool's public keys. Deploy again in a minute."},
	{"", []string{"denied by stack policy"},
		"The stack's own policy forbids it, since players would lose data."},
	{"", []string{"rate exceeded", "throttl", "too many requests", "toomanyrequests"},
		"AWS asks to slow down. Try again in a minute."},
	{"", []string{"security token included in the request is expired", "expiredtoken"},
		"The session ran out while CloudFormation worked with it. Sign in again, then deploy again."},
	{"", []string{"not authorized", "accessdenied", "access denied"},
		"The credentials that CloudFormation works with lack a permission. renpyctl policy prints what they need."},
}

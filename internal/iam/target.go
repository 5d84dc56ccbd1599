package iam

import (
	"fmt"
	"strings"
)

// Target is the stage that a policy is for, by its names in AWS. A name that
// CloudFormation makes up at the end has * there.
type Target struct {
	Partition    string // "aws"
	Region       string
	Account      string // 12 digits, or "*" for whatever account the policy is in
	Stack        string // its name
	Artifacts    string // the artefact bucket's name
	Saves        string // the name of the bucket of saves
	Table        string
	Functions    []string
	Roles        []string // the functions'
	FunctionLogs []string // log groups
	AccessLog    string   // the API's log group
	Alarms       string
	AlarmTopic   string
	// UserPools are ids. They are known only after the first deploy; without
	// any, a policy is for every pool of the account in the region: pools that
	// were made before 2026 have none of the stack's tags, by which they could be
	// told apart (aws/aws-cdk#14127).
	UserPools []string
	// Boundary is the ARN of the managed policy that the stage's roles are bound
	// by (setting PermissionsBoundary), "" for none.
	Boundary string
	// ExecutionRole is the ARN of the role that CloudFormation works as, "" if it
	// works as the caller.
	ExecutionRole string
}

// arn returns the ARN of a resource in the target's region and account.
func (t Target) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", t.Partition, service, t.Region, t.Account, resource)
}

// arns returns the ARNs of resources of one kind: "lambda", "function:", names.
func (t Target) arns(service, kind string, names ...string) []string {
	var list []string
	for _, name := range names {
		list = append(list, t.arn(service, kind+name))
	}
	return list
}

// stack returns the stack, whatever its unique id.
func (t Target) stack() []string { return []string{t.arn("cloudformation", "stack/"+t.Stack+"/*")} }

// changeSets returns the change sets that renpyctl makes for the stack, whose
// names end in 26 random characters. AWS has checked calls that name a change
// set by its ARN against the change set and not against its stack
// (widdix/complete-aws-iam-reference#6).
func (t Target) changeSets() []string {
	return []string{t.arn("cloudformation", "changeSet/"+t.Stack+"-"+strings.Repeat("?", 26)+"/*")}
}

// ofS3 returns a bucket, or objects in it: "bucket/releases/*".
func (t Target) ofS3(path string) []string { return []string{"arn:" + t.Partition + ":s3:::" + path} }

// objectsOfPlayers returns what is kept of players in the bucket of saves.
func (t Target) objectsOfPlayers() []string {
	return append(t.ofS3(t.Saves+"/users/*"), t.ofS3(t.Saves+"/inbox/*")...)
}

func (t Target) table() []string { return t.arns("dynamodb", "table/", t.Table) }

func (t Target) functions() []string { return t.arns("lambda", "function:", t.Functions...) }

// roles belong to no region.
func (t Target) roles() []string {
	var list []string
	for _, name := range t.Roles {
		list = append(list, fmt.Sprintf("arn:%s:iam::%s:role/%s", t.Partition, t.Account, name))
	}
	return list
}

// principals are all users and roles of the account: who asks what they may do
// themselves cannot be told apart in a policy for whoever it is given to.
func (t Target) principals() []string {
	all := fmt.Sprintf("arn:%s:iam::%s:", t.Partition, t.Account)
	return []string{all + "user/*", all + "role/*"}
}

// mailRole is the service-linked role of which Cognito sends mails by SES (Cognito
// developer guide, "Using service-linked roles").
func (t Target) mailRole() []string {
	return []string{fmt.Sprintf("arn:%s:iam::%s:role/aws-service-role/email.cognito-idp.amazonaws.com/*", t.Partition, t.Account)}
}

func (t Target) userPools() []string {
	if len(t.UserPools) == 0 {
		return t.anyUserPool()
	}
	return t.arns("cognito-idp", "userpool/", t.UserPools...)
}

func (t Target) anyUserPool() []string { return t.arns("cognito-idp", "userpool/", "*") }

// logGroups returns log groups in both forms in which CloudWatch Logs checks
// them: with :* for most actions, without for tags. No other stage's log groups
// begin like these.
func (t Target) logGroups(names ...string) []string {
	var list []string
	for _, name := range names {
		list = append(list, t.arn("logs", "log-group:"+name+"*"))
	}
	return list
}

// apis returns every HTTP API of the region, with what is below it and its tags.
// Their ids are not known beforehand, and what is below an HTTP API has no tags
// by which it could be told apart (API Gateway developer guide, "API Gateway
// resources that can be tagged").
func (t Target) apis() []string {
	all := "arn:" + t.Partition + ":apigateway:" + t.Region + "::"
	return append([]string{all + "/apis", all + "/tags/*"}, t.anyAPI()...)
}

func (t Target) anyAPI() []string {
	return []string{"arn:" + t.Partition + ":apigateway:" + t.Region + "::/apis/*"}
}

package iam_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/iam"
)

// target is a stage as the command line names it.
func target(stage string) iam.Target {
	stack := "renpy-cloud-" + stage
	return iam.Target{
		Partition: "aws", Region: "eu-west-1", Account: "123456789012",
		Stack: stack, Artifacts: "renpyctl-" + stage + "-123456789012-eu-west-1",
		Saves: stack + "-savefilesbucket-*", Table: stack + "-ManifestTable-*",
		Functions:    []string{stack + "-syncPlan", stack + "-syncComplete"},
		Roles:        []string{stack + "-SyncPlanRole-*", stack + "-SyncCompleteRole-*"},
		FunctionLogs: []string{"/aws/lambda/" + stack + "-syncPlan", "/aws/lambda/" + stack + "-syncComplete"},
		Alarms:       "renpy-cloud/" + stage + "/*",
		AlarmTopic:   stack + "-AlarmTopic-*",
		AccessLog:    "/aws/vendedlogs/renpy-cloud/" + stage + "/api-access",
		UserPools:    []string{"eu-west-1_" + strings.ReplaceAll(stage, "-", "x")},
	}
}

// allows tells whether a statement allows an action on a resource, its
// conditions left out of account.
func allows(d iam.Document, action, resource string) bool {
	return slices.ContainsFunc(d.Statement, func(s iam.Statement) bool {
		return s.Effect == "Allow" && matchesAny(s.Action, action) && matchesAny(s.Resource, resource)
	})
}

func matchesAny(patterns []string, value string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, value) })
}

// matches knows IAM's wildcards: * for any characters, ? for one.
func matches(pattern, value string) bool {
	switch {
	case pattern == "":
		return value == ""
	case pattern[0] == '*':
		return matches(pattern[1:], value) || value != "" && matches(pattern, value[1:])
	case value == "":
		return false
	}
	return (pattern[0] == '?' || pattern[0] == value[0]) && matches(pattern[1:], value[1:])
}

// actions lists what a policy allows, sorted.
func actions(d iam.Document) []string {
	var list []string
	for _, s := range d.Statement {
		list = append(list, s.Action...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// stagePolicies are the policies for a stage, by the names of their commands.
var stagePolicies = map[string]func(iam.Target) iam.Document{
	"caller": iam.Caller, "execution": iam.Execution, "support": iam.Support, "support read-only": iam.SupportReadOnly, "planner": iam.Planner, "caller without removal": iam.CallerWithoutRemoval,
	"boundary": iam.Boundary, "smoke": iam.Smoke,
}

// AWS takes a Sid of letters and digits, once in a document; a statement
// without resources or actions would be refused.
func TestStatementsAreWellFormed(t *testing.T) {
	for name, policy := range stagePolicies {
		d := policy(target("dev"))
		sids := map[string]bool{}
		for _, s := range d.Statement {
			if !regexp.MustCompile(`^[A-Za-z0-9]+$`).MatchString(s.Sid) || sids[s.Sid] {
				t.Errorf("%s: the Sid %q is not letters and digits, or is there twice", name, s.Sid)
			}
			sids[s.Sid] = true
			if s.Effect != "Allow" || len(s.Action) == 0 || len(s.Resource) == 0 || s.Principal != nil {
				t.Errorf("%s, %s: %+v", name, s.Sid, s)
			}
		}
		if d.Version != "2012-10-17" {
			t.Errorf("%s: version %q", name, d.Version)
		}
	}
}

// Policies of one stage do not reach another, however alike they are named.
func TestPoliciesKeepToTheirStage(t *testing.T) {
	own := target("dev")
	for name, policy := range stagePolicies {
		d := policy(own)
		for _, stage := range []string{"dev2", "dev-2", "d", "prod"} {
			for _, other := range policy(target(stage)).Statement {
				for _, resource := range named(other.Resource) {
					for _, action := range other.Action {
						if allows(d, action, resource) {
							t.Errorf("%s of dev allows %s on %s of %s", name, action, resource, stage)
						}
					}
				}
			}
		}
		for _, s := range d.Statement {
			for _, resource := range named(s.Resource) {
				if !matchesAny(s.Resource, resource) {
					t.Errorf("%s, %s: %s is out of reach", name, s.Sid, resource)
				}
			}
		}
	}
}

// named gives resources real names in place of wildcards, and leaves out those
// that name no stage, which [TestWhatNoStageNames] counts.
func named(resources []string) []string {
	var list []string
	for _, r := range resources {
		if !ofNoStage(r) {
			list = append(list, strings.NewReplacer("*", "1a2b3c4d5e6f", "?", "x").Replace(r))
		}
	}
	return list
}

func ofNoStage(resource string) bool {
	return resource == "*" || strings.HasSuffix(resource, ":userpool/*") || strings.Contains(resource, ":role/aws-service-role/") || strings.HasSuffix(resource, ":role/*") || strings.HasSuffix(resource, ":user/*") || strings.Contains(resource, ":apigateway:")
}

// What cannot be told to belong to a stage before it is there is changed by
// CloudFormation alone, and is only this; APIs may be looked at, and of a resource
// anybody who deploys may ask whose it is.
func TestWhatNoStageNames(t *testing.T) {
	want := map[string]string{
		"MakeTheUserPool": "execution", "KeepTheUserPool": "execution", "LetCognitoMail": "execution", "KeepTheAPI": "execution", "LetTheAPILog": "execution",
		"SeeRemnantsAndTheBill": "caller without removal", "SeeTheAPI": "caller without removal support read-only planner", "SeeTheAccount": "caller without removal support read-only planner",
		"AskWhatCredentialsMay": "caller without removal",
	}
	for name, policy := range stagePolicies {
		for _, s := range policy(target("dev")).Statement {
			if slices.ContainsFunc(s.Resource, ofNoStage) != strings.Contains(want[s.Sid], name) {
				t.Errorf("%s, %s: resources %q", name, s.Sid, s.Resource)
			}
		}
	}
}

// Without ids of pools the policies are for all pools of the region.
func TestUserPoolsUnknown(t *testing.T) {
	young := target("dev")
	young.UserPools = nil
	pool := "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Other"
	for _, policy := range []func(iam.Target) iam.Document{iam.Caller, iam.Support} {
		if !allows(policy(young), "cognito-idp:DescribeUserPool", pool) {
			t.Error("a pool whose id is not known is out of reach")
		}
		if allows(policy(target("dev")), "cognito-idp:DescribeUserPool", pool) {
			t.Error("another pool is within reach")
		}
	}
}

// Nothing that CloudFormation may do for a stage may be done past it, and roles
// go to functions alone: otherwise whoever may make roles can become anybody.
func TestNoWayAround(t *testing.T) {
	for _, s := range iam.Execution(target("dev")).Statement {
		if s.Condition["ForAnyValue:StringEquals"]["aws:CalledVia"] != "cloudformation.amazonaws.com" {
			t.Errorf("%s may be done past CloudFormation: %v", s.Sid, s.Condition)
		}
	}
	for name, policy := range stagePolicies {
		for _, s := range policy(target("dev")).Statement {
			if slices.Contains(s.Action, "iam:PassRole") && s.Condition["StringEquals"]["iam:PassedToService"] != "lambda.amazonaws.com" {
				t.Errorf("%s, %s: roles may be given to any service: %v", name, s.Sid, s.Condition)
			}
			for _, action := range s.Action {
				if strings.HasPrefix(action, "iam:") && action != "iam:PassRole" && action != "iam:GetRole" && action != "iam:SimulatePrincipalPolicy" && name != "execution" {
					t.Errorf("%s allows %s", name, action)
				}
			}
		}
	}
}

// The execution role may be handed to CloudFormation, and nothing else to it.
func TestCallerHandsOverTheExecutionRole(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/renpyctl-dev-execution"
	if allows(iam.Caller(target("dev")), "iam:PassRole", role) {
		t.Error("a role may be handed over that nobody has named")
	}
	own := target("dev")
	own.ExecutionRole = role
	for _, s := range iam.Caller(own).Statement {
		if service := s.Condition["StringEquals"]["iam:PassedToService"]; service == "cloudformation.amazonaws.com" && !slices.Equal(s.Resource, []string{role}) {
			t.Errorf("CloudFormation may be handed %q", s.Resource)
		}
	}
	if !allows(iam.Caller(own), "iam:PassRole", role) {
		t.Error("the role may not be handed over")
	}
}

// Who plans executes nothing, and reaches neither players nor saves; who deploys without
// removing destroys nothing of theirs.
func TestWhatPlannersAndDeployersMayNot(t *testing.T) {
	for _, action := range []string{"cloudformation:ExecuteChangeSet", "cloudformation:DeleteStack", "cloudformation:SetStackPolicy", "lambda:UpdateFunctionCode", "iam:PassRole"} {
		if slices.Contains(actions(iam.Planner(target("dev"))), action) {
			t.Errorf("planner allows %s", action)
		}
	}
	const artifacts, saves = "arn:aws:s3:::renpyctl-dev-123456789012-eu-west-1/", "arn:aws:s3:::renpy-cloud-dev-savefilesbucket-1a2b/"
	for _, object := range []string{artifacts + "releases/000001.json", artifacts + "remains.json", saves + "x"} {
		if allows(iam.Planner(target("dev")), "s3:PutObject", object) {
			t.Errorf("planner may write %s", object)
		}
	}
	for _, action := range []string{"s3:GetObject", "s3:DeleteObject", "s3:DeleteObjectVersion"} {
		if allows(iam.Planner(target("dev")), action, saves+"x") {
			t.Errorf("planner may %s saves", action)
		}
	}
	for _, action := range actions(iam.CallerWithoutRemoval(target("dev"))) {
		if _, verb, _ := strings.Cut(action, ":"); strings.HasPrefix(verb, "Delete") && action != "cloudformation:DeleteChangeSet" && !strings.HasPrefix(action, "s3:DeleteObject") {
			t.Errorf("without removal there is %s", action)
		}
	}
	for _, action := range []string{"s3:DeleteObject", "s3:DeleteObjectVersion"} {
		if allows(iam.CallerWithoutRemoval(target("dev")), action, saves+"x") {
			t.Errorf("without removal there is %s of saves", action)
		}
	}
}

// Support looks, and changes players only; with --read-only it looks only.
func TestSupportChangesNothingElse(t *testing.T) {
	all := every()
	for name, policy := range map[string]func(iam.Target) iam.Document{"support": iam.Support, "support read-only": iam.SupportReadOnly} {
		for _, action := range actions(policy(target("dev"))) {
			_, verb, _ := strings.Cut(action, ":")
			looks := slices.ContainsFunc([]string{"Get", "List", "Describe", "Filter", "GET", "Query", "Scan"}, func(p string) bool { return strings.HasPrefix(verb, p) })
			if !looks && (!ofPlayers(action) || name != "support") {
				t.Errorf("%s allows %s", name, action)
			}
			if !slices.Contains(all, action) {
				t.Errorf("%s allows %s, which renpyctl never calls", name, action)
			}
		}
		for _, object := range []string{"remains.json", "code/syncplan-0.zip"} {
			if allows(policy(target("dev")), "s3:GetObject", "arn:aws:s3:::renpyctl-dev-123456789012-eu-west-1/"+object) {
				t.Errorf("%s may read %s", name, object)
			}
		}
		for _, action := range []string{"s3:PutObject", "s3:DeleteObjectVersion"} {
			if allows(policy(target("dev")), action, "arn:aws:s3:::renpyctl-dev-123456789012-eu-west-1/releases/000001.json") {
				t.Errorf("%s may change the artefact bucket by %s", name, action)
			}
		}
	}
	// Whoever may change a player's account may do all that the commands about players do.
	for _, action := range all {
		if ofPlayers(action) && !slices.Contains(actions(iam.Support(target("dev"))), action) {
			t.Errorf("support lacks %s", action)
		}
	}
}

// Trying a stage takes a part of what support may do: it reads no player's saves, and
// changes nobody's account, record or saves but by erasing them.
func TestSmokeIsAPartOfSupport(t *testing.T) {
	support := actions(iam.Support(target("dev")))
	for _, action := range actions(iam.Smoke(target("dev"))) {
		if !slices.Contains(support, action) {
			t.Errorf("smoke allows %s, and support does not", action)
		}
	}
	for _, action := range []string{"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "dynamodb:UpdateItem", "dynamodb:GetItem", "cognito-idp:AdminUpdateUserAttributes"} {
		if slices.Contains(actions(iam.Smoke(target("dev"))), action) {
			t.Errorf("smoke allows %s", action)
		}
	}
}

// every lists what the caller may do who helps players as well.
func every() []string {
	d := iam.Caller(target("dev"))
	d.Statement = append(d.Statement, iam.Support(target("dev")).Statement...)
	return actions(d)
}

// ofPlayers tells the actions that change players' accounts, records and saves.
func ofPlayers(action string) bool {
	return strings.HasPrefix(action, "cognito-idp:Admin") || slices.Contains([]string{
		"dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:DeleteItem",
		"s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload",
	}, action)
}

func TestGitHubTrust(t *testing.T) {
	g := iam.GitHub{Repository: "octocat@123456/my-game@456789", Environment: "prod"}
	d := g.Trust("aws", "123456789012")
	if len(d.Statement) != 1 {
		t.Fatalf("%d statements", len(d.Statement))
	}
	s := d.Statement[0]
	if s.Principal["Federated"] != "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" || !slices.Equal(s.Action, []string{"sts:AssumeRoleWithWebIdentity"}) || s.Resource != nil {
		t.Errorf("%+v", s)
	}
	equals := s.Condition["StringEquals"]
	if len(s.Condition) != 1 || len(equals) != 2 || equals["token.actions.githubusercontent.com:aud"] != "sts.amazonaws.com" ||
		equals["token.actions.githubusercontent.com:sub"] != "repo:octocat@123456/my-game@456789:environment:prod" {
		t.Errorf("conditions %v", s.Condition)
	}
}

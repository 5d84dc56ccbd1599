//go:build e2e && (linux || darwin)

package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// TestPolicies operates a stage from its first deploy to its removal as users
// who have nothing but the policies that renpyctl prints.
//
// The local cloud enforces them for renpyctl's own calls, each on its resource.
// What CloudFormation does for a caller it does with every right, so nothing is
// seen here of the policy "execution", nor of iam:PassRole.
func TestPolicies(t *testing.T) {
	t.Parallel()
	_, endpoint := strictCloud(t)
	root := throughEndpoint(endpoint, publicAccount)
	root.flags = []string{"--stage", "policed"}
	boundary := newPolicy(t, endpoint, "boundary", root.policy(t, "boundary"))
	caller := newUser(t, endpoint, "caller", root.policy(t, "caller"), root.policy(t, "execution", "--boundary", boundary), root.policy(t, "support"))

	allowed(t, caller, "deploy", "--yes", "--arch", hostArch(), "--set", "PermissionsBoundary="+boundary)
	s := deployBy(t, caller, "policed")
	s.game.CognitoEndpoint = endpoint
	bindRoles(t, endpoint, boundary)
	p := s.player(t)
	p.device(t, time.Now(), map[string]string{"persistent": "mine"}).sync(t, "persistent", "")

	plan := t.TempDir() + "/plan"
	for _, command := range []string{
		"info", "config renpy --game-id my_game", "logs", "users list", "users confirm " + p.email, "releases", "drift", "recover",
		"plan --set LogRetentionDays=7 --out " + plan, "deploy --yes --plan " + plan, "deploy --watch", "deploy --yes",
		"rollback --yes", "deploy --yes --protect --set LogRetentionDays=14",
	} {
		allowed(t, caller, strings.Fields(command)...)
	}
	function := lambda.UpdateFunctionConfigurationInput{FunctionName: &s.info.Functions[0].Function, MemorySize: aws.Int32(512)}
	if _, err := clientsAt(endpoint, publicAccount).lambda.UpdateFunctionConfiguration(t.Context(), &function); err != nil {
		t.Fatal(err)
	}
	allowed(t, caller, "deploy", "--yes")
	swapCode(t, endpoint, s)
	allowed(t, caller, "deploy", "function", s.info.Functions[0].Name, "--yes")

	tester := newUser(t, endpoint, "tester", root.policy(t, "smoke", "--user-pool", s.info.Outputs.CognitoUserPoolId))
	allowed(t, tester, "smoke")
	tester.run(t, "users", "disable", p.email).exits(t, 4)

	planner := newUser(t, endpoint, "planner", root.policy(t, "planner", "--user-pool", s.info.Outputs.CognitoUserPoolId))
	for _, command := range []string{"plan", "plan --set LogRetentionDays=7 --out " + plan, "drift", "info"} {
		allowed(t, planner, strings.Fields(command)...)
	}
	for _, command := range []string{
		"deploy --yes --plan " + plan, "deploy --yes --set LogRetentionDays=5", "rollback 1 --yes",
		"remove --yes --confirm policed", "users list", "saves list " + p.email,
	} {
		planner.run(t, strings.Fields(command)...).exits(t, 4)
	}
	allowed(t, planner, "plan", "--set", "LogRetentionDays=7", "--out", plan) // a plan whose execution is denied is taken back
	allowed(t, caller, "deploy", "--yes", "--plan", plan)

	support := newUser(t, endpoint, "support", root.policy(t, "support", "--user-pool", s.info.Outputs.CognitoUserPoolId))
	looker := newUser(t, endpoint, "looker", root.policy(t, "support", "--read-only", "--user-pool", s.info.Outputs.CognitoUserPoolId))
	if err := s.client().SignUp(t.Context(), "waiting@example.com", password); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{
		"info", "config renpy --game-id my_game", "logs", "users list --wide", "users show " + p.email, "users resend waiting@example.com", "releases", "drift",
	} {
		allowed(t, support, strings.Fields(command)...)
		allowed(t, looker, strings.Fields(command)...)
	}
	for _, command := range []string{
		"users confirm waiting@example.com", "users disable waiting@example.com",
		"users enable waiting@example.com", "users set-email waiting@example.com came@example.com", "users delete --yes came@example.com",
	} {
		looker.run(t, strings.Fields(command)...).exits(t, 4)
		allowed(t, support, strings.Fields(command)...)
	}
	for _, command := range []string{
		"plan --set LogRetentionDays=5", "deploy --yes --set LogRetentionDays=5",
		"rollback 1 --yes", "prune --keep 1 --yes", "remove --yes --confirm policed",
	} {
		support.run(t, strings.Fields(command)...).exits(t, 4)
	}
	for _, o := range []operator{caller, support} {
		o.flags = []string{"--stage", "policed-2"}
		o.run(t, "info").exits(t, 4).says(t, "cloudformation:DescribeStacks")
	}

	allowed(t, caller, "prune", "--keep", "1", "--yes")
	allowed(t, caller, "users", "delete", p.email, "--yes")
	allowed(t, caller, "remove", "--yes", "--confirm", "policed")
	if left := clientsAt(endpoint, publicAccount).inventory(t); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

var denial = regexp.MustCompile(`.*(not authorized|[Dd]enied|Forbidden|\b403\b).*`)

// allowed runs a command that has to succeed without a single call being
// denied on the way, not even one that the program can do without.
func allowed(t *testing.T, o operator, args ...string) result {
	t.Helper()
	r := o.run(t, append(args, "--debug")...).exits(t, 0)
	if line := denial.FindString(r.stderr); line != "" {
		t.Errorf("%s: %s", r.command, line)
	}
	return r
}

// policy prints a policy by the program.
func (o operator) policy(t *testing.T, kind string, flags ...string) string {
	t.Helper()
	return o.run(t, append([]string{"policy", kind, "--account", "000000000000"}, flags...)...).exits(t, 0).out
}

// newPolicy makes a managed policy and returns its ARN.
func newPolicy(t *testing.T, endpoint, name, document string) string {
	t.Helper()
	made, err := clientsAt(endpoint, publicAccount).iam.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: &document})
	if err != nil {
		t.Fatal(err)
	}
	return *made.Policy.Arn
}

// bindRoles makes up for the emulator, whose CloudFormation does not bind roles.
func bindRoles(t *testing.T, endpoint, boundary string) {
	t.Helper()
	root := clientsAt(endpoint, publicAccount).iam
	roles, err := root.ListRoles(t.Context(), &iam.ListRolesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range roles.Roles {
		in := iam.PutRolePermissionsBoundaryInput{RoleName: r.RoleName, PermissionsBoundary: &boundary}
		if _, err := root.PutRolePermissionsBoundary(t.Context(), &in); err != nil {
			t.Fatal(err)
		}
	}
	if len(roles.Roles) != 2 {
		t.Errorf("%d roles", len(roles.Roles))
	}
}

// newUser makes an IAM user with managed policies, who operates the stage policed.
func newUser(t *testing.T, endpoint, name string, policies ...string) operator {
	t.Helper()
	root := clientsAt(endpoint, publicAccount).iam
	if _, err := root.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}); err != nil {
		t.Fatal(err)
	}
	for i, document := range policies {
		arn := newPolicy(t, endpoint, fmt.Sprint(name, i), document)
		if _, err := root.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: &name, PolicyArn: &arn}); err != nil {
			t.Fatal(err)
		}
	}
	key, err := root.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	o := throughEndpoint(endpoint, *key.AccessKey.AccessKeyId)
	o.env = append(o.env, "AWS_SECRET_ACCESS_KEY="+*key.AccessKey.SecretAccessKey)
	o.flags = []string{"--stage", "policed"}
	return o
}

// swapCode gives the stage's first function the code of its second, past renpyctl.
func swapCode(t *testing.T, endpoint string, s *stage) {
	t.Helper()
	root := clientsAt(endpoint, publicAccount)
	bucket := "renpyctl-" + s.name + "-" + s.info.Account + "-" + s.info.Region
	for _, v := range root.versions(t, bucket) {
		if !strings.HasPrefix(v.key, "code/synccomplete-") {
			continue
		}
		_, err := root.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{
			FunctionName: &s.info.Functions[0].Function, S3Bucket: &bucket, S3Key: &v.key,
		})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no code of syncComplete in %s", bucket)
}

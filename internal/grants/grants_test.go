package grants_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/grants"
)

const account = "123456789012"

// IAM is asked about whom it knows: of a session that is its role, with the path that
// the session's ARN has not, if IAM tells it.
func TestPrincipal(t *testing.T) {
	for _, c := range []struct{ arn, want string }{
		{"arn:aws:iam::" + account + ":user/ops/ann", "arn:aws:iam::" + account + ":user/ops/ann"},
		{"arn:aws:sts::" + account + ":assumed-role/AWSReservedSSO_Admin_1/ann", "arn:aws:iam::" + account + ":role/aws-reserved/sso/AWSReservedSSO_Admin_1"},
		{"arn:aws-cn:sts::" + account + ":assumed-role/hidden/job", "arn:aws-cn:iam::" + account + ":role/hidden"},
	} {
		fake := awsfake.New(t)
		awsfake.On(fake, func(in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
			if *in.RoleName == "hidden" {
				return nil, awsfake.Error{Code: "AccessDenied", Status: 403}
			}
			return &iam.GetRoleOutput{Role: &types.Role{Arn: aws.String("arn:aws:iam::" + account + ":role/aws-reserved/sso/" + *in.RoleName)}}, nil
		})
		got, err := grants.Principal(t.Context(), iam.NewFromConfig(fake.Config()), cloud.Identity{Account: account, ARN: c.arn})
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v", c.arn, got, err)
		}
	}
	_, err := grants.Principal(t.Context(), iam.NewFromConfig(awsfake.New(t).Config()), cloud.Identity{Account: account, ARN: "arn:aws:iam::" + account + ":root"})
	if !errors.Is(err, grants.ErrRoot) {
		t.Errorf("the root user: %v", err)
	}
}

// What is not allowed on all pages of an answer is missing, an explicit deny as well.
func TestMissing(t *testing.T) {
	fake := awsfake.New(t)
	awsfake.On(fake, func(in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
		if in.ContextEntries[0].ContextKeyType != types.ContextKeyTypeEnumStringList {
			t.Errorf("the condition is %v", in.ContextEntries[0])
		}
		result := func(action string, d types.PolicyEvaluationDecisionType) []types.EvaluationResult {
			return []types.EvaluationResult{{EvalActionName: &action, EvalDecision: d}}
		}
		if in.Marker == nil {
			return &iam.SimulatePrincipalPolicyOutput{IsTruncated: true, Marker: aws.String("2"), EvaluationResults: append(
				result("a:Allowed", types.PolicyEvaluationDecisionTypeAllowed), result("a:Forbidden", types.PolicyEvaluationDecisionTypeExplicitDeny)...)}, nil
		}
		return &iam.SimulatePrincipalPolicyOutput{EvaluationResults: result("a:Lacking", types.PolicyEvaluationDecisionTypeImplicitDeny)}, nil
	})
	missing, err := grants.Missing(t.Context(), iam.NewFromConfig(fake.Config()), "arn:aws:iam::"+account+":user/ann",
		[]string{"a:Allowed", "a:Forbidden", "a:Lacking"}, []string{"*"}, []grants.Condition{{Key: "aws:CalledVia", Value: "x", Several: true}})
	if err != nil || len(missing) != 2 || missing[0] != "a:Forbidden" || missing[1] != "a:Lacking" {
		t.Errorf("%q, %v", missing, err)
	}
}

// Package grants asks IAM what credentials may do, without doing it.
package grants

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Client is the part of the IAM API that this package uses.
type Client interface {
	GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error)
	iam.SimulatePrincipalPolicyAPIClient
}

var _ Client = (*iam.Client)(nil)

// ErrRoot says that the credentials are the account's own, which may do all and of
// which IAM has no policies.
var ErrRoot = errors.New("the credentials are of the account's root user")

// Principal is the ARN of whom IAM knows behind credentials: a user, or the role of
// a session. A role's path is not in the session's ARN, so IAM is asked for it.
func Principal(ctx context.Context, client Client, id cloud.Identity) (string, error) {
	parts := strings.SplitN(id.ARN, ":", 6)
	if len(parts) < 6 {
		return "", fmt.Errorf("%q is no ARN", id.ARN)
	}
	switch kind, rest, _ := strings.Cut(parts[5], "/"); kind {
	case "root":
		return "", ErrRoot
	case "assumed-role":
		role, _, _ := strings.Cut(rest, "/")
		out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &role})
		if err == nil && out.Role != nil && out.Role.Arn != nil {
			return *out.Role.Arn, nil
		}
		return fmt.Sprintf("arn:%s:iam::%s:role/%s", parts[1], id.Account, role), nil
	}
	return id.ARN, nil
}

// Condition is the value that a condition key of a request has, or one of those that
// it has where it may have several.
type Condition struct {
	Key, Value string
	Several    bool
}

// Missing are those of some actions that a principal may not do on resources, by
// name. What a service control policy forbids is among them; what the policy of a
// session or a bucket says is not known to IAM (IAM API reference,
// SimulatePrincipalPolicy).
func Missing(ctx context.Context, client Client, principal string, actions, resources []string, conditions []Condition) ([]string, error) {
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &principal, ActionNames: actions, ResourceArns: resources}
	for _, c := range conditions {
		kind := types.ContextKeyTypeEnumString
		if c.Several {
			kind = types.ContextKeyTypeEnumStringList
		}
		in.ContextEntries = append(in.ContextEntries, types.ContextEntry{ContextKeyName: &c.Key, ContextKeyType: kind, ContextKeyValues: []string{c.Value}})
	}
	var missing []string
	pages := iam.NewSimulatePrincipalPolicyPaginator(client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("ask IAM what these credentials may do: %w", err)
		}
		for _, r := range page.EvaluationResults {
			if r.EvalDecision != types.PolicyEvaluationDecisionTypeAllowed {
				missing = append(missing, aws.ToString(r.EvalActionName))
			}
		}
	}
	return missing, nil
}

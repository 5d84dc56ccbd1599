package stack

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// CancelUpdate stops an update and rolls it back.
func (e *Engine) CancelUpdate(ctx context.Context, stackID string) error {
	token := newToken()
	_, err := e.client.CancelUpdateStack(ctx, &cloudformation.CancelUpdateStackInput{StackName: &stackID, ClientRequestToken: &token})
	if err != nil {
		return fmt.Errorf("cancel the update of stack %s: %w", stackID, err)
	}
	return nil
}

// ContinueRollback goes on with a rollback that failed (UPDATE_ROLLBACK_FAILED),
// leaving out the resources named: CloudFormation then believes them to be what
// the old template says, whatever they are.
func (e *Engine) ContinueRollback(ctx context.Context, stackID string, skip []string) error {
	token := newToken()
	_, err := e.client.ContinueUpdateRollback(ctx, &cloudformation.ContinueUpdateRollbackInput{
		StackName: &stackID, ClientRequestToken: &token, ResourcesToSkip: skip,
	})
	if err != nil {
		return fmt.Errorf("continue the rollback of stack %s: %w", stackID, err)
	}
	return nil
}

// DeleteRetaining deletes a stack in DELETE_FAILED, leaving the resources named where they are.
func (e *Engine) DeleteRetaining(ctx context.Context, stackID string, retain []string) error {
	token := newToken()
	_, err := e.client.DeleteStack(ctx, &cloudformation.DeleteStackInput{
		StackName: &stackID, ClientRequestToken: &token, RetainResources: retain,
	})
	if err != nil {
		return fmt.Errorf("delete stack %s: %w", stackID, err)
	}
	return nil
}

// Policy returns the stack policy, "" if there is none.
func (e *Engine) Policy(ctx context.Context, stackID string) (string, error) {
	out, err := e.client.GetStackPolicy(ctx, &cloudformation.GetStackPolicyInput{StackName: &stackID})
	if err != nil {
		return "", fmt.Errorf("read the policy of stack %s: %w", stackID, err)
	}
	return aws.ToString(out.StackPolicyBody), nil
}

// SetPolicy sets the stack policy, under which CloudFormation itself refuses updates.
func (e *Engine) SetPolicy(ctx context.Context, stackID, policy string) error {
	_, err := e.client.SetStackPolicy(ctx, &cloudformation.SetStackPolicyInput{StackName: &stackID, StackPolicyBody: &policy})
	if err != nil {
		return fmt.Errorf("set the policy of stack %s: %w", stackID, err)
	}
	return nil
}

// Broken returns the resources that failed, as the stack lists them.
func Broken(resources []Resource) []Resource {
	var list []Resource
	for _, r := range resources {
		if strings.HasSuffix(string(r.Status), "_FAILED") {
			list = append(list, r)
		}
	}
	return list
}

// Rollback rolls back an update that failed while rolling back was switched off (UPDATE_FAILED).
func (e *Engine) Rollback(ctx context.Context, stackID string) error {
	token := newToken()
	_, err := e.client.RollbackStack(ctx, &cloudformation.RollbackStackInput{StackName: &stackID, ClientRequestToken: &token})
	if err != nil {
		return fmt.Errorf("roll back stack %s: %w", stackID, err)
	}
	return nil
}

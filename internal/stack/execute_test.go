package stack_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// TestExecuteKnowsItsOwnLostTry: a service that does not know the request again
// by its token refuses the second try, although the first has begun.
func TestExecuteKnowsItsOwnLostTry(t *testing.T) {
	for status, begun := range map[types.ExecutionStatus]bool{
		types.ExecutionStatusExecuteInProgress: true,
		types.ExecutionStatusExecuteComplete:   true,
		types.ExecutionStatusObsolete:          false,
		types.ExecutionStatusUnavailable:       false,
	} {
		fake := awsfake.New(t)
		awsfake.On(fake, func(*cloudformation.ExecuteChangeSetInput) (*cloudformation.ExecuteChangeSetOutput, error) {
			return nil, awsfake.Error{Code: "InvalidChangeSetStatus", Message: "ChangeSet [x] cannot be executed in its current execution status of [" + string(status) + "]", Status: 400}
		})
		awsfake.On(fake, func(*cloudformation.DescribeChangeSetInput) (*cloudformation.DescribeChangeSetOutput, error) {
			return &cloudformation.DescribeChangeSetOutput{Status: types.ChangeSetStatusCreateComplete, ExecutionStatus: status}, nil
		})
		engine := stack.New(cloudformation.NewFromConfig(fake.Config()))
		err := engine.Execute(t.Context(), &stack.Plan{ChangeSetID: "arn:x", StackID: stackID})
		if begun && err != nil {
			t.Errorf("%s: %v", status, err)
		}
		if !begun && !errors.Is(err, stack.ErrBusy) {
			t.Errorf("%s: %v, want ErrBusy", status, err)
		}
	}
}

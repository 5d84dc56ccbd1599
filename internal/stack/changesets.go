package stack

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// ChangeSet is a change set of ours that waits on a stack: a plan that was kept,
// or that a run which was killed has left.
type ChangeSet struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
}

// Plan is the change set as a plan that can be recalled and discarded.
func (c ChangeSet) Plan(stackID string) *Plan { return &Plan{ChangeSetID: c.ID, StackID: stackID} }

// ChangeSets lists ours on the stack of a name that were not executed, oldest
// first; none where there is no stack.
func (e *Engine) ChangeSets(ctx context.Context, name string) ([]ChangeSet, error) {
	var list []ChangeSet
	pages := cloudformation.NewListChangeSetsPaginator(e.client, &cloudformation.ListChangeSetsInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list the change sets of stack %s: %w", name, err)
		}
		for _, s := range page.Summaries {
			executed := s.ExecutionStatus == types.ExecutionStatusExecuteInProgress || s.ExecutionStatus == types.ExecutionStatusExecuteComplete ||
				s.ExecutionStatus == types.ExecutionStatusExecuteFailed
			if !executed && strings.HasPrefix(aws.ToString(s.ChangeSetName), name+"-") {
				list = append(list, ChangeSet{aws.ToString(s.ChangeSetId), aws.ToTime(s.CreationTime)})
			}
		}
	}
	slices.SortFunc(list, func(a, b ChangeSet) int { return a.Created.Compare(b.Created) })
	return list, nil
}

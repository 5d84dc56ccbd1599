package stack

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// RefusedError says that CloudFormation would not make a change set.
type RefusedError struct {
	Reason   string    // CloudFormation's words
	Findings []Finding // what its validation found, where it tells
}

// Finding is one thing that CloudFormation's early validation or a hook found.
type Finding struct {
	LogicalID string
	Type      string // "AWS::S3::Bucket"
	Path      string // in the template, "" if none
	Text      string
}

func (e *RefusedError) Error() string {
	text := e.Reason
	for _, f := range e.Findings {
		text = fmt.Sprintf("%s: %s", cmp.Or(f.LogicalID, f.Path), f.Text)
		break // the first is the cause to mend; the others are in Findings
	}
	return "CloudFormation refuses the change: " + strings.TrimSuffix(text, ".")
}

// refused explains why a change set failed. Results of early validation and of
// hooks are told by DescribeEvents alone (SDK changelog 2025-11-18); where that
// is not allowed, the reason has to do.
func (e *Engine) refused(ctx context.Context, plan *Plan, reason string) error {
	refusal := &RefusedError{Reason: reason}
	pages := cloudformation.NewDescribeEventsPaginator(e.client, &cloudformation.DescribeEventsInput{
		ChangeSetName: &plan.ChangeSetID, StackName: &plan.StackID,
		Filters: &types.EventFilter{FailedEvents: aws.Bool(true)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return refusal
		}
		for _, ev := range page.OperationEvents {
			if ev.ValidationFailureMode == types.HookFailureModeWarn {
				continue // does not stand in the way
			}
			f := Finding{
				LogicalID: aws.ToString(ev.LogicalResourceId), Type: aws.ToString(ev.ResourceType), Path: aws.ToString(ev.ValidationPath),
			}
			f.Text = cmp.Or(aws.ToString(ev.ValidationStatusReason), aws.ToString(ev.HookStatusReason), aws.ToString(ev.ResourceStatusReason))
			if f.Text != "" {
				refusal.Findings = append(refusal.Findings, f)
			}
		}
	}
	return refusal
}

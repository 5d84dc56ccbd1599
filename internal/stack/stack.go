// Package stack drives CloudFormation: it reads a stack, plans a change as a
// change set, executes it, follows its events to the end, finds out why it
// failed, and deletes it. It prints nothing and decides nothing that a person
// should decide.
package stack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Client is the part of the CloudFormation API that the engine uses.
type Client interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
	cloudformation.ListStacksAPIClient
	GetTemplate(context.Context, *cloudformation.GetTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error)
	ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error)
	DescribeStackResources(context.Context, *cloudformation.DescribeStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackResourcesOutput, error)
	DescribeStackEvents(context.Context, *cloudformation.DescribeStackEventsInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackEventsOutput, error)
	CreateChangeSet(context.Context, *cloudformation.CreateChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.CreateChangeSetOutput, error)
	ListChangeSets(context.Context, *cloudformation.ListChangeSetsInput, ...func(*cloudformation.Options)) (*cloudformation.ListChangeSetsOutput, error)
	DescribeChangeSet(context.Context, *cloudformation.DescribeChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeChangeSetOutput, error)
	ExecuteChangeSet(context.Context, *cloudformation.ExecuteChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.ExecuteChangeSetOutput, error)
	DeleteChangeSet(context.Context, *cloudformation.DeleteChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteChangeSetOutput, error)
	DeleteStack(context.Context, *cloudformation.DeleteStackInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteStackOutput, error)
	CancelUpdateStack(context.Context, *cloudformation.CancelUpdateStackInput, ...func(*cloudformation.Options)) (*cloudformation.CancelUpdateStackOutput, error)
	ContinueUpdateRollback(context.Context, *cloudformation.ContinueUpdateRollbackInput, ...func(*cloudformation.Options)) (*cloudformation.ContinueUpdateRollbackOutput, error)
	RollbackStack(context.Context, *cloudformation.RollbackStackInput, ...func(*cloudformation.Options)) (*cloudformation.RollbackStackOutput, error)
	GetStackPolicy(context.Context, *cloudformation.GetStackPolicyInput, ...func(*cloudformation.Options)) (*cloudformation.GetStackPolicyOutput, error)
	SetStackPolicy(context.Context, *cloudformation.SetStackPolicyInput, ...func(*cloudformation.Options)) (*cloudformation.SetStackPolicyOutput, error)
	DescribeEvents(context.Context, *cloudformation.DescribeEventsInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeEventsOutput, error)
	UpdateTerminationProtection(context.Context, *cloudformation.UpdateTerminationProtectionInput, ...func(*cloudformation.Options)) (*cloudformation.UpdateTerminationProtectionOutput, error)
}

var _ Client = (*cloudformation.Client)(nil)

// Engine runs operations on stacks.
type Engine struct{ client Client }

// New returns an engine that works through client.
func New(client Client) *Engine { return &Engine{client: client} }

// Stack is a stack as CloudFormation describes it.
type Stack struct {
	ID, Name   string
	Status     Status
	Reason     string // CloudFormation's words on the status, often empty
	Created    time.Time
	Updated    time.Time // zero until the first update
	Outputs    map[string]string
	Parameters map[string]string
	Tags       map[string]string
	RoleARN    string // that CloudFormation works as; "" if as the caller
	Policy     string // under which it refuses updates, where it was read as well

	TerminationProtection bool
}

// Account is the account that the stack's id names.
func (s Stack) Account() string {
	if parts := strings.Split(s.ID, ":"); len(parts) > 4 {
		return parts[4]
	}
	return ""
}

// ErrNotFound says that there is no such stack. A deleted one counts as none.
var ErrNotFound = errors.New("the stack does not exist")

// Describe reads a stack by name or id. The error is [ErrNotFound] where there
// is none; a stack that is read by its id is returned even after its deletion,
// as long as CloudFormation remembers it.
func (e *Engine) Describe(ctx context.Context, nameOrID string) (Stack, error) {
	out, err := e.client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &nameOrID})
	if cloud.IsNotFound(err) || err == nil && len(out.Stacks) == 0 {
		return Stack{}, ErrNotFound
	}
	if err != nil {
		return Stack{}, fmt.Errorf("read stack %s: %w", nameOrID, err)
	}
	s := fromAPI(out.Stacks[0])
	if s.Status == DeleteComplete && !strings.HasPrefix(nameOrID, "arn:") {
		return Stack{}, ErrNotFound
	}
	return s, nil
}

// Names lists the stacks of the account and region whose names begin so, those that
// are deleted left out.
func (e *Engine) Names(ctx context.Context, prefix string) ([]string, error) {
	var living []types.StackStatus
	for _, status := range types.StackStatus("").Values() {
		if status != types.StackStatusDeleteComplete {
			living = append(living, status)
		}
	}
	var names []string
	pages := cloudformation.NewListStacksPaginator(e.client, &cloudformation.ListStacksInput{StackStatusFilter: living})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return names, fmt.Errorf("list the stacks: %w", err)
		}
		for _, s := range page.StackSummaries {
			if name := aws.ToString(s.StackName); strings.HasPrefix(name, prefix) && s.StackStatus != types.StackStatusDeleteComplete {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

func fromAPI(in types.Stack) Stack {
	s := Stack{
		ID: aws.ToString(in.StackId), Name: aws.ToString(in.StackName),
		Status: Status(in.StackStatus), Reason: aws.ToString(in.StackStatusReason),
		Created: aws.ToTime(in.CreationTime), Updated: aws.ToTime(in.LastUpdatedTime),
		Outputs:               make(map[string]string, len(in.Outputs)),
		Parameters:            make(map[string]string, len(in.Parameters)),
		Tags:                  make(map[string]string, len(in.Tags)),
		RoleARN:               aws.ToString(in.RoleARN),
		TerminationProtection: aws.ToBool(in.EnableTerminationProtection),
	}
	for _, o := range in.Outputs {
		s.Outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	for _, p := range in.Parameters {
		s.Parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	for _, t := range in.Tags {
		s.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return s
}

// Template returns the template that the stack was last given, as it was given.
func (e *Engine) Template(ctx context.Context, nameOrID string) (string, error) {
	out, err := e.client.GetTemplate(ctx, &cloudformation.GetTemplateInput{
		StackName: &nameOrID, TemplateStage: types.TemplateStageOriginal,
	})
	if err != nil {
		return "", fmt.Errorf("read the template of stack %s: %w", nameOrID, err)
	}
	return aws.ToString(out.TemplateBody), nil
}

// Resource is a resource of a stack.
type Resource struct {
	LogicalID, PhysicalID, Type string
	Status                      Status
	Reason                      string
}

// Resources lists the stack's resources, those already deleted left out.
func (e *Engine) Resources(ctx context.Context, nameOrID string) ([]Resource, error) {
	var list []Resource
	pages := cloudformation.NewListStackResourcesPaginator(e.client, &cloudformation.ListStackResourcesInput{StackName: &nameOrID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the resources of stack %s: %w", nameOrID, err)
		}
		for _, r := range page.StackResourceSummaries {
			if r.ResourceStatus == types.ResourceStatusDeleteComplete {
				continue
			}
			list = append(list, Resource{
				LogicalID: aws.ToString(r.LogicalResourceId), PhysicalID: aws.ToString(r.PhysicalResourceId),
				Type: aws.ToString(r.ResourceType), Status: Status(r.ResourceStatus), Reason: aws.ToString(r.ResourceStatusReason),
			})
		}
	}
	return list, nil
}

// Owner is the id of the stack that a resource belongs to, by its name or id in
// AWS; "" if it belongs to none (API reference, DescribeStackResources).
func (e *Engine) Owner(ctx context.Context, physicalID string) (stackID string, err error) {
	out, err := e.client.DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{PhysicalResourceId: &physicalID})
	if cloud.IsNotFound(err) || err == nil && len(out.StackResources) == 0 {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the stack of %s: %w", physicalID, err)
	}
	return aws.ToString(out.StackResources[0].StackId), nil
}

// SetTerminationProtection switches the protection against DeleteStack on or off.
func (e *Engine) SetTerminationProtection(ctx context.Context, nameOrID string, on bool) error {
	_, err := e.client.UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{
		StackName: &nameOrID, EnableTerminationProtection: &on,
	})
	if err != nil {
		return fmt.Errorf("set termination protection of stack %s: %w", nameOrID, err)
	}
	return nil
}

// Delete asks CloudFormation to delete the stack and returns at once; follow it with [Engine.Follow].
func (e *Engine) Delete(ctx context.Context, stackID string) error {
	token := newToken()
	_, err := e.client.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &stackID, ClientRequestToken: &token})
	if err != nil {
		return fmt.Errorf("delete stack %s: %w", stackID, err)
	}
	return nil
}

package stack_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

const (
	stackName = "renpy-cloud-dev"
	stackID   = "arn:aws:cloudformation:eu-west-1:123456789012:stack/renpy-cloud-dev/0a1b2c3d"
)

// operation is a stack whose events and states come to light as time passes.
type operation struct {
	*awsfake.Fake
	engine *stack.Engine
	start  time.Time
	page   int         // events a page
	final  stack.Stack // as it was last followed to
	blind  int         // how often AWS was said not to answer
	shows  func(stack.Stack) bool

	events []happening // oldest first
	states []state     // by time; the last that has come counts
	// eventsErr and stateErr, if set, answer in place of events and states.
	eventsErr, stateErr func(since time.Duration) error
	old                 [2]time.Duration // from when to when the events are listed as they were before the last mark
}

// happening is an event: "ManifestTable CREATE_FAILED: reason"; the stack's own begin with "-".
type happening struct {
	at   time.Duration
	what string
}

type state struct {
	at     time.Duration
	status stack.Status // "" is no stack any more; "UPDATE_COMPLETE 2" shows release 2
}

func newOperation(t *testing.T) *operation {
	o := &operation{Fake: awsfake.New(t), start: time.Now(), page: 100}
	o.engine = stack.New(cloudformation.NewFromConfig(o.Config()))
	awsfake.On(o.Fake, o.describeEvents)
	awsfake.On(o.Fake, o.describeStacks)
	return o
}

func (o *operation) describeEvents(in *cloudformation.DescribeStackEventsInput) (*cloudformation.DescribeStackEventsOutput, error) {
	now := time.Since(o.start)
	if o.eventsErr != nil {
		if err := o.eventsErr(now); err != nil {
			return nil, err
		}
	}
	if o.status() == "" {
		return nil, awsfake.Error{Code: "ValidationError", Message: "Stack [" + *in.StackName + "] does not exist"}
	}
	var visible []types.StackEvent // newest first, as AWS lists them
	for i, h := range o.events {
		if stale := o.old[0] <= now && now < o.old[1]; h.at <= now && (!stale || i == 0) {
			visible = append([]types.StackEvent{o.event(i, h)}, visible...)
		}
	}
	from := 0
	if in.NextToken != nil {
		fmt.Sscan(*in.NextToken, &from)
	}
	out := &cloudformation.DescribeStackEventsOutput{StackEvents: visible[min(from, len(visible)):]}
	if len(out.StackEvents) > o.page {
		out.StackEvents = out.StackEvents[:o.page]
		out.NextToken = aws.String(fmt.Sprint(from + o.page))
	}
	return out, nil
}

func (o *operation) event(i int, h happening) types.StackEvent {
	id, rest, _ := strings.Cut(h.what, " ")
	status, reason, _ := strings.Cut(rest, ": ")
	ev := types.StackEvent{
		EventId: aws.String(fmt.Sprint("e", i)), StackId: aws.String(stackID), StackName: aws.String(stackName),
		Timestamp: aws.Time(o.start.Add(h.at)), LogicalResourceId: &id, PhysicalResourceId: aws.String("phys-" + id),
		ResourceType: aws.String("AWS::Some::Thing"), ResourceStatus: types.ResourceStatus(status), ResourceStatusReason: &reason,
	}
	if id == "-" {
		ev.LogicalResourceId, ev.PhysicalResourceId = aws.String(stackName), aws.String(stackID)
		ev.ResourceType = aws.String("AWS::CloudFormation::Stack")
	}
	return ev
}

// status is the state that has come to light.
func (o *operation) status() stack.Status {
	status := o.states[0].status
	for _, s := range o.states {
		if s.at <= time.Since(o.start) {
			status = s.status
		}
	}
	return status
}

func (o *operation) describeStacks(in *cloudformation.DescribeStacksInput) (*cloudformation.DescribeStacksOutput, error) {
	if o.stateErr != nil {
		if err := o.stateErr(time.Since(o.start)); err != nil {
			return nil, err
		}
	}
	status := o.status()
	if status == "" {
		return nil, awsfake.Error{Code: "ValidationError", Message: "Stack with id " + *in.StackName + " does not exist"}
	}
	name, release, _ := strings.Cut(string(status), " ")
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{{
		StackId: aws.String(stackID), StackName: aws.String(stackName), StackStatus: types.StackStatus(name), CreationTime: &o.start,
		Parameters: []types.Parameter{{ParameterKey: aws.String("Release"), ParameterValue: &release}},
	}}}, nil
}

// during answers with an error in a span of time.
func during(from, to time.Duration, err error) func(time.Duration) error {
	return func(now time.Duration) error {
		if from <= now && now < to {
			return err
		}
		return nil
	}
}

// throttle answers like CloudFormation when it is asked too often, in a span of time.
func throttle(from, to time.Duration) func(time.Duration) error {
	return during(from, to, awsfake.Error{Code: "Throttling", Message: "Rate exceeded"})
}

// shows tells whether a stack shows the number of a release.
func shows(release string) func(stack.Stack) bool {
	return func(s stack.Stack) bool { return s.Parameters["Release"] == release }
}

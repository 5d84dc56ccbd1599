package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Event is one event of a stack.
type Event struct {
	ID         string
	Time       time.Time
	LogicalID  string
	PhysicalID string
	Type       string
	Status     Status
	Reason     string
	OfStack    bool // the stack's own event, not a resource's
}

// LatestEvent returns the id of the stack's newest event, the mark after which
// [Engine.Follow] begins; "" where there is none.
func (e *Engine) LatestEvent(ctx context.Context, stackID string) (string, error) {
	out, err := e.client.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &stackID})
	if err != nil {
		return "", fmt.Errorf("read the events of stack %s: %w", stackID, err)
	}
	if len(out.StackEvents) == 0 {
		return "", nil
	}
	return aws.ToString(out.StackEvents[0].EventId), nil
}

// Follow shows the stack's events that came after the event with the id after,
// oldest first, until the operation has ended, and returns the stack as it then
// is. The error is [ErrNotFound] for a stack that is gone and forgotten. The
// stack must be named by its id, since a deleted stack has no name any more.
func (e *Engine) Follow(ctx context.Context, stackID, after string, show func(Event)) (Stack, error) {
	begun := false // there has been an event of the operation
	over := false  // the newest event says that the operation has ended
	for p, looks := newPoll(), 1; ; looks++ {
		events, err := e.eventsAfter(ctx, stackID, after)
		if cloud.IsNotFound(err) {
			return Stack{}, ErrNotFound
		}
		for _, ev := range events {
			show(ev)
			after, over = ev.ID, ev.ends()
			begun = begun || ev.Status != ReviewInProgress
			p.reset()
		}
		if (over || !begun && looks%quietLooks == 0) && err == nil {
			// The last event alone cannot tell: a failed create may be followed by its
			// deletion. And the stack may be behind its events for a moment, so it is
			// asked until it agrees.
			var s Stack
			if s, err = e.Describe(ctx, stackID); errors.Is(err, ErrNotFound) || err == nil && s.Status.ended() {
				return s, err
			}
		}
		if err != nil && cloud.KindOf(err) != cloud.Throttled {
			return Stack{}, err
		}
		if err := p.wait(ctx, err); err != nil {
			return Stack{}, err
		}
	}
}

// quietLooks is after how many looks without a first event, some 7 seconds, the
// stack itself is asked. An operation may have no events at all: a DeleteStack
// does nothing when somebody else has just deleted the stack.
const quietLooks = 10

// ends tells whether the event may be an operation's last.
func (ev Event) ends() bool { return ev.OfStack && ev.Status.ended() }

// eventsAfter returns the events newer than the one with the id after, oldest
// first. CloudFormation lists newest first, about 100 a page.
func (e *Engine) eventsAfter(ctx context.Context, stackID, after string) ([]Event, error) {
	var events []Event
	pages := cloudformation.NewDescribeStackEventsPaginator(e.client, &cloudformation.DescribeStackEventsInput{StackName: &stackID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the events of stack %s: %w", stackID, err)
		}
		for _, in := range page.StackEvents {
			if after != "" && aws.ToString(in.EventId) == after {
				slices.Reverse(events)
				return events, nil
			}
			events = append(events, eventFromAPI(in))
		}
	}
	slices.Reverse(events)
	return events, nil
}

func eventFromAPI(in types.StackEvent) Event {
	return Event{
		ID: aws.ToString(in.EventId), Time: aws.ToTime(in.Timestamp),
		LogicalID: aws.ToString(in.LogicalResourceId), PhysicalID: aws.ToString(in.PhysicalResourceId),
		Type: aws.ToString(in.ResourceType), Status: Status(in.ResourceStatus), Reason: aws.ToString(in.ResourceStatusReason),
		OfStack: aws.ToString(in.PhysicalResourceId) == aws.ToString(in.StackId),
	}
}

// OperationStart returns the mark after which the events of the stack's latest
// operation come, so that somebody else can follow what is already running.
func (e *Engine) OperationStart(ctx context.Context, stackID string) (string, error) {
	pages := cloudformation.NewDescribeStackEventsPaginator(e.client, &cloudformation.DescribeStackEventsInput{StackName: &stackID})
	begun := false
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("read the events of stack %s: %w", stackID, err)
		}
		for _, in := range page.StackEvents {
			if begun {
				return aws.ToString(in.EventId), nil
			}
			ev := eventFromAPI(in)
			switch ev.Status {
			case "CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", DeleteInProgress:
				begun = ev.OfStack
			}
		}
	}
	return "", nil
}

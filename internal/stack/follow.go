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
	out, err := there(ctx, func() (*cloudformation.DescribeStackEventsOutput, error) {
		return e.client.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &stackID})
	})
	if err != nil {
		return "", fmt.Errorf("read the events of stack %s: %w", stackID, err)
	}
	if len(out.StackEvents) == 0 {
		return "", nil
	}
	return aws.ToString(out.StackEvents[0].EventId), nil
}

// Watch is how somebody follows an operation.
type Watch struct {
	// Event is told of every event of the operation, oldest first.
	Event func(Event)
	// Blind is told that AWS does not answer for now, and how; it is asked again.
	Blind func(err error)
	// Shows tells whether a stack shows what the operation was to make of it, nil
	// where nothing could tell. A success is believed only of a stack that does.
	Shows func(Stack) bool
}

// ErrNothingRan says that CloudFormation has accepted an operation, and that for
// [unbegun] nothing has come of it: the stack is as it was.
var ErrNothingRan = errors.New("CloudFormation has accepted the change and not begun it")

// ErrUnclear says that AWS's answers do not tell whether an operation has begun,
// or how it has ended.
var ErrUnclear = errors.New("AWS's answers do not tell how it went")

// Follow follows what happens to the stack after the event with the id after,
// until it has ended, and returns the stack as it then is. No single answer is
// believed, since AWS's may be stale: the stack's events have to say that it has
// ended, the stack the same, and what is not there has to be missing for a while.
//
// While AWS does not answer it is asked again, for [blindness]. The error is
// [ErrNotFound] for a stack that is gone and forgotten, [ErrNothingRan], or
// [ErrUnclear] where events and stack never agree. The stack must be named by its
// id, since a deleted stack has no name any more.
func (e *Engine) Follow(ctx context.Context, stackID, after string, w Watch) (Stack, error) {
	f := &follower{Engine: e, Watch: w, stackID: stackID, after: after, poll: newPoll(), news: time.Now()}
	for {
		s, ended, err := f.look(ctx)
		if ended {
			return s, err
		}
		if err := f.bear(ctx, err); err != nil {
			return Stack{}, err
		}
		if err := f.poll.wait(ctx, err); err != nil {
			return Stack{}, err
		}
	}
}

const (
	// quiet is how long no event may come before the stack itself is asked. An
	// operation may have none at all: a DeleteStack does nothing when somebody else
	// has just deleted the stack.
	quiet = 5 * time.Second
	// unbegun is how long an operation may have no event before it has not begun.
	unbegun = 20 * time.Second
	// disagreement is how long events and stack may tell of different ends.
	disagreement = time.Minute
	// blindness is how long AWS may not answer: a network comes back, and whose
	// session has run out can sign in again beside us.
	blindness = 5 * time.Minute
)

// follower is what somebody who follows an operation has seen of it.
type follower struct {
	*Engine
	Watch
	stackID, after string
	poll           *poll
	own            Status    // of the stack's own newest event; None before the first
	news           time.Time // when the last event came
	dark, missing  time.Time // since when AWS does not answer, or knows no such stack; zero if it does
}

// look looks once: at the events, and at the stack where those say that it has
// ended, or nothing.
func (f *follower) look(ctx context.Context) (s Stack, ended bool, err error) {
	events, err := f.eventsAfter(ctx, f.stackID, f.after)
	if err != nil {
		return Stack{}, false, err
	}
	for _, ev := range events {
		f.Event(ev)
		f.after, f.news = ev.ID, time.Now()
		if ev.OfStack && ev.Status != ReviewInProgress {
			f.own = ev.Status
		}
		f.poll.reset()
	}
	if f.own == None && time.Since(f.news) < quiet || !f.own.ended() {
		return Stack{}, false, nil
	}
	// The last event alone cannot tell: a failed create may be followed by its deletion.
	if s, err = f.Describe(ctx, f.stackID); err != nil || s.Status.InProgress() {
		return Stack{}, false, err
	}
	if f.believable(s) {
		return s, true, nil
	}
	err = f.unsure(s)
	return Stack{}, err != nil, err
}

// believable tells whether a stack on which nothing runs is one on which the
// operation has ended, and not one that it has not reached yet.
func (f *follower) believable(s Stack) bool {
	if s.Status == DeleteComplete {
		return true // from which nothing leads on
	}
	return s.Status == f.own && (f.Shows == nil || !s.Status.Settled() || f.Shows(s))
}

// unsure says what is to be thought of a stack that has not been believable for
// too long; nil if that is not long yet.
func (f *follower) unsure(s Stack) error {
	switch since := time.Since(f.news); {
	case f.own == None && since >= unbegun:
		return ErrNothingRan
	case f.own != None && since >= disagreement:
		return fmt.Errorf("%w: the events of stack %s end with %s, and it shows what it was before", ErrUnclear, s.Name, f.own)
	}
	return nil
}

// bear returns the error that a look ended with if it is one that looking again
// does not help against, or not any more.
func (f *follower) bear(ctx context.Context, err error) error {
	gone := errors.Is(err, ErrNotFound) || cloud.IsNotFound(err)
	if !gone {
		f.missing = time.Time{}
	}
	if err == nil {
		f.dark = time.Time{}
	}
	switch now := time.Now(); {
	case err == nil || ctx.Err() == nil && cloud.KindOf(err) == cloud.Throttled:
		return nil
	case ctx.Err() != nil:
		return err
	case gone && f.missing.IsZero():
		f.missing = now
	case gone && now.Sub(f.missing) >= doubt:
		return ErrNotFound
	case gone:
	case !cloud.Passing(err):
		return err
	case f.dark.IsZero():
		f.dark = now
		f.Blind(err)
	case now.Sub(f.dark) >= blindness:
		return err
	}
	return nil
}

// eventsAfter returns the events newer than the one with the id after, oldest
// first; none if the answer does not have that one, and so is older. CloudFormation
// lists newest first, about 100 a page.
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
	if after != "" {
		return nil, nil
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

// NeverCreated tells whether the stack's first operation, a create, has failed,
// and nothing has succeeded since. Of a stack whose beginning CloudFormation has
// forgotten (after 90 days) it is not said.
func (e *Engine) NeverCreated(ctx context.Context, stackID string) (bool, error) {
	events, err := e.eventsAfter(ctx, stackID, "")
	begun := false
	for _, ev := range events {
		if ev.OfStack && ev.Status.Settled() {
			return false, nil
		}
		begun = begun || ev.OfStack && ev.Status == "CREATE_IN_PROGRESS"
	}
	return begun, err
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

package stack_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

const second = time.Second

// follow returns what was seen, as the happenings are written, and the error. A
// stack that is forgotten is no error.
func (o *operation) follow(ctx context.Context, after string) (seen []string, err error) {
	o.final, err = o.engine.Follow(ctx, stackID, after, stack.Watch{Blind: func(error) { o.blind++ }, Shows: o.shows, Event: func(ev stack.Event) {
		name := ev.LogicalID
		if ev.OfStack {
			name = "-"
		}
		line := name + " " + string(ev.Status)
		if ev.Reason != "" {
			line += ": " + ev.Reason
		}
		seen = append(seen, line)
	}})
	if errors.Is(err, stack.ErrNotFound) {
		err = nil
	}
	return seen, err
}

// what lists the happenings from one on.
func (o *operation) what(from int) (list []string) {
	for _, h := range o.events[from:] {
		list = append(list, h.what)
	}
	return list
}

// Each operation is followed to its real end, whatever comes between.
func TestFollow(t *testing.T) {
	update := []happening{
		{-100 * second, "- CREATE_COMPLETE"}, // the mark: an earlier operation
		{0, "- UPDATE_IN_PROGRESS: User Initiated"},
		{1 * second, "SyncPlanLambdaFunction UPDATE_IN_PROGRESS"},
		{1 * second, "SyncCompleteLambdaFunction UPDATE_IN_PROGRESS"},
		{9 * second, "SyncPlanLambdaFunction UPDATE_COMPLETE"},
		{12 * second, "SyncCompleteLambdaFunction UPDATE_COMPLETE"},
		{13 * second, "- UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"},
		{14 * second, "OldRole DELETE_IN_PROGRESS"},
		{30 * second, "OldRole DELETE_COMPLETE"},
		{31 * second, "- UPDATE_COMPLETE"},
	}
	updateStates := []state{{-100 * second, "CREATE_COMPLETE"}, {0, "UPDATE_IN_PROGRESS"}, {13 * second, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"}, {31 * second, "UPDATE_COMPLETE"}}
	failedCreate := []happening{
		{-1 * second, "- REVIEW_IN_PROGRESS"},
		{0, "- CREATE_IN_PROGRESS"},
		{1 * second, "SaveFilesBucket CREATE_IN_PROGRESS"},
		{2 * second, "SaveFilesBucket CREATE_FAILED: already exists"},
		{3 * second, "- CREATE_FAILED: The following resource(s) failed to create: [SaveFilesBucket]."}, // the stack's own, and not the end
		{4 * second, "- DELETE_IN_PROGRESS"},
		{20 * second, "- DELETE_COMPLETE"},
	}
	for _, c := range []struct {
		what   string
		events []happening
		states []state
		tune   func(*operation)
		end    time.Duration // when it is over
		after  time.Duration // and how much later Follow may know it
	}{
		{"an update with its cleanup", update, updateStates, nil, 31 * second, second},
		{"with pages of two events", update, updateStates, func(o *operation) { o.page = 2 }, 31 * second, second},
		{"a failed create that is taken away", failedCreate,
			[]state{{-1 * second, "REVIEW_IN_PROGRESS"}, {0, "CREATE_IN_PROGRESS"}, {3 * second, "CREATE_FAILED"}, {3 * second, "DELETE_IN_PROGRESS"}, {20 * second, "DELETE_COMPLETE"}},
			nil, 20 * second, second},
		{"a stack that is forgotten while it is followed", failedCreate[:6],
			[]state{{-1 * second, "REVIEW_IN_PROGRESS"}, {0, "CREATE_IN_PROGRESS"}, {4 * second, "DELETE_IN_PROGRESS"}, {20 * second, ""}},
			nil, 20 * second, 7 * second},
		{"a stack that is behind its events", update,
			[]state{{0, "UPDATE_IN_PROGRESS"}, {35 * second, "UPDATE_COMPLETE"}},
			nil, 35 * second, second},
		{"a delete of what somebody else has deleted, which has no events", []happening{{-1 * second, "- DELETE_COMPLETE"}},
			[]state{{-1 * second, "DELETE_COMPLETE"}}, nil, 0, 8 * second},
		{"throttled for half a minute", update, updateStates,
			func(o *operation) { o.eventsErr = throttle(2*second, 32*second) }, 32 * second, 15 * second},
		{"throttled at the last question", update, updateStates,
			func(o *operation) { o.stateErr = throttle(0, 33*second) }, 33 * second, 4 * second},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOperation(t)
				o.events, o.states = c.events, c.states
				if c.tune != nil {
					c.tune(o)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				seen, err := o.follow(ctx, "e0")
				if err != nil {
					t.Error(err)
				}
				if want := c.states[len(c.states)-1].status; o.final.Status != want {
					t.Errorf("ended with the stack %q, want %q", o.final.Status, want)
				}
				if want := o.what(1); !slices.Equal(seen, want) {
					t.Errorf("saw\n%q\nwant\n%q", seen, want)
				}
				if late := time.Since(o.start) - c.end; late < 0 || late > c.after {
					t.Errorf("returned %s after the end, want at most %s", late, c.after)
				}
			})
		})
	}
}

// However long an operation takes, following it adds a second at most, and a
// long one is not asked about more often than once a second.
func TestFollowAddsASecondAtMost(t *testing.T) {
	for end := 50 * time.Millisecond; end < 5*time.Minute; end = end*5/3 + 7*time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			o := newOperation(t)
			o.events = []happening{{0, "- UPDATE_IN_PROGRESS"}, {end, "- UPDATE_COMPLETE"}}
			o.states = []state{{0, "UPDATE_IN_PROGRESS"}, {end, "UPDATE_COMPLETE"}}
			if _, err := o.follow(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			if late := time.Since(o.start) - end; late > second {
				t.Errorf("an operation of %s was known to be over %s later", end, late)
			}
			if calls, most := len(o.Calls()), 8+int(end/second); calls > most {
				t.Errorf("%d calls for an operation of %s, want at most %d", calls, end, most)
			}
		})
	}
}

// Asked too often, it asks less and less.
func TestFollowBacksOffWhenThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOperation(t)
		o.events = []happening{{0, "- UPDATE_IN_PROGRESS"}, {200 * second, "- UPDATE_COMPLETE"}}
		o.states = []state{{0, "UPDATE_IN_PROGRESS"}, {200 * second, "UPDATE_COMPLETE"}}
		var at []time.Duration
		o.eventsErr = func(now time.Duration) error {
			at = append(at, now)
			return throttle(0, 100*second)(now)
		}
		if _, err := o.follow(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		var pauses []time.Duration
		for i := 1; i < len(at) && at[i-1] < 100*second; i++ {
			pauses = append(pauses, at[i]-at[i-1])
		}
		if want := []time.Duration{2 * second, 4 * second, 8 * second, 15 * second, 15 * second}; !slices.Equal(pauses[:5], want) {
			t.Errorf("paused %v, want %v", pauses[:5], want)
		}
		if pause := at[len(at)-1] - at[len(at)-2]; pause > second {
			t.Errorf("still pauses %s after CloudFormation answers again", pause)
		}
	})
}

// An update from release 1 to 2 of 13 seconds is seen to its end, and to no
// other, whatever AWS says of it in between.
func TestFollowBelievesNoSingleAnswer(t *testing.T) {
	unknown := awsfake.Error{Code: "ValidationError", Message: "Stack [" + stackID + "] does not exist"}
	expired := awsfake.Error{Code: "ExpiredToken", Message: "The security token included in the request is expired", Status: 403}
	broken := awsfake.Error{Code: "InternalFailure", Message: "Internal Failure", Status: 500}
	page := errors.New("deserialization failed, unexpected root element html") // no APIError: nobody of AWS has answered
	for what, c := range map[string]struct {
		blind int
		tune  func(*operation)
	}{
		"the stack is still the one before":   {0, func(o *operation) { o.states[1].at, o.states[2].at = 30*second, 30*second }},
		"the one before, its release renewed": {0, func(o *operation) { o.states[0].status = "UPDATE_COMPLETE 1"; o.states[2].at = 40 * second }},
		"the events are unknown once":         {0, func(o *operation) { o.eventsErr = during(3*second, 5*second, unknown) }},
		"the stack is unknown at its end":     {0, func(o *operation) { o.stateErr = during(13*second, 16*second, unknown) }},
		"the session runs out":                {1, func(o *operation) { o.eventsErr = during(3*second, 25*second, expired) }},
		"there is no network":                 {1, func(o *operation) { o.eventsErr = during(3*second, 200*second, awsfake.ErrLost) }},
		"there is no network at the end":      {1, func(o *operation) { o.stateErr = during(0, 33*second, awsfake.ErrLost) }},
		"AWS has a fault":                     {1, func(o *operation) { o.eventsErr = during(3*second, 23*second, broken) }},
		"a web filter forbids it": {1, func(o *operation) {
			o.eventsErr = during(3*second, 23*second, awsfake.Error{Code: "UnknownError", Message: "UnknownError", Status: 403})
		}},
		"a web filter answers": {1, func(o *operation) { o.eventsErr = during(3*second, 23*second, page) }},
		"the events begin late": {0, func(o *operation) {
			for i := range o.events[1:] {
				o.events[i+1].at += 15 * second
			}
		}},
		"the events are those before the mark": {0, func(o *operation) { o.old = [2]time.Duration{3 * second, 9 * second} }},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOperation(t)
				o.shows = shows("2")
				o.events = []happening{{-200 * second, "- CREATE_COMPLETE"}, {-100 * second, "X UPDATE_COMPLETE"}, {0, "- UPDATE_IN_PROGRESS"}, {9 * second, "X UPDATE_COMPLETE"}, {13 * second, "- UPDATE_COMPLETE"}}
				o.states = []state{{-100 * second, "CREATE_COMPLETE 1"}, {0, "UPDATE_IN_PROGRESS 2"}, {13 * second, "UPDATE_COMPLETE 2"}}
				c.tune(o)
				seen, err := o.follow(t.Context(), "e1")
				if err != nil || o.final.Status != "UPDATE_COMPLETE" || !o.shows(o.final) {
					t.Errorf("ended with %v, the stack %q of release %s", err, o.final.Status, o.final.Parameters["Release"])
				}
				if want := o.what(2); !slices.Equal(seen, want) {
					t.Errorf("saw\n%q\nwant\n%q", seen, want)
				}
				if o.blind != c.blind {
					t.Errorf("was said not to answer %d times, want %d", o.blind, c.blind)
				}
			})
		})
	}
}

// What nobody can tell is not told.
func TestFollowEndsUnsure(t *testing.T) {
	settled := []state{{-100 * second, "UPDATE_COMPLETE 1"}}
	for _, c := range []struct {
		what   string
		events []happening
		states []state
		want   error
		least  time.Duration
	}{
		{"nothing runs", nil, settled, stack.ErrNothingRan, 15 * second},
		{"the events tell of an end that the stack never comes to", []happening{{0, "- UPDATE_IN_PROGRESS"}, {3 * second, "- UPDATE_COMPLETE"}}, settled, stack.ErrUnclear, 30 * second},
		{"the events tell of a rollback, the stack of none", []happening{{0, "- UPDATE_IN_PROGRESS"}, {3 * second, "- UPDATE_ROLLBACK_COMPLETE"}},
			[]state{{-100 * second, "UPDATE_COMPLETE 2"}}, stack.ErrUnclear, 30 * second},
		{"the stack is gone", []happening{{0, "- UPDATE_IN_PROGRESS"}}, []state{{0, "UPDATE_IN_PROGRESS"}, {10 * second, ""}}, stack.ErrNotFound, 13 * second},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOperation(t)
				o.events, o.states = append([]happening{{-100 * second, "- UPDATE_COMPLETE"}}, c.events...), c.states
				_, err := o.engine.Follow(t.Context(), stackID, "e0", stack.Watch{Shows: shows("2"), Blind: func(error) {}, Event: func(stack.Event) {}})
				if !errors.Is(err, c.want) {
					t.Errorf("ended with %v, want %v", err, c.want)
				}
				if took := time.Since(o.start); took < c.least || took > 2*time.Minute {
					t.Errorf("that took %s", took)
				}
			})
		})
	}
}

func TestFollowEndsWithAnError(t *testing.T) {
	lost := func(time.Duration) error { return awsfake.ErrLost }
	for _, c := range []struct {
		what string
		tune func(*operation)
		kind cloud.Kind
	}{
		{"the events cannot be read", func(o *operation) { o.eventsErr = lost }, cloud.Unreachable},
		{"the stack cannot be read", func(o *operation) { o.stateErr = lost }, cloud.Unreachable},
		{"it is not allowed", func(o *operation) {
			o.eventsErr = func(time.Duration) error { return awsfake.Error{Code: "AccessDenied", Message: "no"} }
		}, cloud.Denied},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := newOperation(t)
			o.events = []happening{{0, "- UPDATE_IN_PROGRESS"}, {second, "- UPDATE_COMPLETE"}}
			o.states = []state{{0, "UPDATE_IN_PROGRESS"}}
			c.tune(o)
			if _, err := o.follow(t.Context(), ""); cloud.KindOf(err) != c.kind {
				t.Errorf("%s: %v", c.what, err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		o := newOperation(t)
		o.events, o.states = []happening{{0, "- UPDATE_IN_PROGRESS"}}, []state{{0, "UPDATE_IN_PROGRESS"}}
		stop := errors.New("interrupt signal received")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(3*second, func() { cancel(stop) })
		if _, err := o.follow(ctx, ""); !errors.Is(err, stop) {
			t.Errorf("interrupted: %v", err)
		}
	})
}

// Who joins an operation sees it from its start.
func TestOperationStart(t *testing.T) {
	earlier := []happening{
		{0, "- REVIEW_IN_PROGRESS"}, {1 * second, "- CREATE_IN_PROGRESS"}, {2 * second, "ManifestTable CREATE_IN_PROGRESS"}, {3 * second, "- CREATE_COMPLETE"},
	}
	for _, c := range []struct {
		what   string
		events []happening
		want   string
	}{
		{"nothing has happened", nil, ""},
		{"the first create", earlier[1:2], ""},
		{"the first create, after a review", earlier[:3], "e0"},
		{"an update", append(slices.Clone(earlier), happening{4 * second, "- UPDATE_IN_PROGRESS"}, happening{5 * second, "X UPDATE_IN_PROGRESS"}), "e3"},
		{"an update that is rolled back", append(slices.Clone(earlier),
			happening{4 * second, "- UPDATE_IN_PROGRESS"}, happening{5 * second, "X UPDATE_FAILED"}, happening{6 * second, "- UPDATE_ROLLBACK_IN_PROGRESS"}), "e3"},
		{"a delete", append(slices.Clone(earlier), happening{4 * second, "- DELETE_IN_PROGRESS"}, happening{5 * second, "X DELETE_IN_PROGRESS"}), "e3"},
	} {
		for _, page := range []int{1, 100} {
			synctest.Test(t, func(t *testing.T) {
				o := newOperation(t)
				o.page, o.events, o.states = page, c.events, []state{{0, "UPDATE_IN_PROGRESS"}}
				time.Sleep(time.Minute)
				if got, err := o.engine.OperationStart(t.Context(), stackID); err != nil || got != c.want {
					t.Errorf("%s, %d a page: mark %q, %v; want %q", c.what, page, got, err, c.want)
				}
				newest := ""
				if n := len(c.events); n > 0 {
					newest = fmt.Sprint("e", n-1)
				}
				if got, err := o.engine.LatestEvent(t.Context(), stackID); err != nil || got != newest {
					t.Errorf("%s: newest %q, %v; want %q", c.what, got, err, newest)
				}
			})
		}
	}
}

func TestRootCause(t *testing.T) {
	ev := func(id string, status stack.Status, reason string) stack.Event {
		return stack.Event{LogicalID: id, Status: status, Reason: reason, OfStack: id == "-"}
	}
	for _, c := range []struct {
		what   string
		events []stack.Event
		want   string
	}{
		{"nothing failed", []stack.Event{ev("-", "CREATE_COMPLETE", "")}, ""},
		{"the first that failed by itself", []stack.Event{
			ev("-", "CREATE_IN_PROGRESS", "User Initiated"),
			ev("SyncPlanRole", "CREATE_FAILED", "Resource creation cancelled"),
			ev("SaveFilesBucket", "CREATE_FAILED", "saves already exists"),
			ev("ManifestTable", "CREATE_FAILED", "Resource creation cancelled"),
			ev("CognitoUserPool", "CREATE_FAILED", "Limit exceeded"),
			ev("-", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [SaveFilesBucket, CognitoUserPool]. Rollback requested by user."),
		}, "saves already exists"},
		{"cancelled updates and deletes are no cause", []stack.Event{
			ev("A", "UPDATE_FAILED", "Resource update cancelled"),
			ev("B", "DELETE_FAILED", "Resource deletion cancelled."),
			ev("C", "UPDATE_FAILED", "Resource handler returned message: \"Access denied\""),
		}, "Resource handler returned message: \"Access denied\""},
		{"the stack alone says why", []stack.Event{
			ev("A", "CREATE_FAILED", "Resource creation cancelled"),
			ev("-", "UPDATE_ROLLBACK_IN_PROGRESS", "Export X cannot be updated as it is in use"),
		}, "Export X cannot be updated as it is in use"},
		{"a reason that only mentions a cancellation", []stack.Event{ev("A", "CREATE_FAILED", "Resource limit: the request was cancelled by X")}, "Resource limit: the request was cancelled by X"},
	} {
		got, ok := stack.RootCause(c.events)
		if got.Reason != c.want || ok != (c.want != "") {
			t.Errorf("%s: %+v, %v", c.what, got, ok)
		}
	}
}

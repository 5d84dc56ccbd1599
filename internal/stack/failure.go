package stack

import "strings"

// RootCause returns the event that began a failure: the first resource that
// failed by itself. Resources that were only cancelled because another one
// failed do not count. Without such a resource it is the stack's own failure.
func RootCause(events []Event) (Event, bool) {
	for _, ev := range events {
		if !ev.OfStack && strings.HasSuffix(string(ev.Status), "_FAILED") && !cancelled(ev.Reason) {
			return ev, true
		}
	}
	for _, ev := range events {
		if ev.OfStack && ev.Status.Failed() && ev.Reason != "" {
			return ev, true
		}
	}
	return Event{}, false
}

// cancelled knows the reason that CloudFormation gives for "Resource creation
// cancelled", "Resource update cancelled" and the like.
func cancelled(reason string) bool {
	return strings.HasPrefix(reason, "Resource ") && strings.HasSuffix(strings.TrimSuffix(reason, "."), "cancelled")
}

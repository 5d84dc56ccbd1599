package cloud

import (
	"context"
	"net"
	"time"

	"github.com/aws/smithy-go/middleware"
)

// callTimeout is for how long one call, with all its retries, may go without
// anything of its body being sent. Only uploads have a body that takes longer.
const callTimeout = 2 * time.Minute

// stalledError says that a call has come to nothing for [callTimeout].
type stalledError struct{}

var _ net.Error = stalledError{}

func (stalledError) Error() string {
	return "nothing was sent or answered for " + callTimeout.String()
}
func (stalledError) Is(target error) bool { return target == context.DeadlineExceeded }
func (stalledError) Timeout() bool        { return true }
func (stalledError) Temporary() bool      { return true }

// streaming are the operations whose answer is read after the call returns, so
// that a deadline on the call would cut it off.
var streaming = map[string]bool{"GetObject": true, "StartLiveTail": true}

// movedKey is the context's key of what is called when a call has moved on.
type movedKey struct{}

// addDeadline ends calls that nothing comes of. A call whose body is being sent,
// however slowly, goes on.
func addDeadline(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("renpyctlDeadline",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
			middleware.InitializeOutput, middleware.Metadata, error) {
			if streaming[middleware.GetOperationName(ctx)] {
				return next.HandleInitialize(ctx, in)
			}
			limited, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			timer := time.AfterFunc(callTimeout, func() { cancel(stalledError{}) })
			defer timer.Stop()
			limited = context.WithValue(limited, movedKey{}, func() { timer.Reset(callTimeout) })
			out, metadata, err := next.HandleInitialize(limited, in)
			if err != nil && context.Cause(limited) == (stalledError{}) {
				err = stalledError{} // the SDK's says that somebody has cancelled the call
			}
			return out, metadata, err
		}), middleware.After)
}

// sentKey is the context's key of who is told how much of a body is sent.
type sentKey struct{}

// WithSent returns a context whose calls tell sent how many bytes of their body
// are on their way, counted anew by each try, from a goroutine of their own.
func WithSent(ctx context.Context, sent func(bytes int64)) context.Context {
	return context.WithValue(ctx, sentKey{}, sent)
}

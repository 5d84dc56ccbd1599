package cloud

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// noAnswerError says for how long a call was waited for in vain. [KindOf] calls it
// unreachable.
type noAnswerError struct{ limit time.Duration }

func (e noAnswerError) Error() string { return fmt.Sprintf("no answer for %.0f s", e.limit.Seconds()) }
func (noAnswerError) Unwrap() error   { return context.DeadlineExceeded }

// Within makes a call that has to end within a limit, all its retries included, and
// gives up on one that does not: its error is of the kind [Unreachable].
func Within[T any](ctx context.Context, limit time.Duration, call func(context.Context) (T, error)) (T, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answer, err := call(limited)
	if err != nil && ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded) {
		err = noAnswerError{limit}
	}
	return answer, err
}

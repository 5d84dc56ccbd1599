package cloud

import (
	"context"
	"sync"
)

// Together makes calls that do not depend on each other at once, each to its
// end. Of several that fail the first one counts, so that the same trouble is
// told in the same words every time.
func Together(ctx context.Context, calls ...func(context.Context) error) error {
	errs := make([]error, len(calls))
	var group sync.WaitGroup
	for i, call := range calls {
		group.Go(func() { errs[i] = call(ctx) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Into is a call whose answer is kept in *answer.
func Into[T any](answer *T, call func(context.Context) (T, error)) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		*answer, err = call(ctx)
		return err
	}
}

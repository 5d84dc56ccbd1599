package deploy

import (
	"context"
	"errors"
	"fmt"

	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// StaysError says that a release that was to be taken back stays, and that nothing was
// changed.
type StaysError struct {
	Number int
	err    error
}

func (e *StaysError) Error() string { return fmt.Sprintf("release %d stays: %v", e.Number, e.err) }

// Unwrap returns why.
func (e *StaysError) Unwrap() error { return e.err }

// TakenBack is what became of a release that was taken back.
type TakenBack struct {
	Done
	Number int // of the release that is live now
	Origin int // the release that it is once more
	// PassedOver are as those of [Return].
	PassedOver []release.Release
}

// TakeBack takes a release back that has turned out to be no good: it goes back to the
// newest usable one before it, as a new release. Nobody is asked, so nothing is replaced
// that holds players' data. The record says what program does it where.
//
// The error is *[StaysError] where nothing was changed: there is nothing to go back to
// ([release.ErrNoRelease]), another release is live by now or an operation runs on the
// stack ([stack.ErrBusy]), or data would be lost (*[GuardError]). Others are those of
// [Plan.Execute].
func TakeBack(ctx context.Context, at *stage.Stage, number int, record release.Record, o Observer) (TakenBack, error) {
	p, passedOver, err := planBack(ctx, at, number, record, o)
	if err != nil {
		return TakenBack{}, &StaysError{number, err}
	}
	done, err := p.Execute(ctx, Execution{}, o)
	return TakenBack{done, p.Number, p.Record.Origin, passedOver}, err
}

// planBack plans how a release is taken back, without loss of data.
func planBack(ctx context.Context, at *stage.Stage, number int, record release.Record, o Observer) (*Plan, []release.Release, error) {
	st, err := at.Look(ctx)
	if err == nil {
		st, err = Changeable(ctx, st, false, o)
	}
	if err != nil {
		return nil, nil, err
	}
	if live := st.Release(); live != number {
		return nil, nil, fmt.Errorf("%w: release %d is live by now", stack.ErrBusy, live)
	}
	in, err := st.Inspect(ctx)
	if err != nil {
		return nil, nil, err
	}
	back, err := Choose(ctx, in, 0)
	if err != nil {
		return nil, nil, err
	}
	if back.Live {
		return nil, nil, fmt.Errorf("%w: release %d is the same", release.ErrNoRelease, back.Origin)
	}
	record.Kind, record.Origin = release.Rollback, back.Origin
	p, err := Prepare(ctx, in, back.To, How{Record: record}, o)
	if err != nil {
		return nil, nil, err
	}
	if err := p.Guard(nil); err != nil {
		return nil, nil, errors.Join(err, p.Discard(ctx))
	}
	return p, back.PassedOver, nil
}

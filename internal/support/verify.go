package support

import (
	"context"
	"iter"
	"sync"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// A Checked is what was found of one player.
type Checked struct {
	Player string
	savesync.Checkup
	// Err is why the player could not be checked, nil if that was done. The others go on.
	Err error
}

// VerifyAll checks player after player, so many at once, and streams what was found in
// the order of the players: what comes after one that was seen is still to be done,
// which is how a run goes on that was interrupted. An error ends the stream: it is one
// of the list of players.
func (d *Desk) VerifyAll(ctx context.Context, list iter.Seq2[string, error], atOnce int, deep bool) iter.Seq2[Checked, error] {
	return inOrder(ctx, list, atOnce, func(ctx context.Context, player string) Checked {
		c, err := d.Verify(ctx, player, deep)
		return Checked{player, c, err}
	})
}

// inOrder does something to each of a list, to so many at once, and streams what became
// of them in their order. An error ends the stream: it is one of the list.
func inOrder[T, R any](ctx context.Context, list iter.Seq2[T, error], atOnce int, do func(context.Context, T) R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var running sync.WaitGroup
		defer running.Wait() // nothing goes on behind who has seen enough
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var listErr error
		under := make(chan chan R, max(0, atOnce-1)) // one more waits to be sent
		running.Go(func() {
			defer close(under)
			for of, err := range list {
				if err != nil {
					listErr = err
					return
				}
				result := make(chan R, 1)
				select {
				case under <- result:
				case <-ctx.Done():
					return
				}
				running.Go(func() { result <- do(ctx, of) })
			}
		})
		for result := range under {
			if r := <-result; !yield(r, nil) {
				return
			}
		}
		if listErr == nil {
			listErr = context.Cause(ctx)
		}
		if listErr != nil {
			var none R
			yield(none, listErr)
		}
	}
}

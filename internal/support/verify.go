package support

import (
	"context"
	"iter"

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
	return func(yield func(Checked, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var listErr error
		under := make(chan chan Checked, max(0, atOnce-1)) // one more waits to be sent
		go func() {
			defer close(under)
			for player, err := range list {
				if err != nil {
					listErr = err
					return
				}
				result := make(chan Checked, 1)
				select {
				case under <- result:
				case <-ctx.Done():
					return
				}
				go func() {
					c, err := d.Verify(ctx, player, deep)
					result <- Checked{player, c, err}
				}()
			}
		}()
		for result := range under {
			if c := <-result; !yield(c, nil) {
				return
			}
		}
		if listErr == nil {
			listErr = context.Cause(ctx)
		}
		if listErr != nil {
			yield(Checked{}, listErr)
		}
	}
}

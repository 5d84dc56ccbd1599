package support

import (
	"context"
	"iter"

	"github.com/renpy-cloud/renpyctl/internal/saves"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// A Read is a version with its content.
type Read struct {
	savesync.Kept
	Data []byte
	// Err is why it could not be read, nil if it was.
	Err error
}

// Inside is what a version says of itself, nothing if it is no save that can be read.
func (r Read) Inside() saves.Inside {
	in, err := saves.Look(r.Data)
	if r.Err != nil || err != nil {
		return saves.Inside{}
	}
	return in
}

// readsAtOnce is how many contents are read at once. Each may be as large as a file may.
const readsAtOnce = 4

// Contents reads versions of a player's game and streams them in their order. An error
// ends the stream: it is one of the list.
func (d *Desk) Contents(ctx context.Context, player, game string, list iter.Seq2[savesync.Kept, error]) iter.Seq2[Read, error] {
	return inOrder(ctx, list, readsAtOnce, func(ctx context.Context, k savesync.Kept) Read {
		data, err := d.Content(ctx, player, game, k.Source)
		return Read{k, data, err}
	})
}

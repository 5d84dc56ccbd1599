package support

import (
	"context"
	"slices"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// Known is what the table has of a player.
type Known struct {
	*savesync.Record
	// Waiting holds, by game, what the backend before this one wrote down of games that
	// the record does not know yet. Nobody has verified it; it comes in when a device
	// syncs the game, or an operator changes something in it.
	Waiting map[string][]savesync.Entry
}

// Known reads what the table has of a player, of both backends at once. The errors are
// those of [savesync.Operator.Record].
func (d *Desk) Known(ctx context.Context, player string) (k Known, err error) {
	var old []string
	err = cloud.Together(ctx,
		func(ctx context.Context) (err error) { k.Record, err = d.Record(ctx, player); return err },
		func(ctx context.Context) (err error) { old, err = d.Items.Old(ctx, player); return err })
	if err != nil || k.Forgotten != nil {
		return k, err
	}
	old = slices.DeleteFunc(old, func(game string) bool { return k.Games[game] != nil })
	entries := make([][]savesync.Entry, len(old))
	calls := make([]func(context.Context) error, len(old))
	for i, game := range old {
		calls[i] = func(ctx context.Context) (err error) {
			entries[i], err = d.Service.Manifests.LoadOld(ctx, player, game)
			return err
		}
	}
	err = cloud.Together(ctx, calls...)
	k.Waiting = map[string][]savesync.Entry{}
	for i, game := range old {
		if len(entries[i]) > 0 {
			k.Waiting[game] = entries[i]
		}
	}
	return k, err
}

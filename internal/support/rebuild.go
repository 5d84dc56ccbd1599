package support

import (
	"context"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// Rebuild does as [savesync.Operator.Rebuild], but never brings back a player who was
// erased, whatever is left of the record: the suppression list tells.
func (d *Desk) Rebuild(ctx context.Context, player string) (savesync.Rebuilt, error) {
	erased, err := d.Items.Suppressed(ctx)
	if err != nil {
		return savesync.Rebuilt{}, err
	}
	if erased.Has(player, "") {
		_, err := d.Operator.Forget(ctx, player)
		return savesync.Rebuilt{Forgotten: true}, err
	}
	return d.Operator.Rebuild(ctx, player)
}

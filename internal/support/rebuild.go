package support

import (
	"context"
	"errors"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// Verify does as [savesync.Operator.Verify], but misses no record of a player who was
// erased: that the suppression list tells.
func (d *Desk) Verify(ctx context.Context, player string, deep bool) (savesync.Checkup, error) {
	c, err := d.Operator.Verify(ctx, player, deep)
	if !errors.Is(err, savesync.ErrNoRecord) {
		return c, err
	}
	erased, listErr := d.Items.Suppressed(ctx)
	switch {
	case listErr != nil:
		return c, listErr
	case erased.Has(player, ""):
		return savesync.Checkup{}, nil
	}
	return c, err
}

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

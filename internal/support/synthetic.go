package support

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/players"
)

// A ResidueError says what is still there of a synthetic player who should be gone.
type ResidueError struct {
	Player string   // the address
	Left   []string // "the saves", "the record", "the account"
	err    error
}

func (e *ResidueError) Error() string {
	return fmt.Sprintf("of %s %s could not be erased: %v", e.Player, strings.Join(e.Left, ", "), e.err)
}

// Unwrap returns why.
func (e *ResidueError) Unwrap() error { return e.err }

// EraseSynthetic erases a synthetic player, so that nothing is left in bucket, table and
// pool: no tombstone and no entry in the suppression list, since no device knows the
// player's password and nobody could bring the player back. It can be done again, by
// anybody who finds the account, which for that goes last and only if all else is gone.
// The error is *[ResidueError]; somebody who is no synthetic player is refused.
func (d *Desk) EraseSynthetic(ctx context.Context, accounts Accounts, player players.Player) error {
	if !player.Synthetic() {
		return fmt.Errorf("%s is no synthetic player, and is not erased as one", player.Email)
	}
	residue := &ResidueError{Player: player.Email}
	erase := func(what string, err error) {
		if err != nil {
			residue.Left, residue.err = append(residue.Left, what), errors.Join(residue.err, err)
		}
	}
	erase("the saves", d.emptyAll(ctx, player.Sub))
	erase("the record", d.Items.DeleteRecord(ctx, player.Sub))
	if len(residue.Left) == 0 {
		erase("the account", accounts.Delete(ctx, player))
	} else {
		residue.Left = append(residue.Left, "the account")
	}
	if len(residue.Left) > 0 {
		return residue
	}
	return nil
}

// emptyAll erases all that is kept of a player in the bucket.
func (d *Desk) emptyAll(ctx context.Context, player string) error {
	var calls []func(context.Context) error
	for _, prefix := range below(player) {
		calls = append(calls, func(ctx context.Context) error { return bucket.Empty(ctx, d.objects, d.part(prefix), nil) })
	}
	return cloud.Together(ctx, calls...)
}

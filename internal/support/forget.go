package support

import (
	"context"
	"fmt"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// Accounts deletes accounts; *[players.Pool] does.
type Accounts interface {
	Delete(context.Context, players.Player) error
}

// A Receipt says what was erased of a player. Of personal data it has the id alone, which
// is also what keeps the player from coming back.
type Receipt struct {
	Player string    `json:"player"`
	At     time.Time `json:"at"`
	// Versions counts the versions and delete markers that were erased, this time.
	Versions int64 `json:"versions"`
	// OldItems counts the items of the backend before this one, this time.
	OldItems int `json:"oldItems"`
	// Account says that the account was deleted, or had been before.
	Account bool `json:"account"`
	// Final says that nothing can come to what was erased any more. If it is false, a
	// device that was in the middle of a sync may still send something until Quiet: it
	// should all be done once more then.
	Final bool      `json:"final"`
	Quiet time.Time `json:"quiet"`
	// LogsUntil is until when log lines with the id may be there, and BackupsUntil until
	// when the table can be restored to a time before now, at the latest.
	LogsUntil    time.Time `json:"logsUntil"`
	BackupsUntil time.Time `json:"backupsUntil"`
}

// logsLate is how much longer than their retention log lines may stay (CloudWatch Logs
// API reference, PutRetentionPolicy).
const logsLate = 72 * time.Hour

// A LeftError says that something is there that was erased.
type LeftError struct {
	Player string
	Left   int64 // versions, delete markers and old items
}

func (e *LeftError) Error() string {
	return fmt.Sprintf("of player %s %d versions or items are there again", e.Player, e.Left)
}

// IsSave tells the saves in the bucket, by key and size in bytes, from uploads that are
// still to be looked at and from what marks that there is nothing any more.
func IsSave(key string, size int64) bool { return size > 0 && savesync.IsContent(key) }

// Holdings counts what is kept of a player in the bucket, older versions and delete
// markers included.
func (d *Desk) Holdings(ctx context.Context, player string) (bucket.Stats, error) {
	var total bucket.Stats
	for _, prefix := range below(player) {
		stats, err := bucket.Count(ctx, d.objects, d.part(prefix), IsSave, nil)
		if err != nil {
			return total, err
		}
		total.Files, total.FileVersions = total.Files+stats.Files, total.FileVersions+stats.FileVersions
		total.Versions, total.Bytes = total.Versions+stats.Versions, total.Bytes+stats.Bytes
	}
	return total, nil
}

// part is the part of the bucket below a prefix.
func (d *Desk) part(prefix string) bucket.Bucket {
	b := d.Bucket
	b.Prefix = prefix
	return b
}

// Forget erases a player for ever: first the player is kept from syncing, then comes the
// suppression list, and then everything goes, the account last, so that a run that was
// interrupted can be found and made again by the address. The player may have no
// account any more: then the address is "". Progress, which may be nil, is told how
// many versions are gone below the prefix that is being emptied. The error is
// *[LeftError] when something is there again at the end.
func (d *Desk) Forget(ctx context.Context, accounts Accounts, player players.Player, progress func(deleted int64)) (Receipt, error) {
	stone, err := d.Operator.Forget(ctx, player.Sub)
	if err != nil {
		return Receipt{}, err
	}
	now := d.Now()
	r := Receipt{
		Player: player.Sub, At: now, Quiet: time.Unix(stone.Quiet, 0), Final: now.Unix() >= stone.Quiet,
		LogsUntil: now.Add(d.logs + logsLate), BackupsUntil: now.Add(d.backups),
	}
	if err := d.Items.Suppress(ctx, player.Sub, player.Email); err != nil {
		return r, err
	}
	for _, prefix := range below(player.Sub) {
		if err := d.empty(ctx, prefix, &r, progress); err != nil {
			return r, err
		}
	}
	if err := d.deleteOld(ctx, &r); err != nil {
		return r, err
	}
	if err := accounts.Delete(ctx, player); err != nil {
		return r, err
	}
	r.Account = true
	return r, d.check(ctx, player.Sub)
}

// empty erases what is below a prefix.
func (d *Desk) empty(ctx context.Context, prefix string, r *Receipt, progress func(int64)) error {
	var deleted int64
	err := bucket.Empty(ctx, d.objects, d.part(prefix), func(n int64) {
		deleted = n
		if progress != nil {
			progress(n)
		}
	})
	r.Versions += deleted
	return err
}

// deleteOld deletes the player's items that the backend before this one left.
func (d *Desk) deleteOld(ctx context.Context, r *Receipt) error {
	games, err := d.Items.Old(ctx, r.Player)
	if err != nil {
		return err
	}
	for _, game := range games {
		if err := d.Items.DeleteOld(ctx, r.Player, game); err != nil {
			return err
		}
		r.OldItems++
	}
	return nil
}

// check looks whether all is gone.
func (d *Desk) check(ctx context.Context, player string) error {
	left, err := d.Holdings(ctx, player)
	if err != nil {
		return err
	}
	games, err := d.Items.Old(ctx, player)
	if err != nil {
		return err
	}
	if n := left.Versions + int64(len(games)); n > 0 {
		return &LeftError{player, n}
	}
	return nil
}

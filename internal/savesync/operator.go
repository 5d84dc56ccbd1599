package savesync

import (
	"context"
	"errors"
	"time"
)

// operatorTries is how often an operator's change starts again when a device saved
// first: a player who syncs in the middle is no reason to give up.
const operatorTries = 20

// requestLife is longer than any request of a device runs: the functions' own limit is
// 25 seconds.
const requestLife = time.Minute

// ErrForgotten says that the player was erased: nothing can be done for one who is not there.
var ErrForgotten = errors.New("the player was erased")

// An Operator does for players what their devices cannot do. Its changes are writes of
// the record on the same condition as those of the functions, so they may be made while
// the player syncs; what has arrived by then is settled first. Each can be made again
// after it failed or its process died, at whatever call.
type Operator struct {
	// Service has the limits and the stores of the stage's functions. Its clock should be
	// the stores', not that of the operator's computer: it becomes the time of what is
	// put back, by which devices compare.
	Service *Service
	Archive Archive
	// By is who works here, for the players' records.
	By string
	// Retention is how long the bucket keeps a version that was replaced.
	Retention time.Duration
}

// ErrNoRecord says that the bucket has contents of a player of whom there is no record:
// somebody deleted it, or the table was restored from before it.
var ErrNoRecord = errors.New("there is no record of the player, whose saves are in the bucket")

// A RecordError says that a player's record cannot be read. What is in the bucket is
// untouched by it.
type RecordError struct{ err error }

func (e *RecordError) Error() string { return e.err.Error() }

func (e *RecordError) Unwrap() error { return e.err }

// Damaged reports whether [Operator.Rebuild] mends it: a record that a newer release has
// written is not damaged.
func (e *RecordError) Damaged() bool { return !isNewer(e.err) }

// decode reads a player's record as it was loaded, and looks for what it tells of nothing
// if there is none. The error is *[RecordError] if the record cannot be read, and of
// [ErrNoRecord] if there should be one.
func (o *Operator) decode(ctx context.Context, player string, data []byte) (*Record, error) {
	r, err := DecodeRecord(data)
	if err != nil {
		return nil, &RecordError{err}
	}
	if len(data) > 0 {
		return r, nil
	}
	for v, err := range o.Archive.History(ctx, contentsOf(player)) {
		switch {
		case err != nil:
			return nil, err
		case IsContent(v.Key):
			return nil, &RecordError{ErrNoRecord}
		}
	}
	return r, nil
}

// Record returns what is known of a player, an empty record for one who never synced. A
// ban that has ended by itself is not in it. The error is *[RecordError] if the record
// cannot be read.
func (o *Operator) Record(ctx context.Context, player string) (*Record, error) {
	data, _, err := o.Service.Manifests.Load(ctx, player)
	if err != nil {
		return nil, err
	}
	r, err := DecodeRecord(data)
	if err != nil {
		return nil, &RecordError{err}
	}
	if r.Ban.over(o.Service.now()) {
		r.Ban = nil
	}
	return r, nil
}

// Ban keeps the player from syncing from now on. Of the ban the reason and the end count.
func (o *Operator) Ban(ctx context.Context, player string, ban Ban) error {
	return o.change(ctx, player, "", func(st *state) error {
		st.record.Ban = &Ban{Reason: brief(ban.Reason, maxReason), By: brief(o.By, maxBy), At: st.now.Unix(), Until: ban.Until}
		return st.did(ctx, o.By, "ban", 0)
	})
}

// Unban lets the player sync again. One who is not banned may do so already.
func (o *Operator) Unban(ctx context.Context, player string) error {
	return o.change(ctx, player, "", func(st *state) error {
		if st.record.Ban == nil {
			return nil
		}
		st.record.Ban = nil
		return st.did(ctx, o.By, "unban", 0)
	})
}

// Forget puts a tombstone in the place of all that is known of a player, readable or
// not, who cannot sync from then on. What is in the bucket is for others to erase, since a service has
// no way to destroy anything; it stays erased from [Tombstone.Quiet] on.
func (o *Operator) Forget(ctx context.Context, player string) (stone Tombstone, err error) {
	if err := checkPlayer(player); err != nil {
		return stone, err
	}
	err = o.Service.again(ctx, operatorTries, func() error {
		data, revision, err := o.Service.Manifests.Load(ctx, player)
		if err != nil {
			return err
		}
		now := o.Service.now()
		stone = Tombstone{At: now.Unix(), Quiet: now.Add(urlLife + uploadGrace).Unix()}
		if was, err := DecodeRecord(data); err == nil {
			if was.Forgotten != nil {
				stone = *was.Forgotten
				return nil
			}
			stone.Quiet = was.quiet(now).Unix()
		}
		if data, err = (&Record{Games: map[string]*Game{}, Forgotten: &stone}).encode(); err != nil {
			return err
		}
		return o.Service.Manifests.Save(ctx, player, data, revision)
	})
	return stone, err
}

// quiet is from when on nothing that was handed out to the player's devices can write
// to the bucket any more, if nothing more is handed out.
func (r *Record) quiet(now time.Time) time.Time {
	quiet := now.Add(requestLife)
	for _, g := range r.Games {
		for _, u := range g.Uploads {
			if end := time.Unix(u.Expires, 0).Add(uploadGrace); end.After(quiet) {
				quiet = end
			}
		}
	}
	return quiet
}

// change loads the player's record for a change by f, and does so again while somebody
// else saves first.
func (o *Operator) change(ctx context.Context, player, game string, f func(*state) error) error {
	if err := checkPlayer(player); err != nil {
		return err
	}
	return o.Service.retry(ctx, player, game, operatorTries, func(st *state) error {
		if st.record.Forgotten != nil {
			return ErrForgotten
		}
		return f(st)
	})
}

// did notes in the record what was done for how many files, and saves it.
func (st *state) did(ctx context.Context, by, what string, files int) error {
	st.record.did(Deed{At: st.now.Unix(), By: by, What: what, Game: st.keys.game, Files: files})
	return st.save(ctx)
}

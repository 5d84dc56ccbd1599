package savesync

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// urlLife is how long an upload or download may begin after it was planned.
	urlLife = 5 * time.Minute
	// tries is how often a request starts again when another one saved first.
	tries = 4
	// parallel is how many calls to the object store a request makes at once.
	parallel = 16
)

// Limits are what players may use.
type Limits struct {
	// Games lists the game ids that may be synced; empty means every well-formed one.
	Games []string
	// FileBytes bounds one file, PlayerBytes all current files of a player, in bytes.
	FileBytes, PlayerBytes int64
	// PlayerBytesPerDay is how much of the upload budget a player regains in a day, in
	// bytes. When it is full, it is as large as PlayerBytes and what PlayerFiles uploads
	// are charged besides (quota.go).
	PlayerBytesPerDay int64
	// PlayerFiles bounds the number of a player's files, in all games.
	PlayerFiles int
	// PlansPerHour bounds the plans with at least one URL that a player gets in an hour.
	PlansPerHour int
	// RequestsPerMinute bounds what one process answers a player in a minute; 0 is no bound.
	RequestsPerMinute int
}

// A Service answers the sync requests of game clients. Its methods may be used by
// several goroutines.
type Service struct {
	Limits    Limits
	Manifests ManifestStore
	Objects   ObjectStore
	// Unchecked says that contents are not read as what the engine writes, for games
	// that have a format of their own.
	Unchecked bool

	pace pace

	// What follows is set by tests only.

	// Now is the server's clock, nil being time.Now.
	Now func() time.Time
	// NewID names contents, nil being [NewID]. It must never give the same name twice.
	NewID func() string
	// Pause waits before a request starts again, nil being a short random time.
	Pause func(ctx context.Context, try int) error
	// Serial makes every request call the stores one after another, in its own goroutine.
	Serial bool
}

// A Plan is what a device is to do, in this order.
type Plan struct {
	Uploads, Downloads []Transfer
	// Conflicts holds transfers of both kinds. What is likely to fail is here, since
	// the game client gives up at the first transfer that meets no answer.
	Conflicts []Transfer
	// Barred holds the files that are left alone, and Damaged the names of those that
	// had come damaged and were settled now: both for the log.
	Barred  []Entry
	Damaged []string
}

// A Transfer is one file to send or to fetch.
type Transfer struct {
	Filename string
	// Upload says that it is to be sent.
	Upload bool
	// URL is a secret.
	URL string
}

// Plan settles what the player's devices have sent and answers what this one
// should send and fetch. The player is the subject of a verified token. Every
// error is a [*Refusal]; after one nothing is handed out.
func (s *Service) Plan(ctx context.Context, player, game string, m Manifest) (Plan, error) {
	var plan Plan
	err := s.serve(ctx, player, game, func(st *state) (err error) {
		plan, err = st.plan(ctx, m)
		plan.Damaged = st.damaged
		return err
	})
	return plan, err
}

// Complete settles what the player's devices have sent, and returns the names of
// the files that came damaged. What the client says of its success plays no part.
// Every error is a [*Refusal].
func (s *Service) Complete(ctx context.Context, player, game string) (damaged []string, err error) {
	err = s.serve(ctx, player, game, func(st *state) error {
		damaged = st.damaged
		return nil
	})
	return damaged, err
}

// serve settles what the player's devices have sent and does f for one of them, unless
// the player is turned away. Every error is a [*Refusal].
func (s *Service) serve(ctx context.Context, player, game string, f func(*state) error) error {
	if err := s.pace.tooFast(player, s.Limits.RequestsPerMinute, s.now()); err != nil {
		return err
	}
	err := s.retry(ctx, player, game, tries, func(st *state) error {
		if err := st.record.turnAway(); err != nil {
			return err
		}
		st.touch()
		if err := st.settle(ctx); err != nil {
			return err
		}
		return f(st)
	})
	_, refused := errors.AsType[*Refusal](err)
	switch {
	case err == nil || refused:
		return err
	case errors.Is(err, ErrConflict):
		return conflict(err)
	default:
		return unavailable(err)
	}
}

// retry loads the player's record and does f, and both again while that fails because
// somebody else saved the record first, so many times at most.
func (s *Service) retry(ctx context.Context, player, game string, tries int, f func(*state) error) error {
	st := &state{Service: s, keys: keys{player, game}}
	return s.again(ctx, tries, func() error {
		st = &state{Service: s, keys: st.keys, before: st}
		if err := st.load(ctx); err != nil {
			return err
		}
		return f(st)
	})
}

// again does f until it is not in conflict with what somebody else saved, so many times
// at most, with pauses.
func (s *Service) again(ctx context.Context, tries int, f func() error) error {
	pause := s.Pause
	if pause == nil {
		pause = shortPause
	}
	for try := 1; ; try++ {
		err := f()
		if !errors.Is(err, ErrConflict) || try == tries {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// shortPause waits up to 20 ms for each try made, so that requests that collided drift apart.
func shortPause(ctx context.Context, try int) error {
	t := time.NewTimer(rand.N(time.Duration(try) * 20 * time.Millisecond))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// state is a player's record as one try of a request has loaded it and wants to
// change it.
type state struct {
	*Service
	keys keys
	// before is the try before this one; the first has one that did nothing.
	before *state

	now      time.Time
	record   *Record
	game     *Game
	revision int64
	// found is what a look at the open uploads found, placed where what arrived was
	// copied to, by upload.
	found  map[string]arrival
	placed map[string]place
	// damaged holds the names of the files that came damaged and lost for it.
	damaged []string
	// spent holds the keys that the record as loaded has left to be retired.
	spent []string
	// due says that the record is to be written, if only to note that the player synced.
	due bool
}

// settle brings the player's record up to date with what has arrived and saves it if
// that changed it.
func (st *state) settle(ctx context.Context) (err error) {
	if st.found, err = st.look(ctx); err != nil {
		return err
	}
	if err := st.shelve(ctx); err != nil {
		return err
	}
	settled := st.game.settle(st.found, st.placed, st.revision+1, st.now)
	if !settled.changed {
		return nil
	}
	st.record.trimHistories()
	if err := st.save(ctx); err != nil {
		return err
	}
	st.sweep(ctx, settled.uploads)
	st.damaged = settled.damaged
	return nil
}

// load reads the player's record, with the game's old item if there is nothing newer.
// Of a player who was erased there is no game, and none without one in the keys.
func (st *state) load(ctx context.Context) error {
	data, revision, err := st.Manifests.Load(ctx, st.keys.player)
	if err != nil {
		return err
	}
	if st.record, err = DecodeRecord(data); err != nil {
		return err
	}
	st.now, st.revision = st.Service.now(), revision
	if st.record.Ban.over(st.now) {
		st.record.Ban = nil
	}
	if st.record.Forgotten != nil || st.keys.game == "" {
		return nil
	}
	if st.game = st.record.Games[st.keys.game]; st.game == nil {
		old, err := st.Manifests.LoadOld(ctx, st.keys.player, st.keys.game)
		if err != nil {
			return err
		}
		st.game = &Game{Files: map[string]File{}, Uploads: st.imported(old)}
		st.record.Games[st.keys.game] = st.game
	}
	st.spent = st.record.spent(st.keys.player, st.now)
	st.strays(ctx)
	return nil
}

// imported returns the entries of an old item as uploads to be verified: what the
// old backend wrote down was never checked.
func (st *state) imported(old []Entry) []Upload {
	var list []Upload
	for _, e := range old {
		if checkFileName(e.Name) == nil && travels(e.Name) && isChecksum(e.Checksum) && e.Size > 0 && e.Size <= st.Limits.FileBytes {
			list = append(list, Upload{
				ID: importedID(e), Name: e.Name, Size: e.Size, Checksum: e.Checksum,
				Modified: notAfter(e.Modified, timestampOf(st.now)), Imported: true,
			})
		}
	}
	return list
}

// save retires what the record as it was loaded needs no more, and writes the record.
func (st *state) save(ctx context.Context) error {
	st.retire(ctx)
	data, err := st.record.encode()
	if err != nil {
		return err
	}
	if err := st.Manifests.Save(ctx, st.keys.player, data, st.revision); err != nil {
		return err
	}
	st.revision++
	st.due = false
	return nil
}

// each calls f for 0 to n-1, some at a time, and returns the first error.
func (s *Service) each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	if s.Serial {
		for i := range n {
			if err := f(ctx, i); err != nil {
				return err
			}
		}
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i := range n {
		g.Go(func() error { return f(ctx, i) })
	}
	return g.Wait()
}

func (s *Service) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Service) newID() string {
	if s.NewID != nil {
		return s.NewID()
	}
	return NewID()
}

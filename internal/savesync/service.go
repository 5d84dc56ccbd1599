package savesync

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// urlLife is how long an upload or download may begin after it was planned.
	urlLife = 5 * time.Minute
	// tries is how often a request starts again when another one saved first.
	tries = 6
	// parallel is how many calls to the object store a request makes at once.
	parallel = 16
	// settleBytes is how much one request reads to verify uploads; what is beyond
	// it waits for the next one.
	settleBytes = 256 << 20
)

// Limits are what players may use.
type Limits struct {
	// Games lists the game ids that may be synced; empty means every well-formed one.
	Games []string
	// FileBytes bounds one file, PlayerBytes all current files of a player, in bytes.
	// PlayerBytes also bounds what a player may upload in an hour.
	FileBytes, PlayerBytes int64
	// PlayerFiles bounds the number of a player's files, in all games.
	PlayerFiles int
	// PlansPerHour bounds the plans with at least one URL that a player gets in an hour.
	PlansPerHour int
}

// A Service answers the sync requests of game clients. Its methods may be used by
// several goroutines.
type Service struct {
	Limits    Limits
	Manifests ManifestStore
	Objects   ObjectStore

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

// A Plan is what a device is to do.
type Plan struct {
	Uploads, Downloads []Transfer
}

// A Transfer is one file to send or to fetch.
type Transfer struct {
	Filename string
	// URL is a secret.
	URL string
}

// Plan settles what the player's devices have sent and answers what this one
// should send and fetch. The player is the subject of a verified token. Every
// error is a [*Refusal]; after one nothing is handed out.
func (s *Service) Plan(ctx context.Context, player, game string, m Manifest) (Plan, error) {
	var plan Plan
	err := s.retry(ctx, func() (err error) {
		st, err := s.settled(ctx, player, game)
		if err == nil {
			plan, err = st.plan(ctx, m)
		}
		return err
	})
	return plan, err
}

// Complete settles what the player's devices have sent. What the client says of
// its success plays no part. Every error is a [*Refusal].
func (s *Service) Complete(ctx context.Context, player, game string) error {
	return s.retry(ctx, func() error {
		_, err := s.settled(ctx, player, game)
		return err
	})
}

// retry runs f again while it fails because another request saved the record first.
func (s *Service) retry(ctx context.Context, f func() error) error {
	pause := s.Pause
	if pause == nil {
		pause = shortPause
	}
	for try := 1; ; try++ {
		err := f()
		if _, refused := errors.AsType[*Refusal](err); err == nil || refused {
			return err
		}
		if !errors.Is(err, ErrConflict) {
			return unavailable(err)
		}
		if try == tries {
			return conflict(err)
		}
		if err := pause(ctx, try); err != nil {
			return unavailable(err)
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

// state is a player's record as this request has loaded it and wants to change it.
type state struct {
	*Service
	now      time.Time
	keys     keys
	record   *Record
	game     *Game
	revision int64
	// found is what a look at the open uploads found.
	found map[string]arrival
	// spent holds the keys that the record as loaded has left to be retired.
	spent []string
}

// settled loads the player's record, brings it up to date with what has arrived
// and saves it if that changed it.
func (s *Service) settled(ctx context.Context, player, game string) (*state, error) {
	st, err := s.load(ctx, player, game)
	if err != nil {
		return nil, err
	}
	if st.found, err = st.look(ctx); err != nil {
		return nil, err
	}
	placed, err := st.shelve(ctx)
	if err != nil {
		return nil, err
	}
	if !st.game.settle(st.found, placed, st.revision+1, st.now) {
		return st, nil
	}
	st.record.trimHistories()
	return st, st.save(ctx)
}

// load reads the player's record, with the game's old item if there is nothing newer.
func (s *Service) load(ctx context.Context, player, game string) (*state, error) {
	data, revision, err := s.Manifests.Load(ctx, player)
	if err != nil {
		return nil, err
	}
	record, err := decodeRecord(data)
	if err != nil {
		return nil, err
	}
	st := &state{Service: s, now: s.now(), keys: keys{player, game}, record: record, revision: revision}
	st.game = record.Games[game]
	if st.game == nil {
		old, err := s.Manifests.LoadOld(ctx, player, game)
		if err != nil {
			return nil, err
		}
		st.game = &Game{Files: map[string]File{}, Uploads: s.imported(old, st.now)}
		record.Games[game] = st.game
	}
	st.spent = st.game.spent(st.keys, st.now)
	return st, nil
}

// imported returns the entries of an old item as uploads to be verified: what the
// old backend wrote down was never checked.
func (s *Service) imported(old []Entry, now time.Time) []Upload {
	var list []Upload
	for _, e := range old {
		if checkFileName(e.Name) == nil && isChecksum(e.Checksum) && e.Size > 0 && e.Size <= s.Limits.FileBytes {
			list = append(list, Upload{
				ID: s.newID(), Name: e.Name, Size: e.Size, Checksum: e.Checksum,
				Modified: notAfter(e.Modified, timestampOf(now)), Imported: true,
			})
		}
	}
	return list
}

// look reads the inbox of every open upload and compares the bytes with what was announced.
func (st *state) look(ctx context.Context) (map[string]arrival, error) {
	open := st.game.open()
	for i, left := 0, int64(settleBytes); i < len(open); i++ {
		if left -= open[i].Size; left < 0 && i > 0 {
			open = open[:i]
		}
	}
	list := make([]arrival, len(open))
	err := st.each(ctx, len(open), func(ctx context.Context, i int) error {
		o, err := st.Objects.Read(ctx, st.keys.inbox(open[i]), "", open[i].Size)
		switch {
		case errors.Is(err, ErrNotFound):
			list[i] = arrival{presence: absent}
			return nil
		case err != nil:
			return err
		case o.Size == open[i].Size && checksumOf(o.Data) == open[i].Checksum:
			list[i] = arrival{presence: arrived, version: o.Version}
		default:
			list[i] = arrival{presence: other}
		}
		return nil
	})
	found := make(map[string]arrival, len(open))
	for i, u := range open {
		found[u.ID] = list[i]
	}
	return found, err
}

// shelve copies the winners among what has arrived to keys that no URL can write
// to, and returns by upload where they are.
func (st *state) shelve(ctx context.Context) (map[string]place, error) {
	winners := st.game.winners(st.found)
	list := make([]place, len(winners))
	err := st.each(ctx, len(winners), func(ctx context.Context, i int) (err error) {
		list[i], err = st.copy(ctx, winners[i])
		return err
	})
	placed := make(map[string]place, len(winners))
	for i, u := range winners {
		placed[u.ID] = list[i]
	}
	return placed, err
}

// copy copies a verified upload from its inbox to a content key. Its own key may
// be taken: by the same bytes, if a request before this one came as far as here
// and no further; else this record is behind (another request has retired that
// content, or the table was restored from a backup), and a new key is as good.
func (st *state) copy(ctx context.Context, u Upload) (place, error) {
	source, version := st.keys.inbox(u), st.found[u.ID].version
	at, err := st.place(ctx, source, version, u.Name, u.ID)
	if !errors.Is(err, ErrExists) {
		return at, err
	}
	o, err := st.Objects.Read(ctx, st.keys.content(u.Name, u.ID), "", u.Size)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return place{}, err
	}
	if checksumOf(o.Data) == u.Checksum {
		return place{id: u.ID, version: o.Version}, nil
	}
	return st.place(ctx, source, version, u.Name, st.newID())
}

// place copies one version to the content key that ends in id.
func (st *state) place(ctx context.Context, source, version, name, id string) (place, error) {
	copied, err := st.Objects.Copy(ctx, source, version, st.keys.content(name, id))
	if errors.Is(err, ErrNotFound) {
		return place{}, fmt.Errorf("%w: what it has of upload %s has expired", ErrConflict, id)
	}
	if err == nil && (copied == "" || len(copied) > maxVersion) {
		err = fmt.Errorf("content %s has the unusable version %.80q: is the bucket versioned?", id, copied)
	}
	return place{id: id, version: copied}, err
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
	return nil
}

// plan decides what the device should do, writes it down and makes the URLs.
func (st *state) plan(ctx context.Context, m Manifest) (Plan, error) {
	d := st.game.decide(m, st.found, timestampOf(st.now))
	lost, err := st.lost(ctx, d.downloads)
	if err != nil {
		return Plan{}, err
	}
	if len(lost) > 0 {
		// Without them, a device that still has one may send it again.
		for _, name := range lost {
			delete(st.game.Files, name)
		}
		d = st.game.decide(m, st.found, timestampOf(st.now))
	}
	if len(d.uploads)+len(d.downloads)+len(lost) == 0 {
		return Plan{}, nil
	}
	invited, added := st.game.invite(d.uploads, st.newID, st.now)
	if len(invited) > 0 {
		if err := st.record.admit(st.Limits); err != nil {
			return Plan{}, err
		}
	}
	if err := st.record.charge(added, st.Limits, st.now); err != nil {
		return Plan{}, err
	}
	if err := st.save(ctx); err != nil {
		return Plan{}, err
	}
	return st.links(ctx, invited, d.downloads)
}

// lost returns those of the files to be fetched that are gone from the bucket, by
// another hand than ours.
func (st *state) lost(ctx context.Context, names []string) ([]string, error) {
	gone := make([]bool, len(names))
	err := st.each(ctx, len(names), func(ctx context.Context, i int) error {
		f := st.game.Files[names[i]]
		size, err := st.Objects.Stat(ctx, st.keys.content(names[i], f.ID), f.Version)
		if errors.Is(err, ErrNotFound) || err == nil && size != f.Size {
			gone[i], err = true, nil
		}
		return err
	})
	var lost []string
	for i, name := range names {
		if gone[i] {
			lost = append(lost, name)
		}
	}
	return lost, err
}

// links makes the URLs of a plan.
func (st *state) links(ctx context.Context, uploads []Upload, downloads []string) (Plan, error) {
	var p Plan
	for _, u := range uploads {
		url, err := st.Objects.PresignPut(ctx, st.keys.inbox(u), u.Size, urlLife)
		if err != nil {
			return Plan{}, err
		}
		p.Uploads = append(p.Uploads, Transfer{Filename: u.Name, URL: url})
	}
	for _, name := range downloads {
		f := st.game.Files[name]
		url, err := st.Objects.PresignGet(ctx, st.keys.content(name, f.ID), f.Version, urlLife)
		if err != nil {
			return Plan{}, err
		}
		p.Downloads = append(p.Downloads, Transfer{Filename: name, URL: url})
	}
	return p, nil
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

package savesync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Source is a version of a content of a player's game.
type Source struct {
	// Name is the file's, ID the end of the content's key, Version the version there.
	Name, ID, Version string
	// Size is in bytes.
	Size int64
}

// An Outcome is what became of one content that an operator put into a game.
type Outcome struct {
	Name string
	// ID is where the content is now.
	ID string
	// Current says that it is the file's content now. Otherwise it is kept as an older
	// version for the retention time.
	Current bool
	// Unchanged says that there was nothing to do: the file had this content already, at
	// the moment of asking.
	Unchanged bool
}

// A BarredError says that a file cannot be put into a player's game.
type BarredError struct {
	Name string
	Bar  Bar
}

func (e *BarredError) Error() string { return fmt.Sprintf("%.140q cannot sync: %s", e.Name, e.Bar) }

// A GoneError says that a version is not in the bucket any more.
type GoneError struct{ Name, ID string }

func (e *GoneError) Error() string {
	return fmt.Sprintf("version %s of %s is not there any more", e.ID, e.Name)
}

// A DamagedError says that a content cannot be read, which would take the place of one
// that can.
type DamagedError struct{ Name string }

func (e *DamagedError) Error() string {
	return fmt.Sprintf("this content of %s is damaged, and the current one is not", e.Name)
}

// errOvertaken says that the entry of what an operator puts into a game is gone from the
// record: nothing is lost, and the operator may begin again.
var errOvertaken = errors.New("the player's devices have overtaken this; try again")

// Restore makes versions of a game's files current again, as new contents of now: all
// devices fetch them, but one on which the file was changed later; the last one is the
// newest on the device then. What they replace stays as an older version. With an error
// no file has changed, unless that is of the store. The other errors are *[GoneError], *[DamagedError], *[BarredError], [ErrForgotten].
func (o *Operator) Restore(ctx context.Context, player, game string, sources []Source) ([]Outcome, error) {
	k := keys{player, game}
	list := make([]incoming, len(sources))
	err := o.Service.each(ctx, len(sources), func(ctx context.Context, i int) error {
		src := sources[i]
		in, err := o.read(ctx, k, src)
		in.origin, in.of, in.settle = Restored, src.ID, force
		in.put = o.copier(k.content(src.Name, src.ID), src)
		list[i] = in
		return err
	})
	if err != nil {
		return nil, err
	}
	return o.forward(ctx, k, "restore", list)
}

// Upload makes an operator's file the current content of one of a player's files, as
// [Operator.Restore] does.
func (o *Operator) Upload(ctx context.Context, player, game, name string, data []byte) (Outcome, error) {
	in := o.incoming(name, data)
	in.origin, in.of, in.settle = Uploaded, in.Checksum, force
	in.put = func(ctx context.Context, key string) (string, error) { return o.Archive.Write(ctx, key, data) }
	list, err := o.forward(ctx, keys{player, game}, "upload", []incoming{in})
	if err != nil {
		return Outcome{}, err
	}
	return list[0], nil
}

// read reads a version, as what is to be put into a game.
func (o *Operator) read(ctx context.Context, k keys, src Source) (incoming, error) {
	data, err := o.Content(ctx, k.player, k.game, src)
	if err != nil {
		return incoming{}, err
	}
	return o.incoming(src.Name, data), nil
}

// copier copies a source to the key it is given.
func (o *Operator) copier(key string, src Source) func(context.Context, string) (string, error) {
	return func(ctx context.Context, target string) (string, error) {
		version, err := o.Service.Objects.Copy(ctx, key, src.Version, target)
		if errors.Is(err, ErrNotFound) {
			return "", &GoneError{src.Name, src.ID}
		}
		return version, err
	}
}

// incoming returns a content that is to be put into a game.
func (o *Operator) incoming(name string, data []byte) incoming {
	in := incoming{Upload: Upload{Name: name, Size: int64(len(data)), Checksum: checksumOf(data)}}
	if !o.Service.Unchecked {
		in.health = inspect(name, data, time.Now().Add(maxInspection))
	}
	return in
}

// An incoming is a content that an operator puts into a player's game. It goes the way
// of an upload: first the record expects it, then it is put under its key, and then the
// record names it. If the operator's process dies in between, the entry expires as that
// of an upload does that never came, and the copy with it.
type incoming struct {
	Upload
	health Health
	origin Origin
	// of is the id of the content that it comes of.
	of string
	// only is the id of the content whose place alone it may take, "" for any.
	only string
	// put puts its bytes under a key and returns the version there.
	put func(ctx context.Context, key string) (string, error)
	// settle decides what becomes of it.
	settle func(g *Game, c claim, at place, revision int64, now time.Time)

	version string
	// unchanged says that there is nothing to do: the file has this content already, or
	// not the only one whose place it may take.
	unchanged bool
}

// force makes a claim the content of its file, above all that is known, as of now.
func force(g *Game, c claim, at place, revision int64, now time.Time) {
	f := g.Files[c.Name]
	if f.Checksum == c.Checksum {
		g.lose(c, at, now) // it came by another way
		return
	}
	c.Modified = timestampOf(now)
	if c.Modified.Compare(f.Modified) < 0 {
		c.Modified = f.Modified
	}
	g.commit(c, at, revision, now)
}

// compete makes a claim the content of its file if it stands above the one that is there.
func compete(g *Game, c claim, at place, revision int64, now time.Time) {
	if f, ok := g.Files[c.Name]; ok && !c.above(f) {
		g.lose(c, at, now)
		return
	}
	g.commit(c, at, revision, now)
}

// forward puts contents into a player's game.
func (o *Operator) forward(ctx context.Context, k keys, what string, list []incoming) ([]Outcome, error) {
	err := o.change(ctx, k.player, k.game, func(st *state) error {
		if err := st.settle(ctx); err != nil {
			return err
		}
		return st.expect(ctx, list)
	})
	if err != nil {
		return nil, err
	}
	err = o.Service.each(ctx, len(list), func(ctx context.Context, i int) (err error) {
		in := &list[i]
		if in.unchanged {
			return nil
		}
		in.version, err = in.put(ctx, k.content(in.Name, in.ID))
		if errors.Is(err, ErrExists) { // a device had the same content, and sent it
			return errOvertaken
		}
		if err != nil {
			return err
		}
		return usable(in.ID, in.version)
	})
	if err != nil {
		return nil, err
	}
	var outcomes []Outcome
	err = o.change(ctx, k.player, k.game, func(st *state) error {
		if err := st.settle(ctx); err != nil {
			return err
		}
		outcomes = make([]Outcome, 0, len(list))
		changed := 0
		for i, in := range list {
			if !in.unchanged {
				// In the order given, since the newest is what a game continues with.
				now := st.now.Add(time.Duration(i) * time.Microsecond)
				if err := st.spare(ctx, in); err != nil {
					return err
				}
				if err := st.game.take(in, st.revision+1, now); err != nil {
					return err
				}
				changed++
			}
			f := st.game.Files[in.Name]
			if f.Checksum == in.Checksum {
				in.ID = f.ID
			}
			outcomes = append(outcomes, Outcome{Name: in.Name, ID: in.ID, Current: in.unchanged || in.ID == f.ID, Unchanged: in.unchanged})
		}
		if changed == 0 {
			return nil
		}
		st.record.trimHistories()
		if err := st.did(ctx, o.By, what, changed); err != nil {
			return err
		}
		st.sweep(ctx, nil)
		return nil
	})
	return outcomes, err
}

// expect enters contents into the record, as uploads of which nobody has a URL, and saves it.
func (st *state) expect(ctx context.Context, list []incoming) error {
	st.retire(ctx)
	known := st.game.spellings()
	room := st.record.room(st.game, st.Limits, 0)
	expected := 0
	for i := range list {
		in := &list[i]
		if spelled, ok := known[fold(in.Name)]; ok {
			in.Name = spelled
		}
		f, ok := st.game.Files[in.Name]
		if in.unchanged = !in.mayReplace(f) || in.only == "" && ok && f.Checksum == in.Checksum; in.unchanged {
			continue
		}
		if bar := in.bar(room); bar != "" {
			return &BarredError{in.Name, bar}
		}
		if err := st.spare(ctx, *in); err != nil {
			return err
		}
		in.ID = originID(st.newID(), in.origin, in.of)
		in.Layout, in.Basis, in.Expires = layoutInbox, f.Revision, st.now.Unix()
		if in.Modified.digits == "" {
			in.Modified = timestampOf(st.now)
		}
		st.game.Uploads = append(st.game.Uploads, in.Upload)
		expected++
	}
	if expected == 0 {
		return nil
	}
	return st.save(ctx)
}

// bar returns why a content must not be put into a game, "" if it may, and takes its
// room. An operator is not held to the player's upload budget.
func (in incoming) bar(w *room) Bar {
	switch {
	case checkFileName(in.Name) != nil || !travels(in.Name):
		return BarName
	case in.Size > w.limits.FileBytes || in.Size == 0:
		return BarSize
	}
	w.level = -in.Size - uploadCharge // what it will be charged
	return w.take(in.Upload, false)
}

// mayReplace reports whether a content may take the place of a file's.
func (in incoming) mayReplace(f File) bool { return in.only == "" || in.only == f.ID }

// spare returns a [*DamagedError] if a content that cannot be read is to take the place
// of one that can. What is moved does not: it loses, if the record tells what it loses
// against. So the current content is read if it does not: a release before this one, which a rollback may have brought
// back for a while, writes none of what reading has shown.
func (st *state) spare(ctx context.Context, in incoming) error {
	f, ok := st.game.Files[in.Name]
	if !ok || in.health != Damaged {
		return nil
	}
	if f.Health == Unread {
		o, err := st.Objects.Read(ctx, st.keys.content(in.Name, f.ID), f.Version, f.Size)
		if errors.Is(err, ErrNotFound) || err == nil && o.Data == nil {
			return nil // someone deleted it: nothing is above the new one
		}
		if err != nil {
			return err
		}
		f.Health = inspect(in.Name, o.Data, until(ctx))
		st.game.Files[in.Name] = f
	}
	if f.Health == Readable && in.origin != Moved {
		return &DamagedError{in.Name}
	}
	return nil
}

// take settles a content that is now under its key.
func (g *Game) take(in incoming, revision int64, now time.Time) error {
	i := slices.IndexFunc(g.Uploads, func(u Upload) bool { return u.ID == in.ID && !u.Settled })
	if i < 0 {
		return errOvertaken
	}
	g.Uploads[i].Settled = true
	if !in.mayReplace(g.Files[in.Name]) {
		g.drop(in.Upload)
		return nil
	}
	in.settle(g, claim{in.Upload, arrival{presence: arrived, health: in.health}}, place{in.Name, in.ID, in.version, true}, revision, now)
	return nil
}

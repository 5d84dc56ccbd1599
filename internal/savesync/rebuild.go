package savesync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Rebuilt says what became of a record that could not be read.
type Rebuilt struct {
	// Files and Bytes count what is current again.
	Files int
	Bytes int64
	// Banned and Forgotten say that the player is turned away, as before; BanUnknown that
	// what was left of the record does not tell whether the player was banned.
	Banned, Forgotten, BanUnknown bool
	// Already says that the record could be read by then: another run was faster.
	Already bool
	// Evidence is the key in the bucket of what the record was. Nothing reads it; it
	// expires as a version does that was replaced. It is "" if there was no record.
	Evidence string
}

// Rebuild puts a record in the place of one that cannot be read, for which every request
// of the player's devices fails, or of one that is not there ([ErrNoRecord]). What the damaged one still tells counts as far as it
// agrees with the bucket; the rest is what the bucket alone tells: of each file the
// newest content that does not expire and can be read is current, and those before it are
// known as older. What devices have sent and nobody has settled is kept as older
// versions. The damaged record is kept as well. The error is *[NewerRecordError] of a
// record that a newer release has written; it is left alone.
func (o *Operator) Rebuild(ctx context.Context, player string) (done Rebuilt, err error) {
	if err := checkPlayer(player); err != nil {
		return done, err
	}
	err = o.Service.again(ctx, operatorTries, func() error {
		data, revision, err := o.Service.Manifests.Load(ctx, player)
		if err != nil {
			return err
		}
		r, err := o.decode(ctx, player, data)
		if err == nil {
			done = summary(r)
			done.Already = true
			return nil
		}
		if e, ok := errors.AsType[*RecordError](err); !ok || !e.Damaged() {
			return err
		}
		b := &rebuilding{Operator: o, player: player, now: o.Service.now(), revision: revision}
		if err := b.keepEvidence(ctx, data); err != nil {
			return err
		}
		if b.record = salvage(data, b.now); b.record.Forgotten != nil {
			b.record = &Record{Games: map[string]*Game{}, Forgotten: b.record.Forgotten}
		} else if err := b.gather(ctx); err != nil {
			return err
		}
		if err := b.save(ctx); err != nil {
			return err
		}
		done = summary(b.record)
		done.Evidence = b.evidence
		done.BanUnknown = !done.Banned && !done.Forgotten && !tellsOfNoBar(string(data))
		return nil
	})
	return done, err
}

// A rebuilding is a record on its way to be written again.
type rebuilding struct {
	*Operator
	player   string
	now      time.Time
	revision int64 // of the damaged record
	record   *Record
	evidence string
	// spent holds the keys to be retired when the record is saved.
	spent []string
}

// keepEvidence writes what the record was to a key of its own, which begins as those of
// no game do. That it is there already is as good.
func (b *rebuilding) keepEvidence(ctx context.Context, data []byte) error {
	if len(data) == 0 { // there was none
		return nil
	}
	b.evidence = contentsOf(b.player) + "-damaged/" + checksumOf(data)[:24] + ".json"
	b.spent = append(b.spent, b.evidence)
	_, err := b.Archive.Write(ctx, b.evidence, data)
	if errors.Is(err, ErrExists) {
		return nil
	}
	return err
}

// gather completes the record with what the bucket has of the player.
func (b *rebuilding) gather(ctx context.Context) error {
	files, err := b.contents(ctx)
	if err != nil {
		return err
	}
	if err := b.keepSent(ctx, files); err != nil {
		return err
	}
	for id, g := range b.record.Games { // what is not in the bucket is not there
		maps.DeleteFunc(g.Files, func(name string, _ File) bool { return len(files[keys{b.player, id}][name]) == 0 })
	}
	left := maxHistories
	for _, k := range slices.SortedFunc(maps.Keys(files), func(x, y keys) int { return strings.Compare(x.game, y.game) }) {
		g := b.record.Games[k.game]
		if g == nil {
			g = &Game{Files: map[string]File{}}
			b.record.Games[k.game] = g
		}
		for _, name := range slices.Sorted(maps.Keys(files[k])) {
			if err := b.file(ctx, k, g, name, files[k][name], &left); err != nil {
				return err
			}
		}
	}
	return nil
}

// contents lists the versions of all contents that a record can name, by game and file.
func (b *rebuilding) contents(ctx context.Context) (map[keys]map[string][]Version, error) {
	files := map[keys]map[string][]Version{}
	for v, err := range b.Archive.History(ctx, contentsOf(b.player)) {
		if err != nil {
			return nil, err
		}
		if !IsContent(v.Key) {
			continue
		}
		parts := strings.Split(v.Key, "/")
		k, name := keys{b.player, parts[2]}, parts[4]
		if CheckGameID(k.game) != nil || checkFileName(name) != nil || !travels(name) {
			continue
		}
		if files[k] == nil {
			files[k] = map[string][]Version{}
		}
		files[k][name] = append(files[k][name], v)
	}
	return files, nil
}

// file finds a file's current content among its versions, and remembers those that it
// stands above, of all files so many as are left.
func (b *rebuilding) file(ctx context.Context, k keys, g *Game, name string, versions []Version, left *int) error {
	was, told := g.Files[name]
	delete(g.Files, name)
	named := func(v Version) bool { return told && v.Key == k.content(name, was.ID) && v.ID == was.Version }
	slices.SortFunc(versions, func(x, y Version) int { // the one that the damaged record names, then the newest
		return cmp.Or(first(named(y))-first(named(x)), y.Written.Compare(x.Written), strings.Compare(y.Key, x.Key))
	})
	f, err := b.current(ctx, k, g, name, versions)
	if err != nil || f.ID == "" {
		return err
	}
	if told && was.ID == f.ID && was.Checksum == f.Checksum {
		f.Modified, f.Committed, f.Revision, f.Older = was.Modified, was.Committed, was.Revision, was.Older
	}
	older := slices.DeleteFunc(versions, func(v Version) bool { return v.Key == k.content(name, f.ID) })
	for _, v := range older {
		if c := (Content{name, k.idOf(name, v)}); v.Replaced.IsZero() && !slices.Contains(g.Retired, c) {
			g.Retired = append(g.Retired, c) // it was replaced, or lost, and not retired yet
			b.spent = append(b.spent, v.Key)
		}
	}
	older = older[:min(len(older), maxHistory, *left)]
	*left -= len(older)
	sums, err := b.checksums(ctx, k, name, older)
	for _, sum := range slices.Backward(sums) {
		if sum != "" {
			f.Older = f.Older.with(sum)
		}
	}
	f.Older = f.Older.without(f.Checksum)
	g.Files[name] = f
	return err
}

// idOf returns the id of a content of a file.
func (k keys) idOf(name string, v Version) string {
	return strings.TrimPrefix(v.Key, k.content(name, ""))
}

// checksums reads versions of a file, and returns "" for those that are gone.
func (b *rebuilding) checksums(ctx context.Context, k keys, name string, versions []Version) ([]string, error) {
	sums := make([]string, len(versions))
	err := b.Service.each(ctx, len(versions), func(ctx context.Context, i int) error {
		v := versions[i]
		data, err := b.Content(ctx, k.player, k.game, Source{name, k.idOf(name, v), v.ID, v.Size})
		if _, gone := errors.AsType[*GoneError](err); gone {
			return nil
		}
		if err == nil {
			sums[i] = checksumOf(data)
		}
		return err
	})
	return sums, err
}

// current returns the first of a file's versions that does not expire, nor is about to,
// and can be read; without such a one the first that does not expire, a file without an
// id if all do.
func (b *rebuilding) current(ctx context.Context, k keys, g *Game, name string, versions []Version) (File, error) {
	var second File
	for _, v := range versions {
		id := k.idOf(name, v)
		if !v.Replaced.IsZero() || v.Size == 0 || usable(id, v.ID) != nil || slices.Contains(g.Retired, Content{name, id}) {
			continue
		}
		data, err := b.Content(ctx, k.player, k.game, Source{name, id, v.ID, v.Size})
		if err != nil {
			return File{}, err
		}
		in := b.incoming(name, data)
		f := File{
			ID: id, Version: v.ID, Size: in.Size, Checksum: in.Checksum, Health: in.health,
			// The device's own time is not known: it is not later than this one.
			Modified: timestampOf(v.Written), Committed: v.Written.Unix(), Revision: b.revision + 1,
		}
		if f.Health != Damaged {
			return f, nil
		}
		if second.ID == "" {
			second = f
		}
	}
	return second, nil
}

// keepSent keeps what devices have sent and no entry expects any more as older versions
// of its files. The record does not know them as older: a device that has such a content
// is asked for it again, and it wins then if it is newer.
func (b *rebuilding) keepSent(ctx context.Context, files map[keys]map[string][]Version) error {
	for _, prefix := range []string{inboxesOf(b.player), contentsOf(b.player)} {
		for v, err := range b.Archive.History(ctx, prefix) {
			if err != nil {
				return err
			}
			k, u, ok := inboxOf(v)
			if !ok || b.expects(k, u) {
				continue
			}
			b.spent = append(b.spent, v.Key)
			has := func(key string) func(Version) bool { return func(v Version) bool { return v.Key == key } }
			if slices.ContainsFunc(files[k][u.Name], has(k.content(u.Name, u.ID))) { // it was copied already
				continue
			}
			kept := k.content(u.Name, originID(u.ID, Repaired, u.ID))
			_, err := b.Service.Objects.Copy(ctx, v.Key, v.ID, kept)
			if err != nil && !errors.Is(err, ErrExists) && !errors.Is(err, ErrNotFound) {
				return err
			}
			b.spent = append(b.spent, kept)
			if files[k] != nil { // a run before this one may have put it there
				files[k][u.Name] = slices.DeleteFunc(files[k][u.Name], has(kept))
			}
		}
	}
	return nil
}

// inboxOf returns whose inbox a version lies in, if it is the current one of such a key.
func inboxOf(v Version) (k keys, u Upload, ok bool) {
	parts := strings.Split(v.Key, "/")
	switch {
	case !v.Replaced.IsZero() || v.Size == 0:
		return k, u, false
	case len(parts) == 5 && parts[0]+"/" == inboxPrefix:
		k, u = keys{parts[1], parts[2]}, Upload{Name: parts[3], ID: parts[4], Layout: layoutInbox}
	case len(parts) == 6 && parts[0] == "users" && parts[3] == "inbox":
		k, u = keys{parts[1], parts[2]}, Upload{Name: parts[4], ID: parts[5], Layout: layoutMixed}
	default:
		return k, u, false
	}
	return k, u, CheckGameID(k.game) == nil && checkFileName(u.Name) == nil && travels(u.Name) && u.ID != ""
}

// expects reports whether the record still has the entry of an upload.
func (b *rebuilding) expects(k keys, u Upload) bool {
	g := b.record.Games[k.game]
	return g != nil && slices.ContainsFunc(g.Uploads, func(e Upload) bool { return e.Name == u.Name && e.ID == u.ID })
}

// save writes the record, and retires what is spent. If that fails what was to be an
// older version does not expire.
func (b *rebuilding) save(ctx context.Context) error {
	if b.record.Forgotten == nil {
		b.record.did(Deed{At: b.now.Unix(), By: b.By, What: "rebuild"})
	}
	data, err := b.record.encode()
	if err == nil && len(data) > maxRecordBytes {
		err = fmt.Errorf("the rebuilt record would have %d bytes, a record has %d at most", len(data), maxRecordBytes)
	}
	if err == nil {
		_, err = DecodeRecord(data) // or it would not be mended
	}
	if err != nil {
		return err
	}
	if err := b.Service.Manifests.Save(ctx, b.player, data, b.revision); err != nil {
		return err
	}
	for chunk := range slices.Chunk(b.spent, retireAtOnce) {
		if err := b.Service.Objects.Retire(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// summary says what a record has.
func summary(r *Record) Rebuilt {
	done := Rebuilt{Banned: r.Ban != nil, Forgotten: r.Forgotten != nil}
	for _, g := range r.Games {
		for _, f := range g.Files {
			done.Files++
			done.Bytes += f.Size
		}
	}
	return done
}

package savesync

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Fault is what is wrong with a committed file.
type Fault string

// The faults.
const (
	FaultGone     Fault = "gone"     // its version is not in the bucket any more
	FaultSize     Fault = "size"     // its version has another size
	FaultBytes    Fault = "bytes"    // its version has other bytes
	FaultExpiring Fault = "expiring" // something lies over its version, which is therefore going to expire
	FaultRecord   Fault = "record"   // of the player, not of a file: the record cannot be read
	FaultMissing  Fault = "missing"  // of the player, not of a file: the record is not there, saves are
)

// A Finding is a committed file with which something is wrong.
type Finding struct {
	Game, Name string
	File       File
	Fault      Fault
	// Until is when a version expires that is [FaultExpiring].
	Until time.Time
}

// A Checkup is what was found of a player.
type Checkup struct {
	// Files and Bytes count what is committed.
	Files    int
	Bytes    int64
	Findings []Finding
}

// verifyTries is how often a player is looked at again who synced in the meantime.
const verifyTries = 4

// Verify compares a player's record with the bucket, at the cost of one list of what is
// there of the player. Deep reads every byte too. The error is *[RecordError] if the
// record cannot be read, of [ErrNoRecord] if it is not there.
func (o *Operator) Verify(ctx context.Context, player string, deep bool) (Checkup, error) {
	for try := 1; ; try++ {
		data, revision, err := o.Service.Manifests.Load(ctx, player)
		if err != nil {
			return Checkup{}, err
		}
		r, err := o.decode(ctx, player, data)
		if err != nil {
			return Checkup{}, err
		}
		c, err := o.examine(ctx, player, r, deep)
		if err != nil || len(c.Findings) == 0 {
			return c, err
		}
		// Between the two a device may have changed both.
		if _, now, err := o.Service.Manifests.Load(ctx, player); err != nil || now == revision {
			return c, err
		}
		if try == verifyTries {
			return c, ErrConflict
		}
	}
}

// examine compares a record with the bucket.
func (o *Operator) examine(ctx context.Context, player string, r *Record, deep bool) (Checkup, error) {
	var c Checkup
	want := map[string]string{} // versions by key
	for id, g := range r.Games {
		for name, f := range g.Files {
			c.Files++
			c.Bytes += f.Size
			want[keys{player, id}.content(name, f.ID)] = f.Version
		}
	}
	if c.Files == 0 {
		return c, nil
	}
	there := map[string]Version{}
	for v, err := range o.Archive.History(ctx, contentsOf(player)) {
		if err != nil {
			return c, err
		}
		if want[v.Key] == v.ID {
			there[v.Key] = v
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.Games)) {
		files := r.Games[id].Files
		for _, name := range slices.Sorted(maps.Keys(files)) {
			f := files[name]
			key := keys{player, id}.content(name, f.ID)
			fault, err := o.fault(ctx, key, f, there[key], deep)
			if err != nil {
				return c, err
			}
			if fault != "" {
				finding := Finding{Game: id, Name: name, File: f, Fault: fault}
				if fault == FaultExpiring {
					finding.Until = there[key].Replaced.Add(o.Retention)
				}
				c.Findings = append(c.Findings, finding)
			}
		}
	}
	return c, nil
}

// fault returns what is wrong with a committed file whose version is listed as v, zero
// if it is not listed.
func (o *Operator) fault(ctx context.Context, key string, f File, v Version, deep bool) (Fault, error) {
	switch {
	case v.Key == "":
		return FaultGone, nil
	case v.Size != f.Size:
		return FaultSize, nil
	case deep:
		object, err := o.Service.Objects.Read(ctx, key, f.Version, f.Size)
		switch {
		case errors.Is(err, ErrNotFound):
			return FaultGone, nil
		case err != nil:
			return "", err
		case object.Data == nil || checksumOf(object.Data) != f.Checksum:
			return FaultBytes, nil
		}
	}
	if !v.Replaced.IsZero() {
		return FaultExpiring, nil
	}
	return "", nil
}

// A Remedy is what [Operator.Repair] did about a finding.
type Remedy string

// The remedies. That of [FaultRecord] and [FaultMissing] is [Operator.Rebuild]'s.
const (
	Copied    Remedy = "copied"    // the same content lies under a new key of its own
	FellBack  Remedy = "older"     // the newest older version that can be read is current now
	Dropped   Remedy = "dropped"   // the record does not name the file any more; a device that has it sends it again
	Overtaken Remedy = "overtaken" // the file is another one by now
	Anew      Remedy = "rebuilt"   // the record was written anew
)

// Repair mends what [Operator.Verify] found of a file. What is about to expire is
// copied, and so is what is gone of which another version of its key has the bytes. Else
// what is gone gives way to the newest older version that can be read, or to nothing; a
// device that still has it sends it again, and then it wins.
func (o *Operator) Repair(ctx context.Context, player string, found Finding) (Remedy, error) {
	k := keys{player, found.Game}
	version, ok, err := o.sameBytes(ctx, k, found)
	switch {
	case err != nil:
		return "", err
	case ok:
		in := incoming{
			Upload: Upload{Name: found.Name, Size: found.File.Size, Checksum: found.File.Checksum, Modified: found.File.Modified},
			origin: Repaired, of: found.File.ID, only: found.File.ID, health: found.File.Health, settle: swap,
			put: o.copier(k.content(found.Name, found.File.ID), Source{found.Name, found.File.ID, version, found.File.Size}),
		}
		return o.mend(ctx, k, in, Copied)
	}
	in, ok, err := o.fallback(ctx, k, found)
	switch {
	case err != nil:
		return "", err
	case ok:
		return o.mend(ctx, k, in, FellBack)
	}
	return o.drop(ctx, k, found)
}

// sameBytes returns the version of a file's own key that has its bytes: the one that the
// record names if that is only about to expire, else another one, which was put there
// past the service.
func (o *Operator) sameBytes(ctx context.Context, k keys, found Finding) (version string, ok bool, err error) {
	if found.Fault == FaultExpiring {
		return found.File.Version, true, nil
	}
	key := k.content(found.Name, found.File.ID)
	for v, err := range o.Archive.History(ctx, key) {
		if err != nil {
			return "", false, err
		}
		if v.Key != key || v.ID == found.File.Version || v.Size != found.File.Size {
			continue
		}
		data, err := o.Content(ctx, k.player, k.game, Source{found.Name, found.File.ID, v.ID, v.Size})
		if _, gone := errors.AsType[*GoneError](err); gone {
			continue
		}
		if err != nil || checksumOf(data) == found.File.Checksum {
			return v.ID, err == nil, err
		}
	}
	return "", false, nil
}

// mend puts a content in the place of what is wrong.
func (o *Operator) mend(ctx context.Context, k keys, in incoming, remedy Remedy) (Remedy, error) {
	outcomes, err := o.forward(ctx, k, "repair", []incoming{in})
	if err != nil {
		return "", err
	}
	if !outcomes[0].Current || outcomes[0].Unchanged {
		return Overtaken, nil
	}
	return remedy, nil
}

// swap has the record name a claim's copy in the place of a version that is gone, or about to be.
func swap(g *Game, c claim, at place, _ int64, _ time.Time) {
	f := g.Files[c.Name]
	g.Retired = append(g.Retired, Content{Name: c.Name, ID: f.ID})
	f.ID, f.Version = at.id, at.version
	g.Files[c.Name] = f
}

// fallBack makes a claim the content of a file whose own is gone. What is gone does not
// count as older: a device that still has it is to send it again.
func fallBack(g *Game, c claim, at place, revision int64, now time.Time) {
	gone := g.Files[c.Name].Checksum
	g.commit(c, at, revision, now)
	f := g.Files[c.Name]
	f.Older = f.Older.without(gone)
	g.Files[c.Name] = f
}

// fallback returns the newest older version of a file that can be read, if there is one.
func (o *Operator) fallback(ctx context.Context, k keys, found Finding) (incoming, bool, error) {
	var list []Version
	for v, err := range o.Archive.History(ctx, k.content(found.Name, "")) {
		if err != nil {
			return incoming{}, false, err
		}
		if v.Key != k.content(found.Name, found.File.ID) && v.Size > 0 {
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(a, b Version) int { // what never was current comes last
		return cmp.Or(first(a.lost())-first(b.lost()), b.Written.Compare(a.Written), strings.Compare(b.Key, a.Key))
	})
	for _, v := range list {
		src := Source{Name: found.Name, ID: strings.TrimPrefix(v.Key, k.content(found.Name, "")), Version: v.ID, Size: v.Size}
		in, err := o.read(ctx, k, src)
		if _, gone := errors.AsType[*GoneError](err); gone || err == nil && in.health == Damaged {
			continue
		}
		if err != nil {
			return incoming{}, false, err
		}
		// No later than what is gone, so that a device that has that one sends it again.
		in.Modified = timestampOf(v.Written)
		if in.Modified.Compare(found.File.Modified) > 0 {
			in.Modified = found.File.Modified
		}
		in.origin, in.of, in.only, in.settle, in.put = Repaired, src.ID, found.File.ID, fallBack, o.copier(v.Key, src)
		return in, true, nil
	}
	return incoming{}, false, nil
}

// drop takes a file out of the record whose content is gone.
func (o *Operator) drop(ctx context.Context, k keys, found Finding) (remedy Remedy, err error) {
	err = o.change(ctx, k.player, k.game, func(st *state) error {
		remedy = Overtaken
		if err := st.settle(ctx); err != nil {
			return err
		}
		if st.game.Files[found.Name].ID != found.File.ID {
			return nil
		}
		remedy = Dropped
		delete(st.game.Files, found.Name)
		st.game.Retired = append(st.game.Retired, Content{Name: found.Name, ID: found.File.ID})
		return st.did(ctx, o.By, "repair", 1)
	})
	return remedy, err
}

package savesync

import (
	"cmp"
	"slices"
	"time"
)

// uploadGrace is how long after its last URL died an upload is still looked for:
// S3 checks the expiry when a transfer begins, so it may end later.
const uploadGrace = time.Hour

// failureMemory is how long it is remembered that uploads of a file never came.
const failureMemory = 30 * 24 * time.Hour

// presence is what a look at an upload's inbox found.
type presence int

const (
	unread  presence = iota // not looked at this time
	absent                  // certainly nothing there
	other                   // an object, but not the announced bytes
	arrived                 // the announced bytes
)

// An arrival is what was found of an upload, and in which version of its inbox key.
type arrival struct {
	presence presence
	layout   int
	version  string
	// health is that of what arrived, committed that of the content that it was
	// compared with, if that was read.
	health, committed Health
	// cut says that what arrived is the beginning of the committed content.
	cut bool
}

// A claim is a content that may become the committed one of its file.
type claim struct {
	Upload
	arrival
}

// above reports whether a claim stands above the committed content. A content that
// cannot be read never stands above one that can, nor a beginning above the whole,
// nor what is known as older. Then the newer timestamp wins. Between equal ones the
// claim does if it was planned after the other had been committed; contents that
// cannot know of each other are ordered by their checksums, so that the order does
// not depend on which came first.
func (c claim) above(f File) bool {
	health := f.Health
	if health == Unread {
		health = c.committed
	}
	switch {
	case c.Checksum == f.Checksum || f.Older.has(c.Checksum) || c.cut:
		return false
	case c.health == Damaged && health == Readable:
		return false
	case c.health == Readable && health == Damaged:
		return true
	case c.Losing:
		return false
	}
	if order := c.Modified.Compare(f.Modified); order != 0 {
		return order > 0
	}
	return c.Basis >= f.Revision || c.Checksum > f.Checksum
}

// beats reports whether a claim stands above another one of the same file.
func (c claim) beats(b claim) bool {
	if c.Losing != b.Losing && c.health == b.health {
		return b.Losing
	}
	c.Losing, c.Basis, c.committed = false, -1, Unread
	return c.above(File{Checksum: b.Checksum, Modified: b.Modified, Health: b.health})
}

// claims returns what has arrived and has not been settled.
func (g *Game) claims(found map[string]arrival) []claim {
	var list []claim
	for _, u := range g.open() {
		if a := found[u.ID]; a.presence == arrived {
			list = append(list, claim{u, a})
		}
	}
	return list
}

// winners returns the claims that are to become the committed content of their
// files, by the id of the upload: one a file.
func (g *Game) winners(claims []claim) map[string]bool {
	best := map[string]claim{}
	for _, c := range claims {
		if f, ok := g.Files[c.Name]; ok && !c.above(f) {
			continue
		}
		if b, ok := best[c.Name]; !ok || c.beats(b) {
			best[c.Name] = c
		}
	}
	won := make(map[string]bool, len(best))
	for _, c := range best {
		won[c.ID] = true
	}
	return won
}

// copies returns the uploads that arrived and whose content is not the committed one.
func (g *Game) copies(found map[string]arrival) []Upload {
	var list []Upload
	for _, c := range g.claims(found) {
		if f, ok := g.Files[c.Name]; !ok || f.Checksum != c.Checksum {
			list = append(list, c.Upload)
		}
	}
	return list
}

// A settlement is what settling has done to a game.
type settlement struct {
	changed bool
	// uploads holds those that are settled now.
	uploads []Upload
	// damaged holds the names of files of which a content lost for being damaged.
	damaged []string
}

// settle brings the game up to date with what was found of its uploads. Placed
// tells where the contents of those that arrived are now, and revision which one the
// record will have.
func (g *Game) settle(found map[string]arrival, placed map[string]place, revision int64, now time.Time) (s settlement) {
	claims := g.claims(found)
	won := g.winners(claims)
	for _, c := range claims {
		if won[c.ID] {
			g.commit(c, placed[c.ID], revision, now)
		}
	}
	for _, c := range claims {
		delete(g.Failing, c.Name)
		if !won[c.ID] && g.lose(c, placed[c.ID], now) {
			s.damaged = append(s.damaged, c.Name)
		}
	}
	var missed []Upload
	kept := g.Uploads[:0]
	for _, u := range g.Uploads {
		switch presence := found[u.ID].presence; {
		case presence == arrived:
			s.changed, u.Settled, u.Layout = true, true, found[u.ID].layout
			s.uploads = append(s.uploads, u)
			if !u.Imported { // else its object is not ours to retire
				kept = append(kept, u)
			}
		case presence == other, presence == absent && (u.Imported || u.over(now)):
			s.changed = true
			g.drop(u)
			if presence == absent && !u.Imported && g.Files[u.Name].Committed < u.planned() {
				missed = append(missed, u)
			}
		default:
			kept = append(kept, u)
		}
	}
	g.Uploads = kept
	g.blame(missed)
	return s
}

// drop forgets an upload that did not come. If other bytes came, they are read once
// and stay where they are for the retention time; a device that still has what was
// announced sends it to another key. A request that died may have found the announced
// bytes and copied them: they are to expire, unless they are what is committed, as in a
// record that was rebuilt from such a copy.
func (g *Game) drop(u Upload) {
	if g.Files[u.Name].ID == u.ID {
		return
	}
	g.Retired = append(g.Retired, Content{Name: u.Name, ID: u.ID})
}

// over reports whether nothing can be written to an upload's inbox any more.
func (u Upload) over(now time.Time) bool {
	return now.After(time.Unix(u.Expires, 0).Add(uploadGrace))
}

// planned is when the upload was last planned, in seconds since 1970.
func (u Upload) planned() int64 { return u.Expires - int64(urlLife/time.Second) }

// commit makes a claim the current content of its file.
func (g *Game) commit(c claim, at place, revision int64, now time.Time) {
	var older History
	if f, ok := g.Files[c.Name]; ok {
		older = f.Older.with(f.Checksum)
		g.Retired = append(g.Retired, Content{Name: c.Name, ID: f.ID})
	}
	g.Files[c.Name] = File{
		ID: at.id, Version: at.version,
		Size: c.Size, Modified: c.Modified, Checksum: c.Checksum,
		Committed: now.Unix(), Revision: revision, Health: c.health, Older: older.without(c.Checksum),
	}
}

// lose keeps a claim below the committed content of its file: devices that have it
// are to fetch, and it can be got back for the retention time. It reports whether
// the claim lost for being damaged.
func (g *Game) lose(c claim, at place, now time.Time) (damaged bool) {
	f := g.Files[c.Name]
	if f.Checksum == c.Checksum {
		// It came twice, at once, or a request that died has copied it.
		if id := cmp.Or(at.id, c.ID); id != f.ID {
			g.Retired = append(g.Retired, Content{Name: c.Name, ID: id})
		}
		return false
	}
	if f.Health == Unread && c.committed != Unread {
		f.Health = c.committed
	}
	f.Older = f.Older.with(c.Checksum)
	g.Files[c.Name] = f
	lost := Content{Name: c.Name, ID: at.id}
	g.Retired = append(g.Retired, lost)
	if damaged = c.cut || c.health == Damaged && f.Health == Readable; damaged {
		g.Damaged = append(g.Damaged, Damage{Content: lost, At: now.Unix()})
		g.Damaged = g.Damaged[max(0, len(g.Damaged)-maxDamaged):]
	}
	return damaged
}

// blame counts failures against uploads that never came: in each plan only the one that
// was to be sent first. There the client ended its sync, and tried no other.
func (g *Game) blame(missed []Upload) {
	first := map[int64]Upload{}
	for _, u := range append(g.open(), missed...) {
		if v, ok := first[u.Expires]; !ok || u.Turn < v.Turn {
			first[u.Expires] = u
		}
	}
	for _, u := range missed {
		if first[u.Expires].ID == u.ID {
			g.failed(u)
		}
	}
}

// failed counts an upload that never came.
func (g *Game) failed(u Upload) {
	f := g.failure(Entry{Name: u.Name, Checksum: u.Checksum})
	f = Failure{Of: History("").with(u.Checksum), Tries: f.Tries + 1, Last: max(f.Last, u.planned())}
	list := slices.DeleteFunc(slices.Clone(g.Failing[u.Name]), func(g Failure) bool { return g.Of == f.Of })
	if g.Failing == nil {
		g.Failing = map[string][]Failure{}
	}
	list = append(list, f)
	g.Failing[u.Name] = list[max(0, len(list)-maxFailing):]
}

// failure returns what is known of failed uploads of a content.
func (g *Game) failure(e Entry) Failure {
	for _, f := range g.Failing[e.Name] {
		if f.Of.has(e.Checksum) {
			return f
		}
	}
	return Failure{}
}

// forgetFailures forgets the files of which nothing was tried for long.
func (g *Game) forgetFailures(now time.Time) {
	for name, list := range g.Failing {
		list = slices.DeleteFunc(list, func(f Failure) bool { return now.Sub(time.Unix(f.Last, 0)) > failureMemory })
		if g.Failing[name] = list; len(list) == 0 {
			delete(g.Failing, name)
		}
	}
}

// expects reports whether an upload has not been settled.
func (g *Game) expects(id string) bool {
	return slices.ContainsFunc(g.Uploads, func(u Upload) bool { return u.ID == id && !u.Settled })
}

// trimHistories forgets the oldest contents of the longest histories until the
// record has room for what is left.
func (r *Record) trimHistories() {
	total := 0
	for _, g := range r.Games {
		for _, f := range g.Files {
			total += f.Older.len()
		}
	}
	for total > maxHistories {
		g, name := r.longestHistory()
		f := g.Files[name]
		total -= f.Older.len() - f.Older.len()/2
		f.Older = f.Older.trim(f.Older.len() / 2)
		g.Files[name] = f
	}
}

// longestHistory returns the file with the longest history.
func (r *Record) longestHistory() (game *Game, name string) {
	longest := -1
	for _, g := range r.Games {
		for n, f := range g.Files {
			if f.Older.len() > longest {
				game, name, longest = g, n, f.Older.len()
			}
		}
	}
	return game, name
}

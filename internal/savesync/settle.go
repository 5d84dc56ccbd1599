package savesync

import (
	"slices"
	"strings"
	"time"
)

// uploadGrace is how long after its last URL died an upload is still looked for:
// S3 checks the expiry when a transfer begins, so it may end later.
const uploadGrace = time.Hour

// presence is what a look at an upload's inbox found.
type presence int

const (
	unread  presence = iota // not looked at this time
	absent                  // certainly nothing there
	other                   // an object, but not the announced bytes
	arrived                 // the announced bytes
)

// A place is where the content of an upload was put: the end of its key, and its version.
type place struct{ id, version string }

// An arrival is what was found of an upload, and in which version of its inbox key.
type arrival struct {
	presence presence
	version  string
}

// above reports whether a content stands above the committed one. The order does
// not depend on which arrived first: contents known as older never do, then the
// newer timestamp wins, and between equal ones the larger checksum.
func (u Upload) above(f File) bool {
	if u.Checksum == f.Checksum || f.Older.has(u.Checksum) {
		return false
	}
	if c := u.Modified.Compare(f.Modified); c != 0 {
		return c > 0
	}
	return u.Checksum > f.Checksum
}

// winners returns, in the order of their names, the arrived uploads that are to
// become the committed content of their files: one a file.
func (g *Game) winners(found map[string]arrival) []Upload {
	best := map[string]Upload{}
	for _, u := range g.open() {
		if found[u.ID].presence != arrived {
			continue
		}
		if f, ok := g.Files[u.Name]; ok && !u.above(f) {
			continue
		}
		if b, ok := best[u.Name]; ok && !u.above(File{Checksum: b.Checksum, Modified: b.Modified}) {
			continue
		}
		best[u.Name] = u
	}
	list := make([]Upload, 0, len(best))
	for _, u := range best {
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b Upload) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// settle brings the game up to date with what was found of its uploads. Placed
// tells where the content of each winner is now, and revision which one the record
// will have. It reports whether anything changed.
func (g *Game) settle(found map[string]arrival, placed map[string]place, revision int64, now time.Time) bool {
	changed := false
	for i, u := range g.Uploads {
		if at, ok := placed[u.ID]; ok && !u.Settled {
			g.commit(u, at, revision, now)
			g.Uploads[i].Settled = true
			changed = true
		}
	}
	kept := g.Uploads[:0]
	for _, u := range g.Uploads {
		was, keep := u, true
		if !u.Settled {
			keep = g.dispose(&u, found[u.ID].presence, now)
		}
		if u.Settled && u.Imported {
			keep = false // its object is not ours to retire
		}
		if keep {
			kept = append(kept, u)
		}
		changed = changed || !keep || u != was
	}
	g.Uploads = kept
	return changed
}

// commit makes an upload the current content of its file.
func (g *Game) commit(u Upload, at place, revision int64, now time.Time) {
	var older History
	if f, ok := g.Files[u.Name]; ok {
		older = f.Older.with(f.Checksum)
		g.Retired = append(g.Retired, Content{Name: u.Name, ID: f.ID})
	}
	g.Files[u.Name] = File{
		ID: at.id, Version: at.version,
		Size: u.Size, Modified: u.Modified, Checksum: u.Checksum,
		Committed: now.Unix(), Revision: revision, Older: older,
	}
}

// dispose decides about an open upload that did not win. It reports whether the
// upload stays in the record.
func (g *Game) dispose(u *Upload, p presence, now time.Time) (keep bool) {
	over := u.Imported || now.After(time.Unix(u.Expires, 0).Add(uploadGrace))
	switch p {
	case arrived:
		if f, ok := g.Files[u.Name]; ok && f.Checksum != u.Checksum {
			f.Older = f.Older.with(u.Checksum)
			g.Files[u.Name] = f
		}
		u.Settled = true
	case other:
		u.Settled = over // whatever it is stays recoverable, as an older version of its key
	case absent:
		return !over
	case unread:
	}
	return true
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

package savesync

import (
	"cmp"
	"slices"
	"time"
)

// A decision is what a device should do: names of the files to send and to fetch.
type decision struct {
	uploads   []Entry
	downloads []string
}

// decide compares what a device lists with what is committed. It is pure: the
// same words, the same record and the same clock give the same decision.
func (g *Game) decide(m Manifest, found map[string]arrival, now Timestamp) decision {
	var d decision
	for _, e := range m.sorted() {
		f, committed := g.Files[e.Name]
		switch {
		case e.Size == 0:
			// An empty file is what a crash leaves, never progress.
			if committed {
				d.downloads = append(d.downloads, e.Name)
			}
		case !committed || f.stale(e, now) == fresh:
			if !g.inFlight(e, found) {
				d.uploads = append(d.uploads, e)
			}
		case f.stale(e, now) == stale:
			d.downloads = append(d.downloads, e.Name)
		}
	}
	outdated := g.outdated(m, now)
	for name, f := range g.Files {
		if _, listed := m[name]; !listed && outdated(name, f) {
			d.downloads = append(d.downloads, name)
		}
	}
	// Oldest first: a download sets a file's time to now, and so the slot that was
	// played last stays the newest on the device.
	slices.SortFunc(d.downloads, func(a, b string) int {
		f, h := g.Files[a], g.Files[b]
		return cmp.Or(f.Modified.Compare(h.Modified), cmp.Compare(f.Revision, h.Revision), cmp.Compare(a, b))
	})
	return d
}

// age is how a device's copy of a file stands to the committed content.
type age int

const (
	same  age = iota
	stale     // the committed content is newer
	fresh     // the copy is newer, or of the same time: then it is sent, and the order of contents decides
)

// stale compares a device's copy with the committed content: first by checksum,
// since a download changes a file's time but not its bytes, then by time.
func (f File) stale(e Entry, now Timestamp) age {
	switch {
	case e.Checksum == f.Checksum:
		return same
	case f.Older.has(e.Checksum):
		return stale
	case notAfter(e.Modified, now).Compare(f.Modified) < 0:
		return stale
	default:
		return fresh
	}
}

// notAfter returns t, or now when t lies in the future: a clock that runs ahead
// must not win for ever.
func notAfter(t, now Timestamp) Timestamp {
	if t.Compare(now) > 0 {
		return now
	}
	return t
}

// inFlight reports whether the same content was planned before and has not been
// looked for this time, so that it may well be there.
func (g *Game) inFlight(e Entry, found map[string]arrival) bool {
	return slices.ContainsFunc(g.open(), func(u Upload) bool {
		return u.is(e) && found[u.ID].presence == unread
	})
}

// is reports whether the upload is for the content that a device lists.
func (u Upload) is(e Entry) bool {
	return u.Name == e.Name && u.Checksum == e.Checksum && u.Size == e.Size
}

// outdated returns a test whether a committed file that the manifest leaves out
// may be offered: only when no local copy of it can be newer.
//
// The client lists "persistent" and all files of one slot, that of its newest
// numbered save. So what is missing from that slot does not exist there; a save
// of another slot, if it exists, is no newer than the newest one listed; and if
// no numbered save is listed there is none. Of other files nothing is known.
func (g *Game) outdated(m Manifest, now Timestamp) func(name string, f File) bool {
	newest, listed := m.newestSlot(now)
	synced := g.synced(m)
	return func(name string, f File) bool {
		slot, numbered := slotOf(name)
		switch {
		case name == persistent:
			return true
		case !numbered:
			return false
		case slot == listed:
			return true
		case listed == "":
			return isSave(name)
		default:
			return isSave(name) && f.Modified.Compare(newest) > 0 && f.Revision > synced
		}
	}
}

// newestSlot returns the slot that the manifest lists, and the time of its newest
// save; no slot if it has no numbered save.
func (m Manifest) newestSlot(now Timestamp) (newest Timestamp, slot string) {
	for name, e := range m {
		s, numbered := slotOf(name)
		if !numbered || !isSave(name) {
			continue
		}
		t := notAfter(e.Modified, now)
		if c := t.Compare(newest); slot == "" || c > 0 || c == 0 && s < slot {
			newest, slot = t, s
		}
	}
	return newest, slot
}

// synced returns a revision of the record that the device has seen all of.
//
// A device whose clock is behind never gets a save newer than the others' by
// fetching it, since that sets its time to the device's now; two slots would be
// offered in turn for ever. But such a device shows what it fetched: the bytes
// are the committed ones, and the time is older than theirs. What had been
// committed by then was offered to it by the same plan.
func (g *Game) synced(m Manifest) (revision int64) {
	for name, e := range m {
		if f, ok := g.Files[name]; ok && f.Checksum == e.Checksum && e.Modified.Compare(f.Modified) < 0 {
			revision = max(revision, f.Revision)
		}
	}
	return revision
}

// invite enters the planned uploads into the game. A content that was planned
// before and never arrived keeps its entry. It returns the entries in the order
// of uploads, and how many bytes of them are new.
func (g *Game) invite(uploads []Entry, newID func() string, now time.Time) (invited []Upload, added int64) {
	expires := now.Add(urlLife).Unix()
	for _, e := range uploads {
		i := slices.IndexFunc(g.Uploads, func(u Upload) bool { return !u.Settled && !u.Imported && u.is(e) })
		if i < 0 {
			i = len(g.Uploads)
			g.Uploads = append(g.Uploads, Upload{
				ID: newID(), Name: e.Name, Size: e.Size, Checksum: e.Checksum,
				Modified: notAfter(e.Modified, timestampOf(now)),
			})
			added += e.Size
		}
		g.Uploads[i].Expires = max(g.Uploads[i].Expires, expires)
		invited = append(invited, g.Uploads[i])
	}
	return invited, added
}

// admit returns an error when the record with the planned uploads in it is over a limit.
func (r *Record) admit(limits Limits) error {
	files, bytes := r.totals()
	switch {
	case files > limits.PlayerFiles:
		return tooLarge("The cloud keeps at most %d save files of a player; delete some old ones.", limits.PlayerFiles)
	case bytes > limits.PlayerBytes:
		return tooLarge("The cloud keeps at most %s of a player's save files; delete some old ones.", megabytes(limits.PlayerBytes))
	case r.weight() > maxRecordBytes:
		return tooLarge("There are too many save files for the cloud; delete some old ones.")
	default:
		return nil
	}
}

// charge counts a plan that hands something out against the hour's limits.
func (r *Record) charge(bytes int64, limits Limits, now time.Time) error {
	use := r.usageAt(now)
	wait := time.Unix(use.Since, 0).Add(time.Hour).Sub(now)
	if use.Plans >= limits.PlansPerHour || use.Bytes+bytes > limits.PlayerBytes {
		return tooMany(wait, "This player has synced a great deal in the last hour; please try again in %d minutes.", int(wait.Minutes())+1)
	}
	use.Plans++
	use.Bytes += bytes
	r.Usage = use
	return nil
}

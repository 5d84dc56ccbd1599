package savesync

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// A decision is what a device should do.
type decision struct {
	// listed is what the device lists, by the names that the files have in the cloud.
	listed Manifest
	// sends holds the files to send, those first that matter most and fail least.
	sends []send
	// downloads holds the names of the files to fetch.
	downloads []string
	// barred holds what is left alone.
	barred []Entry
	// level is how full the upload budget is with all this.
	level int64
}

// A send is a file to be sent.
type send struct {
	Entry
	// losing says that it is asked for only to be kept, since another content is to
	// take its place on the device: nothing unknown is overwritten before it is kept.
	// Fetched says that the same plan has that other content fetched.
	losing, fetched bool
}

// decide compares what a device lists with what is committed. It is pure: the
// same words, the same record and the same clock give the same decision.
func (g *Game) decide(m Manifest, found map[string]arrival, now Timestamp, limits Limits, checked bool) decision {
	m = g.spelled(m, now, limits)
	d := decision{listed: m}
	newcomer := g.newcomer(m)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		e := m[name]
		f, committed := g.Files[e.Name]
		age := fresh
		if committed && e.Barred == "" {
			age = f.age(e, now)
		}
		switch {
		case e.Barred != "" || age >= unknown && e.Size > limits.FileBytes:
			e.Barred = cmp.Or(e.Barred, BarSize)
			d.barred = append(d.barred, e)
		case e.Size == 0:
			// An empty file is what a crash leaves, never progress.
			if committed {
				d.downloads = append(d.downloads, e.Name)
			}
		case age == same:
		case age == outdated:
			d.downloads = append(d.downloads, e.Name)
		case g.inFlight(e, found):
		default:
			losing := committed && f.Health != Damaged && (age == unknown || newcomer && e.Name == persistent)
			// A content of an older release was never read. It is when the other one has come.
			d.sends = append(d.sends, send{e, losing, losing && !(checked && f.Health == Unread)})
		}
	}
	d.downloads = append(d.downloads, g.unlisted(m, now)...)
	slices.SortFunc(d.sends, func(a, b send) int { return g.sendingOrder(a.Entry, b.Entry) })
	return d
}

// late reports whether a file is sent after everything else: a large one, or one of
// which the last upload never came.
func (g *Game) late(name string, size int64) bool {
	return size > largeUpload || len(g.Failing[name]) > 0
}

// sendingOrder is the order in which files are sent: "persistent" and then the small
// ones, and in the end those that are late, of which the ones that failed least go first.
func (g *Game) sendingOrder(a, b Entry) int {
	late := first(g.late(a.Name, a.Size))
	if order := late - first(g.late(b.Name, b.Size)); order != 0 {
		return order
	}
	if late == 0 {
		return cmp.Or(first(b.Name == persistent)-first(a.Name == persistent), cmp.Compare(a.Size, b.Size), strings.Compare(a.Name, b.Name))
	}
	return cmp.Or(cmp.Compare(g.failure(a).Tries, g.failure(b).Tries), cmp.Compare(a.Size, b.Size), strings.Compare(a.Name, b.Name))
}

// local returns the name that a file of the cloud has on the device.
func (d decision) local(name string) string {
	return cmp.Or(d.listed[name].Local, name)
}

func first(b bool) int {
	if b {
		return 1
	}
	return 0
}

// spelled gives the files of a manifest the names that they have in the cloud. Names
// that differ only by capital letters are one file: on a disk that does not tell them
// apart one would take the other's place. If a device has several of them, the one
// that the cloud has counts, or else the newest, and the others are barred.
func (g *Game) spelled(m Manifest, now Timestamp, limits Limits) Manifest {
	known := g.spellings()
	chosen := make(map[string]string, len(m))
	differ := false
	for name, e := range m {
		if e.Barred != "" {
			continue
		}
		key := fold(name)
		other, several := chosen[key]
		if !several || e.before(m[other], known[key], now, limits) {
			chosen[key] = name
		}
		differ = differ || several || known[key] != "" && known[key] != name
	}
	if !differ {
		return m
	}
	spelled := make(Manifest, len(m))
	for name, e := range m {
		if e.Barred == "" && chosen[fold(name)] != name {
			e.Barred = BarSpelling
		}
		if other := known[fold(name)]; e.Barred == "" && other != "" {
			e.Name, e.Local = other, name
		}
		if _, taken := spelled[e.Name]; !taken || e.Barred == "" {
			spelled[e.Name] = e
		}
	}
	return spelled
}

// spellings returns the names that files have in the cloud, by what they are the same
// by. Releases before this one took several spellings; the newest counts.
func (g *Game) spellings() map[string]string {
	known := make(map[string]string, len(g.Files))
	for name := range g.names() {
		if other, ok := known[fold(name)]; !ok || g.Files[name].Modified.Compare(g.Files[other].Modified) > 0 {
			known[fold(name)] = name
		}
	}
	return known
}

// before reports whether a device's file counts rather than another one that differs
// from it only by capital letters: the one that has the name of the cloud's, or that
// can be sent at all, or the newer one.
func (e Entry) before(other Entry, known string, now Timestamp, limits Limits) bool {
	if e.Name == known || other.Name == known {
		return e.Name == known
	}
	canGo := func(e Entry) bool { return e.Size > 0 && e.Size <= limits.FileBytes }
	if canGo(e) != canGo(other) {
		return canGo(e)
	}
	order := notAfter(e.Modified, now).Compare(notAfter(other.Modified, now))
	return order > 0 || order == 0 && e.Name < other.Name
}

// newcomer reports whether a device that lists no numbered save, while the cloud has
// one, has never fetched: then its "persistent" is that of a game just begun, and
// must not take the place of a rich one. docs/protocol.md says when this is wrong.
func (g *Game) newcomer(m Manifest) bool {
	numbered := func(name string) bool {
		_, ok := slotOf(name)
		return ok && isSave(name)
	}
	for name := range m {
		if numbered(name) {
			return false
		}
	}
	for name := range g.Files {
		if numbered(name) {
			return true
		}
	}
	return false
}

// age is how a device's copy of a file stands to the committed content. From unknown
// on, the cloud has never seen it.
type age int

const (
	same     age = iota
	outdated     // known as replaced
	unknown      // of an older time
	fresh        // newer or of the same time: then it is sent, and the order of contents decides
)

// age compares a device's copy with the committed content: first by checksum, since
// a download changes a file's time but not its bytes, then by time.
func (f File) age(e Entry, now Timestamp) age {
	switch {
	case e.Checksum == f.Checksum:
		return same
	case f.Older.has(e.Checksum):
		return outdated
	case notAfter(e.Modified, now).Compare(f.Modified) < 0:
		return unknown
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
	return slices.ContainsFunc(g.Uploads, func(u Upload) bool {
		return !u.Settled && u.is(e) && found[u.ID].presence == unread
	})
}

// is reports whether the upload is for the content that a device lists.
func (u Upload) is(e Entry) bool {
	return u.Name == e.Name && u.Checksum == e.Checksum && u.Size == e.Size
}

// unlisted returns the committed files that the manifest leaves out and that may be
// offered: only those of which no local copy can be newer.
//
// The client lists "persistent" and all files of one slot, that of its newest
// numbered save. So what is missing from that slot does not exist there; a save
// of another slot, if it exists, is no newer than the newest one listed; and if
// no numbered save is listed there is none. Of other files nothing is known. A
// file under another spelling of the name may be the same one on the device's disk.
func (g *Game) unlisted(m Manifest, now Timestamp) []string {
	newest, listed := m.newestSlot(now)
	synced := g.synced(m)
	spelled := make(map[string]bool, len(m))
	for name := range m {
		spelled[fold(name)] = true
	}
	var names []string
	for name, f := range g.Files {
		slot, numbered := slotOf(name)
		switch {
		case spelled[fold(name)] || !travels(name):
			continue
		case numbered && slot != listed && listed != "" && (f.Modified.Compare(newest) <= 0 || f.Revision <= synced):
			continue
		}
		names = append(names, name)
	}
	return g.onePerSpelling(names)
}

// onePerSpelling returns of the names that differ only by capital letters the one
// with the newest content. Releases before this one took both.
func (g *Game) onePerSpelling(names []string) []string {
	g.oldestFirst(names)
	newest := make(map[string]string, len(names))
	for _, name := range names {
		newest[fold(name)] = name
	}
	return slices.DeleteFunc(names, func(name string) bool { return newest[fold(name)] != name })
}

// oldestFirst sorts names by the time of their contents. In this order they are
// fetched: a download sets a file's time to now, and so the slot that was played last
// stays the newest on the device.
func (g *Game) oldestFirst(names []string) {
	slices.SortFunc(names, func(a, b string) int {
		f, h := g.Files[a], g.Files[b]
		return cmp.Or(f.Modified.Compare(h.Modified), cmp.Compare(f.Revision, h.Revision), strings.Compare(a, b))
	})
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

package savesync_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// A watcher sees everything that happens to one player and says which promise was
// broken first. It knows more than the service: every content that ever arrived.
type watcher struct {
	world  *world
	player string
	// contents holds what arrived in full, by file name and bytes, with the time
	// at which it arrived or was last the committed content.
	contents map[content]time.Time
	// committed holds every content that was ever committed.
	committed map[content]bool
	// deleted holds the keys that were deleted by hand.
	deleted map[string]bool
	// landings holds what ever arrived at an upload URL.
	landings []landing
	// everNamed holds the keys of all contents that a record ever named. Two requests at
	// once may make two copies; the one that no record names is retired.
	everNamed map[string]bool
	// retired holds the keys that were ever to be retired.
	retired map[string]bool
	// wrong counts how often the same version of an inbox was read whose bytes were
	// not the announced ones.
	wrong map[string]int

	// forgotten says that an operator erased the player.
	forgotten bool

	data    string
	decoded *savesync.Record
}

// A content is a file's bytes.
type content struct{ name, data string }

// A landing is the end of an upload.
type landing struct {
	at   time.Time
	data string
}

func newWatcher(w *world, player string) *watcher {
	return &watcher{
		world: w, player: player,
		contents: map[content]time.Time{}, committed: map[content]bool{}, deleted: map[string]bool{}, everNamed: map[string]bool{}, retired: map[string]bool{}, wrong: map[string]int{},
	}
}

// vandalized is told of each content that was deleted by hand: the service cannot
// answer for that.
func (c *watcher) vandalized(what content, key string) {
	delete(c.contents, what)
	delete(c.committed, what)
	c.deleted[key] = true
}

// violate notes a broken promise.
func (w *world) violate(format string, args ...any) {
	if w.violation == "" && strings.HasPrefix(format, w.only) {
		w.violation = fmt.Sprintf(format, args...)
	}
}

func (c *watcher) violate(format string, args ...any) { c.world.violate(format, args...) }

// record decodes the player's record and returns the game's part of it, to be read
// only: the last one is decoded once.
func (c *watcher) record(data string) *savesync.Game {
	if g := c.whole(data).Games[game]; g != nil {
		return g
	}
	return &savesync.Game{}
}

// whole decodes the player's record.
func (c *watcher) whole(data string) *savesync.Record {
	if c.decoded != nil && c.data == data {
		return c.decoded
	}
	r, err := savesync.DecodeRecord([]byte(data))
	if err != nil {
		c.violate("the record cannot be read: %v", err)
		r = &savesync.Record{}
	}
	c.data, c.decoded = data, r
	return r
}

// barred reports whether the player is banned or was forgotten. A ban ends by itself only
// after the end of all histories.
func (c *watcher) barred() bool {
	data, _ := c.world.store.Record(c.player)
	return c.bars(data)
}

// bars reports whether a record bars its player.
func (c *watcher) bars(data string) bool {
	r := c.whole(data)
	return r.Ban != nil || r.Forgotten != nil
}

// now returns the game's part of the record as it is.
func (c *watcher) now() *savesync.Game {
	data, _ := c.world.store.Record(c.player)
	return c.record(data)
}

// announced returns the upload that is expected under an inbox's key.
func (c *watcher) announced(key string) (savesync.Upload, bool) {
	for _, u := range c.now().Uploads {
		if !u.Settled && strings.HasSuffix(key, "/"+u.Name+"/"+u.ID) {
			return u, true
		}
	}
	return savesync.Upload{}, false
}

// landing is told of each upload that is about to arrive in full. What was announced,
// came, was not looked at yet and is now overwritten by its own device is not kept.
func (c *watcher) landing(key, data string) {
	u, ok := c.announced(key)
	if was, there := c.world.store.Current(key); ok && there && was.Data != data {
		what := content{u.Name, was.Data}
		if _, kept := c.stored()[what]; !kept {
			delete(c.contents, what)
		}
	}
}

// landed is told of each upload that arrived in full.
func (c *watcher) landed(key, data string) {
	c.landings = append(c.landings, landing{c.world.now, data})
	if u, ok := c.announced(key); ok && u.Checksum == memstore.Checksum(data) {
		c.contents[content{u.Name, data}] = c.world.now
	}
}

// stored returns the contents that are somewhere under a key of the service's own.
func (c *watcher) stored() map[content]bool {
	there := map[content]bool{}
	c.world.store.Versions(func(key string, v memstore.Version) {
		if parts := strings.Split(key, "/"); savesync.IsContent(key) && parts[1] == c.player && !v.Marker {
			there[content{parts[4], v.Data}] = true
		}
	})
	return there
}

// calling is told of each call a request makes, before its effect.
func (c *watcher) calling(r *request, call memstore.Call) {
	if call.Op == "Load" {
		r.basis, _ = c.world.store.Record(c.player)
	}
	switch call.Op {
	case "Load", "Save", "LoadOld":
		if call.Key != c.player && !r.reaches(call.Key) {
			c.violate("promise 8: a request of %s touches the record of %s", c.player, call.Key)
		}
	default:
		for key := range strings.SplitSeq(call.Key, "\n") {
			if !r.reaches(strings.Split(key, "/")[1]) && !strings.HasPrefix(key, "users/"+c.player+"/"+game+"/") && !strings.HasPrefix(key, "inbox/"+c.player+"/") {
				c.violate("promise 8: a request of %s touches %s", c.player, key)
			}
		}
	}
	switch call.Op {
	case "Read":
		c.reading(r, call.Key)
	case "Retire":
		for key := range strings.SplitSeq(call.Key, "\n") {
			c.world.watchers[strings.Split(key, "/")[1]].retired[key] = true
		}
	}
	if r.broken {
		c.violate("promise 6: after a failed call the request goes on to %s", call.Op)
	}
	// A content that could not be retired is left for another request; all else counts.
	if r.fault != memstore.None && call.Op != "Retire" {
		r.broken = true
	}
}

// reading is told of each read of an object. What is not what was announced is read
// once, unless the request that read it did not get to write that down.
func (c *watcher) reading(r *request, key string) {
	u, ok := c.announced(key)
	if v, there := c.world.store.Current(key); ok && there && r.kind == "stranger" && u.Checksum != memstore.Checksum(v.Data) {
		if c.wrong[key+v.ID]++; c.wrong[key+v.ID] > 1 {
			c.violate("promise 12: the same wrong bytes are read again, in %s", short(key))
		}
	}
}

// answered is told of each answer.
func (c *watcher) answered(r *request) {
	switch s := r.reply.Status; {
	case r.broken && s != 503:
		c.violate("promise 6: after a failed call the answer is %d", s)
	case r.operation != nil:
	case !r.broken && r.barred && c.barred() && c.bars(r.basis) && s != 403:
		c.violate("promise 13: a %s of a player who is banned or was forgotten is answered %d", r.kind, s)
	case !r.broken && s == 403 && !r.barred && !c.barred() && !c.bars(r.basis): // a ban may have come and gone meanwhile
		c.violate("promise 13: a %s of a player who is not banned is answered %d", r.kind, s)
	case !r.broken && s != 200 && s != 409 && s != 403:
		c.violate("the answer is %d, although nothing failed: %v", s, r.reply.Cause)
	}
}

// saved is told of each change of the record by a request.
func (c *watcher) saved(r *request, before, after string) {
	old, now := c.record(before), c.record(after)
	if c.ended(r, before, after) {
		return
	}
	for name, f := range old.Files {
		g, ok := now.Files[name]
		if !ok {
			if r.givesUp(c.player) {
				c.gaveUp(name, f)
			} else if !c.deleted[c.world.key(c.player, name, f.ID)] {
				c.violate("promise 1: %s is gone from the record", name)
			}
			continue
		}
		c.replaced(r, name, f, g, old)
	}
	for name, g := range now.Files {
		c.named(name, g)
		c.everNamed[c.world.key(c.player, name, g.ID)] = true
	}
	for _, r := range now.Retired { // replaced or lost: kept from now on for the retention time
		key := c.world.key(c.player, r.Name, r.ID)
		if v, ok := c.world.store.Current(key); ok && !slices.Contains(old.Retired, r) {
			c.contents[content{r.Name, v.Data}] = c.world.now
		}
		c.everNamed[key] = true
	}
	c.kept(old, now)
}

// replaced checks the change from one committed content of a file to the next.
func (c *watcher) replaced(r *request, name string, f, g savesync.File, old *savesync.Game) {
	if f.Checksum == g.Checksum {
		return
	}
	was, there := c.bytes(name, f)
	is, _ := c.bytes(name, g)
	mended := there && c.world.broken[was] && !c.world.broken[is]
	forced := r.forces()
	switch order := g.Modified.Compare(f.Modified); {
	case mended, forced && order >= 0:
	case order < 0:
		c.violate("promise 3: %s goes from a content of %v to one of %v", name, f.Modified, g.Modified)
	case order == 0 && g.Checksum < f.Checksum && !knew(old, name, g.Checksum, f.Revision):
		c.violate("promise 3: of two contents of %s with the same time the wrong one wins", name)
	}
	if there && !c.world.broken[was] && c.world.broken[is] {
		c.violate("promise 9: %s goes from %s, which can be read, to %s", name, c.world.label(was), c.world.label(is))
	}
	if there && len(is) < len(was) && strings.HasPrefix(was, is) && !forced {
		c.violate("promise 9: %s goes from %s to its beginning", name, c.world.label(was))
	}
	// What a move brings was another account's current content: there it was asked for in earnest.
	if !mended && !forced && !r.moves() && losing(old, name, g.Checksum) {
		c.violate("promise 11: %s goes from %s to %s, which was asked for only to be kept", name, c.world.label(was), c.world.label(is))
	}
	if !g.Older.Has(f.Checksum) {
		c.violate("promise 3: the content of %s that was replaced is not known as older", name)
	}
	if g.Older.Has(g.Checksum) {
		c.violate("promise 3: the content of %s is known as older than itself", name)
	}
	if data, ok := c.bytes(name, g); ok && c.committed[content{name, data}] && !forced {
		c.violate("promise 3: the old content %s of %s is back", c.world.label(data), name)
	}
}

// knew reports whether an upload was planned after the content of a revision had been
// committed.
func knew(g *savesync.Game, name, checksum string, revision int64) bool {
	return slices.ContainsFunc(g.Uploads, func(u savesync.Upload) bool {
		return u.Name == name && u.Checksum == checksum && u.Basis >= revision
	})
}

// losing reports whether an upload was asked for only to be kept.
func losing(g *savesync.Game, name, checksum string) bool {
	return slices.ContainsFunc(g.Uploads, func(u savesync.Upload) bool {
		return u.Name == name && u.Checksum == checksum && !u.Settled && u.Losing
	})
}

// named checks one committed content, and remembers it.
func (c *watcher) named(name string, f savesync.File) {
	data, ok := c.bytes(name, f)
	if !ok {
		return
	}
	if limit := float64(c.world.now.UnixNano()) / 1e9; seconds(f.Modified) > limit+1 {
		c.violate("promise 3: %s has a time in the future, %v", name, f.Modified)
	}
	c.contents[content{name, data}] = c.world.now
	c.committed[content{name, data}] = true
}

// bytes returns the committed content of a file, if it is as the record says.
func (c *watcher) bytes(name string, f savesync.File) (string, bool) {
	key := c.world.key(c.player, name, f.ID)
	v, ok := c.world.store.Find(key, f.Version)
	switch {
	case c.deleted[key]:
		return "", false
	case !ok:
		c.violate("promise 2: the record names %s in %s, which is not there", name, short(key))
		return "", false
	case memstore.Checksum(v.Data) != f.Checksum || int64(len(v.Data)) != f.Size:
		c.violate("promise 2: the record names %s in %s, whose bytes are others: %s", name, short(key), c.world.label(v.Data))
		return "", false
	case !v.Replaced.IsZero():
		c.violate("promise 1: the committed content of %s is not the current version of its key and will expire", name)
		return "", false
	}
	return v.Data, true
}

// kept checks that no upload is forgotten that may yet arrive.
func (c *watcher) kept(old, now *savesync.Game) {
	there := map[string]bool{}
	for _, u := range now.Uploads {
		there[u.ID] = true
	}
	for _, u := range old.Uploads {
		over := c.world.clock().After(time.Unix(u.Expires, 0).Add(savesync.UploadGrace))
		at, came := c.world.store.Current("inbox/" + c.player + "/" + game + "/" + u.Name + "/" + u.ID)
		wrong := came && memstore.Checksum(at.Data) != u.Checksum
		if !there[u.ID] && !u.Settled && !over && !wrong {
			c.violate("promise 5: the upload of %s that was planned is forgotten", u.Name)
		}
	}
}

// expired is told when time has passed: now things may be missing.
func (c *watcher) expired() {
	if len(c.contents) == 0 {
		return
	}
	there := c.stored()
	c.world.store.Versions(func(key string, v memstore.Version) {
		// What nobody has looked at yet is the current version of its inbox.
		parts := strings.Split(key, "/")
		switch {
		case v.Marker || !v.Replaced.IsZero():
		case parts[0] == "inbox" && parts[1] == c.player:
			there[content{parts[3], v.Data}] = true
		case len(parts) == 6 && parts[1] == c.player && parts[3] == "inbox": // where a release before this one had it
			there[content{parts[4], v.Data}] = true
		case len(parts) == 4 && parts[1] == c.player: // where the backend before this one had it
			there[content{parts[3], v.Data}] = true
		}
	})
	for what, last := range c.contents {
		if !there[what] && c.world.now.Sub(last) < retention {
			c.violate("promise 1: the content %s of %s, last good at %s, is gone", c.world.label(what.data), what.name, last.Format("Jan _2 15:04:05"))
		}
	}
	for name, f := range c.now().Files {
		c.named(name, f)
	}
}

// frugal checks, when all has come to rest, that nothing stays for ever that no
// record names, and that bytes are stored once. What a request that died or failed
// had copied may stay for the retention time beside what came of it later.
func (c *watcher) frugal() {
	named := map[string]bool{}
	for name, f := range c.now().Files {
		named[c.world.key(c.player, name, f.ID)] = true
	}
	stored, sent := 0, 0
	bytes := map[string]int{}
	c.world.store.Versions(func(key string, v memstore.Version) {
		// What the backend before this one left is not touched.
		parts := strings.Split(key, "/")
		if parts[1] != c.player || len(parts) == 4 {
			return
		}
		content := savesync.IsContent(key)
		switch {
		case v.Marker:
		case content && v.Replaced.IsZero() && !named[key] && !c.retired[key]:
			// A copy that comes after all that, by a request that then dies, is the exception.
			c.violate("promise 12: %s stays for ever, and nobody names it", short(key))
		case content && (c.everNamed[key] || v.Replaced.IsZero()):
			bytes[key] = len(v.Data) // two requests at once may copy it twice
		case !content:
			stored += len(v.Data)
		}
	})
	for _, n := range bytes {
		stored += n
	}
	if c.world.crashed || c.world.helped {
		return
	}
	counted := map[string]bool{}
	for _, l := range c.landings {
		if c.world.now.Sub(l.at) < retention {
			sent += len(l.data)
			counted[l.data] = true
		}
	}
	for what, last := range c.contents { // what came long ago and was current until lately
		if !counted[what.data] && c.world.now.Sub(last) < retention {
			sent += len(what.data)
		}
	}
	if float64(stored) > 1.05*float64(sent) {
		c.violate("promise 12: %d bytes were sent and are to be kept, %d are stored", sent, stored)
	}
}

// planned is told of each plan that was handed out.
func (c *watcher) planned(r *request, todo []transfer) {
	if len(todo) > 0 && c.barred() {
		c.violate("promise 13: %s is told to%s, and the player is banned or was forgotten", r.device.name, orders(todo))
	}
	g := c.record(r.basis)
	limit := float64(r.now.UnixNano()) / 1e9
	for i, t := range todo {
		had, ok := r.files[t.name]
		name := spelledAs(g, t.name)
		f, committed := g.Files[name]
		same := committed && slices.Contains(r.listed, t.name) && memstore.Checksum(had.data) == f.Checksum
		known := committed && (f.Older.Has(memstore.Checksum(had.data)) || c.committed[content{name, had.data}])
		kept := slices.ContainsFunc(todo[:i], func(s transfer) bool { return s.upload && s.name == t.name })
		replaced := slices.ContainsFunc(todo[i:], func(s transfer) bool { return !s.upload && s.name == t.name })
		switch {
		case same:
			c.violate("promise 4: %s is to transfer %s, which is the same on both sides", r.device.name, t.name)
		case t.upload && known:
			c.violate("promise 3: %s is to send %s=%s, which is known to be old", r.device.name, t.name, c.world.label(had.data))
		case t.upload && committed && !replaced && !losing(g, name, memstore.Checksum(had.data)) && f.Health != savesync.Damaged && min(had.mtime, limit) < seconds(f.Modified)-1e-6:
			c.violate("promise 3: %s is to send %s=%s, which is older", r.device.name, t.name, c.world.label(had.data))
		case t.upload && committed && !replaced && !losing(g, name, memstore.Checksum(had.data)) && t.name == "persistent" && f.Health != savesync.Damaged && newcomer(r, g):
			c.violate("promise 11: %s, which has no save, is to send its persistent over the one of who has", r.device.name)
		case !t.upload && !committed:
			c.violate("promise 2: %s is to fetch %s, which nobody has sent", r.device.name, t.name)
		case !t.upload && ok && had.data != "" && !known && slices.Contains(r.listed, t.name) && !kept:
			c.violate("promise 11: %s is to overwrite %s=%s, which is not kept", r.device.name, t.name, c.world.label(had.data))
		case !t.upload && ok && had.data != "" && !known && !newcomer(r, g) && min(had.mtime, limit) >= seconds(f.Modified)+1e-6:
			c.violate("promise 3: %s is to overwrite %s=%s, which is newer", r.device.name, t.name, c.world.label(had.data))
		case !travels(t.name):
			c.violate("promise 10: %s is to transfer %q, which is not the game's", r.device.name, t.name)
		}
	}
}

// spelledAs returns the name that the cloud has for a file.
func spelledAs(g *savesync.Game, name string) string {
	for there := range g.Files {
		if strings.EqualFold(there, name) {
			return there
		}
	}
	return name
}

// travels reports whether a file is one of those that sync.
func travels(name string) bool {
	return name == "persistent" || numberedSave.MatchString(name)
}

var numberedSave = regexp.MustCompile(`^[0-9]+-[A-Za-z0-9 _.()-]*\.save$`)

// newcomer reports whether a device lists no numbered save while there are some.
func newcomer(r *request, g *savesync.Game) bool {
	numbered := func(name string) bool { return numberedSave.MatchString(name) }
	return !slices.ContainsFunc(r.listed, func(name string) bool { return anySave.MatchString(name) }) &&
		slices.ContainsFunc(slices.Collect(maps.Keys(g.Files)), numbered)
}

var anySave = regexp.MustCompile(`^[0-9]+-.*\.save$`)

// seconds returns a timestamp as a number.
func seconds(t savesync.Timestamp) float64 {
	var s float64
	_, _ = fmt.Sscan(t.String(), &s) // a Timestamp is a number
	return s
}

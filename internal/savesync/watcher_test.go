package savesync_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// A watcher sees everything that happens in a world and says which promise was
// broken first. It knows more than the service: every content that ever arrived.
type watcher struct {
	world *world
	// violation is the first broken promise, empty while all hold.
	violation string
	// contents holds what arrived in full, by file name and bytes, with the time
	// at which it arrived or was last the committed content.
	contents map[content]time.Time
	// committed holds every content that was ever committed.
	committed map[content]bool
	// deleted holds the keys that were deleted by hand.
	deleted map[string]bool
}

// A content is a file's bytes.
type content struct{ name, data string }

func newWatcher(w *world) *watcher {
	return &watcher{world: w, contents: map[content]time.Time{}, committed: map[content]bool{}, deleted: map[string]bool{}}
}

// vandalized is told of each content that was deleted by hand: the service cannot
// answer for that.
func (c *watcher) vandalized(what content, key string) {
	delete(c.contents, what)
	delete(c.committed, what)
	c.deleted[key] = true
}

// violate notes a broken promise.
func (c *watcher) violate(format string, args ...any) {
	if c.violation == "" && strings.HasPrefix(format, c.world.only) {
		c.violation = fmt.Sprintf(format, args...)
	}
}

// record decodes the player's record and returns the game's part of it.
func (c *watcher) record(data string) *savesync.Game {
	r, err := savesync.DecodeRecord([]byte(data))
	if err != nil {
		c.violate("the record cannot be read: %v", err)
		return &savesync.Game{}
	}
	if g := r.Games[game]; g != nil {
		return g
	}
	return &savesync.Game{}
}

// landed is told of each upload that arrived in full.
func (c *watcher) landed(name, data string) { c.contents[content{name, data}] = c.world.now }

// calling is told of each call a request makes, before its effect.
func (c *watcher) calling(r *request, call memstore.Call) {
	if call.Op == "Load" {
		r.basis, _ = c.world.store.Record(player)
	}
	switch call.Op {
	case "Load", "Save", "LoadOld":
		if call.Key != player {
			c.violate("promise 8: a request of %s touches the record of %s", player, call.Key)
		}
	default:
		if !strings.HasPrefix(call.Key, "users/"+player+"/"+game+"/") {
			c.violate("promise 8: a request of %s touches %s", player, call.Key)
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

// answered is told of each answer.
func (c *watcher) answered(r *request) {
	switch s := r.reply.Status; {
	case r.broken && s != 503:
		c.violate("promise 6: after a failed call the answer is %d", s)
	case !r.broken && s != 200 && s != 409:
		c.violate("the answer is %d, although nothing failed: %v", s, r.reply.Cause)
	}
}

// saved is told of each change of the record.
func (c *watcher) saved(before, after string) {
	old, now := c.record(before), c.record(after)
	for name, f := range old.Files {
		g, ok := now.Files[name]
		if !ok {
			if !c.deleted[c.world.key(name, f.ID)] {
				c.violate("promise 1: %s is gone from the record", name)
			}
			continue
		}
		c.replaced(name, f, g)
	}
	for name, g := range now.Files {
		c.named(name, g)
	}
	c.kept(old, now)
}

// replaced checks the change from one committed content of a file to the next.
func (c *watcher) replaced(name string, f, g savesync.File) {
	if f.Checksum == g.Checksum {
		return
	}
	switch order := g.Modified.Compare(f.Modified); {
	case order < 0:
		c.violate("promise 3: %s goes from a content of %v to one of %v", name, f.Modified, g.Modified)
	case order == 0 && g.Checksum < f.Checksum:
		c.violate("promise 3: of two contents of %s with the same time the wrong one wins", name)
	}
	if !g.Older.Has(f.Checksum) {
		c.violate("promise 3: the content of %s that was replaced is not known as older", name)
	}
	if data, ok := c.bytes(name, g); ok && c.committed[content{name, data}] {
		c.violate("promise 3: the old content %s of %s is back", data, name)
	}
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
	key := c.world.key(name, f.ID)
	v, ok := c.world.store.Find(key, f.Version)
	switch {
	case c.deleted[key]:
		return "", false
	case !ok:
		c.violate("promise 2: the record names %s in %s, which is not there", name, short(key))
		return "", false
	case memstore.Checksum(v.Data) != f.Checksum || int64(len(v.Data)) != f.Size:
		c.violate("promise 2: the record names %s in %s, whose bytes are others: %s", name, short(key), v.Data)
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
		if !there[u.ID] && !u.Settled && !over {
			c.violate("promise 5: the upload of %s that was planned is forgotten", u.Name)
		}
	}
}

// expired is told when time has passed: now things may be missing.
func (c *watcher) expired() {
	there := map[content]bool{}
	c.world.store.Versions(func(key string, v memstore.Version) {
		parts := strings.Split(short(key), "/")
		if len(parts) == 3 {
			there[content{parts[1], v.Data}] = true
		}
	})
	for what, last := range c.contents {
		if !there[what] && c.world.now.Sub(last) < retention {
			c.violate("promise 1: the content %s of %s, last good at %s, is gone", what.data, what.name, last.Format("Jan _2 15:04:05"))
		}
	}
	data, _ := c.world.store.Record(player)
	for name, f := range c.record(data).Files {
		c.named(name, f)
	}
}

// planned is told of each plan that was handed out.
func (c *watcher) planned(r *request, todo []transfer) {
	g := c.record(r.basis)
	limit := float64(r.now.UnixNano()) / 1e9
	for _, t := range todo {
		had, ok := r.files[t.name]
		f, committed := g.Files[t.name]
		same := committed && slices.Contains(r.listed, t.name) && memstore.Checksum(had.data) == f.Checksum
		known := committed && (f.Older.Has(memstore.Checksum(had.data)) || c.committed[content{t.name, had.data}])
		switch {
		case same:
			c.violate("promise 4: %s is to transfer %s, which is the same on both sides", r.device.name, t.name)
		case t.upload && known:
			c.violate("promise 3: %s is to send %s=%s, which is known to be old", r.device.name, t.name, had.data)
		case t.upload && committed && min(had.mtime, limit) < seconds(f.Modified)-1e-6:
			c.violate("promise 3: %s is to send %s=%s, which is older", r.device.name, t.name, had.data)
		case !t.upload && !committed:
			c.violate("promise 2: %s is to fetch %s, which nobody has sent", r.device.name, t.name)
		case !t.upload && ok && had.data != "" && !known && min(had.mtime, limit) >= seconds(f.Modified)+1e-6:
			c.violate("promise 3: %s is to overwrite %s=%s, which is newer", r.device.name, t.name, had.data)
		}
	}
}

// seconds returns a timestamp as a number.
func seconds(t savesync.Timestamp) float64 {
	var s float64
	_, _ = fmt.Sscan(t.String(), &s) // a Timestamp is a number
	return s
}

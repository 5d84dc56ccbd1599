package savesync_test

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// An operation is what an operator does for the player.
type operation struct {
	// from and other are the players of a move.
	from, other string
	// wins says that what it puts back becomes current, whatever is known of it.
	wins bool
	// outcomes are what became of that.
	outcomes []savesync.Outcome
	// then is what the operator does when it is done.
	then func()
}

// reaches reports whether a request may touch what is a player's.
func (r *request) reaches(p string) bool {
	return r.operation != nil && (p == r.player || p == r.other)
}

// forces reports whether a request may make any content current.
func (r *request) forces() bool { return r.operation != nil && r.wins }

// moves reports whether a request gives a player's files to another.
func (r *request) moves() bool { return r.operation != nil && r.other != "" }

// givesUp reports whether a request may take a player's files out of the record.
func (r *request) givesUp(p string) bool {
	return r.moves() && p == r.player
}

// support is what an operator may do next, who does one thing at a time.
func (w *world) support(t *rapid.T) func() {
	if r := w.desk.request; r != nil {
		return func() {
			switch rapid.IntRange(0, 9).Draw(t, "at the desk") {
			case 0:
				w.kill(r)
			case 1:
				w.resume(r, memstore.Before)
			case 2:
				w.resume(r, memstore.After)
			case 3, 4, 5:
				w.exhaust(w.desk)
			default:
				w.resume(r, memstore.None)
			}
		}
	}
	return func() { w.help(t) }
}

// help has an operator begin something.
func (w *world) help(t *rapid.T) {
	ctx, o := context.Background(), w.operator()
	verb := rapid.IntRange(0, 15).Draw(t, "help")
	if w.watcher.barred() && verb < 13 {
		verb = 13
	}
	switch verb {
	case 0:
		w.operate("forget", &operation{then: w.erase}, func(*operation) error { _, err := o.Forget(ctx, player); return err })
	case 1, 2:
		w.operate("ban", &operation{}, func(*operation) error { return o.Ban(ctx, player, savesync.Ban{Reason: "spam"}) })
	case 3, 4:
		from, to := player, sibling
		if verb == 4 {
			from, to = to, from
		}
		w.operate("move", &operation{from: from, other: to}, func(*operation) error { _, err := o.Move(ctx, from, to, game); return err })
	case 5, 6:
		name := rapid.SampledFrom(fileNames).Draw(t, "file")
		data := w.fresh(name)
		w.operate("upload of "+name+"="+w.label(data), &operation{wins: true}, func(op *operation) error {
			out, err := o.Upload(ctx, player, game, name, []byte(data))
			op.outcomes = []savesync.Outcome{out}
			return err
		})
	case 13:
		w.operate("unban", &operation{}, func(*operation) error { return o.Unban(ctx, player) })
	case 14, 15:
		w.operate("verify", &operation{}, func(*operation) error { return w.mend(ctx, o) })
	default:
		sources := w.sources()
		if len(sources) == 0 {
			return
		}
		src := rapid.SampledFrom(sources).Draw(t, "version")
		w.operate("restore of "+src.Name+"/"+src.ID, &operation{wins: true}, func(op *operation) (err error) {
			op.outcomes, err = o.Restore(ctx, player, game, []savesync.Source{src})
			return err
		})
	}
}

// mend has everything checked and repaired. Only vandals leave something to be repaired.
func (w *world) mend(ctx context.Context, o *savesync.Operator) error {
	checkup, err := o.Verify(ctx, player, true)
	if err != nil {
		return err
	}
	for _, found := range checkup.Findings {
		if !w.vandals {
			w.violate("promise 2: %s is said to be %s", found.Name, found.Fault)
		}
		if _, err := o.Repair(ctx, player, found); err != nil {
			return err
		}
	}
	return nil
}

// sources returns what is kept of the player's contents.
func (w *world) sources() []savesync.Source {
	var list []savesync.Source
	w.store.Versions(func(key string, v memstore.Version) {
		if parts := strings.Split(key, "/"); savesync.IsContent(key) && parts[1] == player && !v.Marker {
			list = append(list, savesync.Source{Name: parts[4], ID: parts[5], Version: v.ID, Size: int64(len(v.Data))})
		}
	})
	slices.SortFunc(list, func(a, b savesync.Source) int { return strings.Compare(a.Version, b.Version) })
	return list
}

// operate begins what an operator does.
func (w *world) operate(what string, op *operation, do func(*operation) error) {
	w.helped = true
	w.note("Sam begins: %s", what)
	r := &request{device: w.desk, player: cmp.Or(op.from, player), kind: what, operation: op, now: w.now}
	w.begin(r, func() savesync.Reply {
		err := do(op)
		switch {
		case err == nil:
			return savesync.Reply{Status: 200}
		case errors.Is(err, memstore.ErrInjected):
			return savesync.Reply{Status: 503, Cause: err}
		default:
			return savesync.Reply{Status: 409, Cause: err}
		}
	})
}

// operated is told when an operator's request has ended.
func (w *world) operated(r *request) {
	w.note("Sam's %s is answered %d (%v)", r.kind, r.reply.Status, r.reply.Cause)
	if r.reply.Status != 200 {
		return
	}
	for _, out := range r.outcomes {
		if !out.Current {
			w.violate("promise 14: %s of Sam's %s is not current", out.Name, r.kind)
		}
	}
	if r.then != nil {
		r.then()
	}
}

// ended is told of each change of the record and reports whether the player is, or was, forgotten.
func (c *watcher) ended(r *request, before, after string) bool {
	now := c.whole(after)
	switch {
	case c.forgotten && before != after:
		c.violate("promise 13: the record of a forgotten player changes to %s", after)
	case now.Forgotten != nil && r.operation == nil:
		c.violate("promise 13: a %s forgets the player", r.kind)
	case now.Forgotten != nil:
		c.forgotten = true
		clear(c.contents)
	case c.whole(before).Ban != nil && r.operation == nil:
		c.violate("promise 13: a %s of a banned player changes the record", r.kind)
	}
	return c.forgotten
}

// erase destroys all that is there of the player, as an operator does.
func (w *world) erase() {
	w.note("Sam erases everything")
	for _, key := range w.keysOf(player) {
		w.store.Delete(key)
	}
}

// keysOf returns the keys of all that is there of a player.
func (w *world) keysOf(p string) []string {
	there := map[string]bool{}
	w.store.Versions(func(key string, _ memstore.Version) {
		if strings.Split(key, "/")[1] == p {
			there[key] = true
		}
	})
	var list []string
	for key := range there {
		list = append(list, key)
	}
	slices.Sort(list)
	return list
}

// dataOf returns the bytes of a committed content.
func (w *world) dataOf(p, name string, f savesync.File) string {
	v, _ := w.store.Find(w.key(p, name, f.ID), f.Version)
	return v.Data
}

// rest lets the player sync again at the end of a history, if that is to be. If not, it
// wants what was erased to stay erased, whatever the devices do.
func (w *world) rest() (forgotten bool) {
	ctx := context.Background()
	if !w.watcher.forgotten {
		if err := w.operator().Unban(ctx, player); err != nil {
			w.violate("promise 13: unban: %v", err)
		}
		return false
	}
	for len(w.flying) > 0 {
		w.land(0)
	}
	w.tick(2 * time.Hour)
	stone, err := w.operator().Forget(ctx, player)
	if err != nil || stone.Quiet > w.now.Unix() {
		w.violate("promise 13: forgotten again: %+v, %v", stone, err)
	}
	w.erase()
	for _, d := range w.devices {
		w.sync(d)
		for len(w.used) > 0 {
			w.again(0)
		}
		w.sync(d)
		if d.planBody() != nil && d.planned {
			w.violate("promise 13: %s syncs for a player who was forgotten", d.name)
		}
	}
	if left := w.keysOf(player); len(left) > 0 {
		w.violate("promise 13: after all was erased there is %s", left[0])
	}
	return true
}

// gaveUp is told that a move took a file out of the record: what it was is kept, and any
// content of it that a device has is a new one.
func (c *watcher) gaveUp(name string, f savesync.File) {
	c.contents[content{name, c.world.dataOf(c.player, name, f)}] = c.world.now
	maps.DeleteFunc(c.committed, func(what content, _ bool) bool { return what.name == name })
}

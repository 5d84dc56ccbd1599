package savesync_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

const (
	player    = "0f2b4c6e-aaaa-bbbb-cccc-0123456789ab"
	sibling   = "1a3b5c7d-aaaa-bbbb-cccc-0123456789ab" // another account on the same devices
	stranger  = "2c4d6e8f-aaaa-bbbb-cccc-0123456789ab" // calls anything, in any order
	game      = "my_game"
	retention = 90 * 24 * time.Hour

	// What the tests call large, and what is more than one file may have.
	largeSize = 2 << 10
	hugeSize  = 8 << 10
)

// A world is a backend, a player's devices, and everything that happened. Only one
// thing happens at a time: requests stand still before each call to a store until
// they are told to go on, and how.
type world struct {
	now     time.Time
	store   *memstore.Store
	service *savesync.Service
	devices []*device
	// desk is where an operator works, who has a request under way as a device has.
	desk *device
	// running is the request that has the word, nil between steps.
	running *request
	// flying holds uploads that S3 has begun to take.
	flying []flight
	// used holds upload URLs that a device may use a second time.
	used []usedURL

	// ahead is how far the service's clock is ahead of all others.
	ahead time.Duration
	// only is how what is watched begins, as "promise 1:"; empty for all.
	only string
	// generous makes plans send devices whatever they do not list (defect D5).
	generous bool
	// key tells under which key the committed content of a file lies.
	key func(player, name, id string) string
	// crashed says that a request died or failed, helped that an operator did something.
	crashed, helped bool
	// vandals says that objects may be deleted by hand.
	vandals bool
	// harms says that records may be damaged, and are rebuilt.
	harms bool
	// contents counts the contents that were made up; labels is what the history
	// calls them, and broken which of them cannot be read.
	contents int
	labels   map[string]string
	broken   map[string]bool

	history []string
	// violation is the first broken promise, empty while all hold.
	violation string
	// watcher watches over the player, watchers over everybody.
	watcher  *watcher
	watchers map[string]*watcher
}

// A flight is an upload that has begun and not ended.
type flight struct {
	*memstore.Upload
	name, data string
}

// A usedURL is an upload URL that a device has used.
type usedURL struct {
	device *device
	transfer
}

// A request is one call of the API.
type request struct {
	device *device
	player string
	kind   string
	// next runs the request up to its next call to a store, and returns that.
	next  func() (memstore.Call, bool)
	stop  func()
	yield func(memstore.Call) bool
	// call is what the request is about to do, fault how that will go.
	call  memstore.Call
	fault memstore.Fault
	// dead says that the process is gone: no further call has any effect.
	dead bool
	// reply is the answer, once the request has ended.
	reply savesync.Reply

	// now, basis and files are what the answer is judged by: the server's clock as
	// the request read it last, the record as it read or wrote it last, and the
	// device's files when it asked.
	now    time.Time
	basis  string
	files  map[string]local
	listed []string
	// broken says that a call failed whose answer the request needed.
	broken bool
	// barred says that the player was banned or forgotten when the request began.
	barred bool
	// operation is what an operator does, nil for a device's request.
	*operation
}

// newWorld returns a world of devices whose clocks are ahead of the server's by skews.
func newWorld(skews ...time.Duration) *world {
	w := &world{
		now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		key: func(player, name, id string) string {
			return "users/" + player + "/" + game + "/content/" + name + "/" + id
		},
		labels: map[string]string{"": "(empty)"}, broken: map[string]bool{"": true},
	}
	w.store = memstore.New(func() time.Time { return w.now }, retention)
	w.store.Hook = w.hook
	ids := 0
	w.service = &savesync.Service{
		Limits: savesync.Limits{
			FileBytes: hugeSize, PlayerBytes: 1 << 30, PlayerFiles: 500, PlansPerHour: 1 << 20, PlayerBytesPerDay: 1 << 40,
		},
		Manifests: w.store,
		Objects:   w.store,
		Now:       w.clock,
		NewID:     func() string { ids++; return fmt.Sprintf("c%d", ids) },
		Pause:     func(context.Context, int) error { return nil },
		Serial:    true,
	}
	w.desk = &device{name: "Sam", player: player}
	for i, skew := range skews {
		d := &device{name: string(rune('A' + i)), player: player, skew: skew, files: map[string]local{}, kept: map[string][]string{}}
		w.devices = append(w.devices, d)
	}
	w.watcher = newWatcher(w, player)
	w.watchers = map[string]*watcher{player: w.watcher, sibling: newWatcher(w, sibling), stranger: newWatcher(w, stranger)}
	return w
}

// label returns what the history calls a content.
func (w *world) label(data string) string {
	if l, ok := w.labels[data]; ok {
		return l
	}
	return fmt.Sprintf("%.20q", data)
}

// clock is the server's clock, as requests read it.
func (w *world) clock() time.Time {
	if w.running != nil {
		w.running.now = w.now
	}
	return w.now.Add(w.ahead)
}

// note adds a line to the history.
func (w *world) note(format string, args ...any) {
	w.history = append(w.history, w.now.Format("Jan _2 15:04:05  ")+fmt.Sprintf(format, args...))
}

// hook is called before each call to a store: the request that makes it stands
// still here until it is resumed.
func (w *world) hook(c memstore.Call) memstore.Fault {
	r := w.running
	if r == nil {
		return memstore.None // a test looks around
	}
	if !r.dead && !r.yield(c) {
		r.dead = true
	}
	if r.dead {
		return memstore.Before
	}
	w.watchers[r.player].calling(r, c)
	return r.fault
}

// start begins a request for a device and runs it up to its first call.
func (w *world) start(d *device, kind string, body []byte) *request {
	r := &request{device: d, player: d.player, kind: kind, files: maps.Clone(d.files), listed: d.listed(), now: w.now}
	serve := w.service.ServePlan
	if kind == "complete" {
		serve = w.service.ServeComplete
	}
	w.note("%s asks: %s%s", d.name, kind, w.describe(r))
	w.begin(r, func() savesync.Reply { return serve(context.Background(), r.player, body) })
	return r
}

// begin runs a request up to its first call.
func (w *world) begin(r *request, serve func() savesync.Reply) {
	r.next, r.stop = iter.Pull(func(yield func(memstore.Call) bool) {
		r.yield = yield
		r.reply = serve()
	})
	r.device.request = r
	r.barred = w.watchers[r.player].barred()
	w.run(r)
}

// describe returns what a device lists, as the history has it.
func (w *world) describe(r *request) string {
	if r.kind != "plan" {
		return ""
	}
	var b strings.Builder
	for _, name := range r.listed {
		fmt.Fprintf(&b, " %s=%s@%.0f", name, w.label(r.files[name].data), r.files[name].mtime)
	}
	return b.String()
}

// run lets a request go on up to its next call or its end.
func (w *world) run(r *request) {
	before := map[string]string{}
	for p := range w.watchers {
		before[p], _ = w.store.Record(p)
	}
	w.running = r
	call, more := r.next()
	w.running = nil
	for p, c := range w.watchers {
		if after, _ := w.store.Record(p); after != before[p] {
			if p == r.player {
				r.basis = after
			}
			c.saved(r, before[p], after)
		}
	}
	r.call = call
	if !more {
		w.end(r)
	}
}

// resume lets a request make the call that it stands before.
func (w *world) resume(r *request, fault memstore.Fault) {
	switch fault {
	case memstore.None:
		w.note("%s's %s: %s %s", r.device.name, r.kind, r.call.Op, short(r.call.Key))
	case memstore.Before:
		w.note("%s's %s: %s %s fails", r.device.name, r.kind, r.call.Op, short(r.call.Key))
	case memstore.After:
		w.note("%s's %s: %s %s is done, but the answer is lost", r.device.name, r.kind, r.call.Op, short(r.call.Key))
	}
	r.fault, w.crashed = fault, w.crashed || fault != memstore.None
	w.run(r)
}

// kill ends a request's process before its next call.
func (w *world) kill(r *request) {
	w.note("%s's %s: the process dies before %s %s", r.device.name, r.kind, r.call.Op, short(r.call.Key))
	r.dead, w.crashed = true, true
	w.running = r
	r.stop()
	w.running = nil
	r.device.request = nil
	r.device.todo, r.device.answered = nil, false
}

// short leaves out of a key what all keys have.
func short(key string) string {
	key = strings.ReplaceAll(strings.ReplaceAll(key, player+"/"+game+"/", ""), "users/content/", "content/")
	return strings.ReplaceAll(strings.TrimPrefix(key, player), "\n", " ")
}

// end takes a request's answer.
func (w *world) end(r *request) {
	d := r.device
	d.request = nil
	w.watchers[r.player].answered(r)
	if r.operation != nil {
		w.operated(r)
		return
	}
	if r.kind != "plan" {
		w.note("%s is answered %d", d.name, r.reply.Status)
		return
	}
	d.todo, d.answered, d.planned = nil, false, r.reply.Status == 200
	if !d.planned {
		w.note("%s is answered %d (%v)", d.name, r.reply.Status, r.reply.Cause)
		return
	}
	d.barred = nil
	for _, a := range r.reply.Facts {
		if a.Key == "left_alone_files" {
			d.barred, _ = a.Value.Any().(map[string]savesync.Bar)
		}
	}
	if err := d.accept(r.reply.Body); err != nil {
		w.violate("promise 10: the answer to %s cannot be used: %v", d.name, err)
	}
	if w.generous {
		w.give(r)
	}
	w.note("%s is told to%s", d.name, orders(d.todo))
	w.watchers[r.player].planned(r, d.todo)
}

// give adds to a plan whatever the device did not list.
func (w *world) give(r *request) {
	files := w.watchers[r.player].record(r.basis).Files
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f := files[name]
		if !slices.Contains(r.listed, name) {
			url, err := w.store.PresignGet(context.Background(), w.key(r.player, name, f.ID), f.Version, savesync.URLLife)
			if err != nil {
				w.violate("%v", err)
			}
			r.device.todo = append(r.device.todo, transfer{name: name, url: url})
		}
	}
}

// vandalize deletes a committed content by hand.
func (w *world) vandalize(name string, f savesync.File) {
	key := w.key(player, name, f.ID)
	w.note("somebody deletes %s", short(key))
	if v, ok := w.store.Find(key, f.Version); ok {
		w.watcher.vandalized(content{name, v.Data}, key)
	}
	w.store.Delete(key)
}

// kept returns the content of a checksum that a device has or had.
func (w *world) kept(name, checksum string) (string, bool) {
	for _, d := range w.devices {
		for _, data := range d.kept[name] {
			if memstore.Checksum(data) == checksum {
				return data, true
			}
		}
	}
	return "", false
}

// orders returns a plan as the history has it.
func orders(todo []transfer) string {
	if len(todo) == 0 {
		return " do nothing"
	}
	var b strings.Builder
	for _, t := range todo {
		verb := "fetch"
		if t.upload {
			verb = "send"
		}
		fmt.Fprintf(&b, " %s %s", verb, t.name)
	}
	return b.String()
}

// write changes a file on a device, now by the device's clock.
func (w *world) write(d *device, name, data string) { w.writeAt(d, name, data, d.clock(w.now)) }

// writeAt changes a file on a device and sets its time.
func (w *world) writeAt(d *device, name, data string, mtime float64) {
	d.write(name, data, mtime)
	name = d.spelling(name)
	w.note("%s writes %s=%s@%.0f", d.name, name, w.label(data), d.files[name].mtime)
}

// ask sends a plan request, if the device has anything to list.
func (w *world) ask(d *device) {
	if body := d.planBody(); body != nil {
		w.start(d, "plan", body)
	}
}

// An outcome is how a transfer goes.
type outcome int

const (
	arrives outcome = iota
	fails           // the answer is an error, which the client skips
	hangs           // an upload has begun and ends later, without the device's knowing
	repeats         // an upload arrives, but the device may send it again
	breaks          // no answer comes: the client ends its sync
	halves          // a download fills the disk: half of the file stays
)

// transfer makes the next transfer of a device's plan.
func (w *world) transfer(d *device, how outcome) {
	t := d.todo[0]
	d.todo = d.todo[1:]
	if t.upload && w.blocked(d, t.name) {
		how = breaks
	}
	switch {
	case how == breaks:
		w.note("%s's transfer of %s meets no answer, and its sync ends", d.name, t.name)
		d.todo, d.answered = nil, false
	case how == fails:
		w.note("%s's transfer of %s fails", d.name, t.name)
	case t.upload:
		w.send(d, t, how)
	default:
		w.fetch(d, t, how)
	}
}

// blocked reports whether a device never gets to send a file as it is.
func (w *world) blocked(d *device, name string) bool {
	return d.bad != "" && strings.EqualFold(d.bad, name) || d.slow && len(d.files[d.spelling(name)].data) > largeSize
}

// send uploads a file as it is now.
func (w *world) send(d *device, t transfer, how outcome) {
	f, ok := d.files[d.spelling(t.name)]
	if !ok {
		return
	}
	u, err := w.store.Begin(t.url, f.data)
	if err != nil {
		w.note("%s sends %s=%s and is refused", d.name, t.name, w.label(f.data))
		return
	}
	if how == hangs {
		w.note("%s begins to send %s=%s", d.name, t.name, w.label(f.data))
		w.flying = append(w.flying, flight{u, t.name, f.data})
		return
	}
	w.note("%s sends %s=%s", d.name, t.name, w.label(f.data))
	w.arrive(u, f.data)
	if how == repeats {
		w.used = append(w.used, usedURL{d, t})
	}
}

// arrive ends an upload.
func (w *world) arrive(u *memstore.Upload, data string) {
	c := w.watchers[strings.Split(u.Key(), "/")[1]]
	c.landing(u.Key(), data)
	u.End()
	c.landed(u.Key(), data)
}

// land ends the i-th upload under way.
func (w *world) land(i int) {
	f := w.flying[i]
	w.flying = append(w.flying[:i:i], w.flying[i+1:]...)
	w.note("the upload of %s=%s ends", f.name, w.label(f.data))
	w.arrive(f.Upload, f.data)
}

// again sends a file to a URL that was used before.
func (w *world) again(i int) {
	u := w.used[i]
	w.used = append(w.used[:i:i], w.used[i+1:]...)
	w.send(u.device, u.transfer, arrives)
}

// fetch downloads a file.
func (w *world) fetch(d *device, t transfer, how outcome) {
	w.now = w.now.Add(time.Millisecond) // so that a device's files are told apart by their times
	data, err := w.store.Get(t.url)
	if err != nil {
		w.note("%s fetches %s and gets: %v", d.name, t.name, err)
		if err == savesync.ErrNotFound && !w.watchers[strings.Split(t.url, "/")[1]].forgotten {
			w.violate("promise 2: %s was sent to fetch %s, which is not there", d.name, t.name)
		}
		return
	}
	if how == halves {
		data = w.damaged(data, damages[0])
	}
	d.write(t.name, data, d.clock(w.now))
	name := d.spelling(t.name)
	w.note("%s fetches %s=%s@%.0f", d.name, name, w.label(data), d.files[name].mtime)
}

// damaged returns what is left of a content.
func (w *world) damaged(data string, damage func(string) string) string {
	if data == "" {
		return ""
	}
	left := damage(data)
	if left != data && w.labels[left] == "" {
		// Without all of its signatures a "persistent" can still be read.
		stream, _, signed := strings.Cut(data, "signature ")
		unsigned := signed && strings.HasPrefix(left, stream) && !strings.Contains(left[len(stream):], "\x00")
		w.labels[left], w.broken[left] = w.label(data)+"/damaged", !unsigned
	}
	return left
}

// finish sends the end of a sync, if there was anything to do.
func (w *world) finish(d *device) {
	if d.answered {
		d.answered = false
		w.start(d, "complete", completeBody)
	}
}

// tick lets time pass, and S3 expire what it expires.
func (w *world) tick(by time.Duration) {
	w.now = w.now.Add(by)
	if by >= time.Hour && slices.ContainsFunc(append(w.devices, w.desk), func(d *device) bool { return d.request != nil }) {
		w.crashed = true // no process stands still for so long and is no different for it
	}
	if by >= 24*time.Hour {
		w.flying = nil // no connection lasts that long
	}
	w.store.Expire()
	w.note("%v later", by)
	for _, c := range w.watchers {
		c.expired()
	}
}

// sync makes a device sync from beginning to end, with nothing going wrong. It
// reports whether the plan had anything to do, and whether it was served.
func (w *world) sync(d *device) (busy, served bool) {
	w.ask(d)
	w.exhaust(d)
	busy = slices.ContainsFunc(d.todo, func(t transfer) bool { return !w.blocked(d, t.name) })
	served = d.planned
	for len(d.todo) > 0 {
		w.transfer(d, arrives)
	}
	w.finish(d)
	w.exhaust(d)
	return busy, served
}

// exhaust lets a device's request run to its end.
func (w *world) exhaust(d *device) {
	for d.request != nil {
		w.resume(d.request, memstore.None)
	}
}

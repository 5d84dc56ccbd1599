package savesync_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// historiesVariable sets how many histories TestPromises runs; make soak asks for a million.
const historiesVariable = "RENPYCTL_HISTORIES"

// TestPromises runs random histories and checks every promise after every step.
func TestPromises(t *testing.T) {
	histories := 20_000
	if v := os.Getenv(historiesVariable); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatalf("%s: %v", historiesVariable, err)
		}
		histories = n
	}
	const shards = 4
	for shard := range shards {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			for done := 0; done < histories/shards; done += checksPerRun {
				rapid.Check(t, func(t *rapid.T) {
					if story := live(t, func(*world) {}); story != "" {
						t.Fatal(story)
					}
				})
			}
		})
	}
}

// checksPerRun is how many histories one rapid.Check runs, unless its flag says otherwise.
const checksPerRun = 100

// live draws a history and lets it happen. It returns the first promise that was
// broken, with the history up to there, or nothing. Mutate makes the world worse
// than it is.
func live(t *rapid.T, mutate func(*world)) string {
	skews := rapid.SliceOfN(rapid.SampledFrom([]time.Duration{
		0, 0, 0, time.Second, -time.Second, -3 * time.Minute, 2 * time.Hour, -365 * 24 * time.Hour, 73 * 365 * 24 * time.Hour,
	}), 2, 4).Draw(t, "clocks")
	w := newWorld(skews...)
	for _, d := range w.devices {
		d.coarse = rapid.IntRange(0, 3).Draw(t, "coarse") == 0
		d.blind = rapid.IntRange(0, 3).Draw(t, "blind") == 0
		d.slow = rapid.IntRange(0, 5).Draw(t, "slow") == 0
		if rapid.IntRange(0, 7).Draw(t, "bad") == 0 {
			d.bad = rapid.SampledFrom(fileNames).Draw(t, "bad file")
		}
		w.note("%s's clock is off by %v; coarse times: %v, blind to capitals: %v, slow: %v, bad: %s", d.name, d.skew, d.coarse, d.blind, d.slow, d.bad)
	}
	if rapid.IntRange(0, 9).Draw(t, "few files") == 0 {
		w.service.Limits.PlayerFiles = 3
		w.note("3 files are allowed")
	}
	if rapid.IntRange(0, 4).Draw(t, "old item") == 0 {
		w.inherit()
	}
	mutate(w)
	steps := rapid.IntRange(1, 60).Draw(t, "steps")
	for range steps {
		possible := w.possible(t)
		possible[rapid.IntRange(0, len(possible)-1).Draw(t, "step")]()
		if w.violation != "" {
			break
		}
	}
	if w.violation == "" {
		w.settle()
	}
	w.stop()
	if w.violation == "" {
		return ""
	}
	return w.violation + "\n\n" + strings.Join(w.history, "\n")
}

// TestPromisesSurviveVandals lets somebody with the bucket's keys delete committed
// contents: a device is still never sent to fetch what is not there.
func TestPromisesSurviveVandals(t *testing.T) {
	for range 10 {
		rapid.Check(t, func(t *rapid.T) {
			if story := live(t, func(w *world) { w.vandals, w.only = true, "promise 2" }); story != "" {
				t.Fatal(story)
			}
		})
	}
}

// The names of files that the game writes, and of files that something else leaves
// in the save folder or that cannot have the same name everywhere.
var (
	fileNames    = []string{"persistent", "1-1-LT1.save", "1-2-LT1.save", "2-1-LT1.save", "1-a-LT1.save", "1-A-LT1.save"}
	foreignNames = []string{"2-notes.json", "auto-1-LT1.save", "1-1-LT1.save.new", "1-1-LT1.save.1732345678.tmp", "1-日本-LT1.save", "1-nul.", "3-é-LT1.save", "1- .save "}
	spans        = []time.Duration{time.Second, 10 * time.Second, 4 * time.Minute, 6 * time.Minute, 20 * time.Minute, 70 * time.Minute, 30 * time.Hour, 100 * 24 * time.Hour}
)

// possible returns what can happen next; what should happen often is there several times.
func (w *world) possible(t *rapid.T) []func() {
	steps := []func(){
		func() { w.tick(rapid.SampledFrom(spans).Draw(t, "span")) },
		func() { w.tick(time.Second) },
	}
	for _, d := range w.devices {
		steps = append(steps,
			func() { w.play(t, d) },
			func() { w.play(t, d) },
		)
		switch {
		case d.request != nil:
			r := d.request
			step := func() { w.resume(r, memstore.None) }
			steps = append(steps, step, step, step, step, func() { w.exhaust(d) },
				func() { w.resume(r, memstore.Before) }, func() { w.resume(r, memstore.After) }, func() { w.kill(r) })
		case len(d.todo) > 0:
			step := func() { w.transfer(d, arrives) }
			steps = append(steps, step, step, step,
				func() { w.transfer(d, fails) }, func() { w.transfer(d, hangs) }, func() { w.transfer(d, repeats) },
				func() { w.transfer(d, breaks) }, func() { w.transfer(d, halves) },
				func() { w.note("%s's game ends", d.name); d.todo, d.answered = nil, false })
		case d.answered:
			step := func() { w.finish(d) }
			steps = append(steps, step, step, step, func() { w.note("%s's game ends", d.name); d.answered = false })
		default:
			steps = append(steps, func() { w.ask(d) }, func() { w.ask(d) }, func() { w.ask(d) }, func() { w.syncTwice(d) },
				func() { w.misfortune(t, d) })
		}
	}
	steps = append(steps, func() { w.attack(t) }, w.support(t))
	if rapid.IntRange(0, 9).Draw(t, "rollback") == 0 {
		steps = append(steps, w.rollBack)
	}
	if w.vandals && w.quiet() {
		files := w.watcher.now().Files
		for _, name := range slices.Sorted(maps.Keys(files)) {
			steps = append(steps, func() { w.vandalize(name, files[name]) })
		}
	}
	if w.harms && w.quiet() && w.desk.request == nil {
		steps = append(steps, func() { w.damage(t) })
	}
	for i := range w.flying {
		steps = append(steps, func() { w.land(i) })
	}
	for i := range w.used {
		steps = append(steps, func() { w.again(i) })
	}
	return steps
}

// inherit gives the player an item of the old backend, which names two files and
// has sent one.
func (w *world) inherit() {
	var old []savesync.Entry
	for _, name := range []string{"persistent", "1-1-LT1.save"} {
		data := w.fresh(name)
		old = append(old, savesync.Entry{Name: name, Size: int64(len(data)), Modified: timestamp("1700000000.25"), Checksum: memstore.Checksum(data)})
		if name == "persistent" {
			w.store.Put("users/"+player+"/"+game+"/"+name, data)
			w.watcher.landings = append(w.watcher.landings, landing{w.now.AddDate(100, 0, 0), data}) // whenever it is taken over
		}
	}
	w.store.SetOld(player, game, old)
	w.note("there is an old item")
}

// quiet reports whether no device is in the middle of a sync.
func (w *world) quiet() bool {
	return !slices.ContainsFunc(w.devices, func(d *device) bool { return d.request != nil || len(d.todo) > 0 })
}

// play changes a file on a device as a player or a game does.
func (w *world) play(t *rapid.T, d *device) {
	name := rapid.SampledFrom(fileNames).Draw(t, "file")
	old, ok := d.files[d.spelling(name)]
	kept := d.kept[d.spelling(name)]
	switch kind := rapid.IntRange(0, 24).Draw(t, "play"); {
	case kind == 0 && ok:
		w.note("%s deletes %s", d.name, name)
		delete(d.files, d.spelling(name))
	case kind == 1 && ok:
		w.write(d, name, old.data) // touched, not changed
	case kind == 2 && len(kept) > 0:
		w.write(d, name, rapid.SampledFrom(kept).Draw(t, "old")) // put back, or an engine that does not merge quits
	case kind == 3:
		w.write(d, name, "") // cut short by a crash
	case kind == 4 && ok:
		damage := rapid.SampledFrom(damages).Draw(t, "damage")
		w.write(d, name, w.damaged(old.data, damage))
	case kind == 5 && ok:
		w.writeAt(d, name, w.fresh(name), old.mtime) // 8.1 signs a save in place
	case kind == 6:
		name := rapid.SampledFrom(foreignNames).Draw(t, "foreign")
		w.write(d, name, w.fresh(name))
	case kind == 7:
		w.write(d, name, w.make(name, longer(w.next(), largeSize)))
	case kind == 8 && rapid.IntRange(0, 4).Draw(t, "huge") == 0:
		w.write(d, name, w.make(name, longer(w.next(), hugeSize)))
	case kind == 9 && name == "persistent":
		data := signed(w.next())
		w.labels[data] = fmt.Sprintf("%03d/signed", w.contents)
		w.write(d, name, data)
	case kind == 10:
		w.write(d, name, w.make(name, w.next()+" longer"))
	default:
		w.write(d, name, w.fresh(name))
	}
}

// misfortune does to a device what seldom happens.
func (w *world) misfortune(t *rapid.T, d *device) {
	switch rapid.IntRange(0, 7).Draw(t, "misfortune") {
	case 0, 1:
		w.note("%s's files are saved elsewhere", d.name)
		d.backup = maps.Clone(d.files)
	case 2:
		if d.backup != nil {
			w.note("%s's files are as they were: %v", d.name, slices.Sorted(maps.Keys(d.backup)))
			d.files = maps.Clone(d.backup)
		}
	case 3, 4:
		w.note("%s is set up anew, and the game begins", d.name)
		d.files = map[string]local{}
		w.write(d, "persistent", w.fresh("persistent"))
	case 5:
		w.note("the power fails on %s", d.name)
		for _, name := range slices.Sorted(maps.Keys(d.files)) {
			if f := d.files[name]; f.data != "" && len(f.data)%3 == 0 {
				w.write(d, name, w.damaged(f.data, damages[3]))
			}
		}
	default:
		other := map[string]string{player: sibling, sibling: player}
		d.player = other[d.player]
		w.note("%s is now signed in as %.8s", d.name, d.player)
	}
}

// rollBack has the release before this one write the player's record for once: it
// keeps what is committed and planned, and nothing that it does not know.
func (w *world) rollBack() {
	if data, revision := w.store.Record(player); revision > 0 && !w.watcher.barred() { // that one it would not touch
		w.note("the release before this one writes the record")
		w.store.SetRecord(player, unknownBefore.ReplaceAllString(data, ""))
	}
}

var unknownBefore = regexp.MustCompile(`,"(health|layout|synced|left_alone|support)":("[a-z]*"|[0-9]+|\{[^}]*\}|\[[^]]*\])`)

// fresh returns a content that no file had before, of the same length each time.
func (w *world) fresh(name string) string { return w.make(name, w.next()) }

// next returns a new label.
func (w *world) next() string {
	w.contents++
	return fmt.Sprintf("%03d", w.contents)
}

// make makes the content of a label and remembers what the history calls it.
func (w *world) make(name, label string) string {
	data := form(name, label)
	w.labels[data] = fmt.Sprintf("%.12s", label)
	return data
}

// attack has a stranger, who has an account, call anything and put anything to any
// URL. Each request runs to its end.
func (w *world) attack(t *rapid.T) {
	d := &device{name: "Mallory", player: stranger}
	if rapid.IntRange(0, 2).Draw(t, "attack") == 0 {
		w.strike(d, "complete", completeBody)
		return
	}
	manifest := map[string]any{}
	sent := map[string]string{}
	for range rapid.IntRange(0, 4).Draw(t, "entries") {
		name := rapid.SampledFrom(append(fileNames, foreignNames...)).Draw(t, "name")
		label := fmt.Sprintf("m%d", rapid.IntRange(0, 9).Draw(t, "label"))
		sent[name] = form(name, label)
		manifest[name] = map[string]any{
			"size":               len(sent[name]) + rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "size"),
			"modified_timestamp": rapid.SampledFrom([]json.Number{"0", "-1e300", "1e300", "1764158400.5"}).Draw(t, "time"),
			"checksum":           memstore.Checksum(rapid.SampledFrom([]string{sent[name], "other"}).Draw(t, "bytes")),
		}
	}
	body, err := json.Marshal(map[string]any{"game_id": game, "manifest": manifest})
	if err != nil {
		panic(err) // a test's own data
	}
	w.strike(d, "plan", body)
	for _, todo := range d.todo {
		for range rapid.IntRange(0, 2).Draw(t, "puts") {
			if u, err := w.store.Begin(todo.url, sent[todo.name]); err == nil {
				w.arrive(u, sent[todo.name])
			}
		}
	}
}

// strike makes one request of a stranger.
func (w *world) strike(d *device, kind string, body []byte) {
	serve := map[string]func(context.Context, string, []byte) savesync.Reply{"plan": w.service.ServePlan, "complete": w.service.ServeComplete}[kind]
	r := &request{device: d, player: stranger, kind: "stranger"}
	r.yield = func(memstore.Call) bool { return true }
	w.running = r
	reply := serve(context.Background(), stranger, body)
	w.running = nil
	if reply.Status != 200 {
		w.violate("promise 12: the stranger's %s %s is answered %d: %v", kind, body, reply.Status, reply.Cause)
	}
	if kind == "plan" {
		if err := d.accept(reply.Body); err != nil {
			w.violate("promise 10: %v", err)
		}
	}
}

// syncTwice makes a device sync with nothing going wrong, and ask again: unless
// the first changed which slot is listed, a tie was lost, or something damaged was
// sent, there is nothing to do.
func (w *world) syncTwice(d *device) {
	before := d.listed()
	excused := w.tied(d)
	for _, f := range w.watchers[d.player].now().Files {
		excused = excused || f.Health == savesync.Unread // it is read first, when there is another one
	}
	for _, name := range before {
		// Where signatures alone were cut, what is left can be read, and loses all the same.
		damaged := w.broken[d.files[name].data] || strings.HasSuffix(w.label(d.files[name].data), "/damaged")
		excused = excused || damaged || w.blocked(d, name)
	}
	if _, served := w.sync(d); !served || excused || !slices.Equal(before, d.listed()) {
		return
	}
	w.ask(d)
	w.exhaust(d)
	for _, t := range d.todo {
		// A clock that is behind hides that a save of another slot was fetched: then
		// it may be offered once more. So does a disk with coarse times.
		if t.upload || d.skew >= 0 && !d.coarse || slices.Contains(before, t.name) {
			w.violate("promise 4: the second plan of %s right after a completed one is not empty", d.name)
		}
	}
}

// tied reports whether a file that the device lists has the same time as another
// content of it on the server.
func (w *world) tied(d *device) bool {
	g := w.watchers[d.player].now()
	now := float64(w.now.UnixNano()) / 1e9
	for _, name := range d.listed() {
		local := min(d.files[name].mtime, now)
		if f, ok := g.Files[spelledAs(g, name)]; ok && abs(seconds(f.Modified)-local) < 1e-6 {
			return true
		}
		for _, u := range g.Uploads {
			if strings.EqualFold(u.Name, name) && !u.Settled {
				return true // it may have arrived, with what was the server's now at that time
			}
		}
	}
	return false
}

func abs(f float64) float64 { return max(f, -f) }

// settle lets everything come to rest: promise 4, and what the others say of a world
// in which nothing happens any more.
func (w *world) settle() {
	for _, d := range append(w.devices, w.desk) {
		w.exhaust(d)
		d.todo, d.answered, d.player = nil, false, player
	}
	if w.rest() {
		return
	}
	w.tick(7 * time.Hour) // nothing waits any longer because it failed
	w.note("from here on nobody plays and nothing fails")
	w.rounds()
	if w.waiting() { // for a sync that was given up before, of which is known only now that it failed
		w.tick(7 * time.Hour)
		w.rounds()
	}
	w.compare()
	w.leave()
}

// rounds lets all devices sync until nothing is left to do.
func (w *world) rounds() {
	// Each round may bring a slot to a device that then lists it for the first time,
	// and a damaged file has to be sent before it is known as such.
	const rounds = 10
	for round, quiet := 0, 0; quiet < 2; round++ { // what one request leaves unread, a later one settles
		if round == rounds {
			w.violate("promise 4: after %d rounds there is still something to do", rounds)
			break
		}
		quiet++
		before := w.claims()
		for _, d := range w.devices {
			w.tick(5 * time.Minute) // as often as the client does it by itself
			busy, served := w.sync(d)
			if !served && d.planBody() != nil {
				w.violate("promise 4: %s is not served", d.name)
			}
			if busy {
				quiet = 0
			}
		}
		if !maps.Equal(before, w.claims()) { // of a device that never gets as far as to complete, or for which there is room now
			quiet = 0
		}
	}
}

// claims are the files in the record, and the uploads that take their places.
func (w *world) claims() map[string]string {
	list := map[string]string{}
	g := w.watcher.now()
	for name, f := range g.Files {
		list[name] = f.Checksum
	}
	for _, u := range g.Uploads {
		if !u.Settled {
			list[u.ID] = u.Name
		}
	}
	return list
}

// compare wants every file on every device to be what the record has, but for those
// that cannot travel.
func (w *world) compare() {
	g := w.watcher.now()
	names := map[string]bool{}
	for name := range g.Files {
		names[name] = true
	}
	for _, u := range g.Uploads {
		names[u.Name] = names[u.Name] || !u.Settled
	}
	full := len(names) >= w.service.Limits.PlayerFiles
	for _, d := range w.devices {
		for _, name := range d.listed() {
			f, committed := g.Files[spelledAs(g, name)]
			spelled := slices.ContainsFunc(d.listed(), func(other string) bool { return other != name && strings.EqualFold(other, name) })
			switch data := d.files[name].data; {
			case data == "", !travels(name), w.blocked(d, name), w.waits(g, name, data), len(data) > hugeSize:
			case spelled, !committed && full:
			case f.Checksum != memstore.Checksum(data):
				w.violate("promise 4: all is quiet, but %s on %s is not what the record has", name, d.name)
			}
		}
	}
}

// waits tells whether a content goes on waiting because a device that cannot send
// it has tried: what failed waits for hours, on every device that has it.
func (w *world) waits(g *savesync.Game, name, data string) bool {
	return failed(g, name, data) && slices.ContainsFunc(w.devices, func(d *device) bool { return w.blocked(d, name) })
}

// failed tells whether a content waits because sending it has failed.
func failed(g *savesync.Game, name, data string) bool {
	return slices.ContainsFunc(g.Failing[spelledAs(g, name)], func(f savesync.Failure) bool { return f.Of.Has(memstore.Checksum(data)) })
}

// waiting tells whether a device has a content that waits because sending it has failed.
func (w *world) waiting() bool {
	g := w.watcher.now()
	return slices.ContainsFunc(w.devices, func(d *device) bool {
		return slices.ContainsFunc(d.listed(), func(name string) bool { return failed(g, name, d.files[name].data) })
	})
}

// leave lets the player make one more save, after all URLs are dead, and go away.
func (w *world) leave() {
	w.tick(2 * time.Hour)
	d := w.devices[0]
	d.slow, d.bad = false, ""
	w.write(d, "persistent", w.fresh("persistent"))
	w.sync(d)
	w.tick(30 * time.Hour)
	w.watcher.frugal()
}

// stop ends all requests.
func (w *world) stop() {
	for _, d := range append(w.devices, w.desk) {
		if d.request != nil {
			w.kill(d.request)
		}
	}
}

package savesync_test

import (
	"fmt"
	"maps"
	"os"
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
		if d.skew != 0 {
			w.note("%s's clock is off by %v", d.name, d.skew)
		}
	}
	if rapid.IntRange(0, 4).Draw(t, "old item") == 0 {
		w.inherit()
	}
	mutate(w)
	steps := rapid.IntRange(1, 60).Draw(t, "steps")
	for range steps {
		possible := w.possible(t)
		possible[rapid.IntRange(0, len(possible)-1).Draw(t, "step")]()
		if w.watcher.violation != "" {
			break
		}
	}
	if w.watcher.violation == "" {
		w.settle()
	}
	w.stop()
	if w.watcher.violation == "" {
		return ""
	}
	return w.watcher.violation + "\n\n" + strings.Join(w.history, "\n")
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

var (
	fileNames = []string{"persistent", "1-1-LT1.save", "1-2-LT1.save", "2-1-LT1.save", "2-notes.json", "auto-1-LT1.save"}
	spans     = []time.Duration{time.Second, 10 * time.Second, 4 * time.Minute, 6 * time.Minute, 70 * time.Minute, 30 * time.Hour, 100 * 24 * time.Hour}
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
				func() { w.note("%s's game ends", d.name); d.todo, d.answered = nil, false })
		case d.answered:
			step := func() { w.finish(d) }
			steps = append(steps, step, step, step, func() { w.note("%s's game ends", d.name); d.answered = false })
		default:
			steps = append(steps, func() { w.ask(d) }, func() { w.ask(d) }, func() { w.ask(d) }, func() { w.syncTwice(d) })
		}
	}
	if data, _ := w.store.Record(player); w.vandals && w.quiet() {
		files := w.watcher.record(data).Files
		for _, name := range slices.Sorted(maps.Keys(files)) {
			steps = append(steps, func() { w.vandalize(name, files[name]) })
		}
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
		data := w.fresh()
		old = append(old, savesync.Entry{Name: name, Size: int64(len(data)), Modified: timestamp("1700000000.25"), Checksum: memstore.Checksum(data)})
		if name == "persistent" {
			w.store.Put("users/"+player+"/"+game+"/"+name, data)
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
	old, ok := d.files[name]
	switch kind := rapid.IntRange(0, 19).Draw(t, "play"); {
	case kind == 0 && ok:
		w.note("%s deletes %s", d.name, name)
		delete(d.files, name)
	case kind == 1 && ok:
		w.write(d, name, old.data) // touched, not changed
	case kind == 2 && len(d.kept[name]) > 0:
		w.write(d, name, rapid.SampledFrom(d.kept[name]).Draw(t, "old")) // put back
	case kind == 3:
		w.write(d, name, "") // cut short by a crash
	case kind == 4:
		w.write(d, name, w.fresh()+"longer")
	default:
		w.write(d, name, w.fresh())
	}
}

// fresh returns bytes that no file had before, of the same length each time.
func (w *world) fresh() string {
	w.contents++
	return fmt.Sprintf("%03d", w.contents)
}

// syncTwice makes a device sync with nothing going wrong, and ask again: unless
// the first changed which slot is listed, or a tie was lost, there is nothing to do.
func (w *world) syncTwice(d *device) {
	before := d.listed()
	tied := w.tied(d)
	if _, served := w.sync(d); !served || tied || !slices.Equal(before, d.listed()) {
		return
	}
	w.ask(d)
	w.exhaust(d)
	for _, t := range d.todo {
		// A clock that is behind hides that a save of another slot was fetched: then
		// it may be offered once more.
		if t.upload || d.skew >= 0 || slices.Contains(before, t.name) {
			w.watcher.violate("promise 4: the second plan of %s right after a completed one is not empty", d.name)
		}
	}
}

// tied reports whether a file that the device lists has the same time as another
// content of it on the server.
func (w *world) tied(d *device) bool {
	data, _ := w.store.Record(player)
	g := w.watcher.record(data)
	now := float64(w.now.UnixNano()) / 1e9
	for _, name := range d.listed() {
		local := min(d.files[name].mtime, now)
		if f, ok := g.Files[name]; ok && abs(seconds(f.Modified)-local) < 1e-6 {
			return true
		}
		for _, u := range g.Uploads {
			if u.Name == name && !u.Settled {
				return true // it may have arrived, with what was the server's now at that time
			}
		}
	}
	return false
}

func abs(f float64) float64 { return max(f, -f) }

// settle lets everything come to rest: promise 4.
func (w *world) settle() {
	for _, d := range w.devices {
		w.exhaust(d)
		d.todo, d.answered = nil, false
	}
	w.note("from here on nobody plays and nothing fails")
	// Each round may bring a slot to a device that then lists it for the first time.
	const rounds = 6
	for round := range rounds {
		quiet := true
		for _, d := range w.devices {
			w.tick(time.Second)
			busy, served := w.sync(d)
			if !served && d.planBody() != nil {
				w.watcher.violate("promise 4: %s is not served", d.name)
			}
			quiet = quiet && !busy
		}
		if quiet && round > 0 {
			break
		}
		if round == rounds-1 {
			w.watcher.violate("promise 4: after %d rounds there is still something to do", rounds)
		}
	}
	data, _ := w.store.Record(player)
	g := w.watcher.record(data)
	for _, d := range w.devices {
		for _, name := range d.listed() {
			if f := g.Files[name]; d.files[name].data != "" && f.Checksum != memstore.Checksum(d.files[name].data) {
				w.watcher.violate("promise 4: all is quiet, but %s on %s is not what the record has", name, d.name)
			}
		}
	}
}

// stop ends all requests.
func (w *world) stop() {
	for _, d := range w.devices {
		if d.request != nil {
			w.kill(d.request)
		}
	}
}

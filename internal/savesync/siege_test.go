package savesync_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// What an attack on the protocol found, beside the rows of rows_test.go: siblings that
// nobody had named.

// round makes a device sync once. Transfers of some files, or all from the n-th on,
// meet no answer.
func (s *scene) round(d *device, n int, bad string) {
	s.ask(d)
	s.exhaust(d)
	for i := 0; len(d.todo) > 0; i++ {
		if d.todo[0].name == bad || i == n {
			s.transfer(d, breaks)
			continue
		}
		s.transfer(d, arrives)
	}
	s.finish(d)
	s.exhaust(d)
	s.history = nil
}

// TestABadFileDoesNotStarveLargerOnes has the smallest file never get an answer.
func TestABadFileDoesNotStarveLargerOnes(t *testing.T) {
	for _, bad := range []string{"1-1-LT1.save", "persistent"} {
		s := newRealScene(t)
		s.fill(s.a, "persistent", "p", 0)
		for i := range 4 {
			s.fill(s.a, fmt.Sprintf("1-%d-LT1.save", i+1), strings.Repeat("good ", i+1), 0)
		}
		for range 12 { // an hour
			s.tick(5 * time.Minute)
			s.round(s.a, -1, bad)
		}
		if g := s.watcher.now(); len(g.Files) != 4 || g.Files[bad].ID != "" {
			t.Errorf("without %s, %d files arrived in an hour", bad, len(g.Files))
		}
	}
}

// TestTheBlameIsNotAnotherDevices has two devices with one content for a file, and each
// with a file of its own that never gets an answer.
func TestTheBlameIsNotAnotherDevices(t *testing.T) {
	s := newRealScene(t)
	shared := s.fill(s.a, "1-9-LT1.save", "the same, and longer", 0)
	s.at(s.b, "1-9-LT1.save", shared, 0)
	s.fill(s.a, "1-1-LT1.save", "a's", 0)
	s.fill(s.b, "1-2-LT1.save", "b's", 0)
	s.a.bad, s.b.bad = "1-1-LT1.save", "1-2-LT1.save"
	for range 3 {
		s.tick(5 * time.Minute)
		s.sync(s.a)
		s.tick(5 * time.Minute)
		s.sync(s.b)
	}
	s.committed("1-9-LT1.save", shared)
}

// TestAContentThatComesTwiceIsKeptOnce has the same content come by two uploads at once,
// as it may after a rollback.
func TestAContentThatComesTwiceIsKeptOnce(t *testing.T) {
	s := newScene(t)
	s.at(s.a, slot1, "one", 0)
	s.plan(s.a, "send "+slot1)
	first := s.a.todo[0].url
	data, _ := s.store.Record(player)
	s.store.SetRecord(player, strings.ReplaceAll(data, `,"layout":1`, ""))
	s.plan(s.a, "send "+slot1)
	for _, url := range []string{first, s.a.todo[0].url} {
		u, err := s.store.Begin(url, "one")
		if err != nil {
			t.Fatal(err)
		}
		u.End()
	}
	s.a.todo = nil
	s.finish(s.a)
	s.exhaust(s.a)
	s.committed(slot1, "one")
	if got := s.current(); len(got) != 1 {
		t.Errorf("current are %v", got)
	}
}

// TestShortSessionsGetOn has an honest player whose line breaks after three files.
func TestShortSessionsGetOn(t *testing.T) {
	s := newRealScene(t)
	const files = 60
	for i := range files {
		s.fill(s.a, fmt.Sprintf("1-%02d-LT1.save", i), fmt.Sprintf("save %d", i), 0)
	}
	start := s.now
	for len(s.watcher.now().Files) < files && s.now.Sub(start) < 24*time.Hour {
		s.tick(5 * time.Minute)
		s.round(s.a, 3, "")
	}
	if took := s.now.Sub(start); took > 3*time.Hour {
		t.Errorf("%d of %d files after %v; 20 syncs would do", len(s.watcher.now().Files), files, took)
	}
}

// TestADamagedContentOfAnOldReleaseOverwritesNothing has a content that was committed
// before contents were read.
func TestADamagedContentOfAnOldReleaseOverwritesNothing(t *testing.T) {
	for _, name := range []string{"persistent", slot1} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t) // of a release that reads none
			whole := s.make(name, "whole")
			s.at(s.a, name, s.damaged(whole, damages[0]), 100)
			s.fill(s.a, slot2, "x", 0)
			s.tick(200 * time.Second)
			s.sync(s.a)
			s.service.Unchecked = false
			s.at(s.b, name, whole, -1000)
			s.fill(s.b, slot2, "x", -1000)
			for range 3 {
				s.tick(5 * time.Minute)
				s.round(s.b, -1, "")
				if s.b.files[name].data != whole {
					t.Fatal("what could be read was overwritten")
				}
			}
			s.committed(name, whole)
		})
	}
}

// TestAContentOfAnOldReleaseIsFetchedInTheEnd has a good one: reading it takes one sync.
func TestAContentOfAnOldReleaseIsFetchedInTheEnd(t *testing.T) {
	s := newScene(t)
	good := s.fill(s.a, slot1, "good", 100)
	s.tick(200 * time.Second)
	s.sync(s.a)
	s.service.Unchecked = false
	s.fill(s.b, slot1, "older", -1000)
	s.plan(s.b, "send "+slot1)
	s.carry(s.b)
	s.plan(s.b, "fetch "+slot1)
	s.carry(s.b)
	if s.b.files[slot1].data != good {
		t.Error("it was not fetched")
	}
}

// TestWhatIsBarredIsNotLookedUp has plans of which nothing may be sent.
func TestWhatIsBarredIsNotLookedUp(t *testing.T) {
	s := newScene(t)
	for i := range 300 {
		s.at(s.a, fmt.Sprintf("1-%d-LT1.save", i), fmt.Sprintf("c%d", i), 0)
	}
	s.tick(time.Hour)
	s.round(s.a, -1, "")
	s.round(s.a, -1, "")
	s.service.Limits.PlayerBytes = 1
	for i := range 300 {
		s.at(s.b, fmt.Sprintf("1-%d-LT1.save", i), fmt.Sprintf("other%d", i), -1e6)
	}
	s.plan(s.b, "") // the record notes what is left alone
	if got := fmt.Sprint(s.calls(func() { s.plan(s.b, "") })); got != "map[Load:1]" {
		t.Errorf("a plan of which nothing is left calls %s", got)
	}
	s.history = nil
}

// TestAFullHourListsNothing has a player ask for more plans than the hour allows.
func TestAFullHourListsNothing(t *testing.T) {
	s := newScene(t)
	s.service.Limits.PlansPerHour = 5
	for i := range 5 {
		s.tick(2 * time.Minute)
		s.at(s.a, slot1, fmt.Sprint("save ", i), 0)
		s.sync(s.a)
	}
	data, _ := s.store.Record(player)
	s.store.SetRecord(player, strings.Replace(data, `"unaudited":1`, `"unaudited":9`, 1))
	s.at(s.a, slot1, "one more", 10)
	s.store.Hook = nil
	lists := 0
	s.store.Hook = func(c memstore.Call) memstore.Fault {
		if c.Op == "List" {
			lists++
		}
		return memstore.None
	}
	if reply := s.service.ServePlan(t.Context(), player, s.a.planBody()); reply.Status != 429 || lists > 0 {
		t.Errorf("the answer is %d, after %d lists", reply.Status, lists)
	}
}

// TestAHammeredInboxHidesLittle puts to one URL until a list of the inboxes is full of it.
func TestAHammeredInboxHidesLittle(t *testing.T) {
	s := newScene(t)
	s.at(s.a, "1-0-LT1.save", "x", 0)
	s.ask(s.a)
	s.exhaust(s.a)
	for range 2001 {
		u, err := s.store.Begin(s.a.todo[0].url, "y")
		if err != nil {
			t.Fatal(err)
		}
		u.End()
	}
	s.a.todo, s.a.files = nil, map[string]local{}
	for i := range 450 {
		s.at(s.a, fmt.Sprintf("1-1%03d-LT1.save", i), fmt.Sprintf("c%d", i), 0)
	}
	s.ask(s.a)
	s.exhaust(s.a)
	for range 3 {
		if n := s.calls(func() { s.start(s.a, "complete", completeBody); s.exhaust(s.a) }); n["Read"] > 20 || n["List"] > 1 {
			t.Errorf("a completion calls %v", n)
		}
	}
	s.history = nil
}

// TestOneRequestReadsSoMuch sends tiny contents to a file whose committed content is
// large, and may have to be read to compare them.
func TestOneRequestReadsSoMuch(t *testing.T) {
	s := newRealScene(t)
	s.at(s.a, "persistent", strings.Repeat("garbage ", largeSize/8), 0)
	s.sync(s.a)
	urls := map[string]string{}
	for i := range 40 {
		tiny := fmt.Sprintf("tiny%02d", i)
		s.at(s.a, "persistent", tiny, float64(i+1))
		s.ask(s.a)
		s.exhaust(s.a)
		urls[tiny] = s.a.todo[0].url
		s.a.todo, s.a.answered = nil, false
	}
	for tiny, url := range urls {
		u, err := s.store.Begin(url, tiny)
		if err != nil {
			t.Fatal(err)
		}
		s.arrive(u, tiny)
	}
	counter := &reader{Store: s.store}
	s.service.Objects = counter
	s.start(s.a, "complete", completeBody)
	s.exhaust(s.a)
	if counter.bytes > 4*largeSize { // what is read at once, and one more
		t.Errorf("one request reads %d bytes", counter.bytes)
	}
}

// reader counts what is read.
type reader struct {
	*memstore.Store
	bytes int
}

func (r *reader) Read(ctx context.Context, key, version string, size int64) (savesync.Object, error) {
	o, err := r.Store.Read(ctx, key, version, size)
	r.bytes += len(o.Data)
	return o, err
}

// TestAFullRecordEmptiesItself changes all of the player's files, day after day.
func TestAFullRecordEmptiesItself(t *testing.T) {
	s := newScene(t)
	write := func(tag string) {
		for i := range 500 {
			s.at(s.a, fmt.Sprintf("1-%03d-LT1.save", i), fmt.Sprintf("%s%d", tag, i), 0)
		}
	}
	for day := range 5 {
		write(fmt.Sprint("day", day))
		s.ask(s.a)
		s.exhaust(s.a)
		if len(s.a.todo) != 500 {
			t.Errorf("on day %d %d of 500 files may be sent", day, len(s.a.todo))
		}
		s.carry(s.a)
		for range 8 {
			s.round(s.a, -1, "")
		}
		s.tick(24 * time.Hour)
		s.history = nil
	}
}

// TestAnotherGamesRestTakesNoRoom has a game that nobody plays any more.
func TestAnotherGamesRestTakesNoRoom(t *testing.T) {
	s := newScene(t)
	for i := range 250 {
		s.at(s.a, fmt.Sprintf("1-%03d-LT1.save", i), fmt.Sprint("one", i), 0)
	}
	for range 5 {
		s.round(s.a, -1, "")
	}
	data, _ := s.store.Record(player)
	s.store.SetRecord(player, strings.ReplaceAll(data, `"my_game"`, `"other_game"`))
	s.only = "none" // the watcher knows one game
	s.a.files = map[string]local{}
	s.tick(30 * 24 * time.Hour)
	for round := range 3 {
		for i := range 240 {
			s.at(s.a, fmt.Sprintf("1-%03d-LT1.save", i), fmt.Sprint("r", round, i), 0)
		}
		s.ask(s.a)
		s.exhaust(s.a)
		if len(s.a.todo) != 240 {
			t.Errorf("in round %d %d of 240 files may be sent", round, len(s.a.todo))
		}
		s.carry(s.a)
		s.tick(24 * time.Hour)
	}
	s.history = nil
}

// TestAllInboxesAreRetiredAtOnce settles more than one deletion request takes.
func TestAllInboxesAreRetiredAtOnce(t *testing.T) {
	savesync.Shrink(1<<20, 64<<20) // all in one request
	defer savesync.Shrink(largeSize, 3*largeSize)
	s := newScene(t)
	for round := range 2 {
		for i := range 500 {
			s.at(s.a, fmt.Sprintf("1-%03d-LT1.save", i), fmt.Sprintf("r%d-%d", round, i), 0)
		}
		s.round(s.a, -1, "")
		s.tick(24 * time.Hour)
	}
	s.store.Versions(func(key string, v memstore.Version) {
		if strings.HasPrefix(key, "inbox/") && !v.Marker && v.Replaced.IsZero() {
			t.Errorf("%s was not retired", short(key))
		}
	})
}

// TestASuspendedBucketIsRefused has a bucket whose versioning somebody suspended: what
// is put over an object there destroys it.
func TestASuspendedBucketIsRefused(t *testing.T) {
	s := newScene(t)
	s.service.Objects = suspended{s.store}
	s.only = "promise 2"
	s.at(s.a, slot1, "one", 0)
	s.plan(s.a, "send "+slot1)
	s.transfer(s.a, arrives)
	s.start(s.a, "complete", completeBody)
	r := s.a.request
	s.exhaust(s.a)
	if r.reply.Status != 503 {
		t.Errorf("the answer is %d", r.reply.Status)
	}
	s.committed(slot1, "")
}

type suspended struct{ *memstore.Store }

func (s suspended) Copy(ctx context.Context, source, version, target string) (string, error) {
	_, err := s.Store.Copy(ctx, source, version, target)
	return "null", err
}

// TestARollbackForgetsNoUpload has the release before this one write the record, which
// knows nothing of layouts.
func TestARollbackForgetsNoUpload(t *testing.T) {
	s := newScene(t)
	s.at(s.a, slot1, "one", 0)
	s.plan(s.a, "send "+slot1)
	s.transfer(s.a, arrives)
	s.a.todo, s.a.answered = nil, false
	data, _ := s.store.Record(player)
	s.store.SetRecord(player, strings.ReplaceAll(data, `,"layout":1`, ""))
	s.at(s.b, "persistent", "b's", 0)
	s.plan(s.b, "send persistent, fetch "+slot1)
	s.carry(s.b)
	s.committed(slot1, "one")
}

// TestReadingTakesBoundedTime has contents that take seconds to read and inflate to
// nothing: streams of tables without a symbol, and entries that share one of them.
func TestReadingTakesBoundedTime(t *testing.T) {
	for _, c := range []struct {
		what  string
		data  []byte
		bound time.Duration
	}{
		{"one stream", zipOf(emptyBlocks(16<<20-300), 1), 8 * time.Second},
		{"entries that overlap", zipOf(emptyBlocks(20<<10), 900), 2 * time.Second},
	} {
		start := time.Now()
		got := savesync.Inspect(slot1, c.data)
		if took := time.Since(start); took > c.bound || got != savesync.Unread {
			t.Errorf("%s of %d bytes is %q after %v", c.what, len(c.data), got, took)
		}
	}
}

// bits writes a deflate stream, low bits first.
type bits struct {
	b   []byte
	n   uint
	acc uint64
}

func (w *bits) put(v uint64, n uint) {
	w.acc |= v << w.n
	w.n += n
	for w.n >= 8 {
		w.b = append(w.b, byte(w.acc))
		w.acc >>= 8
		w.n -= 8
	}
}

// emptyBlocks is a deflate stream of dynamic blocks that hold their tables and nothing else.
func emptyBlocks(size int) []byte {
	var w bits
	block := func(final uint64) {
		w.put(final, 1)
		w.put(2, 2)
		w.put(29, 5) // 286 literals
		w.put(1, 5)  // 2 distances
		order := []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
		cl := map[int]uint64{10: 2, 14: 3, 15: 3, 1: 3, 2: 4, 16: 2, 18: 5, 17: 5}
		n := 19
		w.put(uint64(n-4), 4)
		for _, o := range order {
			w.put(cl[o], 3)
		}
		// canonical codes
		code := map[int]uint64{}
		next := uint64(0)
		for l := uint64(1); l <= 7; l++ {
			for s := range 19 {
				if cl[s] == l {
					code[s] = next
					next++
				}
			}
			next <<= 1
		}
		sym := func(s int) {
			l := cl[s]
			r := uint64(0)
			for i := range l {
				if code[s]&(1<<i) != 0 {
					r |= 1 << (l - 1 - i)
				}
			}
			w.put(r, uint(l))
		}
		rep := func(s, n int) {
			sym(s)
			for n--; n > 0; {
				k := min(n, 6)
				if k < 3 {
					for range n {
						sym(s)
					}
					return
				}
				sym(16)
				w.put(uint64(k-3), 2)
				n -= k
			}
		}
		rep(10, 255)
		sym(14)
		sym(1)
		sym(2)
		sym(14)
		sym(14)
		rep(15, 26)
		// distances: two of length 1
		sym(1)
		sym(1)
		// end of block: symbol 256, length 1 -> code 0
		w.put(0, 1)
	}
	for len(w.b) < size {
		block(0)
	}
	block(1)
	w.put(0, 7)
	return w.b
}

// zipOf is an archive whose entries are all the same deflate stream.
func zipOf(raw []byte, entries int) []byte {
	le := binary.LittleEndian
	local := make([]byte, 30)
	le.PutUint32(local, 0x04034b50)
	le.PutUint16(local[4:], 20)
	le.PutUint16(local[8:], 8)
	le.PutUint32(local[18:], uint32(len(raw)))
	le.PutUint16(local[26:], 3)
	entry := make([]byte, 46)
	le.PutUint32(entry, 0x02014b50)
	le.PutUint16(entry[4:], 20)
	le.PutUint16(entry[6:], 20)
	le.PutUint16(entry[10:], 8)
	le.PutUint32(entry[20:], uint32(len(raw)))
	le.PutUint16(entry[28:], 3)
	entry = append(entry, "log"...)
	directory := bytes.Repeat(entry, entries)
	end := make([]byte, 22)
	le.PutUint32(end, 0x06054b50)
	le.PutUint16(end[8:], uint16(entries))
	le.PutUint16(end[10:], uint16(entries))
	le.PutUint32(end[12:], uint32(len(directory)))
	le.PutUint32(end[16:], uint32(len(local)+3+len(raw)))
	return bytes.Join([][]byte{local, []byte("log"), raw, directory, end}, nil)
}

// current returns the keys of the player's contents that have a current object.
func (s *scene) current() (list []string) {
	s.store.Versions(func(key string, v memstore.Version) {
		if savesync.IsContent(key) && v.Replaced.IsZero() && !v.Marker {
			list = append(list, short(key))
		}
	})
	return list
}

// TestACopyThatComesTooLateIsRetired has a request stand still before it copies, while
// others commit, replace and retire the same content.
func TestACopyThatComesTooLateIsRetired(t *testing.T) {
	s := newScene(t)
	s.at(s.a, slot1, "one", 0)
	s.plan(s.a, "send "+slot1)
	s.transfer(s.a, arrives)
	s.finish(s.a)
	for s.a.request.call.Op != "Copy" {
		s.resume(s.a.request, memstore.None)
	}
	s.tick(time.Minute)
	s.at(s.b, slot1, "two", 0)
	s.sync(s.b)
	s.committed(slot1, "two")
	s.exhaust(s.a)
	if got := s.current(); len(got) != 1 {
		t.Errorf("current are %v", got)
	}
}

// TestACopyOfARequestThatDiedIsRetired has a request die between copying and saving,
// and the player stay away until the inbox has expired.
func TestACopyOfARequestThatDiedIsRetired(t *testing.T) {
	s := newScene(t)
	s.at(s.a, slot1, "one", 0)
	s.plan(s.a, "send "+slot1)
	s.transfer(s.a, arrives)
	s.finish(s.a)
	for s.a.request.call.Op != "Save" {
		s.resume(s.a.request, memstore.None)
	}
	s.kill(s.a.request)
	s.tick(retention + 48*time.Hour)
	s.at(s.b, "persistent", "b's", 0)
	s.sync(s.b)
	s.sync(s.b)
	for _, key := range s.current() {
		if strings.Contains(key, slot1) {
			t.Errorf("%s is current", key)
		}
	}
}

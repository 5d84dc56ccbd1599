package savesync_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// What devices, players and attackers were found to do that the first version of the
// protocol was not ready for. Each test plays one such scene; the histories of
// TestPromises have them all, mixed.

// newRealScene is a scene in which contents are in the forms that the engine writes.
func newRealScene(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	s.service.Unchecked = false
	return s
}

// fill gives a file a content in the form of its kind.
func (s *scene) fill(d *device, name, label string, second float64) string {
	data := s.make(name, label)
	s.at(d, name, data, second)
	return data
}

// TestAHalfNeverReplacesTheWhole has device B's disk fill while it fetches, in every
// way in which a file can be damaged, for both kinds of file.
func TestAHalfNeverReplacesTheWhole(t *testing.T) {
	for _, name := range []string{slot1, "persistent"} {
		for i, damage := range damages {
			t.Run(fmt.Sprint(name, i), func(t *testing.T) {
				s := newRealScene(t)
				whole := s.fill(s.a, name, "a long way", 0)
				s.fill(s.a, slot2, "other", -10)
				s.sync(s.a)
				s.tick(time.Hour)
				s.fill(s.b, slot2, "other", 0)
				s.at(s.b, name, s.damaged(whole, damage), 0)
				s.plan(s.b, "send "+name)
				s.carry(s.b)
				s.committed(name, whole)
				g := s.watcher.now()
				if len(g.Damaged) != 1 || g.Damaged[0].Name != name {
					t.Errorf("what is known to be damaged is %+v", g.Damaged)
				}
				s.plan(s.b, "fetch "+name)
				s.carry(s.b)
				if s.b.files[name].data != whole {
					t.Error("B did not get the whole back")
				}
				s.plan(s.a, "")
				s.tick(retention - 2*time.Hour) // the watcher sees that the half is kept
			})
		}
	}
}

// TestADamagedContentGivesWay commits what cannot be read when there is nothing
// better, and lets what can be read take its place, whatever the times are.
func TestADamagedContentGivesWay(t *testing.T) {
	s := newRealScene(t)
	whole := s.make(slot1, "whole")
	s.at(s.a, slot1, s.damaged(whole, damages[0]), 100)
	s.tick(200 * time.Second)
	s.sync(s.a)
	s.at(s.b, slot1, whole, -1000)
	s.plan(s.b, "send "+slot1) // and is not told to fetch the half over it
	s.carry(s.b)
	s.committed(slot1, whole)
	s.plan(s.a, "fetch "+slot1)
}

// TestACutIsACutInAnyFormat has an engine with a format of its own: what is the
// beginning of the committed content does not replace it, anything else does.
func TestACutIsACutInAnyFormat(t *testing.T) {
	s := newRealScene(t)
	s.at(s.a, slot1, "a format of its own, version 1", 0)
	s.sync(s.a)
	s.tick(time.Minute)
	s.at(s.b, slot1, "a format of its own", 0)
	s.sync(s.b)
	s.committed(slot1, "a format of its own, version 1")
	s.plan(s.b, "fetch "+slot1)
	s.carry(s.b)
	s.tick(time.Minute)
	s.at(s.b, slot1, "a format of its own, 2", 0)
	s.sync(s.b)
	s.committed(slot1, "a format of its own, 2")
}

// TestAContentOfOldRecordsIsRead has a record of a release that read no contents.
func TestAContentOfOldRecordsIsRead(t *testing.T) {
	s := newRealScene(t)
	s.service.Unchecked = true
	whole := s.fill(s.a, slot1, "whole", 0)
	s.sync(s.a)
	s.service.Unchecked = false
	s.tick(time.Minute)
	s.at(s.b, slot1, s.damaged(whole, damages[3]), 0)
	s.sync(s.b)
	if f := s.committed(slot1, whole); f.Health != savesync.Readable {
		t.Errorf("its health is %q", f.Health)
	}
}

// TestTheCheckCanBeSwitchedOff is for games whose engine writes what we take for damaged.
func TestTheCheckCanBeSwitchedOff(t *testing.T) {
	s := newScene(t)
	whole := s.fill(s.a, slot1, "whole", 0)
	s.sync(s.a)
	s.tick(time.Minute)
	half := s.damaged(whole, damages[2])
	s.at(s.b, slot1, half, 0)
	s.only = "promise 1"
	s.sync(s.b)
	s.committed(slot1, half)
}

// TestForeignFilesStopNothing has a save folder with everything in it that a client
// lists and that cannot or should not travel.
func TestForeignFilesStopNothing(t *testing.T) {
	s := newRealScene(t)
	foreign := []string{
		"1-1-LT1.save.new", "1-1-LT1.save.1732345678.tmp", "1-日本-LT1.save", "1-é.save", "1-a:b.save", "1-..-x.save", "1- .save ",
		"1-" + strings.Repeat("x", 200) + ".save", "1-notes.txt", "1-.save\u202e", "1-\x7f.save",
	}
	for _, name := range foreign {
		s.at(s.a, name, "x", 50)
	}
	s.at(s.a, "1-9-LT1.save", strings.Repeat("x", hugeSize+1), 60)
	s.at(s.a, "1-8-LT1.save", "", 60)
	s.fill(s.a, "1-1-LT1 - Kopie.save", "copy", 1)
	s.fill(s.a, "persistent", "p", 2)
	s.tick(time.Minute)
	s.fill(s.b, slot2, "b's", -300)
	s.sync(s.b)
	s.plan(s.a, "send persistent, send 1-1-LT1 - Kopie.save")
	for _, name := range foreign {
		s.leftAloneAtAll(s.a, name)
	}
	s.carry(s.a)
	s.plan(s.b, "fetch 1-1-LT1 - Kopie.save, fetch persistent")
}

// leftAloneAtAll wants a file not to be in the device's plan.
func (s *scene) leftAloneAtAll(d *device, name string) {
	s.t.Helper()
	for _, t := range d.todo {
		if t.name == name {
			s.t.Errorf("%q is to travel", name)
		}
	}
}

// TestAForeignFileStillCounts wants a save that cannot travel to be seen as the
// newest one: what the device lists is its slot, and the player does have saves.
func TestAForeignFileStillCounts(t *testing.T) {
	s := newRealScene(t)
	s.fill(s.b, slot2, "b's", 0)
	s.fill(s.b, "persistent", "rich", 0)
	s.sync(s.b)
	s.at(s.a, "2-日本-LT1.save", "x", 10)
	s.fill(s.a, slot2, "a's newer one", 5)
	s.at(s.a, "7-é-LT1.save", "newest", 20)
	s.fill(s.a, "persistent", "a's own", 20)
	s.tick(time.Minute)
	s.plan(s.a, "send persistent") // slot 2 is older than slot 7 and stays; this is no newcomer
}

// TestAFailingUploadStarvesNothing has a slow line: the client's time runs out at a
// large file, again and again.
func TestAFailingUploadStarvesNothing(t *testing.T) {
	s := newRealScene(t)
	s.fill(s.b, slot2, "b's", 100)
	s.fill(s.b, "persistent", "p", -1000)
	s.tick(200 * time.Second)
	s.sync(s.b)
	s.a.slow = true
	s.fill(s.a, slot1, longer("large", largeSize), -300)
	s.fill(s.a, "1-2-LT1.save", "small", -300)
	s.plan(s.a, "send 1-2-LT1.save, fetch persistent, fetch "+slot2+", send "+slot1)
	s.carry(s.a)
	if s.a.files[slot2].data == "" || s.a.files["persistent"].data == "" {
		t.Error("the downloads were not reached")
	}
	s.a.files = map[string]local{slot1: s.a.files[slot1], "persistent": s.a.files["persistent"]}
	var offered []time.Duration
	for since := time.Duration(0); since < 24*time.Hour; since += 5 * time.Minute {
		s.tick(5 * time.Minute)
		delete(s.a.files, slot2)
		s.ask(s.a)
		s.exhaust(s.a)
		for _, todo := range s.a.todo {
			if todo.upload {
				offered = append(offered, since)
			}
		}
		s.carry(s.a)
	}
	if len(offered) < 5 || len(offered) > 12 {
		t.Errorf("in a day it is asked for after %v", offered)
	}
	s.a.slow = false
	s.tick(6 * time.Hour)
	s.sync(s.a)
	s.committed(slot1, s.a.files[slot1].data)
}

// TestAFailingFileDoesNotHoldUpOtherDevices has a file fail on one device's line for
// hours; another device has a content of its own for it.
func TestAFailingFileDoesNotHoldUpOtherDevices(t *testing.T) {
	s := newRealScene(t)
	s.a.slow = true
	s.fill(s.a, slot1, longer("large", largeSize), 0)
	for range 40 {
		s.tick(10 * time.Minute)
		s.sync(s.a)
	}
	if list := s.watcher.now().Failing[slot1]; len(list) != 1 || list[0].Tries < 5 {
		t.Fatalf("it is known to fail %+v", list)
	}
	data := s.fill(s.b, slot1, "b's", 0)
	s.sync(s.b)
	s.committed(slot1, data)
	if len(s.watcher.now().Failing) != 0 {
		t.Error("it arrived, and is still known to fail")
	}
}

// TestASmallUploadThatFailedComesLast has a PUT that meets no answer, whatever its size.
func TestASmallUploadThatFailedComesLast(t *testing.T) {
	s := newRealScene(t)
	s.fill(s.a, slot1, "a's", 0)
	s.plan(s.a, "send "+slot1)
	s.transfer(s.a, breaks)
	s.fill(s.b, "persistent", "p", 0)
	s.fill(s.b, slot2, "b's", 100)
	s.tick(5 * time.Minute)
	s.sync(s.b)
	s.plan(s.a, "fetch persistent, fetch "+slot2+", send "+slot1)
	s.carry(s.a)
	s.committed(slot1, s.a.files[slot1].data)
}

// TestWhatNeverComesEatsNoBudget plans more than is read at once, none of which comes.
func TestWhatNeverComesEatsNoBudget(t *testing.T) {
	s := newRealScene(t)
	for i := range 16 {
		s.fill(s.a, fmt.Sprintf("1-%d-LT1.save", i), longer("large", largeSize), 0)
	}
	rich := s.fill(s.a, "persistent", "rich", 100)
	s.tick(200 * time.Second)
	s.ask(s.a)
	s.exhaust(s.a)
	s.transfer(s.a, arrives) // persistent is the first one
	s.transfer(s.a, breaks)
	s.fill(s.b, "persistent", "of another device", -150)
	s.fill(s.b, slot2, "b's", -150)
	s.plan(s.b, "send persistent, send "+slot2+", fetch persistent")
	s.carry(s.b)
	s.committed("persistent", rich)
}

// TestAFullCloudStillServes fills the player's files: nothing but the new one is held up.
func TestAFullCloudStillServes(t *testing.T) {
	s := newRealScene(t)
	s.service.Limits.PlayerFiles = 2
	s.fill(s.a, slot1, "a's", 0)
	s.fill(s.a, "persistent", "a's", 0)
	s.sync(s.a)
	s.tick(time.Minute)
	s.fill(s.a, slot1, "newer", 0)
	s.fill(s.a, "1-2-LT1.save", "one more", 0)
	s.plan(s.a, "send "+slot1)
	s.leftAlone(s.a, "1-2-LT1.save", savesync.BarFiles)
	s.carry(s.a)
	s.fill(s.b, slot2, "b's", -1000)
	s.plan(s.b, "fetch persistent, fetch "+slot1)
}

// TestEqualTimesNewBytes writes new bytes at the same time: a disk with coarse times,
// and 8.1, which signs old saves in place.
func TestEqualTimesNewBytes(t *testing.T) {
	for i := range 8 { // for larger and smaller checksums
		s := newRealScene(t)
		s.fill(s.a, slot1, fmt.Sprint("old ", i), 0)
		s.sync(s.a)
		s.sync(s.b)
		s.tick(time.Hour)
		signed := s.fill(s.a, slot1, fmt.Sprint("new ", i), -3600)
		s.plan(s.a, "send "+slot1)
		s.carry(s.a)
		s.committed(slot1, signed)
	}
}

// TestNamesThatDifferByCapitals has a device whose disk does not tell them apart.
func TestNamesThatDifferByCapitals(t *testing.T) {
	const small, capital = "1-a-LT1.save", "1-A-LT1.save"
	s := newRealScene(t)
	s.b.blind = true
	s.fill(s.a, small, "one", 0)
	other := s.fill(s.a, capital, "other", 1)
	s.tick(time.Minute)
	s.plan(s.a, "send "+capital) // the newer one
	s.leftAlone(s.a, small, savesync.BarSpelling)
	s.carry(s.a)
	s.fill(s.b, small, "b's own", 0)
	s.plan(s.b, "send "+small) // on this disk it is the same file
	s.carry(s.b)
	s.plan(s.b, "")
	s.plan(s.a, "fetch "+capital)
	s.carry(s.a)
	for range 3 {
		s.tick(time.Hour)
		s.plan(s.a, "")
		s.plan(s.b, "")
	}
	if s.a.files[capital].data != s.b.files[small].data || s.a.files[small].data == other {
		t.Error("the files are not what they should be")
	}
}

// TestAStrangersStartDoesNotWipeALife has a new device with a game just begun.
func TestAStrangersStartDoesNotWipeALife(t *testing.T) {
	s := newRealScene(t)
	rich := s.fill(s.a, "persistent", "all endings seen", 0)
	s.fill(s.a, slot1, "a's", 0)
	s.sync(s.a)
	s.tick(time.Hour)
	fresh := s.fill(s.b, "persistent", "just begun", 0)
	s.plan(s.b, "send persistent, fetch "+slot1+", fetch persistent")
	s.carry(s.b)
	s.committed("persistent", rich)
	if s.b.files["persistent"].data != rich {
		t.Error("B did not get the rich one")
	}
	s.plan(s.a, "")
	if _, kept := s.watcher.stored()[content{"persistent", fresh}]; !kept {
		t.Error("what was overwritten on B was not kept")
	}
	// From then on B is like any other device.
	s.tick(time.Hour)
	more := s.fill(s.b, "persistent", "one more ending", 0)
	s.sync(s.b)
	s.committed("persistent", more)
}

// TestNothingUnknownIsOverwrittenBeforeItIsKept has a device with an old clock.
func TestNothingUnknownIsOverwrittenBeforeItIsKept(t *testing.T) {
	s := newRealScene(t)
	s.fill(s.a, slot1, "a's", 0)
	s.sync(s.a)
	own := s.fill(s.b, slot1, "b's own", -5000)
	s.plan(s.b, "send "+slot1+", fetch "+slot1)
	s.carry(s.b)
	s.committed(slot1, s.a.files[slot1].data)
	s.tick(retention - time.Hour)
	if _, kept := s.watcher.stored()[content{slot1, own}]; !kept {
		t.Error("what was overwritten was not kept")
	}
	// What cannot be kept is not overwritten.
	s.at(s.b, slot1, strings.Repeat("x", hugeSize+1), -1e8)
	s.plan(s.b, "")
	s.leftAlone(s.b, slot1, savesync.BarSize)
	s.service.Limits.PlayerBytes, s.service.Limits.PlayerBytesPerDay = 1, 1
	s.fill(s.b, slot1, "b's second", -1e8)
	s.plan(s.b, "")
	s.leftAlone(s.b, slot1, savesync.BarBytes)
}

// TestWrongBytesAreReadOnce loops completions over uploads that are not what was announced.
func TestWrongBytesAreReadOnce(t *testing.T) {
	s := newRealScene(t)
	s.service.Limits.PlayerFiles = 100
	for i := range 100 {
		s.at(s.a, fmt.Sprintf("1-%d-LT1.save", i), fmt.Sprintf("announced %02d", i), 0)
	}
	s.ask(s.a)
	s.exhaust(s.a)
	for _, todo := range s.a.todo {
		u, err := s.store.Begin(todo.url, "wrong bytes!")
		if err != nil {
			t.Fatal(err)
		}
		u.End()
	}
	reads, lists := 0, 0
	for range 10 {
		n := s.calls(func() { s.start(s.a, "complete", completeBody); s.exhaust(s.a) })
		reads, lists = reads+n["Read"], lists+n["List"]
	}
	if reads > 100 || lists > 10 {
		t.Errorf("%d reads and %d lists in 10 completions", reads, lists)
	}
}

// TestWhatNeverCameIsListed loops completions over uploads of which none comes.
func TestWhatNeverCameIsListed(t *testing.T) {
	s := newRealScene(t)
	for i := range 400 {
		s.at(s.a, fmt.Sprintf("1-%d-LT1.save", i), fmt.Sprintf("announced %03d", i), 0)
	}
	s.ask(s.a)
	s.exhaust(s.a)
	n := s.calls(func() { s.start(s.a, "complete", completeBody); s.exhaust(s.a) })
	if got := fmt.Sprint(n); got != "map[List:1 Load:1]" {
		t.Errorf("a completion calls %s, want one list", got)
	}
}

// TestAPlayersPaceIsBounded asks more often than a device does.
func TestAPlayersPaceIsBounded(t *testing.T) {
	s := newRealScene(t)
	s.service.Limits.RequestsPerMinute = 5
	s.store.Hook = nil
	for i := range 7 {
		reply := s.service.ServeComplete(t.Context(), player, completeBody)
		if want := map[bool]int{true: http.StatusOK, false: http.StatusTooManyRequests}[i < 5]; reply.Status != want || (want != 200) != (reply.RetryAfter > 0) {
			t.Errorf("request %d is answered %d, retry after %v; want %d", i+1, reply.Status, reply.RetryAfter, want)
		}
	}
	if reply := s.service.ServeComplete(t.Context(), sibling, completeBody); reply.Status != http.StatusOK {
		t.Errorf("another player is answered %d", reply.Status)
	}
	s.tick(time.Minute)
	if reply := s.service.ServeComplete(t.Context(), player, completeBody); reply.Status != http.StatusOK {
		t.Errorf("a minute later: %d", reply.Status)
	}
}

// TestAURLUsedOverAndOverIsSeen puts to one URL many times: what lies in the inbox
// is charged when it is listed, and the player can send no more.
func TestAURLUsedOverAndOverIsSeen(t *testing.T) {
	s := newRealScene(t)
	s.service.Limits = savesync.Limits{FileBytes: 1 << 20, PlayerBytes: 4 << 20, PlayerFiles: 10, PlansPerHour: 1000, PlayerBytesPerDay: 1 << 20}
	for i := range 6 {
		s.tick(2 * time.Minute)
		s.fill(s.a, slot1, fmt.Sprint("save ", i), 0)
		s.ask(s.a)
		s.exhaust(s.a)
		for _, todo := range s.a.todo {
			if !todo.upload {
				continue
			}
			for range 60 {
				u, err := s.store.Begin(todo.url, s.a.files[slot1].data)
				if err != nil {
					t.Fatal(err)
				}
				s.arrive(u, s.a.files[slot1].data)
			}
		}
		s.finish(s.a)
		s.exhaust(s.a)
	}
	s.leftAlone(s.a, slot1, savesync.BarBudget)
	// Some day the budget has been regained, and a player that behaves can go on.
	s.tick(3 * time.Hour)
	s.plan(s.a, "")
	s.tick(30 * 24 * time.Hour)
	s.fill(s.a, slot1, "at last", 0)
	s.plan(s.a, "send "+slot1)
}

// TestStoredBytesAreBounded uploads as much as it may for a year, and wants what is
// stored at any time to be within the budget of the retention time.
func TestStoredBytesAreBounded(t *testing.T) {
	s := newRealScene(t)
	const perDay, size = 200 << 10, 100 << 10
	s.service.Limits = savesync.Limits{FileBytes: size, PlayerBytes: 2 * size, PlayerFiles: 2, PlansPerHour: 1000, PlayerBytesPerDay: perDay}
	budget := s.service.Limits.PlayerBytes + 2*(64<<10) + 92*perDay // and what waits a day in the inbox
	most := int64(0)
	for day := range 200 {
		for range 8 {
			s.tick(3 * time.Hour)
			data := fmt.Sprintf("%d", s.contents)
			s.contents++
			s.at(s.a, slot1, data+strings.Repeat("x", size-len(data)), 0)
			s.sync(s.a)
		}
		stored := int64(0)
		s.store.Versions(func(_ string, v memstore.Version) { stored += int64(len(v.Data)) })
		most, s.history = max(most, stored), nil
		if most > budget {
			t.Fatalf("%d bytes are stored after %d days, the budget allows %d", most, day, budget)
		}
	}
	if most < budget/4 {
		t.Errorf("%d bytes are stored at most, the budget allows %d", most, budget)
	}
}

// TestWhatComesLateGoesToo has an upload that began before its URL died end after its
// inbox was retired.
func TestWhatComesLateGoesToo(t *testing.T) {
	s := newRealScene(t)
	s.fill(s.a, slot1, "one", 0)
	s.plan(s.a, "send "+slot1)
	u, err := s.store.Begin(s.a.todo[0].url, s.a.files[slot1].data)
	if err != nil {
		t.Fatal(err)
	}
	s.carry(s.a)
	s.tick(20 * time.Minute)
	u.End()
	s.tick(2 * time.Hour)
	s.fill(s.a, slot1, "two", 0)
	s.sync(s.a)
	s.tick(25 * time.Hour)
	s.store.Versions(func(key string, v memstore.Version) {
		if key == u.Key() && !v.Marker {
			t.Errorf("what came late is still in %s", short(key))
		}
	})
	// And if the player never comes again, after the retention time.
	s.fill(s.a, slot1, "three", 0)
	s.plan(s.a, "send "+slot1)
	u, err = s.store.Begin(s.a.todo[0].url, s.a.files[slot1].data)
	if err != nil {
		t.Fatal(err)
	}
	s.carry(s.a)
	s.tick(20 * time.Minute)
	u.End()
	s.tick(retention)
	s.tick(25 * time.Hour)
	s.store.Versions(func(key string, v memstore.Version) {
		if strings.HasPrefix(key, "inbox/") && !v.Marker {
			t.Errorf("something is still in %s", short(key))
		}
	})
}

// TestWhatNobodySettledIsKept has a player send a save and stay away for two months.
func TestWhatNobodySettledIsKept(t *testing.T) {
	s := newRealScene(t)
	data := s.fill(s.a, slot1, "one", 0)
	s.plan(s.a, "send "+slot1)
	s.transfer(s.a, arrives)
	s.a.todo, s.a.answered = nil, false
	s.tick(60 * 24 * time.Hour)
	s.fill(s.b, "persistent", "b's", 0)
	s.plan(s.b, "send persistent, fetch "+slot1)
	s.carry(s.b)
	s.committed(slot1, data)
}

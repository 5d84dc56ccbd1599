package savesync_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// harms are ways in which a record is damaged, each with how much of it is left.
var harms = []func(record string) string{
	func(string) string { return `{"format":1` },
	func(record string) string { return record[:len(record)/2] },
	func(record string) string { return record[:len(record)-1] },
	func(record string) string { return strings.Replace(record, `"version":"`, `"version":"","was":"`, 1) },
	func(record string) string { return strings.Replace(record, `"checksum":"`, `"checksum":"x`, 1) },
	func(record string) string { return strings.Replace(record, `"files":`, `"files":7,"were":`, 1) },
	func(record string) string { return strings.Replace(record, `"format":`, `"format":"x","was":`, 1) },
}

// harm damages the player's record, if there is one, and reports whether it is damaged then.
func (w *world) harm(p string, how func(string) string) bool {
	data, revision := w.store.Record(p)
	if revision == 0 {
		return false
	}
	harmed := how(data)
	if _, err := savesync.DecodeRecord([]byte(harmed)); err == nil {
		return false
	}
	w.note("the record of %.8s is damaged: %s", p, harmed)
	w.store.SetRecord(p, harmed)
	return true
}

// rebuild rebuilds the player's record.
func (s *scene) rebuild() savesync.Rebuilt {
	s.t.Helper()
	done, err := s.operator().Rebuild(s.t.Context(), player)
	if err != nil || done.Evidence == "" {
		s.t.Fatalf("rebuilt: %+v, %v", done, err)
	}
	return done
}

// TestARecordIsRebuilt damages a record in every way: what was current is so again, what
// was older does not come back, and devices go on.
func TestARecordIsRebuilt(t *testing.T) {
	for i, how := range harms {
		s := newRealScene(t)
		good, spoilt := s.spoil()
		if !s.harm(player, how) {
			t.Fatalf("%d: the record is not damaged", i)
		}
		harmed, _ := s.store.Record(player)
		if _, err := s.service.Complete(t.Context(), player, game); err == nil {
			t.Fatalf("%d: a damaged record is served", i)
		}
		done := s.rebuild()
		if done.Files != 1 || done.Bytes != int64(len(spoilt)) || done.Banned || done.Forgotten {
			t.Errorf("%d: %+v", i, done)
		}
		s.committed(slot1, spoilt)
		if got := s.states(slot1); got != "1 older, 2 current" {
			t.Errorf("%d: kept: %s", i, got)
		}
		evidence, there := savesync.Object{}, false
		s.store.Versions(func(key string, v memstore.Version) {
			if key == done.Evidence && !v.Marker {
				evidence.Data, there = []byte(v.Data), !v.Replaced.IsZero()
			}
		})
		if !there || string(evidence.Data) != harmed || savesync.IsContent(done.Evidence) {
			t.Errorf("%d: the evidence in %s is %q", i, done.Evidence, evidence.Data)
		}
		// A device with the old content has it with a younger time, as after a download.
		s.tick(time.Hour)
		s.fill(s.b, slot1, "good", 0)
		for range 3 {
			s.sync(s.b)
			s.sync(s.a)
			s.tick(time.Minute)
		}
		s.committed(slot1, spoilt)
		if s.b.files[slot1].data != spoilt || good == spoilt {
			t.Errorf("%d: the old content is back", i)
		}
		mine := s.fill(s.b, slot1, "later", 0)
		s.sync(s.b)
		s.sync(s.a)
		s.committed(slot1, mine)
		if again, err := s.operator().Rebuild(t.Context(), player); err != nil || again.Evidence != "" {
			t.Errorf("%d: a record that can be read is rebuilt: %+v, %v", i, again, err)
		} else if !again.Already || again.Files != 1 || again.Bytes != int64(len(mine)) {
			t.Errorf("%d: what the record has now is not told: %+v", i, again)
		}
	}
}

// TestWhatNobodySettledSurvivesARebuild has a device send a content that nobody looked at
// before the record was damaged.
func TestWhatNobodySettledSurvivesARebuild(t *testing.T) {
	s := newRealScene(t)
	_, spoilt := s.spoil()
	sent := s.fill(s.a, slot1, "sent", 0)
	s.ask(s.a)
	s.exhaust(s.a)
	s.transfer(s.a, arrives)
	s.harm(player, harms[0])
	for range 2 { // the first run dies before it saves
		s.store.Hook = func(c memstore.Call) memstore.Fault {
			if c.Op == "Save" {
				return memstore.Before
			}
			return memstore.None
		}
		if _, err := s.operator().Rebuild(t.Context(), player); !errors.Is(err, memstore.ErrInjected) {
			t.Fatal(err)
		}
	}
	s.store.Hook = s.hook
	s.rebuild()
	s.committed(slot1, spoilt)
	kept := false
	for _, k := range s.versions(slot1) {
		data, err := s.operator().Content(t.Context(), player, game, k.Source)
		kept = kept || err == nil && string(data) == sent && k.State != savesync.Current && !k.Until.IsZero()
	}
	if !kept {
		t.Errorf("what was sent is not kept: %s", s.states(slot1))
	}
	s.sync(s.a)
	s.sync(s.b)
	s.committed(slot1, sent)
}

// TestTheNewestIsCurrentInARebuiltRecord has nothing retired before the record is damaged,
// so that several contents of a file do not expire.
func TestTheNewestIsCurrentInARebuiltRecord(t *testing.T) {
	s := newRealScene(t)
	s.service.NewID = idsInOrder()
	s.store.Hook = func(c memstore.Call) memstore.Fault {
		if c.Op == "Retire" {
			return memstore.Before
		}
		return memstore.None
	}
	var data []string
	for _, label := range []string{"one", "two", "three"} {
		data = append(data, s.make(slot1, label))
		if _, err := s.operator().Upload(t.Context(), player, game, slot1, []byte(data[len(data)-1])); err != nil {
			t.Fatal(err)
		}
		s.tick(time.Hour)
	}
	s.store.Hook = s.hook
	s.harm(player, harms[0])
	s.rebuild()
	s.committed(slot1, data[2])
	if got := s.states(slot1); got != "1 older, 2 older, 3 current" {
		t.Errorf("kept: %s", got)
	}
}

// TestWhatWasGivenAwayStaysAway moves the player's saves to another one before the record
// is damaged: they are older versions then, and not current.
func TestWhatWasGivenAwayStaysAway(t *testing.T) {
	s := newRealScene(t)
	s.spoil()
	if _, err := s.operator().Move(t.Context(), player, sibling, game); err != nil {
		t.Fatal(err)
	}
	s.harm(player, harms[0])
	if done := s.rebuild(); done.Files != 0 {
		t.Errorf("what was given away is back: %+v, %s", done, s.states(slot1))
	}
	if got := s.states(slot1); got != "1 older, 2 older" {
		t.Errorf("kept: %s", got)
	}
}

// TestWhoIsTurnedAwayStaysSoInARebuiltRecord damages the records of a banned and of a
// forgotten player.
func TestWhoIsTurnedAwayStaysSoInARebuiltRecord(t *testing.T) {
	for i, how := range harms {
		s := newRealScene(t)
		s.spoil()
		if err := s.operator().Ban(t.Context(), player, savesync.Ban{Reason: "spam"}); err != nil {
			t.Fatal(err)
		}
		s.harm(player, how)
		if done := s.rebuild(); i > 0 && !done.Banned || i > 0 && s.record().Ban == nil {
			t.Errorf("%d: the ban is lifted", i)
		}
	}
	for i, how := range harms[2:] {
		s := newRealScene(t)
		s.spoil()
		if _, err := s.operator().Forget(t.Context(), player); err != nil {
			t.Fatal(err)
		}
		if s.harm(player, how) && !s.rebuild().Forgotten {
			t.Errorf("%d: a forgotten player is back", i)
		}
	}
}

// TestAMissingRecordIsRebuilt has the player's item deleted: what the bucket tells is
// current again, and who has nothing there is well.
func TestAMissingRecordIsRebuilt(t *testing.T) {
	s := newRealScene(t)
	if checkup, err := s.operator().Verify(t.Context(), player, true); err != nil || checkup.Files != 0 {
		t.Errorf("of who never synced: %+v, %v", checkup, err)
	}
	if done, err := s.operator().Rebuild(t.Context(), player); err != nil || !done.Already {
		t.Errorf("a record of nothing is written: %+v, %v", done, err)
	}
	_, spoilt := s.spoil()
	s.store.DeleteRecord(player)
	for _, deep := range []bool{false, true} {
		if _, err := s.operator().Verify(t.Context(), player, deep); !errors.Is(err, savesync.ErrNoRecord) {
			t.Errorf("verified: %v", err)
		}
	}
	done, err := s.operator().Rebuild(t.Context(), player)
	if err != nil || done.Files != 1 || done.Bytes != int64(len(spoilt)) || done.Evidence != "" || !done.BanUnknown {
		t.Fatalf("%+v, %v", done, err)
	}
	s.committed(slot1, spoilt)
	if got := s.states(slot1); got != "1 older, 2 current" {
		t.Errorf("kept: %s", got)
	}
	s.sync(s.a)
	s.committed(slot1, spoilt)
}

// TestALostBanIsTold damages records so that they tell of no ban, nor that there was none.
func TestALostBanIsTold(t *testing.T) {
	for record, unknown := range map[string]bool{
		`{"x`: true, `null`: true, `{}`: true, `[]`: true, `{"format":"x"`: true,
		`{"format":1`: false, `{"format":1,"games":7}`: false, `{"format":1,"ban":{"at":1}}`: false, `{"format":2`: false,
	} {
		s := newRealScene(t)
		s.spoil()
		s.store.SetRecord(player, record)
		if done := s.rebuild(); done.BanUnknown != unknown {
			t.Errorf("%s: %+v", record, done)
		}
	}
}

// TestARecordOfTomorrowIsLeftAlone wants what a newer release wrote to stay.
func TestARecordOfTomorrowIsLeftAlone(t *testing.T) {
	s := newRealScene(t)
	s.spoil()
	for _, record := range []string{`{"format":3,"games":[]}`, `{"format":9,"games":{}}`} {
		s.store.SetRecord(player, record)
		_, err := s.operator().Rebuild(t.Context(), player)
		newer, ok := errors.AsType[*savesync.NewerRecordError](err)
		if got, _ := s.store.Record(player); !ok || newer.Format < 3 || got != record {
			t.Errorf("%s: %v, now %s", record, err, got)
		}
	}
}

// TestPromisesSurviveDamage damages records in the middle of random histories, and has
// them rebuilt, with faults: nothing is lost that was ever kept, and the record tells the truth.
func TestPromisesSurviveDamage(t *testing.T) {
	for _, promise := range []string{"promise 1:", "promise 2:", "promise 13:"} {
		for range 10 {
			rapid.Check(t, func(t *rapid.T) {
				if story := live(t, func(w *world) { w.harms, w.only = true, promise }); story != "" {
					t.Fatal(story)
				}
			})
		}
	}
}

// damage damages the player's record and has it rebuilt, which may take several runs. That
// of a forgotten player may not tell so any more: who was forgotten stands in the
// suppression list as well, of which this package knows nothing.
func (w *world) damage(t *rapid.T) {
	before, _ := w.store.Record(player)
	if w.watcher.forgotten || !w.harm(player, rapid.SampledFrom(harms[1:]).Draw(t, "harm")) {
		return
	}
	w.helped, w.crashed = true, true
	for faults := rapid.IntRange(0, 2).Draw(t, "faults"); ; faults-- {
		calls, at := 0, rapid.IntRange(1, 12).Draw(t, "at")
		kind := rapid.SampledFrom([]memstore.Fault{memstore.Before, memstore.After}).Draw(t, "fault")
		w.store.Hook = func(memstore.Call) memstore.Fault {
			if calls++; faults > 0 && calls == at {
				return kind
			}
			return memstore.None
		}
		_, err := w.operator().Rebuild(context.Background(), player)
		w.store.Hook = w.hook
		w.note("Sam rebuilds the record: %v", err)
		if err == nil {
			break
		}
		if !errors.Is(err, memstore.ErrInjected) {
			w.violate("promise 1: the record cannot be rebuilt: %v", err)
			return
		}
	}
	w.watcher.rebuilt(before)
}

// rebuilt compares a record with the one that was damaged: what was the current content
// of a file is so still, or is kept. What devices were about to send they are asked for again.
func (c *watcher) rebuilt(before string) {
	var old savesync.Record
	if err := json.Unmarshal([]byte(before), &old); err != nil || old.Games[game] == nil {
		return
	}
	data, _ := c.world.store.Record(c.player)
	now := c.whole(data)
	if (old.Ban != nil || old.Forgotten != nil) && now.Ban == nil && now.Forgotten == nil {
		c.violate("promise 13: a player who was turned away may sync")
	}
	if now.Forgotten != nil {
		return
	}
	for name, f := range old.Games[game].Files {
		g, ok := c.record(data).Files[name]
		if _, there := c.bytes(name, f); there && !ok {
			c.violate("promise 1: %s is gone from the rebuilt record", name)
		} else if there {
			c.bytes(name, g)
		}
	}
}

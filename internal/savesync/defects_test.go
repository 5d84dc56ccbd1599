package savesync_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// The defects of the old backend, by the numbers of CONTRACT.md. Each test plays the
// scenario in which the old backend went wrong.

const (
	slot1 = "1-1-LT1.save"
	slot2 = "2-1-LT1.save"
)

// scene is a world of two devices whose clocks are right, A and B, that fails a
// test when a promise is broken.
type scene struct {
	*world
	t    *testing.T
	a, b *device
}

func newScene(t *testing.T) *scene {
	t.Helper()
	w := newWorld(0, 0)
	w.service.Unchecked = true // the contents are but labels here
	s := &scene{world: w, t: t, a: w.devices[0], b: w.devices[1]}
	t.Cleanup(func() {
		s.stop()
		if s.violation != "" {
			t.Errorf("%s", s.violation)
		}
		if t.Failed() {
			t.Log("\n" + strings.Join(s.history, "\n"))
		}
	})
	return s
}

// at puts a file on a device with a time in seconds after the scene's begin.
func (s *scene) at(d *device, name, data string, second float64) {
	d.write(name, data, float64(s.now.Unix())+second)
}

// plan asks for a plan and checks what it says, as "send x, fetch y".
func (s *scene) plan(d *device, want string) {
	s.t.Helper()
	s.ask(d)
	s.exhaust(d)
	var got []string
	for _, t := range d.todo {
		verb := "fetch "
		if t.upload {
			verb = "send "
		}
		got = append(got, verb+t.name)
	}
	if strings.Join(got, ", ") != want {
		s.t.Errorf("%s's plan is %q, want %q", d.name, strings.Join(got, ", "), want)
	}
}

// carry makes all transfers of a device's plan and completes it.
func (s *scene) carry(d *device) {
	for len(d.todo) > 0 {
		s.transfer(d, arrives)
	}
	s.finish(d)
	s.exhaust(d)
}

// committed checks the content that a file has in the record.
func (s *scene) committed(name, want string) savesync.File {
	s.t.Helper()
	data, _ := s.store.Record(player)
	f, ok := s.watcher.record(data).Files[name]
	switch {
	case !ok && want != "":
		s.t.Errorf("%s is not in the record, want %q", name, want)
	case ok && f.Checksum != memstore.Checksum(want):
		s.t.Errorf("%s is not %q in the record", name, want)
	}
	return f
}

func TestD1FloatsAreKeptDigitForDigit(t *testing.T) {
	s := newScene(t)
	const digits = "1732345678.1234567"
	body := fmt.Sprintf(`{"game_id": %q, "manifest": {"persistent": {"path": "persistent", "size": 3,
		"modified_timestamp": %s, "checksum": %q}}}`, game, digits, memstore.Checksum("abc"))
	reply := s.service.ServePlan(t.Context(), player, []byte(body))
	if reply.Status != http.StatusOK {
		t.Fatalf("status %d: %s", reply.Status, reply.Body)
	}
	if data, _ := s.store.Record(player); !strings.Contains(data, `"modified_timestamp":`+digits+",") {
		t.Errorf("the record has other digits than %s: %s", digits, data)
	}
}

func TestD2AFailedUploadIsNeitherOfferedNorForgotten(t *testing.T) {
	s := newScene(t)
	s.at(s.a, "persistent", "new", 0)
	s.at(s.b, slot1, "b's", 0)
	s.plan(s.a, "send persistent")
	s.transfer(s.a, fails)
	s.plan(s.b, "send "+slot1)
	s.carry(s.b)
	s.plan(s.a, "send persistent, fetch "+slot1)
	s.carry(s.a)
	s.committed("persistent", "new")
}

func TestD3AFailedReadIsNoEmptyManifest(t *testing.T) {
	s := newScene(t)
	s.at(s.a, "persistent", "old", 0)
	s.sync(s.a)
	before, revision := s.store.Record(player)
	s.at(s.a, "persistent", "new", 10)
	s.tick(time.Minute)
	s.ask(s.a)
	s.resume(s.a.request, memstore.Before)
	if after, r := s.store.Record(player); after != before || r != revision {
		t.Errorf("a plan whose read failed changed the record")
	}
	if s.a.planned || len(s.a.todo) > 0 {
		t.Error("a plan whose read failed was served")
	}
}

func TestD4ADownloadedCopyIsNoNewContent(t *testing.T) {
	s := newScene(t)
	s.at(s.a, slot1, "v1", 0)
	s.sync(s.a)
	s.at(s.b, "persistent", "b's", 0)
	s.tick(200 * time.Second)
	s.sync(s.b) // fetches v1, whose time there is now 200
	s.at(s.a, slot1, "v2", -50)
	s.sync(s.a) // has played offline at 150
	s.committed(slot1, "v2")
	s.plan(s.b, "fetch "+slot1)
	s.carry(s.b)
	s.plan(s.b, "")
	s.plan(s.a, "")
	s.committed(slot1, "v2")
}

func TestD5AFileThatIsNotListedIsNotOverwritten(t *testing.T) {
	s := newScene(t)
	s.at(s.b, slot1, "old", 0)
	s.sync(s.b)
	s.tick(3000 * time.Second)
	s.at(s.a, slot1, "newer", -1000)
	s.at(s.a, slot2, "newest", -999)
	s.plan(s.a, "send "+slot2)
	s.carry(s.a)
	if s.a.files[slot1].data != "newer" {
		t.Error("slot 1 was overwritten")
	}
}

func TestD6TwoPlansAtOnceLoseNothing(t *testing.T) {
	s := newScene(t)
	s.at(s.a, slot1, "a's", 0)
	s.at(s.b, slot2, "b's", 0)
	s.ask(s.a)
	s.ask(s.b)
	for s.a.request.call.Op != "Save" {
		s.resume(s.a.request, memstore.None)
	}
	s.exhaust(s.b)
	s.exhaust(s.a)
	s.carry(s.a)
	s.carry(s.b)
	s.committed(slot1, "a's")
	s.committed(slot2, "b's")
}

func TestD7TwoUploadsDoNotMix(t *testing.T) {
	s := newScene(t)
	s.at(s.a, slot1, "aaa", -2)
	s.at(s.b, slot1, "bbb", -1)
	s.plan(s.a, "send "+slot1)
	s.plan(s.b, "send "+slot1)
	s.transfer(s.b, arrives)
	s.transfer(s.a, arrives) // last, but older
	s.finish(s.b)
	s.exhaust(s.b)
	s.committed(slot1, "bbb")
	s.plan(s.a, "fetch "+slot1)
	s.carry(s.a)
	if got := s.a.files[slot1].data; got != "bbb" {
		t.Errorf("A fetched %q", got)
	}
}

func TestD7ALateSecondUploadTouchesNothingCommitted(t *testing.T) {
	s := newScene(t)
	s.at(s.a, slot1, "one", 0)
	s.plan(s.a, "send "+slot1)
	s.transfer(s.a, repeats)
	s.finish(s.a)
	s.exhaust(s.a)
	s.at(s.a, slot1, "two", 5)
	s.again(0) // to the same URL
	s.committed(slot1, "one")
	s.tick(retention * 2)
	s.committed(slot1, "one") // and the watcher sees that it is there
}

func TestD8AnUploadIsBoundedAndVerified(t *testing.T) {
	s := newScene(t)
	s.at(s.a, slot1, "announced", 0)
	s.plan(s.a, "send "+slot1)
	if _, err := s.store.Begin(s.a.todo[0].url, strings.Repeat("x", 5000)); err == nil {
		t.Error("the URL takes another length than the announced one")
	}
	u, err := s.store.Begin(s.a.todo[0].url, "<error />")
	if err != nil {
		t.Fatal(err)
	}
	u.End()
	s.plan(s.b, "") // has nothing, so does not even ask
	s.at(s.b, "persistent", "b's", 0)
	s.plan(s.b, "send persistent")
	s.committed(slot1, "")
}

func TestD9AFileThatChangesBeforeItIsSentIsSentAgain(t *testing.T) {
	s := newScene(t)
	s.at(s.a, slot1, "one", 0)
	s.plan(s.a, "send "+slot1)
	s.at(s.a, slot1, "two", 5) // an autosave
	s.carry(s.a)
	s.committed(slot1, "")
	s.tick(time.Minute)
	s.plan(s.a, "send "+slot1)
	s.carry(s.a)
	s.committed(slot1, "two")
}

func TestD10SuccessIsNotBelieved(t *testing.T) {
	s := newScene(t)
	s.at(s.a, slot1, "one", 0)
	s.plan(s.a, "send "+slot1)
	s.transfer(s.a, fails)
	s.finish(s.a)
	s.exhaust(s.a)
	s.committed(slot1, "")
}

func TestD11ATimeInTheFutureDoesNotWinForEver(t *testing.T) {
	s := newScene(t)
	s.a.skew = 74 * 365 * 24 * time.Hour
	s.at(s.a, "persistent", "from 2100", s.a.skew.Seconds())
	s.sync(s.a)
	s.tick(time.Minute)
	s.write(s.b, "persistent", "from today")
	s.plan(s.b, "send persistent")
	s.carry(s.b)
	s.committed("persistent", "from today")
	s.plan(s.a, "fetch persistent")
	s.carry(s.a)
	s.plan(s.a, "")
	s.plan(s.b, "")
}

func TestD12EqualTimesHaveOneWinnerAndBothStay(t *testing.T) {
	const one, two = "aaa", "bbb"
	larger := one
	if memstore.Checksum(two) > memstore.Checksum(one) {
		larger = two
	}
	for _, c := range []struct {
		name string
		play func(s *scene)
		want string
	}{
		{"planned before the other was committed", func(s *scene) {
			s.plan(s.a, "send persistent")
			s.plan(s.b, "send persistent")
			s.carry(s.a)
			s.carry(s.b)
		}, larger},
		{"planned before, in the other order", func(s *scene) {
			s.plan(s.a, "send persistent")
			s.plan(s.b, "send persistent")
			s.carry(s.b)
			s.carry(s.a)
		}, larger},
		{"planned after", func(s *scene) { s.sync(s.a); s.sync(s.b) }, two},
		{"planned after, in the other order", func(s *scene) { s.sync(s.b); s.sync(s.a) }, one},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			s.at(s.a, "persistent", one, 0)
			s.at(s.b, "persistent", two, 0)
			c.play(s)
			for range 2 {
				s.sync(s.a)
				s.sync(s.b)
			}
			s.committed("persistent", c.want)
			s.plan(s.a, "")
			s.plan(s.b, "")
			s.tick(retention - time.Hour) // the watcher sees that both are there
		})
	}
}

func TestD13WhatIsWrongWithARequestIsSaid(t *testing.T) {
	s := newScene(t)
	for body, want := range map[string]int{
		`{`: 400, ``: 400, `null`: 400, `[]`: 400, `"x"`: 400, `3`: 400, `{}`: 400,
		`{"game_id": "my_game", "manifest": null}`: 400,
		`{"game_id": "my_game", "manifest": []}`:   400,
		`{"game_id": "my_game", "manifest": {}}`:   200,
	} {
		reply := s.service.ServePlan(t.Context(), player, []byte(body))
		var says struct{ Message, Error string }
		if err := json.Unmarshal(reply.Body, &says); err != nil || reply.Status != want || (want != 200 && (says.Message == "" || says.Error == "")) {
			t.Errorf("%s: %d %s, want %d with message and error", body, reply.Status, reply.Body, want)
		}
	}
	if reply := s.service.ServePlan(t.Context(), "", []byte(`{`)); reply.Status != http.StatusUnauthorized {
		t.Errorf("without a player: %d, want 401", reply.Status)
	}
}

func TestD14LimitsLeaveAlone(t *testing.T) {
	s := newScene(t)
	s.service.Limits = savesync.Limits{FileBytes: 10, PlayerBytes: 25, PlayerFiles: 3, PlansPerHour: 1000, PlayerBytesPerDay: 1 << 40}
	s.at(s.a, slot1, "eleven byte", 0)
	s.plan(s.a, "")
	s.leftAlone(s.a, slot1, savesync.BarSize)
	for i := range 4 {
		s.at(s.a, fmt.Sprintf("1-%d-LT1.save", i+1), strings.Repeat("x", 4-i), 0)
	}
	s.plan(s.a, "send 1-4-LT1.save, send 1-3-LT1.save, send 1-2-LT1.save")
	s.leftAlone(s.a, "1-1-LT1.save", savesync.BarFiles)
	s.carry(s.a)
	s.tick(time.Minute)
	for i := range 4 {
		s.at(s.a, fmt.Sprintf("1-%d-LT1.save", i+1), fmt.Sprintf("%d bytes!!!", i)[:9+i%2], 0)
	}
	s.plan(s.a, "send 1-3-LT1.save, send 1-2-LT1.save")
	s.leftAlone(s.a, "1-4-LT1.save", savesync.BarBytes)
	s.carry(s.a)

	// Another device gets what there is, whatever it has too much of its own.
	s.at(s.b, slot2, "b's", -1000)
	s.at(s.b, "persistent", "b's", -1000)
	s.plan(s.b, "fetch 1-4-LT1.save, fetch 1-2-LT1.save, fetch 1-3-LT1.save")
	s.leftAlone(s.b, "persistent", savesync.BarFiles)
}

func TestD14PlansAreCounted(t *testing.T) {
	s := newScene(t)
	s.service.Limits.PlansPerHour = 3
	for i := range 3 {
		s.tick(10 * time.Minute)
		s.write(s.a, slot1, fmt.Sprint(i))
		s.plan(s.a, "send "+slot1)
		s.carry(s.a)
		s.plan(s.a, "") // has nothing to hand out, and is not counted
	}
	s.write(s.a, slot1, "next")
	reply := s.service.ServePlan(t.Context(), player, s.a.planBody())
	if reply.Status != http.StatusTooManyRequests || reply.RetryAfter != 40*time.Minute {
		t.Errorf("the answer is %d, retry after %v; want 429, 40m0s", reply.Status, reply.RetryAfter)
	}
	s.tick(40 * time.Minute)
	s.plan(s.a, "send "+slot1)
	s.carry(s.a)
}

// leftAlone wants the last plan of a device to have left a file alone for a reason.
func (s *scene) leftAlone(d *device, name string, why savesync.Bar) {
	s.t.Helper()
	if d.barred[name] != why {
		s.t.Errorf("%s's plan leaves alone %v, want %s for %s", d.name, d.barred, name, why)
	}
}

func TestD16NothingIsOfferedThatIsNotThere(t *testing.T) {
	s := newScene(t)
	s.at(s.a, "persistent", "lost", 0)
	s.sync(s.a)
	s.vandalize("persistent", s.committed("persistent", "lost"))
	s.at(s.b, slot1, "b's", 0)
	s.plan(s.b, "send "+slot1)
	s.carry(s.b)
	s.plan(s.a, "send persistent, fetch "+slot1) // A still has it
	s.carry(s.a)
	s.committed("persistent", "lost")
}

func TestD17NamesAreAllowListed(t *testing.T) {
	for _, name := range []string{
		"", ".", "..", "../x", "../../x", "/etc/passwd", `..\x`, `C:\x`, "C:x", "a/b", "a\x00b", "a\nb", "a\x7fb", ".hidden",
		"-rf", "~x", "x..y", "x.", "x ", "nul", "CON.save", "com1", "Lpt9.txt", "1-1\u202egnp.save", "１-1", "a:b", "a*b", "a?b",
		strings.Repeat("x", 129), "é.save", "%2e%2e%2fx",
	} {
		if savesync.CheckFileName(name) == nil {
			t.Errorf("the file name %q is accepted", name)
		}
	}
	for _, name := range []string{"persistent", slot1, "auto-1-LT1.save", "quick-2-LT1.save", "_reload-1-LT1.save", "1-1-LT1 (copy).save", "console.save", strings.Repeat("x", 128)} {
		if err := savesync.CheckFileName(name); err != nil {
			t.Errorf("%v", err)
		}
	}
	for _, id := range []string{"", ".", "..", "../x", "a/b", "a b", "-x", "é", "*", strings.Repeat("x", 65)} {
		if savesync.CheckGameID(id) == nil {
			t.Errorf("the game id %q is accepted", id)
		}
	}
	for _, id := range []string{"my_game", "My.Game-2", "x", strings.Repeat("x", 64)} {
		if err := savesync.CheckGameID(id); err != nil {
			t.Errorf("%v", err)
		}
	}
}

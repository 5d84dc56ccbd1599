package savesync_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// calls counts the calls that f makes to the store, by operation.
func (s *scene) calls(f func()) map[string]int {
	n := map[string]int{}
	hook := s.store.Hook
	s.store.Hook = func(c memstore.Call) memstore.Fault { n[c.Op]++; return hook(c) }
	f()
	s.store.Hook = hook
	return n
}

// TestTheCallsOfAPlan holds a plan with nothing pending to one read and at most one write.
func TestTheCallsOfAPlan(t *testing.T) {
	s := newScene(t)
	s.at(s.a, "persistent", "one", 0)
	s.sync(s.a)
	s.at(s.b, slot1, "b's", 0)
	for _, c := range []struct {
		what string
		f    func()
		want string
	}{
		{"nothing to do", func() { s.plan(s.a, "") }, "map[Load:1]"},
		{"one to fetch and one to send", func() { s.plan(s.b, "send 1-1-LT1.save, fetch persistent") }, "map[Load:1 Save:1 Stat:1]"},
		{"completing", func() { s.carry(s.b) }, "map[Copy:1 Load:1 Read:1 Retire:1 Save:1]"},
		{"completing again", func() { s.start(s.b, "complete", completeBody); s.exhaust(s.b) }, "map[Load:1]"},
	} {
		if got := fmt.Sprint(s.calls(c.f)); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

func TestOldItemsAreReadAndVerified(t *testing.T) {
	s := newScene(t)
	entry := func(name, data string) savesync.Entry {
		return savesync.Entry{Name: name, Size: int64(len(data)), Modified: timestamp("1700000000.5"), Checksum: memstore.Checksum(data)}
	}
	s.store.SetOld(player, game, []savesync.Entry{entry("persistent", "there"), entry(slot1, "never sent"), entry("../x", "bad")})
	old := "users/" + player + "/" + game + "/persistent"
	version := s.store.Put(old, "there")
	s.at(s.b, slot2, "b's", 0)
	s.plan(s.b, "send "+slot2+", fetch persistent")
	s.carry(s.b)
	if s.b.files["persistent"].data != "there" {
		t.Error("the old item's file did not arrive")
	}
	s.committed(slot1, "")
	s.tick(2 * time.Hour)
	s.at(s.b, slot2, "more", 0)
	s.plan(s.b, "send "+slot2)
	s.carry(s.b)
	if v, ok := s.store.Find(old, version); !ok || !v.Replaced.IsZero() {
		t.Error("the old backend's object was touched")
	}
}

// TestConflictsEndInAnAnswer has other requests write before every save of one.
func TestConflictsEndInAnAnswer(t *testing.T) {
	s := newScene(t)
	s.at(s.a, "persistent", "x", 0)
	pauses := 0
	s.service.Pause = func(context.Context, int) error { pauses++; return nil }
	s.store.Hook = func(c memstore.Call) memstore.Fault {
		if c.Op == "Save" {
			s.store.SetRecord(player, `{"format": 1, "games": {}, "usage": {}}`)
		}
		return memstore.None
	}
	reply := s.service.ServePlan(t.Context(), player, s.a.planBody())
	if reply.Status != http.StatusConflict || reply.RetryAfter != time.Second || pauses != 3 {
		t.Errorf("the answer is %d, retry after %v, after %d pauses; want 409, 1s, 3", reply.Status, reply.RetryAfter, pauses)
	}
}

// TestDevicesAtOnce has several devices sync at the same time, in earnest.
func TestDevicesAtOnce(t *testing.T) {
	store := memstore.New(time.Now, retention)
	service := &savesync.Service{
		Limits:    savesync.Limits{FileBytes: 1 << 20, PlayerBytes: 1 << 30, PlayerFiles: 500, PlansPerHour: 1 << 20},
		Manifests: store,
		Objects:   store,
		Pause:     func(context.Context, int) error { runtime.Gosched(); return nil },
	}
	const devices, rounds = 4, 30
	var wg sync.WaitGroup
	for i := range devices {
		wg.Go(func() {
			w := &world{now: time.Now(), store: store}
			w.watchers = map[string]*watcher{player: newWatcher(w, player)}
			d := &device{name: fmt.Sprint(i), player: player, files: map[string]local{}, kept: map[string][]string{}}
			for round := range rounds {
				d.write(fmt.Sprintf("%d-1-LT1.save", i), fmt.Sprintf("device %d, round %d", i, round), d.clock(time.Now()))
				reply := service.ServePlan(t.Context(), player, d.planBody())
				if reply.Status == http.StatusConflict {
					continue
				}
				if reply.Status != http.StatusOK {
					t.Errorf("device %d: %d %s %v", i, reply.Status, reply.Body, reply.Cause)
					return
				}
				if err := d.accept(reply.Body); err != nil {
					t.Error(err)
					return
				}
				for len(d.todo) > 0 {
					w.transfer(d, arrives)
				}
				service.ServeComplete(t.Context(), player, completeBody)
			}
		})
	}
	wg.Wait()
	if reply := service.ServeComplete(t.Context(), player, completeBody); reply.Status != http.StatusOK {
		t.Fatalf("%d %s", reply.Status, reply.Body)
	}
	data, _ := store.Record(player)
	r, err := savesync.DecodeRecord([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	for i := range devices {
		f := r.Games[game].Files[fmt.Sprintf("%d-1-LT1.save", i)]
		v, ok := store.Find("users/"+player+"/"+game+"/content/"+fmt.Sprintf("%d-1-LT1.save", i)+"/"+f.ID, f.Version)
		if !ok || !strings.HasPrefix(v.Data, fmt.Sprintf("device %d, ", i)) {
			t.Errorf("device %d: the record names %q", i, v.Data)
		}
	}
}

func TestWhatALogLineMayTell(t *testing.T) {
	s := newScene(t)
	s.at(s.a, "persistent", "secret bytes", 0)
	s.plan(s.a, "send persistent")
	body := `{"game_id": "my_game", "success": false, "error": "` + strings.Repeat("ö", 300) + `"}`
	s.store.Hook = nil
	reply := s.service.ServeComplete(t.Context(), player, []byte(body))
	facts := map[string]slog.Value{}
	for _, a := range reply.Facts {
		facts[a.Key] = a.Value
	}
	if e := facts["client_error"].String(); len(e) > 210 || !strings.HasPrefix(e, "ööö") || facts["client_success"].Bool() {
		t.Errorf("facts are %v", reply.Facts)
	}
	planned := s.service.ServePlan(t.Context(), player, s.a.planBody())
	for _, a := range planned.Facts {
		if strings.Contains(a.String(), "|") { // all URLs of memstore have one
			t.Errorf("the fact %s has a URL", a)
		}
	}
}

func TestAnswersHaveAllLists(t *testing.T) {
	s := newScene(t)
	s.store.Hook = nil
	reply := s.service.ServePlan(t.Context(), player, []byte(`{"game_id": "my_game", "manifest": {}}`))
	if got, want := string(reply.Body), `{"uploads":[],"downloads":[],"conflicts":[],"deletes":[]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if reply := s.service.ServeComplete(t.Context(), player, completeBody); string(reply.Body) != `{"acknowledged":true}` {
		t.Errorf("complete answers %s", reply.Body)
	}
}

// TestAFailingStoreIsNoEmptyStore fails each call of a busy plan and of a complete in turn.
func TestAFailingStoreIsNoEmptyStore(t *testing.T) {
	for _, op := range []string{"Load", "LoadOld", "Read", "Copy", "Stat", "Save"} {
		t.Run(op, func(t *testing.T) {
			s := newScene(t)
			s.at(s.a, "persistent", "a's", 0)
			s.sync(s.a)
			s.at(s.a, slot1, "a's", 0)
			s.plan(s.a, "send "+slot1)
			s.transfer(s.a, arrives)
			s.at(s.b, slot2, "b's", 0)
			if op == "LoadOld" {
				s.store.SetRecord(player, `{"format": 1}`)
			}
			before, _ := s.store.Record(player)
			failed := false
			s.store.Hook = func(c memstore.Call) memstore.Fault {
				if c.Op == op {
					failed = true
					return memstore.Before
				}
				return memstore.None
			}
			reply := s.service.ServePlan(t.Context(), player, s.b.planBody())
			after, _ := s.store.Record(player)
			if !failed || reply.Status != http.StatusServiceUnavailable || reply.RetryAfter == 0 || !errors.Is(reply.Cause, memstore.ErrInjected) {
				t.Errorf("failed: %v, answer: %d, %v", failed, reply.Status, reply.Cause)
			}
			if op != "Stat" && after != before { // by then, what had arrived was settled
				t.Error("something was written")
			}
			var says struct{ Message, Error string }
			if err := json.Unmarshal(reply.Body, &says); err != nil || says.Error != "unavailable" || strings.Contains(says.Message, "injected") {
				t.Errorf("the answer says %s", reply.Body)
			}
			if op == "LoadOld" {
				s.store.SetRecord(player, `{"format": 1, "games": {}}`)
			}
		})
	}
}

// TestEachPlayerAlone has two players with the same game and the same files: what
// one sends is never offered to the other, whatever the body says.
func TestEachPlayerAlone(t *testing.T) {
	store := memstore.New(time.Now, retention)
	service := &savesync.Service{
		Limits:    savesync.Limits{FileBytes: 100, PlayerBytes: 100, PlayerFiles: 2, PlansPerHour: 100},
		Manifests: store, Objects: store,
	}
	const other = "ffffffff-aaaa-bbbb-cccc-0123456789ab"
	body := func(game, name, data string) []byte {
		return fmt.Appendf(nil, `{"game_id": %q, "user_id": %q, "sub": %q, "manifest": {%q: {"path": "../%s/x", "size": %d, "modified_timestamp": 5, "checksum": %q}}}`,
			game, player, player, name, player, len(data), memstore.Checksum(data))
	}
	plan := func(player string, b []byte) *device {
		t.Helper()
		d := &device{}
		reply := service.ServePlan(t.Context(), player, b)
		if reply.Status != http.StatusOK {
			t.Fatalf("%d %s", reply.Status, reply.Body)
		}
		if err := d.accept(reply.Body); err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := plan(player, body("g", "persistent", "mine"))
	u, err := store.Begin(d.todo[0].url, "mine")
	if err != nil {
		t.Fatal(err)
	}
	u.End()
	service.ServeComplete(t.Context(), player, []byte(`{"game_id": "g"}`))
	for _, todo := range [][]transfer{
		plan(other, body("g", slot1, "theirs")).todo,  // another player, the same game
		plan(player, body("h", slot1, "theirs")).todo, // the same player, another game
	} {
		if len(todo) != 1 || !todo[0].upload || todo[0].name != slot1 {
			t.Errorf("the plan is %v", todo)
		}
	}
	// The limits are the player's, not a game's.
	if todo := plan(player, body("i", slot1, "third")).todo; len(todo) != 0 {
		t.Errorf("of a third file in a third game the plan is %v, want it left alone", todo)
	}
	store.Versions(func(key string, v memstore.Version) {
		if !strings.HasPrefix(key, "users/"+player+"/g/") && !strings.HasPrefix(key, "inbox/"+player+"/g/") {
			t.Errorf("an object lies in %s", key)
		}
	})
}

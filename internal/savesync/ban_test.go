package savesync_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// ask makes a request as the functions do and returns its status and its error's word.
func ask(t *testing.T, serve func(ctx context.Context, player string, body []byte) savesync.Reply, body []byte) (status int, word, message string) {
	t.Helper()
	r := serve(t.Context(), player, body)
	var e struct{ Error, Message string }
	if err := json.Unmarshal(r.Body, &e); err != nil {
		t.Fatal(err)
	}
	return r.Status, e.Error, e.Message
}

// setBan gives the player's record a ban, as an operator does.
func (s *scene) setBan(b *savesync.Ban) {
	data, _ := s.store.Record(player)
	r, err := savesync.DecodeRecord([]byte(data))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Ban = b
	encoded, err := r.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	s.store.SetRecord(player, string(encoded))
}

// TestABannedPlayerIsTurnedAway bans a player of whom an upload is under way: neither of
// the two requests decides or writes anything, until the ban ends by itself.
func TestABannedPlayerIsTurnedAway(t *testing.T) {
	s := newScene(t)
	s.at(s.a, "persistent", "x", 0)
	s.plan(s.a, "send persistent")
	s.transfer(s.a, arrives)
	s.setBan(&savesync.Ban{Reason: "spam", At: s.now.Unix(), Until: s.now.Add(time.Minute).Unix()})
	before, _ := s.store.Record(player)
	for what, serve := range map[string]func(context.Context, string, []byte) savesync.Reply{"plan": s.service.ServePlan, "complete": s.service.ServeComplete} {
		body := completeBody
		if what == "plan" {
			body = s.a.planBody()
		}
		status, word, message := ask(t, serve, body)
		if status != 403 || word != "banned" || !strings.Contains(message, "spam") || !strings.Contains(message, "until 2026-11-23 12:01 UTC") {
			t.Errorf("%s: %d %s %q", what, status, word, message)
		}
	}
	if after, _ := s.store.Record(player); after != before || !strings.Contains(after, `"format":2`) {
		t.Errorf("the record is %s, it was %s", after, before)
	}
	s.tick(time.Minute)
	if status, _, _ := ask(t, s.service.ServeComplete, completeBody); status != 200 {
		t.Errorf("after the ban the answer is %d", status)
	}
	s.committed("persistent", "x")
	if after, _ := s.store.Record(player); !strings.Contains(after, `"format":1`) || strings.Contains(after, "spam") {
		t.Errorf("after the ban the record is %s", after)
	}
}

// TestOldReleasesObeyABan holds the layout of a record to what a release that knows no
// bans does with it: it refuses every other than 1, and writes nothing.
func TestOldReleasesObeyABan(t *testing.T) {
	for _, r := range []savesync.Record{
		{Ban: &savesync.Ban{At: 1}},
		{Forgotten: &savesync.Tombstone{At: 1, Quiet: 2}},
	} {
		data, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		var old struct{ Format int }
		if err := json.Unmarshal(data, &old); err != nil || old.Format == 1 {
			t.Errorf("%s passes for a record that may be written over", data)
		}
		if _, err := savesync.DecodeRecord(data); err != nil {
			t.Error(err)
		}
	}
}

// TestWhenAPlayerLastSynced counts the writes that it takes: one a day at most.
func TestWhenAPlayerLastSynced(t *testing.T) {
	s := newScene(t)
	s.at(s.a, "persistent", "x", 0)
	s.sync(s.a)
	synced := func() int64 {
		data, _ := s.store.Record(player)
		r, err := savesync.DecodeRecord([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		return r.Synced
	}
	if synced() != s.now.Unix() {
		t.Errorf("the player synced at %d, says the record %d", s.now.Unix(), synced())
	}
	for _, c := range []struct {
		after time.Duration
		calls string
	}{
		{time.Hour, "map[Load:1]"}, {24 * time.Hour, "map[Load:1 Retire:1 Save:1]"}, {time.Minute, "map[Load:1]"}, {24 * time.Hour, "map[Load:1 Save:1]"},
	} {
		s.tick(c.after)
		if got := fmt.Sprint(s.calls(func() { s.plan(s.a, "") })); got != c.calls {
			t.Errorf("after %v a plan with nothing to do calls %s, want %s", c.after, got, c.calls)
		}
	}
	if synced() != s.now.Unix() {
		t.Error("the last day is not noted")
	}
}

// TestWhatIsLeftAloneIsNoted has a device list files that cannot travel.
func TestWhatIsLeftAloneIsNoted(t *testing.T) {
	s := newScene(t)
	left := func() map[string]savesync.Bar { return s.watcher.now().LeftAlone }
	for i := range 20 {
		s.at(s.a, fmt.Sprintf("1-%02d-LT1.save\"<é\x01", i), "x", 0)
	}
	s.at(s.a, "1-1-LT1.save", strings.Repeat("x", hugeSize+1), 0)
	s.plan(s.a, "")
	if len(left()) != savesync.MaxLeftAlone || left()["1-1-LT1.save"] != savesync.BarSize || left()["1-00-LT1.save??é?"] != savesync.BarName {
		t.Errorf("left alone: %q", left())
	}
	s.a.files = map[string]local{}
	s.at(s.a, "1-1-LT1.save", "x", 0)
	s.sync(s.a)
	if len(left()) != 0 {
		t.Errorf("left alone: %q", left())
	}
	// It is no way to have the record written at will.
	s.service.Limits.PlansPerHour = 1
	calls := s.calls(func() {
		for i := range 5 {
			s.a.files = map[string]local{"1-1-LT1.save": s.a.files["1-1-LT1.save"]}
			s.at(s.a, fmt.Sprintf("1-%d-LT1.txt", i), "x", -1)
			s.plan(s.a, "")
		}
	})
	if calls["Save"] > 1 {
		t.Errorf("calls %v", calls)
	}
}

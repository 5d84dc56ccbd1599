package savesync_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// badPlans are bodies of POST /sync/plan that must be refused, by the status.
func badPlans() map[int][]string {
	entry := func(name, fields string) string {
		return `{"game_id": "g", "manifest": {` + name + `: {` + fields + `}}}`
	}
	checksum := `"checksum": "` + memstore.Checksum("x") + `"`
	many := `{"game_id": "g", "manifest": {` + strings.TrimSuffix(strings.Repeat(`"persistent": {},`, 3), ",") + `}}`
	files := map[string]any{}
	for i := range 20_000 {
		files[strings.Repeat("x", i%100+1)+string(rune('a'+i%26))+strings.Repeat("y", i/2600)] = map[string]any{"size": 1, "modified_timestamp": 1, "checksum": memstore.Checksum("x")}
	}
	tooMuch, err := json.Marshal(map[string]any{"game_id": "g", "manifest": files})
	if err != nil {
		panic(err)
	}
	return map[int][]string{
		400: {
			``, ` `, `null`, `[]`, `[{}]`, `"x"`, `1`, `true`, `{`, `{}`, `{"game_id": null}`, `{"game_id": 3, "manifest": {}}`,
			`{"game_id": "../x", "manifest": {}}`, `{"game_id": "", "manifest": {}}`, `{"game_id": "g"}`,
			`{"game_id": "g", "manifest": null}`, `{"game_id": "g", "manifest": []}`, `{"game_id": "g", "manifest": "x"}`,
			`{"game_id": "g", "manifest": {"persistent": null}}`, `{"game_id": "g", "manifest": {"persistent": []}}`, many,
			"\xff\xfe", "{\"game_id\": \"g\", \"manifest\": {\"a\x00b\": {}}}", strings.Repeat("[", 100_000),
			entry(`"persistent"`, `"size": -1, "modified_timestamp": 1, `+checksum),
			entry(`"persistent"`, `"size": 1.5, "modified_timestamp": 1, `+checksum),
			entry(`"persistent"`, `"size": 1e400, "modified_timestamp": 1, `+checksum),
			entry(`"persistent"`, `"size": 99999999999999999999, "modified_timestamp": 1, `+checksum),
			entry(`"persistent"`, `"size": "1", "modified_timestamp": 1, `+checksum),
			entry(`"persistent"`, `"size": 1, "modified_timestamp": NaN, `+checksum),
			entry(`"persistent"`, `"size": 1, "modified_timestamp": Infinity, `+checksum),
			entry(`"persistent"`, `"size": 1, "modified_timestamp": 1e999, `+checksum),
			entry(`"persistent"`, `"size": 1, "modified_timestamp": "1", `+checksum),
			entry(`"persistent"`, `"size": 1, "modified_timestamp": null, `+checksum),
			entry(`"persistent"`, `"size": 1, `+checksum),
			entry(`"persistent"`, `"modified_timestamp": 1, `+checksum),
			entry(`"persistent"`, `"size": 1, "modified_timestamp": 1`),
			entry(`"persistent"`, `"size": 1, "modified_timestamp": 1, "checksum": "abc"`),
			entry(`"persistent"`, `"size": 1, "modified_timestamp": 1, "checksum": "`+strings.Repeat("g", 64)+`"`),
		},
		413: {
			string(tooMuch),
			strings.Repeat(" ", savesync.MaxBody) + "{}",
		},
	}
}

func TestBadPlansAreRefused(t *testing.T) {
	s := newScene(t)
	for status, bodies := range badPlans() {
		for _, body := range bodies {
			reply := s.service.ServePlan(t.Context(), player, []byte(body))
			var says struct{ Message, Error string }
			if err := json.Unmarshal(reply.Body, &says); err != nil || reply.Status != status || says.Message == "" || says.Error == "" {
				t.Errorf("%.200q: %d %s, want %d", body, reply.Status, reply.Body, status)
			}
		}
	}
	if _, revision := s.store.Record(player); revision != 0 {
		t.Error("something was stored")
	}
}

// FuzzPlan wants that no body makes the planner panic, answer 5xx, hand out a name
// that is not allowed, or touch another player's keys.
func FuzzPlan(f *testing.F) {
	for _, bodies := range badPlans() {
		for _, body := range bodies {
			if len(body) < 10_000 {
				f.Add([]byte(body))
			}
		}
	}
	f.Add([]byte(`{"game_id": "my_game", "manifest": {"persistent": {"path": "persistent", "size": 1024,
		"modified_timestamp": 1732345678.1234567, "checksum": "` + memstore.Checksum("x") + `"}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		w := newWorld(0)
		d := w.devices[0]
		w.store.Hook = func(c memstore.Call) memstore.Fault {
			if c.Key != player && !strings.HasPrefix(c.Key, "users/"+player+"/") {
				t.Errorf("%s %q", c.Op, c.Key)
			}
			return memstore.None
		}
		reply := w.service.ServePlan(t.Context(), player, body)
		if !slices.Contains([]int{200, 400, 413}, reply.Status) {
			t.Fatalf("%d %s", reply.Status, reply.Body)
		}
		if reply.Status != 200 {
			return
		}
		if err := d.accept(reply.Body); err != nil {
			t.Fatal(err)
		}
		for _, transfer := range d.todo {
			if savesync.CheckFileName(transfer.name) != nil {
				t.Errorf("the name %q was handed out", transfer.name)
			}
		}
	})
}

// FuzzComplete wants that no body makes it panic or answer 5xx.
func FuzzComplete(f *testing.F) {
	for _, body := range []string{string(completeBody), `{"game_id": "g", "success": "x", "error": {"a": [1]}}`, `{"game_id": "g"}`, `null`, `{`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w := newWorld()
		w.store.Hook = nil
		if reply := w.service.ServeComplete(t.Context(), player, body); !slices.Contains([]int{200, 400, 413}, reply.Status) {
			t.Fatalf("%d %s", reply.Status, reply.Body)
		}
	})
}

// FuzzFileName wants that an accepted name is one part of a path on every system.
func FuzzFileName(f *testing.F) {
	for _, name := range []string{"persistent", "1-1-LT1.save", "../x", "/x", `a\b`, "nul.save", "a\x00", "x..", " x", "x ", "\u202e"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if savesync.CheckFileName(name) != nil {
			return
		}
		if name == "" || len(name) > 128 || strings.ContainsAny(name, "/\\:*?\"<>|\x00\n") || strings.Contains(name, "..") ||
			strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
			t.Errorf("%q is accepted", name)
		}
	})
}

// FuzzRecord wants that what is read as a record is written as one that reads the same.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"format": 1, "games": {"g": {"files": {}, "uploads": [{"id": "a", "name": "persistent", "size": 3,
		"modified_timestamp": 1.50, "checksum": "` + memstore.Checksum("x") + `", "expires": 5}]}}, "usage": {"since": 1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := savesync.DecodeRecord(data)
		if err != nil {
			return
		}
		one, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		r, err = savesync.DecodeRecord(one)
		if err != nil {
			t.Fatalf("%s: %v", one, err)
		}
		if two, err := r.Encode(); err != nil || string(one) != string(two) {
			t.Errorf("%s becomes %s, %v", one, two, err)
		}
	})
}

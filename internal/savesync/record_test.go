package savesync_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// timestamp reads digits that are known to be good.
func timestamp(digits string) savesync.Timestamp {
	t, err := savesync.ParseTimestamp(digits)
	if err != nil {
		panic(err)
	}
	return t
}

// longest is the longest text of a timestamp.
const longest = "-1234567890.123456789012345e+123"

// TestWeightBoundsTheRecord holds the bound on a record's size to what the codec
// writes, with every field as long as it can be.
func TestWeightBoundsTheRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := savesync.Record{Format: 1, Games: map[string]*savesync.Game{}, Usage: savesync.Usage{Since: 1 << 40, Plans: 1 << 30, Level: 1 << 50, At: 1 << 40, Unaudited: 1 << 30}, Synced: 1 << 40}
		if rapid.Bool().Draw(t, "ban") {
			r.Ban = &savesync.Ban{Reason: strings.Repeat("r", savesync.MaxReason), By: strings.Repeat("b", savesync.MaxBy), At: 1 << 40, Until: 1 << 40}
		}
		deed := savesync.Deed{At: 1 << 40, By: strings.Repeat("b", savesync.MaxBy), What: "forget", Game: strings.Repeat("g", 64), Files: 500}
		r.Support = slices.Repeat([]savesync.Deed{deed}, rapid.IntRange(0, savesync.MaxDeeds).Draw(t, "deeds"))
		name := rapid.StringMatching(`[A-Za-z0-9_][A-Za-z0-9 ._()-]{0,127}`)
		for range rapid.IntRange(0, 3).Draw(t, "games") {
			g := &savesync.Game{Files: map[string]savesync.File{}}
			r.Games[rapid.StringMatching(`[A-Za-z0-9_]{1,64}`).Draw(t, "game")] = g
			for range rapid.IntRange(0, 20).Draw(t, "files") {
				f := savesync.File{
					ID: savesync.NewID(), Version: strings.Repeat("v", 64), Size: 1 << 40, Modified: timestamp(longest),
					Checksum: memstore.Checksum(""), Committed: 1 << 40, Revision: 1 << 40, Health: savesync.Readable,
				}
				for i := range rapid.IntRange(0, 8).Draw(t, "history") {
					f.Older = f.Older.With(memstore.Checksum(fmt.Sprint(i)))
				}
				g.Files[name.Draw(t, "name")] = f
			}
			for range rapid.IntRange(0, 20).Draw(t, "uploads") {
				g.Uploads = append(g.Uploads, savesync.Upload{
					ID: savesync.NewID(), Name: name.Draw(t, "name"), Size: 1 << 40, Modified: timestamp(longest),
					Checksum: memstore.Checksum(""), Expires: 1 << 40, Imported: true, Layout: 1, Basis: 1 << 40, Turn: 500, Losing: true, Settled: true,
				})
			}
			for range rapid.IntRange(0, 20).Draw(t, "failing") {
				if g.Failing == nil {
					g.Failing = map[string][]savesync.Failure{}
				}
				f := savesync.Failure{Tries: 1 << 20, Last: 1 << 40, Of: savesync.History("abcdefgh")}
				g.Failing[name.Draw(t, "name")] = slices.Repeat([]savesync.Failure{f}, rapid.IntRange(1, 4).Draw(t, "contents"))
			}
			for range rapid.IntRange(0, savesync.MaxDamaged).Draw(t, "damaged") {
				g.Damaged = append(g.Damaged, savesync.Damage{Content: savesync.Content{Name: name.Draw(t, "name"), ID: savesync.NewID()}, At: 1 << 40})
			}
			g.LeftAlone = map[string]savesync.Bar{}
			for range rapid.IntRange(0, savesync.MaxLeftAlone).Draw(t, "left alone") {
				g.LeftAlone[name.Draw(t, "name")] = savesync.BarSpelling
			}
			for range rapid.IntRange(0, 20).Draw(t, "retired") {
				g.Retired = append(g.Retired, savesync.Content{Name: name.Draw(t, "name"), ID: savesync.NewID()})
			}
		}
		data, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > r.Weight() {
			t.Fatalf("the record has %d bytes, its weight is %d", len(data), r.Weight())
		}
	})
}

// TestTheDefaultLimitsFit fills a record to the stack's default limits, all files
// changed at once, and wants it admitted; DynamoDB takes 400 KB.
func TestTheDefaultLimitsFit(t *testing.T) {
	g := &savesync.Game{Files: map[string]savesync.File{}}
	for i := range 500 {
		name := fmt.Sprintf("%d-1-LT1.save", i)
		g.Files[name] = savesync.File{}
		g.Uploads = append(g.Uploads, savesync.Upload{Name: name})
	}
	r := savesync.Record{Format: 1, Games: map[string]*savesync.Game{"my_game": g}}
	if w := r.Weight(); w > savesync.MaxRecordBytes || savesync.MaxRecordBytes >= 400<<10 {
		t.Errorf("the weight is %d, the limit %d", w, savesync.MaxRecordBytes)
	}
}

func TestRecordsThatMustNotPassForEmptyOnes(t *testing.T) {
	for _, data := range []string{
		`{`, `null`, `{}`, `null x`, `[]`, `{"format": 2, "games": {}}`, `{"format": 0}`, `{"format": 1, "games": {"g": null}}`,
		`{"format": 1, "games": {"g": {"files": {"../x": {}}}}}`,
		`{"format": 1, "games": {"g": {"files": {"persistent": {"id": "x", "version": "v", "checksum": "short"}}}}}`,
		`{"format": 1, "games": {"g": {"uploads": [{"id": "", "name": "persistent"}]}}}`,
	} {
		if _, err := savesync.DecodeRecord([]byte(data)); err == nil {
			t.Errorf("%s is read without an error", data)
		}
	}
	s := newScene(t)
	s.store.SetRecord(player, `{"format": 2}`)
	_, before := s.store.Record(player)
	s.at(s.a, "persistent", "x", 0)
	reply := s.service.ServePlan(t.Context(), player, s.a.planBody())
	if _, after := s.store.Record(player); reply.Status != 503 || before != after {
		t.Errorf("with a record of a newer release the answer is %d; want 503 and nothing written", reply.Status)
	}
}

func TestHistoryForgetsTheOldest(t *testing.T) {
	var h savesync.History
	sum := func(i int) string { return memstore.Checksum(fmt.Sprint(i)) }
	for i := range 200 {
		h = h.With(sum(i)).With(sum(i))
	}
	if h.Len() != 128 || h.Has(sum(71)) || !h.Has(sum(72)) || !h.Has(sum(199)) || h.Has(sum(200)) {
		t.Errorf("%d kept; 71: %v, 72: %v, 199: %v", h.Len(), h.Has(sum(71)), h.Has(sum(72)), h.Has(sum(199)))
	}
	g := &savesync.Game{Files: map[string]savesync.File{}}
	for i := range 100 {
		g.Files[fmt.Sprintf("%d-1.save", i)] = savesync.File{Older: h}
	}
	r := savesync.Record{Games: map[string]*savesync.Game{"g": g}}
	r.TrimHistories()
	total := 0
	for _, f := range g.Files {
		total += f.Older.Len()
		if !f.Older.Has(sum(199)) {
			t.Error("a history has lost its newest content")
		}
	}
	if total > 2048 || total < 1024 {
		t.Errorf("%d contents are left in all histories", total)
	}
}

func TestTimestamps(t *testing.T) {
	for _, digits := range []string{"", "x", "NaN", "Infinity", "1e999", "0x10", "+1", ".5", "1.", "01", "1_0", `"1"`, "null", strings.Repeat("1", 33)} {
		var ts savesync.Timestamp
		if err := ts.UnmarshalJSON([]byte(digits)); err == nil {
			t.Errorf("%q is taken for a timestamp", digits)
		}
	}
	for _, digits := range []string{"0", "-1.5", "1732345678.1234567", "1732345678.10", "1E9", "1732345678"} {
		var ts savesync.Timestamp
		if err := json.Unmarshal([]byte(digits), &ts); err != nil {
			t.Errorf("%q: %v", digits, err)
		}
		if out, err := json.Marshal(ts); err != nil || (string(out) != digits && digits != "1E9") {
			t.Errorf("%q comes out as %s, %v", digits, out, err)
		}
	}
	if timestamp("1.50").Compare(timestamp("1.5")) != 0 || timestamp("9.9").Compare(timestamp("10")) >= 0 {
		t.Error("timestamps are not compared by value")
	}
}

func TestIDsSortByTime(t *testing.T) {
	seen := map[string]bool{}
	last := ""
	for range 1000 {
		id := savesync.NewID()
		if len(id) != 24 || seen[id] || id[:9] < last {
			t.Fatalf("id %q after %q", id, last)
		}
		seen[id], last = true, id[:9]
	}
}

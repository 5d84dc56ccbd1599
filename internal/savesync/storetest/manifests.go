package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// loads wants a player's record.
func (w *world) loads(t *testing.T, player, data string, revision int64) {
	t.Helper()
	got, n, err := w.Manifests.Load(t.Context(), player)
	if string(got) != data || n != revision || err != nil || (got == nil) != (revision == 0) {
		t.Errorf("the record of %s is %.200q in revision %d, %v; want %.200q in %d", player, got, n, err, data, revision)
	}
}

func testRecords(t *testing.T, w *world) {
	ctx := t.Context()
	w.loads(t, w.player, "", 0)
	for revision := range int64(5) {
		data := fmt.Sprintf(`{"saved":%d}`, revision)
		if err := w.Manifests.Save(ctx, w.player, []byte(data), revision); err != nil {
			t.Fatalf("save over revision %d: %v", revision, err)
		}
		w.loads(t, w.player, data, revision+1) // strongly consistent
		for _, wrong := range []int64{0, revision, revision + 2, revision + 100} {
			if err := w.Manifests.Save(ctx, w.player, []byte(`{"wrong":1}`), wrong); !errors.Is(err, savesync.ErrConflict) {
				t.Errorf("save over revision %d of %d: %v; want ErrConflict", wrong, revision+1, err)
			}
		}
		w.loads(t, w.player, data, revision+1)
	}
	if err := w.Manifests.Save(ctx, w.other(), []byte("{}"), 3); !errors.Is(err, savesync.ErrConflict) {
		t.Errorf("save over a revision of a player without a record: %v; want ErrConflict", err)
	}
	w.loads(t, w.other(), "", 0)
}

// testRecordsAreSavedOnce has requests race for a revision.
func testRecordsAreSavedOnce(t *testing.T, w *world) {
	for revision := range int64(3) {
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() { errs[i] = w.Manifests.Save(t.Context(), w.player, fmt.Appendf(nil, `{"by":%d}`, i), revision) })
		}
		wg.Wait()
		winner := slices.Index(errs, nil)
		for i, err := range errs {
			if i != winner && !errors.Is(err, savesync.ErrConflict) {
				t.Errorf("request %d for revision %d: %v; want ErrConflict", i, revision, err)
			}
		}
		w.loads(t, w.player, fmt.Sprintf(`{"by":%d}`, winner), revision+1)
	}
}

// testRecordsKeepTheirBytes saves what an encoding on the way might change.
func testRecordsKeepTheirBytes(t *testing.T, w *world) {
	for revision, data := range []string{
		`{"t":1732345678.1234567,"u":1e3,"n":12345678901234567890}`,
		`{"name":"é \" \\ \u0000 😀 <&>"}`,
		" {\n\t} \n",
		`{"long":"` + strings.Repeat("x", 300_000) + `"}`,
	} {
		if err := w.Manifests.Save(t.Context(), w.player, []byte(data), int64(revision)); err != nil {
			t.Fatal(err)
		}
		w.loads(t, w.player, data, int64(revision)+1)
	}
}

func testOldItems(t *testing.T, w *world) {
	var files []savesync.Entry
	for i, digits := range []string{"1732345678.10", "1732345678.1234567", "0.5"} {
		// The type's own constructor keeps the digits too, so that the bytes can be compared.
		var modified savesync.Timestamp
		if err := json.Unmarshal([]byte(digits), &modified); err != nil {
			t.Fatal(err)
		}
		name := []string{"1-1 (copy)-LT1.save", "persistent", "é & +.save"}[i]
		files = append(files, savesync.Entry{Name: name, Size: int64(i) << 33, Modified: modified, Checksum: strings.Repeat("0a", 32)})
	}
	w.Owner.PutOld(t, w.player, "old", files)
	list, err := w.Manifests.LoadOld(t.Context(), w.player, "old")
	slices.SortFunc(list, func(a, b savesync.Entry) int { return strings.Compare(a.Name, b.Name) })
	if err != nil || !slices.Equal(list, files) {
		t.Errorf("the old item has %+v, %v; want %+v", list, err, files)
	}
	// It is no record, and a record is no old item.
	w.loads(t, w.player, "", 0)
	if err := w.Manifests.Save(t.Context(), w.player, []byte("{}"), 0); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		player, game string
		entries      int
	}{{w.player, "old", len(files)}, {w.player, "other", 0}, {w.player + "-other", "old", 0}} {
		if list, err := w.Manifests.LoadOld(t.Context(), c.player, c.game); err != nil || len(list) != c.entries {
			t.Errorf("the old item of %s in %s has %+v, %v; want %d entries", c.player, c.game, list, err, c.entries)
		}
	}
}

package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// testHistory lists versions that were replaced by others and by delete markers.
func testHistory(t *testing.T, w *world) {
	one, ten := w.key("1-1-LT1.save/id"), w.key("1-10-LT1.save/id")
	begin := time.Now()
	first := w.Owner.Put(t, one, "abc")
	w.Pass(time.Second)
	second := w.Owner.Put(t, one, "abcde")
	w.Pass(time.Second)
	w.retire(t, one)
	other := w.Owner.Put(t, ten, "a")
	w.Owner.Put(t, w.inbox("1-1-LT1.save/id"), "ab")
	want := []struct {
		key, id string
		size    int64
		current bool
	}{{one, second, 5, false}, {one, first, 3, false}, {ten, other, 1, true}}
	var got []savesync.Version
	for v, err := range w.Archive.History(t.Context(), w.key("")) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, v)
	}
	if len(got) != len(want) {
		t.Fatalf("the history is %+v, want %+v", got, want)
	}
	for i, v := range got {
		if v.Key != want[i].key || v.ID != want[i].id || v.Size != want[i].size || v.Replaced.IsZero() != want[i].current || v.Written.Before(begin.Add(-10*time.Minute)) {
			t.Errorf("version %d is %+v, want %+v", i, v, want[i])
		}
	}
	if !got[1].Replaced.Equal(got[0].Written) || got[0].Replaced.Before(got[0].Written) {
		t.Errorf("replaced at %v and %v; written at %v", got[1].Replaced, got[0].Replaced, got[0].Written)
	}
	for v, err := range w.Archive.History(t.Context(), w.key("2")) {
		t.Errorf("of nothing the history has %+v, %v", v, err)
	}
}

// testWrite writes what an operator has.
func testWrite(t *testing.T, w *world) {
	for _, data := range []string{"abc", ""} {
		key := w.key("1-1-LT1.save/id" + data)
		id, err := w.Archive.Write(t.Context(), key, []byte(data))
		if err != nil || id == "" || w.holds(t, key, data) != id {
			t.Errorf("write: %q, %v", id, err)
		}
		again, err := w.Archive.Write(t.Context(), key, []byte("other"))
		if err == nil {
			w.excusable(t, WriteRefusesATaken, fmt.Errorf("it made version %s", again))
		} else if !errors.Is(err, savesync.ErrExists) {
			t.Errorf("write to a taken key: %v, want ErrExists", err)
		}
	}
}

package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

func testRead(t *testing.T, w *world) {
	ctx := t.Context()
	key := w.key("1-1-LT1.save/id")
	w.lacks(t, key, "")
	first := w.Owner.Put(t, key, "first")
	second := w.Owner.Put(t, key, "the second")
	if got := w.holds(t, key, "the second"); got != second {
		t.Errorf("a read finds version %s, want %s", got, second)
	}
	w.keeps(t, key, first, "first")
	w.keeps(t, key, second, "the second")
	for _, version := range []string{"", second} {
		for _, size := range []int64{0, 9, 11, 1 << 40} {
			if o, err := w.Objects.Read(ctx, key, version, size); err != nil || o.Data != nil || o.Size != 10 || o.Version != second {
				t.Errorf("read of version %q for %d bytes: %+v, %v; want no bytes, and the size 10", version, size, o, err)
			}
		}
	}
	w.lacks(t, key+"2", "")          // a key that begins like the other
	w.lacks(t, key[:len(key)-1], "") // and one that the other begins like
	w.lacks(t, key, w.gone(t, key))

	empty := w.key("empty")
	id := w.Owner.Put(t, empty, "")
	if o, err := w.Objects.Read(ctx, empty, "", 0); err != nil || o.Version != id || o.Size != 0 || o.Data == nil || len(o.Data) != 0 {
		t.Errorf("read of an empty object: %+v, %v", o, err)
	}

	large := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	w.Owner.Put(t, w.key("large"), large)
	w.holds(t, w.key("large"), large)

	w.retire(t, key)
	w.lacks(t, key, "")
	w.keeps(t, key, second, "the second")
	for _, v := range w.Owner.Versions(t, key) {
		if v.Marker {
			w.lacks(t, key, v.ID)
		}
	}
}

func testStat(t *testing.T, w *world) {
	key := w.key("1-1-LT1.save/id")
	for _, size := range []int{0, 1, 2, 1 << 20} {
		id := w.Owner.Put(t, key, strings.Repeat("x", size))
		w.Owner.Put(t, key, "another version")
		if got, err := w.Objects.Stat(t.Context(), key, id); err != nil || got != int64(size) {
			t.Errorf("stat: %d, %v; want %d", got, err, size)
		}
	}
	w.lacks(t, key, w.gone(t, key))
	other := w.key("other")
	w.lacks(t, other, w.gone(t, other)) // the key has nothing at all now
}

func testCopy(t *testing.T, w *world) {
	ctx := t.Context()
	source, target := w.inbox("1-1-LT1.save/id"), w.key("1-1-LT1.save/id")
	first := w.Owner.Put(t, source, "first")
	second := w.Owner.Put(t, source, "the second")
	id, err := w.Objects.Copy(ctx, source, first, target)
	if err != nil || id == "" {
		t.Fatalf("copy: %q, %v", id, err)
	}
	if got := w.holds(t, target, "first"); got != id {
		t.Errorf("the copy is said to be version %s, and is %s", id, got)
	}
	w.holds(t, source, "the second")
	w.keeps(t, source, first, "first")

	w.retire(t, source) // the versions below can still be copied
	if _, err := w.Objects.Copy(ctx, source, second, target+"2"); err != nil {
		t.Errorf("copy of a version below a delete marker: %v", err)
	}
	w.holds(t, target+"2", "the second")

	nothing := w.key("nothing")
	for what, from := range map[string][2]string{
		"a version that is gone": {source, w.gone(t, source)},
		"a key that is gone":     {nothing, w.gone(t, nothing)},
	} {
		if id, err := w.Objects.Copy(ctx, from[0], from[1], target+"3"); !errors.Is(err, savesync.ErrNotFound) || id != "" {
			t.Errorf("copy of %s: %q, %v; want ErrNotFound", what, id, err)
		}
	}
	w.lacks(t, target+"3", "")
}

func testCopyToATakenKey(t *testing.T, w *world) {
	source, target := w.inbox("1-1-LT1.save/id"), w.key("1-1-LT1.save/id")
	version := w.Owner.Put(t, source, "new")
	taken := w.Owner.Put(t, target, "taken")
	id, err := w.Objects.Copy(t.Context(), source, version, target)
	if err == nil {
		w.excusable(t, CopyRefusesATakenKey, fmt.Errorf("it made version %s", id))
		return
	}
	if !errors.Is(err, savesync.ErrExists) || id != "" {
		t.Errorf("copy to a taken key: %q, %v; want ErrExists", id, err)
	}
	if got := w.holds(t, target, "taken"); got != taken {
		t.Errorf("the taken key has version %s, want %s", got, taken)
	}
	w.excusable(t, CopyRefusesATakenKey, w.raceOfCopies(t, source, version, target+"2"))
}

// raceOfCopies lets copies race for a key. It returns an error unless one makes it.
func (w *world) raceOfCopies(t *testing.T, source, version, target string) error {
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { _, errs[i] = w.Objects.Copy(t.Context(), source, version, target) })
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		switch {
		case err == nil:
			made++
		case !errors.Is(err, savesync.ErrExists):
			return fmt.Errorf("a copy that lost a race: %w", err)
		}
	}
	if versions := w.Owner.Versions(t, target); made != 1 || len(versions) != 1 {
		return fmt.Errorf("of copies at once to one key %d were made, %d are there", made, len(versions))
	}
	return nil
}

func testCopyOverADeleteMarker(t *testing.T, w *world) {
	source, target := w.inbox("1-1-LT1.save/id"), w.key("1-1-LT1.save/id")
	version := w.Owner.Put(t, source, "new")
	old := w.Owner.Put(t, target, "old")
	w.retire(t, target, target+"2") // one with a version below, one without
	for _, key := range []string{target, target + "2"} {
		id, err := w.Objects.Copy(t.Context(), source, version, key)
		if err != nil {
			t.Errorf("copy over a delete marker: %v", err)
		}
		if got := w.holds(t, key, "new"); got != id {
			t.Errorf("the copy is said to be version %s, and is %s", id, got)
		}
	}
	w.keeps(t, target, old, "old")
}

func testRetire(t *testing.T, w *world) {
	var keys, versions []string
	for i := range 40 {
		keys = append(keys, w.key(fmt.Sprintf("1-%d-LT1.save/id", i)))
		versions = append(versions, w.Owner.Put(t, keys[i], fmt.Sprint("content ", i)))
	}
	kept := w.key("kept")
	w.Owner.Put(t, kept, "kept")
	unknown := w.key("unknown")
	batch := append(slices.Clone(keys), unknown)

	for range 2 { // it may be repeated
		w.retire(t, batch...)
		for i, key := range keys {
			w.lacks(t, key, "")
			w.keeps(t, key, versions[i], fmt.Sprint("content ", i))
		}
		w.lacks(t, unknown, "")
		w.holds(t, kept, "kept")
	}
	w.retire(t) // nothing

	markers := 0
	for _, v := range w.Owner.Versions(t, w.key("")) {
		if v.Marker && v.Current {
			markers++
		}
		if v.Current && !v.Marker && v.Key != kept {
			t.Errorf("a retired key has a current object: %+v", v)
		}
	}
	if markers < len(keys) {
		t.Errorf("%d keys have a delete marker on top, want %d", markers, len(keys))
	}
	w.Owner.Put(t, keys[0], "back")
	w.holds(t, keys[0], "back")
}

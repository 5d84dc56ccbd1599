package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// lists wants what is listed below a prefix, whatever the order of a key's versions.
func (w *world) lists(t *testing.T, prefix string, want ...savesync.Listed) {
	t.Helper()
	got, all, err := w.Objects.List(t.Context(), prefix, 1)
	if err != nil || !all {
		t.Errorf("list of %s: all %v, %v", prefix, all, err)
	}
	if !slices.IsSortedFunc(got, func(a, b savesync.Listed) int { return strings.Compare(a.Key, b.Key) }) {
		t.Errorf("the list of %s is not in the order of its keys: %+v", prefix, got)
	}
	order := func(a, b savesync.Listed) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if !slices.Equal(got, want) {
		t.Errorf("list of %s:\ngot  %+v\nwant %+v", prefix, got, want)
	}
}

func testList(t *testing.T, w *world) {
	w.lists(t, w.key(""))
	one, ten, other := w.key("1-1-LT1.save/id"), w.key("1-10-LT1.save/id"), w.inbox("1-1-LT1.save/id")
	w.Owner.Put(t, one, "abc")
	w.Owner.Put(t, one, "")
	w.Owner.Put(t, one, "abcde")
	w.Owner.Put(t, ten, "a")
	w.Owner.Put(t, other, "ab")
	oneList := []savesync.Listed{{Key: one, Size: 3}, {Key: one, Size: 0}, {Key: one, Size: 5, Current: true}}
	tenList := savesync.Listed{Key: ten, Size: 1, Current: true}
	w.lists(t, w.key(""), append(slices.Clone(oneList), tenList)...)
	w.lists(t, w.key("1-1"), append(slices.Clone(oneList), tenList)...)
	w.lists(t, w.key("1-1-"), slices.Clone(oneList)...)
	w.lists(t, one, slices.Clone(oneList)...)
	w.lists(t, w.key("2"))
	w.lists(t, w.inbox(""), savesync.Listed{Key: other, Size: 2, Current: true})

	// Below a delete marker nothing is current, and the marker is not listed.
	w.retire(t, one, w.key("unknown"))
	for i := range oneList {
		oneList[i].Current = false
	}
	w.lists(t, w.key(""), append(slices.Clone(oneList), tenList)...)
	w.Owner.Put(t, one, "back")
	w.lists(t, one, append(slices.Clone(oneList), savesync.Listed{Key: one, Size: 4, Current: true})...)
}

// testListInPages fills a page of a thousand to its end, and then another.
func testListInPages(t *testing.T, w *world) {
	var keys []string
	for i := range 600 {
		keys = append(keys, w.key(fmt.Sprintf("1-%03d-LT1.save/id", i)))
	}
	pages := func(when string, pages int, all bool, want []string) {
		t.Helper()
		list, gotAll, err := w.Objects.List(t.Context(), w.key(""), pages)
		if err != nil || gotAll != all || len(list) != len(want) {
			t.Errorf("%s, %d pages: %d versions, all %v, %v; want %d, %v", when, pages, len(list), gotAll, err, len(want), all)
			return
		}
		for i, v := range list {
			if v.Key != want[i] || v.Current == slices.Contains(keys[:500], v.Key) || v.Size != int64(len(v.Key)) {
				t.Fatalf("%s, %d pages: %+v in place %d, want %s", when, pages, v, i, want[i])
			}
		}
	}
	w.fill(t, keys[:500])
	w.retire(t, keys[:500]...) // 500 versions and 500 delete markers
	w.tidy(t)
	pages("just a page", 1, true, keys[:500])
	w.fill(t, keys[500:])
	w.tidy(t)
	pages("more than a page", 1, false, keys[:500])
	pages("more than a page", 2, true, keys)
	pages("more than a page", 3, true, keys)

	// One more in front: the second page begins between a delete marker and the version below it.
	front := w.key("0/id")
	w.fill(t, []string{front})
	w.tidy(t)
	pages("cut in a key", 1, false, append([]string{front}, keys[:499]...))
	pages("cut in a key", 2, true, append([]string{front}, keys...))
}

// fill puts an object that holds its key under each key.
func (w *world) fill(t *testing.T, keys []string) {
	var wg sync.WaitGroup
	next := make(chan string)
	for range 16 {
		wg.Go(func() {
			for key := range next {
				w.Owner.Put(t, key, key)
			}
		})
	}
	for _, key := range keys {
		next <- key
	}
	close(next)
	wg.Wait()
}

// tidy destroys what is there twice: a call whose answer was lost is made again,
// and then leaves a version or a delete marker more than a page is to have.
func (w *world) tidy(t *testing.T) {
	t.Helper()
	type kind struct {
		key    string
		marker bool
	}
	kept := map[kind]Version{}
	for _, v := range w.Owner.Versions(t, w.key("")) {
		of := kind{v.Key, v.Marker}
		other, twice := kept[of]
		if !twice {
			kept[of] = v
			continue
		}
		if v.Current {
			kept[of], v = v, other
		}
		w.Owner.Destroy(t, v.Key, v.ID)
	}
}

// testNames takes keys through every call that encodes them in another way.
func testNames(t *testing.T, w *world) {
	ctx := t.Context()
	var keys []string
	for _, name := range []string{
		"1-1 (copy).save", " a  b ", "a+b", "a&b=c?d#e", "é ü 😀", "a%20b", "a%2Fb", `"quoted" 'and' <angled>`,
		"~!@$^*_-.,;:[]{}`", "&amp;", "_1-auto.save",
	} {
		key := w.key(name + "/id")
		keys = append(keys, key)
		put, err := w.Objects.PresignPut(ctx, key, int64(len(name)), life)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Client.Put(ctx, put, octets, name); err != nil {
			t.Errorf("upload to %q: %v", key, err)
			continue
		}
		version := w.holds(t, key, name)
		w.keeps(t, key, version, name)
		w.lists(t, key, savesync.Listed{Key: key, Size: int64(len(name)), Current: true})
		copied := w.key("copy of " + name)
		if _, err := w.Objects.Copy(ctx, key, version, copied); err != nil {
			t.Errorf("copy of %q: %v", key, err)
		}
		w.holds(t, copied, name)
		get, err := w.Objects.PresignGet(ctx, key, version, life)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.Client.Get(ctx, get); err != nil || got != name {
			t.Errorf("download from %q: %q, %v", key, got, err)
		}
	}
	if err := w.Objects.Retire(ctx, keys); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		w.lacks(t, key, "")
	}
	if list, all, err := w.Objects.List(ctx, w.key(""), 1); err != nil || !all || len(list) != 2*len(keys) {
		t.Errorf("list: %d versions, all %v, %v; want %d", len(list), all, err, 2*len(keys))
	}
}

package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// life is how long a URL lives that is not to expire during a test.
const life = 5 * time.Minute

func testPutURLs(t *testing.T, w *world) {
	ctx := t.Context()
	key := w.inbox("1-1-LT1.save/id")
	url, err := w.Objects.PresignPut(ctx, key, 5, life)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"", "four", "sixsix"} {
		if err := w.Client.Put(ctx, url, octets, data); !errors.Is(err, ErrRefused) {
			t.Errorf("upload of %d bytes for 5: %v; want it refused", len(data), err)
		}
	}
	w.lacks(t, key, "")
	if data, err := w.Client.Get(ctx, url); err == nil {
		t.Errorf("a URL for an upload reads %q", data)
	}
	var versions []string
	for _, data := range []string{"first", "again"} { // one URL takes several
		if err := w.Client.Put(ctx, url, octets, data); err != nil {
			t.Fatalf("upload: %v", err)
		}
		versions = append(versions, w.holds(t, key, data))
	}
	w.keeps(t, key, versions[0], "first")
	w.retire(t, key)
	if err := w.Client.Put(ctx, url, octets, "third"); err != nil {
		t.Errorf("upload over a delete marker: %v", err)
	}
	w.holds(t, key, "third")
}

func testPutURLsTakeNoOtherTypes(t *testing.T, w *world) {
	key := w.inbox("1-1-LT1.save/id")
	url, err := w.Objects.PresignPut(t.Context(), key, 5, life)
	if err != nil {
		t.Fatal(err)
	}
	err = w.Client.Put(t.Context(), url, "text/html", "bytes")
	if err == nil {
		w.excusable(t, PutRefusesOtherTypes, errors.New("it took text/html"))
		return
	}
	if !errors.Is(err, ErrRefused) {
		t.Errorf("upload of text/html: %v; want it refused", err)
	}
	w.lacks(t, key, "")
	w.excusable(t, PutRefusesOtherTypes, nil)
}

func testGetURLs(t *testing.T, w *world) {
	ctx := t.Context()
	key := w.key("1-1-LT1.save/id")
	first := w.Owner.Put(t, key, "first")
	gone := w.gone(t, key)
	url, err := w.Objects.PresignGet(ctx, key, first, life)
	if err != nil {
		t.Fatal(err)
	}
	reads := func(when string) {
		t.Helper()
		if got, err := w.Client.Get(ctx, url); err != nil || got != "first" {
			t.Errorf("download %s: %q, %v; want the version that was signed", when, got, err)
		}
	}
	reads("of the current version")
	w.Owner.Put(t, key, "second")
	reads("of an overwritten version")
	w.retire(t, key)
	reads("of a retired version")
	if err := w.Client.Put(ctx, url, octets, "first"); err == nil {
		t.Error("a URL for a download takes an upload")
	}
	lost, err := w.Objects.PresignGet(ctx, key, gone, life)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := w.Client.Get(ctx, lost); !errors.Is(err, savesync.ErrNotFound) {
		t.Errorf("download of a version that is gone: %q, %v; want ErrNotFound", got, err)
	}
}

func testURLsExpire(t *testing.T, w *world) {
	ctx := t.Context()
	key := w.key("1-1-LT1.save/id")
	version := w.Owner.Put(t, key, "first")
	put, err := w.Objects.PresignPut(ctx, key, 6, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	get, err := w.Objects.PresignGet(ctx, key, version, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	w.Pass(5 * time.Second)
	if err := w.Client.Put(ctx, put, octets, "second"); !errors.Is(err, ErrRefused) {
		t.Errorf("upload by an expired URL: %v; want it refused", err)
	}
	if got, err := w.Client.Get(ctx, get); !errors.Is(err, ErrRefused) {
		t.Errorf("download by an expired URL: %q, %v; want it refused", got, err)
	}
	w.holds(t, key, "first")
}

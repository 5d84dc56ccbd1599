// Package storetest is the contract of package savesync with its stores, as tests:
// what the interfaces' comments say, held against a pair of stores. Every store
// runs it, the ones in memory as well as DynamoDB and S3.
package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// Stores are the stores under test, and what a test needs around them.
type Stores struct {
	Manifests savesync.ManifestStore
	Objects   savesync.ObjectStore
	Archive   savesync.Archive
	// Client is a game on a device.
	Client Client
	// Owner is whoever has the table's and the bucket's keys.
	Owner Owner
	// Pass lets a time go by.
	Pass func(time.Duration)
	// Expire lets the bucket's lifecycle do what is due by now. It is nil for a
	// store whose time cannot be moved, which has Rules in its place.
	Expire func()
	// Retention is what Expire goes by.
	Retention time.Duration
	// Rules returns the lifecycle that the bucket is configured to have.
	Rules func(testing.TB) []Rule
	// Excused has, by its name, why the store cannot keep a part of the contract.
	// That part is tried all the same: an excuse that is not needed is an error.
	Excused map[string]string
}

// The parts of the contract that a store may be excused from.
const (
	CopyRefusesATakenKey = "Copy refuses a key that has an object"
	PutRefusesOtherTypes = "a URL for an upload takes no other content type"
	WriteRefusesATaken   = "Write refuses a key that has an object"
)

// ErrRefused is what a client gets from a URL that it may not use, or not so.
var ErrRefused = errors.New("refused")

// A Client uses pre-signed URLs.
type Client interface {
	// Put sends bytes with a content type. A URL that does not take them gives [ErrRefused].
	Put(ctx context.Context, url, contentType, data string) error
	// Get fetches bytes. A URL that may not be used gives [ErrRefused]; one whose
	// version is not there gives [savesync.ErrNotFound].
	Get(ctx context.Context, url string) (string, error)
}

// A Version is one version of an object, or a delete marker, as it is in the bucket.
type Version struct {
	Key, ID         string
	Marker, Current bool
}

// An Owner reaches past the stores. Its methods fail the test when they fail, and
// may be used by several goroutines.
type Owner interface {
	// Put writes an object and returns its version.
	Put(t testing.TB, key, data string) string
	// Destroy deletes one version or delete marker for good.
	Destroy(t testing.TB, key, id string)
	// Versions returns what is below a prefix, in the order of the keys.
	Versions(t testing.TB, prefix string) []Version
	// PutOld gives a player an item that the backend before this one wrote for a
	// game, beside entries that make no sense if the store can hold any.
	PutOld(t testing.TB, player, game string, files []savesync.Entry)
	// Forget destroys what is there of a player, when a test is over.
	Forget(t testing.TB, player string)
}

// Run tests stores. Each test has a player of its own, so the stores may have others.
func Run(t *testing.T, open func(testing.TB) Stores) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"Records", testRecords},
		{"RecordsAreSavedOnce", testRecordsAreSavedOnce},
		{"RecordsKeepTheirBytes", testRecordsKeepTheirBytes},
		{"OldItems", testOldItems},
		{"Read", testRead},
		{"Stat", testStat},
		{"Copy", testCopy},
		{"CopyToATakenKey", testCopyToATakenKey},
		{"CopyOverADeleteMarker", testCopyOverADeleteMarker},
		{"List", testList},
		{"ListInPages", testListInPages},
		{"History", testHistory},
		{"Write", testWrite},
		{"Retire", testRetire},
		{"PutURLs", testPutURLs},
		{"PutURLsTakeNoOtherTypes", testPutURLsTakeNoOtherTypes},
		{"GetURLs", testGetURLs},
		{"URLsExpire", testURLsExpire},
		{"Names", testNames},
		{"Lifecycle", testLifecycle},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := &world{Stores: open(t), player: "storetest-" + strings.ToLower(rand.Text())}
			t.Cleanup(func() {
				w.Owner.Forget(t, w.player)
				w.Owner.Forget(t, w.other())
			})
			test.run(t, w)
		})
	}
}

// octets is the content type that uploads have.
const octets = "application/octet-stream"

// world is what one test has: stores, and a player of its own.
type world struct {
	Stores
	player string
}

// other returns another player of the test's.
func (w *world) other() string { return w.player + "-other" }

// key returns a key where contents stay.
func (w *world) key(rest string) string { return "users/" + w.player + "/game/content/" + rest }

// inbox returns a key that clients write to.
func (w *world) inbox(rest string) string { return "inbox/" + w.player + "/game/" + rest }

// excusable reports the error of a part of the contract, unless the store is excused.
func (w *world) excusable(t *testing.T, part string, err error) {
	t.Helper()
	switch why := w.Excused[part]; {
	case why == "" && err != nil:
		t.Errorf("%s: %v", part, err)
	case why != "" && err != nil:
		t.Skipf("NOT KEPT by this store: %s: %v. The reason: %s", part, err, why)
	case why != "":
		t.Errorf("the store keeps this and needs no excuse: %s", part)
	}
}

// holds wants the current object under a key, and returns its version.
func (w *world) holds(t *testing.T, key, data string) string {
	t.Helper()
	o, err := w.Objects.Read(t.Context(), key, "", int64(len(data)))
	if err != nil || string(o.Data) != data || o.Size != int64(len(data)) || o.Version == "" {
		t.Errorf("%s holds %q of %d bytes in version %q, %v; want %q", key, o.Data, o.Size, o.Version, err, data)
	}
	return o.Version
}

// keeps wants a version of a key, whatever is current.
func (w *world) keeps(t *testing.T, key, version, data string) {
	t.Helper()
	o, err := w.Objects.Read(t.Context(), key, version, int64(len(data)))
	if err != nil || string(o.Data) != data || o.Version != version {
		t.Errorf("version %s of %s is %q in version %q, %v; want %q", version, key, o.Data, o.Version, err, data)
	}
	if size, err := w.Objects.Stat(t.Context(), key, version); err != nil || size != int64(len(data)) {
		t.Errorf("version %s of %s has %d bytes, %v; want %d", version, key, size, err, len(data))
	}
}

// lacks wants a key, or a version of it, to be certainly not there.
func (w *world) lacks(t *testing.T, key, version string) {
	t.Helper()
	if o, err := w.Objects.Read(t.Context(), key, version, 1); !errors.Is(err, savesync.ErrNotFound) || o.Version != "" || o.Data != nil {
		t.Errorf("read of version %q of %s: %+v, %v; want ErrNotFound", version, key, o, err)
	}
	if version == "" {
		return
	}
	if _, err := w.Objects.Stat(t.Context(), key, version); !errors.Is(err, savesync.ErrNotFound) {
		t.Errorf("stat of version %q of %s: %v; want ErrNotFound", version, key, err)
	}
}

// retire retires keys.
func (w *world) retire(t *testing.T, keys ...string) {
	t.Helper()
	if err := w.Objects.Retire(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
}

// gone returns the version of an object that was there and is destroyed.
func (w *world) gone(t *testing.T, key string) string {
	t.Helper()
	id := w.Owner.Put(t, key, "soon gone")
	w.Owner.Destroy(t, key, id)
	return id
}

package savesync_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// library is a service with n committed files, and the body of a plan by a device
// that has changed every second one.
func library(tb testing.TB, n int) (*savesync.Service, []byte) {
	tb.Helper()
	store := memstore.New(time.Now, retention)
	service := &savesync.Service{
		Limits:    savesync.Limits{FileBytes: 16 << 20, PlayerBytes: 512 << 20, PlayerFiles: 500, PlansPerHour: 1 << 30},
		Manifests: store,
		Objects:   store,
		Serial:    true,
	}
	g := &savesync.Game{Files: map[string]savesync.File{}}
	manifest := map[string]any{}
	for i := range n {
		name := fmt.Sprintf("1-%d-LT1.save", i)
		checksum, mtime := memstore.Checksum(name), "1732345678.1234567"
		f := savesync.File{ID: savesync.NewID(), Version: "v", Size: 200_000, Modified: timestamp(mtime), Checksum: checksum, Committed: 1, Revision: 1}
		for j := range 8 {
			f.Older = f.Older.With(memstore.Checksum(fmt.Sprint(i, j)))
		}
		g.Files[name] = f
		if i%2 == 1 {
			checksum, mtime = memstore.Checksum("new "+name), "1732345679.1234567"
		}
		manifest[name] = map[string]any{"path": name, "size": 200_000, "modified_timestamp": json.Number(mtime), "checksum": checksum}
	}
	r := savesync.Record{Format: 1, Games: map[string]*savesync.Game{game: g}}
	data, err := r.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	store.SetRecord(player, string(data))
	body, err := json.Marshal(map[string]any{"game_id": game, "manifest": manifest})
	if err != nil {
		tb.Fatal(err)
	}
	return service, body
}

// benchmarkPlan plans over and over for a device, the record staying as it is:
// decoding, deciding, encoding, without a store's own time and without signing.
func benchmarkPlan(b *testing.B, files int) {
	service, body := library(b, files)
	service.Manifests = frozen{service.Manifests}
	service.Now = time.Now
	b.ReportAllocs()
	for b.Loop() {
		if reply := service.ServePlan(context.Background(), player, body); reply.Status != 200 {
			b.Fatalf("%d %s", reply.Status, reply.Body)
		}
	}
}

// frozen takes every save and keeps none.
type frozen struct{ savesync.ManifestStore }

func (frozen) Save(context.Context, string, []byte, int64) error { return nil }

func BenchmarkPlan10Files(b *testing.B)  { benchmarkPlan(b, 10) }
func BenchmarkPlan100Files(b *testing.B) { benchmarkPlan(b, 100) }
func BenchmarkPlan500Files(b *testing.B) { benchmarkPlan(b, 500) }

// BenchmarkSettle16Saves settles 16 saves of 200 kB that have arrived: hashing and
// reading them, without a store's own time.
func BenchmarkSettle16Saves(b *testing.B) {
	g := &savesync.Game{Files: map[string]savesync.File{}}
	inboxes := shelf{}
	random := rand.NewChaCha8([32]byte{1})
	for i := range 16 {
		name := fmt.Sprintf("1-%d-LT1.save", i)
		data := compressedSave(random, 200_000)
		u := savesync.Upload{
			ID: savesync.NewID(), Name: name, Size: int64(len(data)), Modified: timestamp("1732345678"), Layout: 1,
			Checksum: memstore.Checksum(string(data)), Expires: time.Now().Unix(),
		}
		g.Uploads = append(g.Uploads, u)
		inboxes["inbox/"+player+"/"+game+"/"+name+"/"+u.ID] = data
	}
	data, err := (&savesync.Record{Format: 1, Games: map[string]*savesync.Game{game: g}}).Encode()
	if err != nil {
		b.Fatal(err)
	}
	store := memstore.New(time.Now, retention)
	store.SetRecord(player, string(data))
	service := &savesync.Service{
		Limits:    savesync.Limits{FileBytes: 16 << 20, PlayerBytes: 512 << 20, PlayerFiles: 500, PlansPerHour: 1 << 30},
		Manifests: frozen{store}, Objects: inboxes,
	}
	defer savesync.Shrink(largeSize, 3*largeSize)
	savesync.Shrink(1<<20, 64<<20) // as it is
	b.ReportAllocs()
	for b.Loop() {
		if reply := service.ServeComplete(context.Background(), player, completeBody); reply.Status != 200 {
			b.Fatalf("%d %s %v", reply.Status, reply.Body, reply.Cause)
		}
	}
}

// compressedSave is a save of about so many bytes: a picture, which does not get
// smaller, and text, which does.
func compressedSave(random io.Reader, size int) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for entry, content := range map[string]io.Reader{
		"screenshot.png": io.LimitReader(random, int64(size)/2),
		"log":            io.LimitReader(hex.NewDecoder(zerosToF{random}), int64(size)*2),
	} {
		w, err := z.Create(entry)
		if err != nil {
			panic(err)
		}
		if _, err := io.Copy(w, content); err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// zerosToF makes text of two digits out of anything.
type zerosToF struct{ source io.Reader }

func (z zerosToF) Read(p []byte) (int, error) {
	n, err := z.source.Read(p)
	for i := range p[:n] {
		p[i] = "01"[p[i]&1]
	}
	return n, err
}

// shelf is a store of what has arrived. It copies to nowhere.
type shelf map[string][]byte

func (s shelf) Read(_ context.Context, key, _ string, size int64) (savesync.Object, error) {
	return savesync.Object{Version: "v", Size: size, Data: s[key]}, nil
}

func (s shelf) Copy(context.Context, string, string, string) (string, error) { return "v", nil }

func (s shelf) Stat(context.Context, string, string) (int64, error) { return 0, savesync.ErrNotFound }

func (s shelf) List(context.Context, string, int) (list []savesync.Listed, all bool, err error) {
	for key, data := range s {
		list = append(list, savesync.Listed{Key: key, Size: int64(len(data)), Current: true})
	}
	return list, true, nil
}

func (s shelf) Retire(context.Context, []string) error { return nil }

func (s shelf) PresignPut(context.Context, string, int64, time.Duration) (string, error) {
	return "", nil
}

func (s shelf) PresignGet(context.Context, string, string, time.Duration) (string, error) {
	return "", nil
}

func BenchmarkPlanNothingToDo(b *testing.B) {
	service, _ := library(b, 20)
	body := []byte(`{"game_id": "other", "manifest": {}}`)
	b.ReportAllocs()
	for b.Loop() {
		if reply := service.ServePlan(context.Background(), player, body); reply.Status != 200 {
			b.Fatal(reply.Status)
		}
	}
}

// TestPlanning500FilesIsQuick guards against planning in more than linear time; the
// figures themselves are in docs/performance.md.
func TestPlanning500FilesIsQuick(t *testing.T) {
	service, body := library(t, 500)
	service.Manifests = frozen{service.Manifests}
	start := time.Now()
	if reply := service.ServePlan(t.Context(), player, body); reply.Status != 200 {
		t.Fatal(reply.Status)
	}
	if took := time.Since(start); took > 500*time.Millisecond {
		t.Errorf("planning 500 files took %v", took)
	}
}

// TestNothingLeaks makes 100,000 requests and wants the heap and the goroutines to
// stay as they were after the first thousand.
func TestNothingLeaks(t *testing.T) {
	requests := 100_000
	if testing.Short() {
		requests = 5_000
	}
	service, body := library(t, 4)
	service.Manifests = frozen{service.Manifests}
	service.Serial = false // with its goroutines
	measure := func() (heap uint64, goroutines int) {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, runtime.NumGoroutine()
	}
	var heap uint64
	var goroutines int
	for i := range requests {
		if i == 1000 {
			heap, goroutines = measure()
		}
		reply := service.ServePlan(t.Context(), player, body)
		if i%2 == 1 {
			reply = service.ServeComplete(t.Context(), player, completeBody)
		}
		if reply.Status != 200 {
			t.Fatalf("%d %s", reply.Status, reply.Body)
		}
	}
	if h, g := measure(); h > heap+1<<20 || g > goroutines {
		t.Errorf("the heap went from %d to %d bytes, goroutines from %d to %d", heap, h, goroutines, g)
	}
}

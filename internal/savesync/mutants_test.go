package savesync_test

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// TestPromisesBite puts the old backend's defects back, each by a wrapper around
// the stores or the answers, and wants TestPromises' histories to find it.
func TestPromisesBite(t *testing.T) {
	const century = 100 * 365 * 24 * time.Hour
	for _, m := range []struct {
		defect string
		// promise is the one that is to be found broken.
		promise string
		mutate  func(*world)
	}{
		{"D2: the manifest is written when the upload is planned", "promise 2", func(w *world) { w.service.Manifests = early{w.store} }},
		{"D3: a failed read counts as an empty manifest", "promise 1", func(w *world) { w.service.Manifests = forgetful{w.store} }},
		{"D3, by the answer", "promise 6", func(w *world) { w.service.Manifests = forgetful{w.store} }},
		{"D4: what is known as older plays no part", "promise 3", func(w *world) { w.service.Manifests = ahistoric{w.store} }},
		{"D5: what the manifest leaves out is always sent", "promise 3", func(w *world) { w.generous = true }},
		{"D6: the record is written without a condition", "promise 1", func(w *world) { w.service.Manifests = unconditional{w.store} }},
		{"D6, by the uploads", "promise 5", func(w *world) { w.service.Manifests = unconditional{w.store} }},
		{"D7: one key a file, nothing pinned", "promise", func(w *world) {
			w.service.Objects = onekey{w.store}
			w.key = func(player, name, _ string) string {
				return "users/" + player + "/" + game + "/content/" + name + "/c0"
			}
		}},
		{"D10: what was announced counts as arrived", "promise 2", func(w *world) { w.service.Objects = believer{w.store, w} }},
		{"D11: a time in the future is taken as it is", "promise 3", func(w *world) { w.ahead = century }},
		{"D16: a file is offered that is not there", "promise 2", func(w *world) { w.service.Objects = unchecked{w.store, w}; w.vandals = true }},
		{"in place: what clients can write to is committed as it lies there", "promise 1", func(w *world) { w.service.Objects = inplace{w.store} }},
		{"too early: a content is retired before the record names another", "promise 1", func(w *world) { w.service.Objects = hasty{w.store, w} }},
	} {
		t.Run(strings.SplitN(m.defect, ":", 2)[0], func(t *testing.T) {
			t.Parallel()
			found := search(t, func(w *world) { w.only = m.promise; m.mutate(w) })
			if found == "" {
				t.Fatalf("%s: no history shows it", m.defect)
			}
			t.Logf("%s\n%s", m.defect, found)
		})
	}
}

// search runs histories until one breaks a promise, and returns the shortest that
// rapid makes of it, or nothing.
func search(t *testing.T, mutate func(*world)) (story string) {
	t.Helper()
	done := make(chan struct{})
	go func() { // a failed check ends its goroutine
		defer close(done)
		for range 50 {
			rapid.Check(&catcher{TB: t}, func(t *rapid.T) {
				if s := live(t, mutate); s != "" {
					story = s
					t.Fatal(s)
				}
			})
		}
	}()
	<-done
	return story
}

// A catcher is a test whose failure is what is wanted.
type catcher struct {
	testing.TB
	failed bool
}

func (c *catcher) Failed() bool          { return c.failed }
func (c *catcher) Fail()                 { c.failed = true }
func (c *catcher) Error(...any)          { c.failed = true }
func (c *catcher) Errorf(string, ...any) { c.failed = true }
func (c *catcher) FailNow()              { c.failed = true; runtime.Goexit() }
func (c *catcher) Fatal(...any)          { c.FailNow() }
func (c *catcher) Fatalf(string, ...any) { c.FailNow() }
func (c *catcher) Log(...any)            {}
func (c *catcher) Logf(string, ...any)   {}

// edit changes the game's part of a record in JSON.
func edit(data []byte, change func(*savesync.Game)) []byte {
	var r savesync.Record
	if len(data) == 0 || json.Unmarshal(data, &r) != nil || r.Games[game] == nil {
		return data
	}
	change(r.Games[game])
	data, err := json.Marshal(r)
	if err != nil {
		panic(err) // it was just decoded
	}
	return data
}

// early commits what is planned (D2).
type early struct{ *memstore.Store }

func (s early) Save(ctx context.Context, player string, data []byte, revision int64) error {
	return s.Store.Save(ctx, player, edit(data, func(g *savesync.Game) {
		for _, u := range g.Uploads {
			if !u.Settled {
				g.Files[u.Name] = savesync.File{ID: u.ID, Version: "v0", Size: u.Size, Modified: u.Modified, Checksum: u.Checksum}
			}
		}
	}), revision)
}

// forgetful reads nothing when it cannot read, and then writes over what is there (D3).
type forgetful struct{ *memstore.Store }

func (s forgetful) Load(ctx context.Context, player string) ([]byte, int64, error) {
	data, revision, err := s.Store.Load(ctx, player)
	if err != nil {
		return nil, 0, nil
	}
	return data, revision, nil
}

func (s forgetful) Save(ctx context.Context, player string, data []byte, revision int64) error {
	if revision == 0 {
		_, revision = s.Store.Record(player)
	}
	return s.Store.Save(ctx, player, data, revision)
}

// ahistoric knows no older contents, so that only times decide (D4).
type ahistoric struct{ *memstore.Store }

func (s ahistoric) Load(ctx context.Context, player string) ([]byte, int64, error) {
	data, revision, err := s.Store.Load(ctx, player)
	return edit(data, func(g *savesync.Game) {
		for name, f := range g.Files {
			f.Older = ""
			g.Files[name] = f
		}
	}), revision, err
}

// unconditional writes whatever has been written meanwhile (D6).
type unconditional struct{ *memstore.Store }

func (s unconditional) Save(ctx context.Context, player string, data []byte, _ int64) error {
	// The revision must be the one at the time of the write, after the hook.
	err := savesync.ErrConflict
	for errors.Is(err, savesync.ErrConflict) {
		_, revision := s.Store.Record(player)
		err = s.Store.Save(ctx, player, data, revision)
	}
	return err
}

// onekey has each file under one key, which uploads write to (D7).
type onekey struct{ *memstore.Store }

func (s onekey) key(key string) string {
	parts := strings.Split(key, "/")
	switch {
	case parts[0] == "inbox" && len(parts) == 5:
		return "users/" + parts[1] + "/" + parts[2] + "/content/" + parts[3] + "/c0"
	case savesync.IsContent(key):
		return strings.Join(append(parts[:5:5], "c0"), "/")
	default:
		return key
	}
}

func (s onekey) Read(ctx context.Context, key, version string, size int64) (savesync.Object, error) {
	return s.Store.Read(ctx, s.key(key), version, size)
}

func (s onekey) Copy(_ context.Context, source, version, _ string) (string, error) {
	return version, nil
}

func (s onekey) PresignGet(ctx context.Context, key, version string, life time.Duration) (string, error) {
	return s.Store.PresignGet(ctx, s.key(key), version, life)
}

func (s onekey) Stat(ctx context.Context, key, version string) (int64, error) {
	return s.Store.Stat(ctx, s.key(key), version)
}

func (s onekey) Retire(context.Context, []string) error { return nil }

func (s onekey) PresignPut(ctx context.Context, key string, size int64, life time.Duration) (string, error) {
	return s.Store.PresignPut(ctx, s.key(key), size, life)
}

// believer takes every announcement for an arrival (D10).
type believer struct {
	*memstore.Store
	world *world
}

func (s believer) Read(ctx context.Context, key, version string, size int64) (savesync.Object, error) {
	o, err := s.Store.Read(ctx, key, version, size)
	if !errors.Is(err, savesync.ErrNotFound) {
		return o, err
	}
	data, _ := s.Store.Record(player)
	for _, u := range s.world.watcher.record(data).Uploads {
		if announced, ok := s.world.kept(u.Name, u.Checksum); ok && strings.HasSuffix(key, "/"+u.ID) {
			return savesync.Object{Version: "v0", Size: size, Data: []byte(announced)}, nil
		}
	}
	return o, err
}

func (s believer) Copy(ctx context.Context, source, version, target string) (string, error) {
	id, err := s.Store.Copy(ctx, source, version, target)
	if errors.Is(err, savesync.ErrNotFound) {
		return "v0", nil
	}
	return id, err
}

// unchecked believes that what was committed is still there (D16).
type unchecked struct {
	*memstore.Store
	world *world
}

func (s unchecked) Stat(ctx context.Context, key, version string) (int64, error) {
	for _, c := range s.world.watchers {
		for _, f := range c.now().Files {
			if strings.HasSuffix(key, "/"+f.ID) {
				return f.Size, nil
			}
		}
	}
	return s.Store.Stat(ctx, key, version)
}

// inplace commits an upload under the key that its URL writes to.
type inplace struct{ *memstore.Store }

func (s inplace) Copy(_ context.Context, _, version, _ string) (string, error) { return version, nil }

func (s inplace) PresignPut(ctx context.Context, key string, size int64, life time.Duration) (string, error) {
	return s.Store.PresignPut(ctx, intoContent(key), size, life)
}

func (s inplace) Read(ctx context.Context, key, version string, size int64) (savesync.Object, error) {
	return s.Store.Read(ctx, intoContent(key), version, size)
}

// intoContent returns the content key of an inbox.
func intoContent(key string) string {
	if parts := strings.Split(key, "/"); parts[0] == "inbox" && len(parts) == 5 {
		return "users/" + parts[1] + "/" + parts[2] + "/content/" + parts[3] + "/" + parts[4]
	}
	return key
}

// hasty retires the committed content when it copies another in its place,
// before the record says so.
type hasty struct {
	*memstore.Store
	world *world
}

func (s hasty) Copy(ctx context.Context, source, version, target string) (string, error) {
	id, err := s.Store.Copy(ctx, source, version, target)
	if err != nil {
		return id, err
	}
	data, _ := s.Store.Record(player)
	for name, f := range s.world.watcher.record(data).Files {
		if strings.Contains(target, "/"+name+"/") {
			s.Store.Put(s.world.key(player, name, f.ID), "")
		}
	}
	return id, nil
}

package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
	"github.com/renpy-cloud/renpyctl/internal/savesync/storetest"
)

const retention = 90 * 24 * time.Hour

func TestContract(t *testing.T) {
	storetest.Run(t, func(testing.TB) storetest.Stores {
		var passed atomic.Int64
		start := time.Now()
		s := memstore.New(func() time.Time { return start.Add(time.Duration(passed.Load())) }, retention)
		return storetest.Stores{
			Manifests: s, Objects: s, Archive: s,
			Client:    client{s},
			Owner:     owner{s},
			Pass:      func(d time.Duration) { passed.Add(int64(d)) },
			Expire:    s.Expire,
			Retention: retention,
			Excused: map[string]string{
				storetest.PutRefusesOtherTypes: "uploads in memory have no content type",
			},
		}
	})
}

// TestTheLifecycleIsTheTemplates holds the rules that Expire plays: whoever changes
// those of the template has to change it too.
func TestTheLifecycleIsTheTemplates(t *testing.T) {
	days := int(retention / (24 * time.Hour))
	storetest.CheckRules(t, []storetest.Rule{
		{ID: "expire-overwritten-saves", Enabled: true, NoncurrentDays: days},
		{ID: "expire-inbox", Enabled: true, Prefix: "inbox/", NoncurrentDays: int(memstore.InboxRetention / (24 * time.Hour)), ExpirationDays: days},
		{ID: "tidy-up", Enabled: true, ExpiredMarkers: true, AbortDays: 1},
	})
}

func TestFaults(t *testing.T) {
	s := memstore.New(time.Now, retention)
	fault := memstore.Before
	s.Hook = func(c memstore.Call) memstore.Fault {
		if c.Op == "Save" {
			return fault
		}
		return memstore.None
	}
	for _, c := range []struct {
		fault    memstore.Fault
		revision int64
	}{{memstore.Before, 0}, {memstore.After, 1}} {
		fault = c.fault
		if err := s.Save(t.Context(), "p", []byte("{}"), 0); !errors.Is(err, memstore.ErrInjected) {
			t.Errorf("fault %d: %v", c.fault, err)
		}
		if _, revision, err := s.Load(t.Context(), "p"); err != nil || revision != c.revision {
			t.Errorf("fault %d: revision %d, %v; want %d", c.fault, revision, err, c.revision)
		}
	}
}

// client uses the URLs of a store in memory.
type client struct{ store *memstore.Store }

func (c client) Put(_ context.Context, url, _, data string) error {
	upload, err := c.store.Begin(url, data)
	if err == nil {
		upload.End()
	}
	return refused(err)
}

func (c client) Get(_ context.Context, url string) (string, error) {
	data, err := c.store.Get(url)
	return data, refused(err)
}

func refused(err error) error {
	if errors.Is(err, memstore.ErrDenied) {
		return fmt.Errorf("%w: %w", storetest.ErrRefused, err)
	}
	return err
}

type owner struct{ store *memstore.Store }

func (o owner) Put(_ testing.TB, key, data string) string { return o.store.Put(key, data) }

func (o owner) Destroy(_ testing.TB, key, id string) { o.store.Destroy(key, id) }

func (o owner) Versions(_ testing.TB, prefix string) []storetest.Version {
	var list []storetest.Version
	o.store.Versions(func(key string, v memstore.Version) {
		if strings.HasPrefix(key, prefix) {
			list = append(list, storetest.Version{Key: key, ID: v.ID, Marker: v.Marker, Current: v.Replaced.IsZero()})
		}
	})
	slices.SortStableFunc(list, func(a, b storetest.Version) int { return strings.Compare(a.Key, b.Key) })
	return list
}

func (o owner) PutOld(_ testing.TB, player, game string, files []savesync.Entry) {
	o.store.SetOld(player, game, files)
}

// Forget has nothing to do: each test has a store of its own.
func (o owner) Forget(testing.TB, string) {}

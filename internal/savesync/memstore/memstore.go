// Package memstore keeps the records and objects of package savesync in memory,
// for tests: with a clock of its own, a lifecycle that expires versions as the
// stack's bucket has it, URLs that expire, and a hook before every call.
package memstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// ErrInjected is the failure that a hook asks for.
var ErrInjected = errors.New("injected failure")

// ErrDenied is what a URL gives whose time is up or that is used for something else.
var ErrDenied = errors.New("403 forbidden")

// A Fault is what a hook does to a call.
type Fault int

// The faults.
const (
	None   Fault = iota
	Before       // the call fails and has no effect
	After        // the call has its effect, and then fails: an answer that is lost
)

// A Call is one call to the store.
type Call struct {
	// Op is the method's name.
	Op string
	// Key is the object's key, a line each if there are several, or the player.
	Key string
}

// A Version is one version of an object.
type Version struct {
	ID   string
	Data string
	// Marker says that it is a delete marker.
	Marker bool
	// Created is when it was written, Replaced when another took its place as the
	// current one; zero while it is current.
	Created, Replaced time.Time
}

// Checksum returns the SHA-256 of a version's or a file's bytes in hex.
func Checksum(data string) string {
	sum := sha256.Sum256([]byte(data))
	return hex.EncodeToString(sum[:])
}

// A Store is a [savesync.ManifestStore] and a [savesync.ObjectStore]. Its methods
// may be used by several goroutines.
type Store struct {
	// Now is the clock.
	Now func() time.Time
	// Retention is how long a version that is not the current one is kept.
	Retention time.Duration
	// Hook is asked before every call, nil being no faults. It may block.
	Hook func(Call) Fault

	mu       sync.Mutex
	records  map[string]record
	old      map[string][]savesync.Entry
	objects  map[string][]Version
	versions int
}

type record struct {
	data     string
	revision int64
}

var (
	_ savesync.ManifestStore = (*Store)(nil)
	_ savesync.ObjectStore   = (*Store)(nil)
	_ savesync.Archive       = (*Store)(nil)
)

// New returns an empty store.
func New(now func() time.Time, retention time.Duration) *Store {
	return &Store{
		Now: now, Retention: retention,
		records: map[string]record{}, old: map[string][]savesync.Entry{}, objects: map[string][]Version{},
	}
}

// do makes a call between the faults that the hook asks for.
func (s *Store) do(op, key string, f func() error) error {
	fault := None
	if s.Hook != nil {
		fault = s.Hook(Call{op, key})
	}
	if fault == Before {
		return ErrInjected
	}
	s.mu.Lock()
	err := f()
	s.mu.Unlock()
	if fault == After {
		return ErrInjected
	}
	return err
}

// Load implements [savesync.ManifestStore].
func (s *Store) Load(_ context.Context, player string) (data []byte, revision int64, err error) {
	err = s.do("Load", player, func() error {
		if r, ok := s.records[player]; ok {
			data, revision = []byte(r.data), r.revision
		}
		return nil
	})
	return data, revision, err
}

// Save implements [savesync.ManifestStore].
func (s *Store) Save(_ context.Context, player string, data []byte, revision int64) error {
	return s.do("Save", player, func() error {
		if s.records[player].revision != revision {
			return savesync.ErrConflict
		}
		s.records[player] = record{string(data), revision + 1}
		return nil
	})
}

// LoadOld implements [savesync.ManifestStore].
func (s *Store) LoadOld(_ context.Context, player, game string) (list []savesync.Entry, err error) {
	err = s.do("LoadOld", player, func() error {
		list = s.old[player+"/"+game]
		return nil
	})
	return list, err
}

// Read implements [savesync.ObjectStore].
func (s *Store) Read(_ context.Context, key, version string, size int64) (o savesync.Object, err error) {
	err = s.do("Read", key, func() error {
		v, ok := s.current(key)
		if version != "" {
			v, ok = s.version(key, version)
		}
		if !ok {
			return savesync.ErrNotFound
		}
		o = savesync.Object{Version: v.ID, Size: int64(len(v.Data))}
		if o.Size == size {
			o.Data = []byte(v.Data)
		}
		return nil
	})
	return o, err
}

// Copy implements [savesync.ObjectStore].
func (s *Store) Copy(_ context.Context, source, version, target string) (id string, err error) {
	err = s.do("Copy", target, func() error {
		from, ok := s.version(source, version)
		if !ok {
			return savesync.ErrNotFound
		}
		if _, taken := s.current(target); taken {
			return savesync.ErrExists
		}
		id = s.put(target, Version{Data: from.Data})
		return nil
	})
	return id, err
}

// Stat implements [savesync.ObjectStore].
func (s *Store) Stat(_ context.Context, key, version string) (size int64, err error) {
	err = s.do("Stat", key, func() error {
		v, ok := s.version(key, version)
		if !ok {
			return savesync.ErrNotFound
		}
		size = int64(len(v.Data))
		return nil
	})
	return size, err
}

// List implements [savesync.ObjectStore].
func (s *Store) List(_ context.Context, prefix string, pages int) (list []savesync.Listed, all bool, err error) {
	err = s.do("List", prefix, func() error {
		left := 1000 * pages
		for _, key := range slices.Sorted(maps.Keys(s.objects)) {
			if !strings.HasPrefix(key, prefix) {
				continue
			}
			for _, v := range slices.Backward(s.objects[key]) {
				if left--; left < 0 {
					return nil
				}
				if !v.Marker {
					list = append(list, savesync.Listed{Key: key, Size: int64(len(v.Data)), Current: v.Replaced.IsZero()})
				}
			}
		}
		all = true
		return nil
	})
	return list, all, err
}

// History implements [savesync.Archive]. It is one call.
func (s *Store) History(_ context.Context, prefix string) iter.Seq2[savesync.Version, error] {
	return func(yield func(savesync.Version, error) bool) {
		var list []savesync.Version
		err := s.do("History", prefix, func() error {
			for _, key := range slices.Sorted(maps.Keys(s.objects)) {
				if !strings.HasPrefix(key, prefix) {
					continue
				}
				for _, v := range slices.Backward(s.objects[key]) {
					if !v.Marker {
						list = append(list, savesync.Version{Key: key, ID: v.ID, Size: int64(len(v.Data)), Written: v.Created, Replaced: v.Replaced})
					}
				}
			}
			return nil
		})
		if err != nil {
			yield(savesync.Version{}, err)
			return
		}
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// Write implements [savesync.Archive].
func (s *Store) Write(_ context.Context, key string, data []byte) (id string, err error) {
	err = s.do("Write", key, func() error {
		if _, taken := s.current(key); taken {
			return savesync.ErrExists
		}
		id = s.put(key, Version{Data: string(data)})
		return nil
	})
	return id, err
}

// Retire implements [savesync.ObjectStore].
func (s *Store) Retire(_ context.Context, keys []string) error {
	return s.do("Retire", strings.Join(keys, "\n"), func() error {
		if len(keys) > 1000 {
			return errors.New("S3 takes at most 1,000 keys")
		}
		for _, key := range keys {
			s.put(key, Version{Marker: true})
		}
		return nil
	})
}

// PresignPut implements [savesync.ObjectStore]. It makes no call, as signing makes none.
func (s *Store) PresignPut(_ context.Context, key string, size int64, life time.Duration) (string, error) {
	return fmt.Sprintf("put|%s|%d|%d", key, size, s.Now().Add(life).Unix()), nil
}

// PresignGet implements [savesync.ObjectStore]. It makes no call, as signing makes none.
func (s *Store) PresignGet(_ context.Context, key, version string, life time.Duration) (string, error) {
	return fmt.Sprintf("get|%s|%s|%d", key, version, s.Now().Add(life).Unix()), nil
}

// An Upload is a transfer that S3 has begun to take.
type Upload struct {
	store     *Store
	key, data string
}

// Begin sends data to an upload URL as far as S3 checks it: at the beginning.
func (s *Store) Begin(url, data string) (*Upload, error) {
	parts, err := s.open("put", url)
	if err != nil {
		return nil, err
	}
	if parts[2] != strconv.Itoa(len(data)) {
		return nil, ErrDenied
	}
	return &Upload{store: s, key: parts[1], data: data}, nil
}

// Key is where the upload will be.
func (u *Upload) Key() string { return u.key }

// End ends the transfer: only now is the object there.
func (u *Upload) End() {
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	u.store.put(u.key, Version{Data: u.data})
}

// Get fetches what a download URL names.
func (s *Store) Get(url string) (string, error) {
	parts, err := s.open("get", url)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.version(parts[1], parts[2])
	if !ok {
		return "", savesync.ErrNotFound
	}
	return v.Data, nil
}

// open takes a URL apart, if it may still be used.
func (s *Store) open(kind, url string) ([]string, error) {
	parts := strings.Split(url, "|")
	if len(parts) != 4 || parts[0] != kind {
		return nil, ErrDenied
	}
	if expires, err := strconv.ParseInt(parts[3], 10, 64); err != nil || s.Now().Unix() > expires {
		return nil, ErrDenied
	}
	return parts, nil
}

// current returns the current version of a key, unless that is a delete marker.
func (s *Store) current(key string) (Version, bool) {
	list := s.objects[key]
	if len(list) == 0 || list[len(list)-1].Marker {
		return Version{}, false
	}
	return list[len(list)-1], true
}

// version returns one version of a key; a delete marker is none.
func (s *Store) version(key, id string) (Version, bool) {
	for _, v := range s.objects[key] {
		if v.ID == id && !v.Marker {
			return v, true
		}
	}
	return Version{}, false
}

// put writes a version over the current one and returns its id.
func (s *Store) put(key string, v Version) string {
	s.versions++
	v.ID, v.Created = fmt.Sprintf("v%d", s.versions), s.Now()
	list := s.objects[key]
	if n := len(list); n > 0 {
		list[n-1].Replaced = v.Created
	}
	s.objects[key] = append(list, v)
	return v.ID
}

// InboxRetention is how long the bucket keeps what was replaced below "inbox/".
const InboxRetention = 24 * time.Hour

// Expire does what the bucket's lifecycle does. A version that has not been the
// current one of its key for the retention time goes, below "inbox/" after a day.
// There, a current one gives way to a delete marker after the retention time. A
// delete marker goes when there is nothing below it.
func (s *Store) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	for key, list := range s.objects {
		inbox, keep := strings.HasPrefix(key, "inbox/"), s.Retention
		if inbox {
			keep = min(keep, InboxRetention)
		}
		last := list[len(list)-1]
		if inbox && !last.Marker && now.Sub(last.Created) >= s.Retention {
			s.put(key, Version{Marker: true})
			list = s.objects[key]
		}
		kept := slices.DeleteFunc(list, func(v Version) bool { return !v.Replaced.IsZero() && now.Sub(v.Replaced) >= keep })
		if len(kept) == 1 && kept[0].Marker {
			delete(s.objects, key)
			continue
		}
		s.objects[key] = kept
	}
}

// Record returns a player's record as it is now, and its revision.
func (s *Store) Record(player string) (data string, revision int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records[player]
	return r.data, r.revision
}

// SetRecord puts a record in place of a player's, whatever its revision.
func (s *Store) SetRecord(player, data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[player] = record{data, s.records[player].revision + 1}
}

// DeleteRecord removes a player's record, as someone would who has the table's keys.
func (s *Store) DeleteRecord(player string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, player)
}

// SetOld gives a player an item of the old backend.
func (s *Store) SetOld(player, game string, files []savesync.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.old[player+"/"+game] = files
}

// Put writes an object, as someone would who has the bucket's keys.
func (s *Store) Put(key, data string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(key, Version{Data: data})
}

// Delete removes a key with all its versions, as someone would who has the bucket's keys.
func (s *Store) Delete(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key)
}

// Destroy removes one version of a key, as someone would who has the bucket's
// keys. Without the current one, the version below it is current again.
func (s *Store) Destroy(key, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.DeleteFunc(s.objects[key], func(v Version) bool { return v.ID == id })
	if len(list) == 0 {
		delete(s.objects, key)
		return
	}
	list[len(list)-1].Replaced = time.Time{}
	s.objects[key] = list
}

// Versions calls f for every version of every key, in no order of keys. The
// current one of a key is the one that has not been replaced.
func (s *Store) Versions(f func(key string, v Version)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, list := range s.objects {
		for _, v := range list {
			f(key, v)
		}
	}
}

// Current returns the current version of a key, unless that is a delete marker.
func (s *Store) Current(key string) (Version, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current(key)
}

// Find returns one version of a key.
func (s *Store) Find(key, id string) (Version, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version(key, id)
}

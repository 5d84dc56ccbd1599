package savesync

import (
	"context"
	"errors"
	"iter"
	"time"
)

var (
	// ErrNotFound says that an object, or that version of it, is certainly not
	// there. A store that cannot tell (throttled, denied, unreachable) returns another error.
	ErrNotFound = errors.New("no such object")
	// ErrExists says that the key already has an object.
	ErrExists = errors.New("the object exists already")
	// ErrConflict says that a record was not saved because another request saved it first.
	ErrConflict = errors.New("the record was changed by another request")
)

// A ManifestStore keeps one record a player.
type ManifestStore interface {
	// Load returns a player's record as last saved, by a strongly consistent read,
	// and its revision: 1 for the first, 0 and no data when there is none. What stands in
	// the place of a record and is none it returns as data that [DecodeRecord] refuses.
	Load(ctx context.Context, player string) (data []byte, revision int64, err error)
	// Save replaces a record if its revision is still the given one, and makes it
	// the next. Otherwise it changes nothing and returns [ErrConflict]. After any
	// other error the record may or may not have been saved.
	Save(ctx context.Context, player string, data []byte, revision int64) error
	// LoadOld returns the files of an item that the backend before this one wrote
	// for a game, or nothing. Entries that make no sense are left out.
	LoadOld(ctx context.Context, player, game string) ([]Entry, error)
}

// An Object is what a read of a key found.
type Object struct {
	// Version is the version that was read.
	Version string
	// Size is in bytes.
	Size int64
	// Data holds its bytes; nil when its size is not the one that was asked for.
	Data []byte
}

// A Listed is one version of an object, as a list has it.
type Listed struct {
	Key string
	// Size is in bytes.
	Size int64
	// Current says that the version is what a read of its key finds.
	Current bool
}

// An ObjectStore keeps versions of objects by key. It has no way to destroy one.
type ObjectStore interface {
	// Read returns one version of the object under a key, the current one if no
	// version is given. It reads its bytes only if there are size of them. Without
	// such an object it returns [ErrNotFound].
	Read(ctx context.Context, key, version string, size int64) (Object, error)
	// Copy copies one version of a key to another key that has no current object, and
	// returns the new object's version. If it has one the error is [ErrExists]; if
	// the source is not there, [ErrNotFound].
	Copy(ctx context.Context, source, version, target string) (string, error)
	// Stat returns the size of one version of a key, or [ErrNotFound].
	Stat(ctx context.Context, key, version string) (int64, error)
	// List returns the versions of all objects whose keys begin with a prefix, in the
	// order of their keys, without delete markers. It asks for at most so many pages
	// of a thousand versions and markers, and says whether that was all.
	List(ctx context.Context, prefix string, pages int) (list []Listed, all bool, err error)
	// Retire puts a delete marker over each of at most 1,000 keys: they have no
	// current object then, and the version below begins to expire. It may be repeated,
	// and a key may have no object. After an error some keys may have been retired.
	Retire(ctx context.Context, keys []string) error
	// PresignPut returns a URL that takes PUTs of exactly size bytes of
	// application/octet-stream to a key; it is a secret.
	PresignPut(ctx context.Context, key string, size int64, life time.Duration) (string, error)
	// PresignGet returns a URL that reads one version of a key; it is a secret.
	PresignGet(ctx context.Context, key, version string, life time.Duration) (string, error)
}

// An Archive is the part of an object store that only operators need.
type Archive interface {
	// History streams the versions of all objects whose keys begin with a prefix, in the
	// order of their keys and of each from the newest to the oldest, without delete
	// markers. It ends at the first error.
	History(ctx context.Context, prefix string) iter.Seq2[Version, error]
	// Write puts an object under a key that has no current object, and returns its
	// version. If it has one the error is [ErrExists].
	Write(ctx context.Context, key string, data []byte) (string, error)
}

// A Version is one version of an object, as an archive has it.
type Version struct {
	// Key and ID name it.
	Key, ID string
	// Size is in bytes.
	Size int64
	// Written is when it was put there. Replaced is when another version or a delete
	// marker took its place as the current one, zero while it is that.
	Written, Replaced time.Time
}

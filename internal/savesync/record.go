package savesync

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// recordFormat is the layout of a record that this code writes. A record with a
// higher one was written by a newer release and is left alone.
const recordFormat = 1

// A Record is all that the service knows of one player: one item of the table.
// docs/protocol.md shows it written out.
type Record struct {
	Format int `json:"format"`
	// Games holds what is known of each game, by game id.
	Games map[string]*Game `json:"games"`
	// Usage counts against the hourly limits.
	Usage Usage `json:"usage"`
}

// Usage is what a player took in the current hour.
type Usage struct {
	// Since is when the hour began, in seconds since 1970.
	Since int64 `json:"since"`
	// Plans counts the plans that handed out at least one URL.
	Plans int `json:"plans"`
	// Bytes is the size of the files that upload URLs were handed out for.
	Bytes int64 `json:"bytes"`
}

// A Game is one player's saves of one game.
type Game struct {
	// Files holds what is committed, by file name.
	Files map[string]File `json:"files"`
	// Uploads holds what was planned, oldest first, until its URL can no longer be used.
	Uploads []Upload `json:"uploads,omitempty"`
	// Retired holds the contents that were replaced since the last write and whose
	// objects are still to be retired.
	Retired []Content `json:"retired,omitempty"`
}

// A File is the committed content of a file: it is in the bucket, its bytes have
// been read and have the checksum.
type File struct {
	// ID and Version name the object: the content's key ends in ID, and Version is
	// the only version that key ever has until it is retired.
	ID      string `json:"id"`
	Version string `json:"version"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// Modified is what the device said, but never later than the server's clock when it said so.
	Modified Timestamp `json:"modified_timestamp"`
	// Checksum is the SHA-256 in 64 lower-case hex digits.
	Checksum string `json:"checksum"`
	// Committed is when the content became the current one, in seconds since 1970,
	// and Revision is that of the record that said so first.
	Committed int64 `json:"committed_at"`
	Revision  int64 `json:"revision"`
	// Older remembers contents that this one stands above.
	Older History `json:"older,omitempty"`
}

// An Upload is a content that a device was invited to send.
type Upload struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Size is in bytes; Modified and Checksum are as in [File].
	Size     int64     `json:"size"`
	Modified Timestamp `json:"modified_timestamp"`
	Checksum string    `json:"checksum"`
	// Expires is when the last URL for it dies, in seconds since 1970.
	Expires int64 `json:"expires"`
	// Settled says that the content has been dealt with; only its inbox key is
	// still to be retired, once nothing can be written to it any more.
	Settled bool `json:"settled,omitempty"`
	// Imported marks an entry of an old item: its object lies where the old backend
	// put it and is not touched.
	Imported bool `json:"imported,omitempty"`
}

// Content names one content of a file in the bucket.
type Content struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

// decodeRecord reads a record. No data is an empty record; damaged data, or data
// of a newer release, is an error: it must never pass for an empty record.
func decodeRecord(data []byte) (*Record, error) {
	if len(data) == 0 {
		return &Record{Format: recordFormat, Games: map[string]*Game{}}, nil
	}
	r := &Record{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("the player's record is damaged: %w", err)
	}
	if r.Format != recordFormat {
		return nil, fmt.Errorf("the player's record has format %d, this release knows %d", r.Format, recordFormat)
	}
	if r.Games == nil {
		r.Games = map[string]*Game{}
	}
	for id, g := range r.Games {
		if g == nil {
			return nil, fmt.Errorf("the player's record is damaged: nothing under game %q", id)
		}
		if g.Files == nil {
			g.Files = map[string]File{}
		}
		if err := g.check(); err != nil {
			return nil, fmt.Errorf("the player's record is damaged: game %q: %w", id, err)
		}
	}
	return r, nil
}

// check returns an error when something in the game could not have been written by this code.
func (g *Game) check() error {
	for name, f := range g.Files {
		if checkFileName(name) != nil || !isChecksum(f.Checksum) || f.Modified.digits == "" || f.ID == "" || f.Version == "" {
			return fmt.Errorf("file %q", name)
		}
	}
	for _, u := range g.Uploads {
		if checkFileName(u.Name) != nil || !isChecksum(u.Checksum) || u.Modified.digits == "" || u.ID == "" {
			return fmt.Errorf("upload %q of %q", u.ID, u.Name)
		}
	}
	return nil
}

// encode writes the record.
func (r *Record) encode() ([]byte, error) { return json.Marshal(r) }

// The room that entries take in a record at most, without their names. DynamoDB
// refuses an item over 400 KB; [Record.weight] is an upper bound that is checked
// before anything is added, so that settling what was added always fits.
// TestWeightBoundsTheRecord holds the figures to the codec.
const (
	maxRecordBytes   = 400_000
	maxVersion       = 64  // S3's version ids have 32 bytes
	fileWeight       = 340 // a file without its history, with a version id of maxVersion bytes
	uploadWeight     = 260
	retiredWeight    = 50
	gameWeight       = 60
	recordBaseWeight = 200 + maxHistories*historyDigits
)

// weight returns an upper bound, in bytes, of what the record can grow to when
// all its uploads arrive.
func (r *Record) weight() int {
	w := recordBaseWeight
	for id, g := range r.Games {
		w += gameWeight + len(id)
		for name := range g.names() {
			w += fileWeight + len(name)
		}
		for _, u := range g.Uploads {
			// Once it arrives, it may also leave a predecessor to be retired.
			w += uploadWeight + len(u.Name) + retiredWeight + len(u.Name)
		}
		for _, c := range g.Retired {
			w += retiredWeight + len(c.Name)
		}
	}
	return w
}

// names returns the names of all files that are committed or may yet arrive, each
// with the size of the largest content that it has or may have.
func (g *Game) names() map[string]int64 {
	sizes := make(map[string]int64, len(g.Files))
	for name, f := range g.Files {
		sizes[name] = f.Size
	}
	for _, u := range g.Uploads {
		if !u.Settled {
			sizes[u.Name] = max(sizes[u.Name], u.Size)
		}
	}
	return sizes
}

// totals returns the number and the size in bytes of all the player's files,
// counting what may yet arrive.
func (r *Record) totals() (files int, bytes int64) {
	for _, g := range r.Games {
		sizes := g.names()
		files += len(sizes)
		for _, size := range sizes {
			bytes += size
		}
	}
	return files, bytes
}

// open returns the uploads that have not been settled.
func (g *Game) open() []Upload {
	return slices.DeleteFunc(slices.Clone(g.Uploads), func(u Upload) bool { return u.Settled })
}

// usageAt returns the usage of the hour that now falls into.
func (r *Record) usageAt(now time.Time) Usage {
	if now.Unix()-r.Usage.Since >= int64(time.Hour/time.Second) || now.Unix() < r.Usage.Since {
		return Usage{Since: now.Unix()}
	}
	return r.Usage
}

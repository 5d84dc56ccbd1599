package savesync

import (
	"encoding/json"
	"fmt"
	"slices"
)

// The layouts of records that this code writes. A record with a higher one was
// written by a newer release and is left alone. That is also why the record of a
// player who is turned away has a layout of its own: releases before bans neither
// obey it nor write over it, they answer 503.
const (
	recordFormat = 1
	barredFormat = 2
)

// A Record is all that the service knows of one player: one item of the table.
// docs/protocol.md shows it written out.
type Record struct {
	Format int `json:"format"`
	// Games holds what is known of each game, by game id.
	Games map[string]*Game `json:"games"`
	// Usage counts against the hourly limits.
	Usage Usage `json:"usage"`
	// Synced is when the player last synced, in seconds since 1970: to the second where
	// there was something to write, else to the day. 0 is never, or not since a release
	// that did not note it.
	Synced int64 `json:"synced,omitempty"`
	// Ban keeps the player from syncing, nil for none.
	Ban *Ban `json:"ban,omitempty"`
	// Forgotten is what is left of a player who was erased, nil for everybody else.
	Forgotten *Tombstone `json:"forgotten,omitempty"`
	// Support holds what operators last did for the player, oldest first.
	Support []Deed `json:"support,omitempty"`
}

// Usage is what a player took, as far as it is bounded by time.
type Usage struct {
	// Since is when the current hour began, in seconds since 1970, and Plans counts
	// the plans in it that were written down, as all are that hand out a URL.
	Since int64 `json:"since"`
	Plans int   `json:"plans"`
	// Level is how full the player's upload budget was at the time At, in seconds
	// since 1970. It is in bytes; quota.go says what fills it.
	Level int64 `json:"level,omitempty"`
	At    int64 `json:"at,omitempty"`
	// Unaudited counts the plans that handed out upload URLs since the inboxes were
	// last listed.
	Unaudited int `json:"unaudited,omitempty"`
}

// A Game is one player's saves of one game.
type Game struct {
	// Files holds what is committed, by file name.
	Files map[string]File `json:"files"`
	// Uploads holds what was planned, oldest first, until nothing can be written to
	// its inbox any more.
	Uploads []Upload `json:"uploads,omitempty"`
	// Retired holds the contents that were replaced or lost since the last plan that
	// was written, and whose objects are to be retired.
	Retired []Content `json:"retired,omitempty"`
	// Failing holds the files of which the last uploads never came, by file name, and of
	// each the last few contents, oldest first.
	Failing map[string][]Failure `json:"failing,omitempty"`
	// Damaged holds the last contents that could not be read and were kept from
	// replacing one that can, oldest first.
	Damaged []Damage `json:"damaged,omitempty"`
	// LeftAlone says of the first few files that the last plan neither sent nor fetched
	// why not, by file name.
	LeftAlone map[string]Bar `json:"left_alone,omitempty"`
}

// A Failure tells of uploads of a content that never came.
type Failure struct {
	// Of is the content.
	Of History `json:"of"`
	// Tries is how many there were, Last when the last one was planned, in seconds since 1970.
	Tries int   `json:"tries"`
	Last  int64 `json:"last"`
}

// A Damage is a content that could not be read. It can be got back as an older
// version of its key for the retention time.
type Damage struct {
	Content
	// At is when it was found, in seconds since 1970.
	At int64 `json:"at"`
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
	// Health is what reading it has shown.
	Health Health `json:"health,omitempty"`
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
	// Layout says which key the inbox is.
	Layout int `json:"layout,omitempty"`
	// Basis is the revision of the content that was committed when this one was
	// planned, 0 for none: that one the device may have known.
	Basis int64 `json:"basis,omitempty"`
	// Turn is the place that it had among the uploads of the last plan.
	Turn int `json:"turn,omitempty"`
	// Losing says that the content is asked for only to be kept: its device was told
	// to fetch another one over it.
	Losing bool `json:"losing,omitempty"`
	// Settled says that the content has been dealt with and its inbox was retired.
	// That is done once more when nothing can be written to it any more.
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

// DecodeRecord reads a record. No data is an empty record; damaged data, or data
// of a newer release, is an error: it must never pass for an empty record.
func DecodeRecord(data []byte) (*Record, error) {
	if len(data) == 0 {
		return &Record{Format: recordFormat, Games: map[string]*Game{}}, nil
	}
	r := &Record{}
	err := json.Unmarshal(data, r)
	if r.Format > barredFormat { // of which anything may be of another kind
		return nil, &NewerRecordError{r.Format}
	}
	if err != nil {
		return nil, fmt.Errorf("the player's record is damaged: %w", err)
	}
	if r.Format != r.format() {
		return nil, fmt.Errorf("the player's record is damaged: its format is %d, its contents are of %d", r.Format, r.format())
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
func (r *Record) encode() ([]byte, error) {
	r.Format = r.format()
	return json.Marshal(r)
}

// format returns the layout that a record with these contents has.
func (r *Record) format() int {
	if r.Ban != nil || r.Forgotten != nil {
		return barredFormat
	}
	return recordFormat
}

// The room that entries take in a record at most, without their names. DynamoDB
// refuses an item over 400 KB; [Record.weight] is an upper bound that is checked
// before anything is added, so that settling what was added always fits.
// TestWeightBoundsTheRecord holds the figures to the codec.
const (
	maxRecordBytes   = 405_000
	maxVersion       = 64  // S3's version ids have 32 bytes
	fileWeight       = 350 // a file without its history, with a version id of maxVersion bytes
	uploadWeight     = 312
	retiredWeight    = 50
	failureWeight    = 60
	failingWeight    = 10 // of a file, without its failures
	damageWeight     = 70
	leftAloneWeight  = 20
	gameWeight       = 105 + maxDamaged*(damageWeight+maxNameBytes) + maxLeftAlone*(leftAloneWeight+maxNameBytes)
	recordBaseWeight = 300 + maxHistories*historyDigits + banWeight + maxDeeds*deedWeight
	banWeight        = 70 + maxReason + maxBy
	deedWeight       = 160 + maxBy
)

const (
	// maxDamaged bounds how many damaged contents of a game are remembered.
	maxDamaged = 8
	// maxFailing bounds how many contents of a file are remembered to fail.
	maxFailing = 4
	// maxLeftAlone bounds how many files of a game are remembered to be left alone.
	maxLeftAlone = 8
	// maxDeeds bounds what is remembered of what operators did.
	maxDeeds = 12
	// maxReason and maxBy bound, in bytes, why a player is banned and who did something.
	maxReason = 200
	maxBy     = 100
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
			w += u.weight()
		}
		for _, c := range g.Retired {
			w += retiredWeight + len(c.Name)
		}
		for name, list := range g.Failing {
			w += failingWeight + len(name) + len(list)*failureWeight
		}
	}
	return w
}

// weight is what an upload takes. When it arrives, it may also leave its predecessor
// or itself to be retired. When it does not, what it leaves takes less.
func (u Upload) weight() int {
	if u.Settled {
		return uploadWeight + len(u.Name)
	}
	return uploadWeight + retiredWeight + 2*len(u.Name)
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

// open returns the uploads that have not been settled.
func (g *Game) open() []Upload {
	return slices.DeleteFunc(slices.Clone(g.Uploads), func(u Upload) bool { return u.Settled })
}

package savesync

import "time"

// What the tests, which are a package of their own so that they can use the
// stores of memstore, look at inside.

const (
	URLLife        = urlLife
	UploadGrace    = uploadGrace
	MaxRecordBytes = maxRecordBytes
	MaxBody        = maxBody
	MaxDamaged     = maxDamaged
	MaxDeeds       = maxDeeds
	MaxReason      = maxReason
	MaxBy          = maxBy
	MaxLeftAlone   = maxLeftAlone
)

var CheckFileName = checkFileName

// Shrink makes what is large so small that histories meet it often.
func Shrink(large, look int64) { largeUpload, lookBytes = large, look }

// Inspect reads a content as what it claims to be.
func Inspect(name string, data []byte) Health {
	return inspect(name, data, time.Now().Add(maxInspection))
}

func (h History) Has(checksum string) bool       { return h.has(checksum) }
func (h History) With(checksum string) History   { return h.with(checksum) }
func (h History) Len() int                       { return h.len() }
func (r *Record) Weight() int                    { return r.weight() }
func (r *Record) Encode() ([]byte, error)        { return r.encode() }
func (r *Record) TrimHistories()                 { r.trimHistories() }
func DecodePlan(body []byte, l Limits) error     { _, _, err := decodePlan(body, l); return err }
func DecodeComplete(body []byte, l Limits) error { _, err := decodeComplete(body, l); return err }

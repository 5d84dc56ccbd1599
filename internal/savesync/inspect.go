package savesync

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"slices"
	"sync"
)

// Health is what reading a content as what it claims to be has shown.
type Health string

// The healths.
const (
	// Unread says that it was not read, or that it is in no format that is known.
	Unread Health = ""
	// Readable says that it was read from beginning to end.
	Readable Health = "readable"
	// Damaged says that it cannot be read: it was cut, overwritten or never was whole.
	Damaged Health = "damaged"
)

// maxInflated bounds, in bytes, what one content is inflated to. What lies beyond
// is believed: a few kilobytes can be made to inflate to gigabytes.
const maxInflated = 64 << 20

// maxEntries bounds the entries of a save; the engine writes six. Of one with more
// nothing is said, since its directory alone can take ten times its bytes in memory.
const maxEntries = 1000

// directoryEntry is what each entry of a zip archive's directory begins with.
var directoryEntry = []byte("PK\x01\x02")

// inspect reads a content as what the engine writes under a name of its kind:
// "persistent" is one complete zlib stream, after which lines of text may follow
// (8.1 signs there), and a save is a zip archive in which the directory and every
// checksum hold. Bytes that are all zero, as a power loss leaves them, are nothing.
func inspect(name string, data []byte) Health {
	switch {
	case !slices.ContainsFunc(data, func(b byte) bool { return b != 0 }):
		return Damaged
	case name == persistent:
		return inspectPersistent(data)
	case isSave(name):
		return inspectSave(data)
	default:
		return Unread
	}
}

// inflaters holds readers of zlib streams; each has buffers of about 40 kB.
var inflaters sync.Pool

func inspectPersistent(data []byte) Health {
	source := bytes.NewReader(data) // a ByteReader, of which no more is taken than the stream has
	stream, _ := inflaters.Get().(io.ReadCloser)
	var err error
	if stream == nil {
		stream, err = zlib.NewReader(source)
	} else {
		err = stream.(zlib.Resetter).Reset(source, nil)
	}
	if err != nil {
		return Damaged
	}
	defer inflaters.Put(stream)
	left := int64(maxInflated)
	if health := inflate(stream, &left); health != Readable || left == 0 {
		return health
	}
	if tail := data[len(data)-source.Len():]; bytes.IndexByte(tail, 0) >= 0 {
		return Damaged
	}
	return Readable
}

func inspectSave(data []byte) Health {
	if bytes.Count(data, directoryEntry) > maxEntries {
		return Unread
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) || len(archive.File) == 0 {
		return Damaged
	}
	left := int64(maxInflated)
	for _, f := range archive.File {
		if left == 0 {
			break
		}
		r, err := f.Open()
		if errors.Is(err, zip.ErrAlgorithm) {
			return Unread
		}
		if err != nil {
			return Damaged
		}
		health := inflate(r, &left)
		_ = r.Close() // it holds nothing but memory
		if health != Readable {
			return health
		}
	}
	return Readable
}

// inflate reads a stream to its end, or up to what is left, which it reduces.
func inflate(r io.Reader, left *int64) Health {
	n, err := io.Copy(io.Discard, io.LimitReader(r, *left))
	*left -= n
	if err != nil {
		return Damaged
	}
	return Readable
}

package savesync

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"slices"
	"sync"
	"time"
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

const (
	// maxInflated bounds, in bytes, what one content is inflated to. What lies beyond
	// is believed: a few kilobytes can be made to inflate to gigabytes.
	maxInflated = 64 << 20
	// maxInspection bounds the time that one content takes, on a processor of which a
	// small Lambda function has a seventh: there are streams that take seconds and
	// inflate to nothing.
	maxInspection = 4 * time.Second
	// maxEntries bounds the entries of a save; the engine writes six. Of one with more
	// nothing is said, since its directory alone can take ten times its bytes in memory.
	maxEntries = 1000
)

// directoryEntry is what each entry of a zip archive's directory begins with.
var directoryEntry = []byte("PK\x01\x02")

// inspect reads a content as what the engine writes under a name of its kind:
// "persistent" is one complete zlib stream, after which lines of text may follow
// (8.1 signs there), and a save is a zip archive in which the directory and every
// checksum hold. Bytes that are all zero, as a power loss leaves them, are nothing. Of
// what cannot be read by then nothing is said.
func inspect(name string, data []byte, until time.Time) Health {
	s := &source{data: data, left: 2*len(data) + 1<<16, until: until}
	switch {
	case !slices.ContainsFunc(data, func(b byte) bool { return b != 0 }):
		return Damaged
	case name == persistent:
		return inspectPersistent(s)
	case isSave(name):
		return inspectSave(s)
	default:
		return Unread
	}
}

// errTooMuch says that reading a content takes more than any that was written in earnest.
var errTooMuch = errors.New("the content takes too much reading")

// A source is a content that is read a bounded number of times, and for a bounded time.
type source struct {
	data []byte
	// at is where the next byte is, left how many may still be read.
	at, left int
	until    time.Time
}

// take takes the next n bytes of what may be read.
func (s *source) take(n int) error {
	if s.left -= n; s.left < 0 || time.Now().After(s.until) {
		return errTooMuch
	}
	return nil
}

// ReadAt implements [io.ReaderAt], for zip archives: entries may overlap.
func (s *source) ReadAt(p []byte, off int64) (int, error) {
	if err := s.take(len(p)); err != nil {
		return 0, err
	}
	if off >= int64(len(s.data)) {
		return 0, io.EOF
	}
	n := copy(p, s.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// ReadByte implements [io.ByteReader], so that no more is taken than a stream has.
func (s *source) ReadByte() (byte, error) {
	const often = 4 << 10
	if s.at%often == 0 {
		if err := s.take(often); err != nil {
			return 0, err
		}
	}
	if s.at == len(s.data) {
		return 0, io.EOF
	}
	s.at++
	return s.data[s.at-1], nil
}

// Read implements [io.Reader].
func (s *source) Read(p []byte) (int, error) {
	for i := range p {
		b, err := s.ReadByte()
		if err != nil {
			return i, err
		}
		p[i] = b
	}
	return len(p), nil
}

// inflaters holds readers of zlib streams; each has buffers of about 40 kB.
var inflaters sync.Pool

func inspectPersistent(s *source) Health {
	stream, _ := inflaters.Get().(io.ReadCloser)
	var err error
	if stream == nil {
		stream, err = zlib.NewReader(s)
	} else {
		err = stream.(zlib.Resetter).Reset(s, nil)
	}
	if err != nil {
		return verdict(err)
	}
	defer inflaters.Put(stream)
	left := int64(maxInflated)
	if health := inflate(stream, &left); health != Readable || left == 0 {
		return health
	}
	if tail := s.data[s.at:]; bytes.IndexByte(tail, 0) >= 0 {
		return Damaged
	}
	return Readable
}

func inspectSave(s *source) Health {
	if bytes.Count(s.data, directoryEntry) > maxEntries {
		return Unread
	}
	archive, err := zip.NewReader(s, int64(len(s.data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return verdict(err)
	}
	if len(archive.File) == 0 {
		return Damaged
	}
	left := int64(maxInflated)
	for _, f := range archive.File {
		if left == 0 {
			break
		}
		r, err := f.Open()
		if err != nil {
			return verdict(err)
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
		return verdict(err)
	}
	return Readable
}

// verdict is what an error of reading says of a content.
func verdict(err error) Health {
	if errors.Is(err, errTooMuch) || errors.Is(err, zip.ErrAlgorithm) {
		return Unread
	}
	return Damaged
}

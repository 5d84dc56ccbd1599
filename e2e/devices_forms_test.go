//go:build e2e && (linux || darwin)

package e2e

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// The sizes that matter, as the stage of TestDevices has them.
const (
	largeBytes   = 1 << 20 // more than this is sent after everything else
	maxFileBytes = 1_300_000
)

// A content is a file's name and bytes. Names that differ only by capital letters
// are one file, so the name is in small letters.
type content struct{ name, data string }

func contentOf(name, data string) content { return content{strings.ToLower(name), data} }

func (c content) String() string { return c.name + "=" + label(c.name, c.data) }

// broken tells whether the engine could not read the content.
func (c content) broken() bool { return !readable(c.name, c.data) }

// readable reads a file from beginning to end as what the engine writes. What is no
// save has no form.
func readable(name, data string) bool {
	switch {
	case strings.Trim(data, "\x00") == "":
		return false
	case name == "persistent":
		source := strings.NewReader(data)
		stream, err := zlib.NewReader(source)
		if err != nil {
			return false
		}
		_, err = io.Copy(io.Discard, stream)
		return err == nil && !strings.Contains(data[len(data)-source.Len():], "\x00")
	case strings.HasSuffix(name, ".save"):
		archive, err := zip.NewReader(strings.NewReader(data), int64(len(data)))
		if err != nil || len(archive.File) == 0 {
			return false
		}
		for _, f := range archive.File {
			if r, err := f.Open(); err != nil {
				return false
			} else if _, err := io.Copy(io.Discard, r); err != nil {
				return false
			}
		}
	}
	return true
}

// damages are what becomes of files.
var damages = []func([]byte) []byte{
	half, // the disk was full
	func(data []byte) []byte { return data[:len(data)-1] },
	func(data []byte) []byte { return append(half(data), make([]byte, len(data)-len(data)/2)...) },
	zeros,
}

func half(data []byte) []byte { return bytes.Clone(data[:len(data)/2]) }

// zeros is what a power loss leaves.
func zeros(data []byte) []byte { return make([]byte, len(data)) }

// madeUp is how contents begin, whatever their form: "A001+ of player1@example.com".
var madeUp = regexp.MustCompile(`([A-Z][0-9]{3}\+*) of `)

// label is how the history calls a content.
func label(name, data string) string {
	text := fmt.Sprintf("%.12q", data)
	if found := madeUp.FindStringSubmatch(data); found != nil {
		text = found[1]
	}
	switch {
	case data == "":
		return "(empty)"
	case strings.Trim(data, "\x00") == "":
		return fmt.Sprintf("(%d NULs)", len(data))
	case !readable(name, data):
		return text + "/damaged"
	default:
		return text
	}
}

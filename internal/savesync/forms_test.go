package savesync_test

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Contents in the forms that the engine writes. What a label names is told apart by
// nothing but its bytes: contents of equally long labels have the same size.

// form returns a content for a file of that name.
func form(name, label string) string {
	switch {
	case name == "persistent":
		return persistentForm(label)
	case strings.HasSuffix(name, ".save"):
		return saveForm(label)
	default:
		return label
	}
}

// deflaters are expensive to make.
var deflaters = sync.Pool{New: func() any {
	z, err := zlib.NewWriterLevel(nil, zlib.NoCompression)
	if err != nil {
		panic(err) // the level is one
	}
	return z
}}

// persistentForm is one complete zlib stream.
func persistentForm(label string) string {
	var b bytes.Buffer
	z := deflaters.Get().(*zlib.Writer)
	defer deflaters.Put(z)
	z.Reset(&b)
	write(z, "fields of "+label)
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

// signed is a "persistent" as the engine writes it from 8.1 on: text follows the stream.
func signed(label string) string {
	return persistentForm(label) + "signature " + label + "\nverifying-key 0123456789abcdef\n"
}

// saveForm is a zip archive with the entries of a save.
func saveForm(label string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, entry := range []string{"extra_info", "json", "log"} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: entry, Method: zip.Store})
		if err != nil {
			panic(err)
		}
		write(w, entry+" of "+label)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func write(w io.Writer, text string) {
	if _, err := io.WriteString(w, text); err != nil {
		panic(err) // it goes to memory
	}
}

// Damages are what devices make of a content.
var damages = []func(string) string{
	func(data string) string { return data[:len(data)/2] },                                                 // the disk was full
	func(data string) string { return data[:len(data)-1] },                                                 // cut at the end
	func(data string) string { return data[:len(data)/2] + strings.Repeat("\x00", len(data)-len(data)/2) }, // a tail of NULs
	func(data string) string { return strings.Repeat("\x00", len(data)) },                                  // a power loss
}

// longer returns a label that makes a content large.
func longer(label string, size int) string {
	return fmt.Sprintf("%s %s", label, strings.Repeat("x", size))
}

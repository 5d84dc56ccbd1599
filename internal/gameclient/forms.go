package gameclient

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"crypto/rand"
	"io"
)

// Persistent returns a file "persistent" in the form that the engine writes: one
// complete zlib stream. Nothing is compressed, so equally long texts give equally
// long files.
func Persistent(text string) []byte {
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, zlib.NoCompression)
	must(err)
	write(z, text)
	must(z.Close())
	return b.Bytes()
}

// Save returns a save in the form that the engine writes: a zip archive with an
// entry for what the game remembers. Nothing is compressed.
func Save(text string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, entry := range []struct{ name, text string }{
		{"extra_info", ""}, {"json", `{"_save_name": ""}`}, {"renpy_version", "Ren'Py 8.0.3"}, {"log", text},
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: entry.name, Method: zip.Store})
		must(err)
		write(w, entry.text)
	}
	must(z.Close())
	return b.Bytes()
}

// RandomText returns a text of so many bytes that no other save holds.
func RandomText(bytes int) string {
	content := make([]byte, bytes)
	_, _ = rand.Read(content) // never fails, says crypto/rand
	return string(content)
}

func write(w io.Writer, text string) {
	_, err := io.WriteString(w, text)
	must(err)
}

// must panics at what cannot happen: what is written goes to memory.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

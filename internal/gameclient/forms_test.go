package gameclient

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"io"
	"strings"
	"testing"
)

// TestForms: they can be read as what they claim to be, and equally long texts are
// told apart by nothing but their bytes.
func TestForms(t *testing.T) {
	for _, text := range []string{"", "one", strings.Repeat("seen ", 50_000)} {
		stream, err := zlib.NewReader(bytes.NewReader(Persistent(text)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(stream); string(got) != text || err != nil {
			t.Errorf("the persistent holds %.20q (%v), want %.20q", got, err, text)
		}
		save := Save(text)
		archive, err := zip.NewReader(bytes.NewReader(save), int64(len(save)))
		if err != nil {
			t.Fatal(err)
		}
		log, err := archive.Open("log")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(log); string(got) != text || err != nil {
			t.Errorf("the save holds %.20q (%v), want %.20q", got, err, text)
		}
	}
	for _, form := range []func(string) []byte{Persistent, Save} {
		if a, b := form("one"), form("two"); len(a) != len(b) || bytes.Equal(a, b) {
			t.Errorf("two texts give %d and %d bytes", len(a), len(b))
		}
	}
}

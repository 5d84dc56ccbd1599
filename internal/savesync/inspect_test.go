package savesync_test

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// realForms are files as the engine writes them, by the names they would have.
func realForms(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/renpy/*")
	if err != nil || len(paths) < 9 {
		t.Fatalf("%v, %v", paths, err)
	}
	forms := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(path); name != "README.md" {
			forms[name] = data
		}
	}
	return forms
}

// kind returns the name that decides as what a form is read.
func kind(name string) string {
	if strings.HasPrefix(name, "persistent") {
		return "persistent"
	}
	return name
}

func TestWhatTheEngineWritesIsReadable(t *testing.T) {
	for name, data := range realForms(t) {
		if got := savesync.Inspect(kind(name), data); got != savesync.Readable {
			t.Errorf("%s is %q", name, got)
		}
	}
	for name, data := range map[string]string{
		"persistent": persistentForm("x"), slot1: saveForm("x"), "1-2-LT1.save": saveForm(longer("x", 100_000)),
	} {
		if got := savesync.Inspect(name, []byte(data)); got != savesync.Readable {
			t.Errorf("%s is %q", name, got)
		}
	}
	if got := savesync.Inspect("persistent", []byte(signed("x"))); got != savesync.Readable {
		t.Errorf("a signed persistent is %q", got)
	}
}

// TestDamageIsSeen damages every real form at 20 places in every way that was found
// on devices, and wants all of it seen. A bit in the part of a zip archive that no
// reader needs (a date, the name that stands there twice) may pass.
func TestDamageIsSeen(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	seen, bits := 0, 0
	forms := realForms(t)
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		data := forms[name]
		stream := len(data)
		if name == "persistent-signed" {
			stream -= 224 // text, which is not damage when it is cut
		}
		for range 20 {
			at := 1 + random.IntN(stream-1)
			flipped := bytes.Clone(data)
			flipped[at] ^= 1 << random.IntN(8)
			if savesync.Inspect(kind(name), flipped) == savesync.Damaged {
				seen++
			}
			bits++
			for what, damaged := range map[string][]byte{
				"cut":           data[:at],
				"NUL tail":      append(bytes.Clone(data[:at]), make([]byte, len(data)-at)...),
				"block of NULs": nulls(data, at),
			} {
				if got := savesync.Inspect(kind(name), damaged); got != savesync.Damaged && !bytes.Equal(damaged, data) {
					t.Errorf("%s with a %s at %d of %d is %q", name, what, at, len(data), got)
				}
			}
		}
	}
	if seen*100 < bits*90 {
		t.Errorf("of %d flipped bits %d were seen", bits, seen)
	}
	for _, data := range []string{"", "\x00", strings.Repeat("\x00", 5000), "x", "<error/>"} {
		for _, name := range []string{"persistent", slot1} {
			if got := savesync.Inspect(name, []byte(data)); got != savesync.Damaged {
				t.Errorf("%q as %s is %q", data, name, got)
			}
		}
	}
}

// nulls returns data with up to 4 KiB of NULs in it.
func nulls(data []byte, at int) []byte {
	damaged := bytes.Clone(data)
	clear(damaged[at:min(len(data), at+4<<10)])
	return damaged
}

// TestBombsAreBounded has files that inflate to far more than is ever read.
func TestBombsAreBounded(t *testing.T) {
	gigabyte := io.LimitReader(zeros{}, 1<<30)
	var persistent bytes.Buffer
	z := zlib.NewWriter(&persistent)
	if _, err := io.Copy(z, gigabyte); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var save bytes.Buffer
	archive := zip.NewWriter(&save)
	for _, entry := range []string{"log", "json"} {
		w, err := archive.Create(entry)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(w, zeros{}, 100<<20); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	// A directory with a great many entries, of which the end knows few.
	entry := append([]byte("PK\x01\x02"), make([]byte, 42)...)
	directory := bytes.Repeat(entry, 16<<20/len(entry))
	directory = append(directory, "PK\x05\x06"...)
	directory = append(directory, make([]byte, 18)...)
	if got := savesync.Inspect(slot1, directory); got == savesync.Readable {
		t.Errorf("a directory and nothing else is %q", got)
	}
	for name, data := range map[string][]byte{"persistent": persistent.Bytes(), slot1: save.Bytes(), "2-1-LT1.save": directory} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		got := savesync.Inspect(name, data)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if got == savesync.Damaged || took > 5*time.Second || after.TotalAlloc-before.TotalAlloc > 1<<20 {
			t.Errorf("%s of %d bytes is %q after %v and %d bytes of memory", name, len(data), got, took, after.TotalAlloc-before.TotalAlloc)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestOtherFormatsAreNotJudged wants no verdict on what no reader of ours knows.
func TestOtherFormatsAreNotJudged(t *testing.T) {
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	w, err := archive.CreateRaw(&zip.FileHeader{Name: "log", Method: 14, UncompressedSize64: 100, CompressedSize64: 3}) // LZMA
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if got := savesync.Inspect(slot1, b.Bytes()); got != savesync.Unread {
		t.Errorf("a save in LZMA is %q", got)
	}
}

// FuzzInspect wants that no bytes make it panic, or run on.
func FuzzInspect(f *testing.F) {
	paths, _ := filepath.Glob("testdata/renpy/*")
	for _, path := range paths {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(strings.Contains(path, "persistent"), data)
		}
	}
	f.Fuzz(func(t *testing.T, persistent bool, data []byte) {
		name := slot1
		if persistent {
			name = "persistent"
		}
		start := time.Now()
		_ = savesync.Inspect(name, data)
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%d bytes took %v", len(data), took)
		}
	})
}

package lambda

import (
	"errors"
	"io"
	"runtime"
	"testing"
)

// TestSumsAreTrue fails when the zips were built without their hashes. Before
// `make zips` there is nothing to compare, and Zip has to say so.
func TestSumsAreTrue(t *testing.T) {
	for _, f := range Functions() {
		for _, arch := range Arches() {
			code, err := Zip(f, arch)
			if errors.Is(err, ErrNotBuilt) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			zip, err := io.ReadAll(code.Zip())
			if err != nil || int64(len(zip)) != code.Bytes {
				t.Errorf("%s %s: read %d of %d bytes, %v", f.Name, arch, len(zip), code.Bytes, err)
			}
			if want := NewCode(f, arch, zip).SHA256; code.SHA256 != want {
				t.Errorf("%s %s: %s says %s, the zip has %s; run make zips", f.Name, arch, SumsFile, code.SHA256, want)
			}
		}
	}
}

// To know a zip is not to read it: a deploy that finds nothing to do copies none.
func TestZipIsNotCopied(t *testing.T) {
	f := Functions()[0]
	if _, err := Zip(f, ARM64); err != nil {
		t.Skip(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	code, err := Zip(f, ARM64)
	if err != nil {
		t.Fatal(err)
	}
	code.Zip()
	runtime.ReadMemStats(&after)
	if took := int64(after.TotalAlloc - before.TotalAlloc); took > code.Bytes/10 {
		t.Errorf("to know a zip of %d bytes and to open it took %d bytes", code.Bytes, took)
	}
}

func TestCodeSha256(t *testing.T) {
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if got, want := CodeSha256(empty), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; got != want {
		t.Errorf("CodeSha256(%q) = %q, want %q", empty, got, want)
	}
	if got := HexSum(CodeSha256(empty)); got != empty {
		t.Errorf("HexSum of its CodeSha256 = %q, want %q", got, empty)
	}
	if got := CodeSha256("not hex"); got != "" {
		t.Errorf("CodeSha256 of what is no hash = %q", got)
	}
}

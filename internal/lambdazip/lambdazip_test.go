package lambdazip

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/lambda"
)

// module writes a small Go module to a new folder and returns the folder.
func module(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":        "module example.com/hello\n\ngo 1.26.0\n",
		"hello/main.go": source,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// hello panics so that the paths of its source and of the runtime's are in the program.
const hello = `package main

import "errors"

func main() { panic(errors.New("hello")) }
`

func build(t *testing.T, dir string, arch lambda.Arch) []byte {
	t.Helper()
	data, err := Build(t.Context(), dir, "./hello", arch)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestBuildGivesTheSameBytesAnywhere(t *testing.T) {
	for _, arch := range lambda.Arches() {
		t.Run(string(arch), func(t *testing.T) {
			want := build(t, module(t, hello), arch)

			// Another folder, nothing from the first build's cache, and every
			// variable set that would change the program.
			t.Setenv("GOCACHE", t.TempDir())
			t.Setenv("GOFLAGS", "-tags=other -gcflags=all=-l")
			t.Setenv("GOAMD64", "v3")
			t.Setenv("GOARM64", "v9.0")
			t.Setenv("CGO_ENABLED", "1")
			t.Setenv("GOEXPERIMENT", "nogreenteagc")
			if got := build(t, module(t, hello), arch); !bytes.Equal(got, want) {
				t.Errorf("two builds differ: %d and %d bytes", len(got), len(want))
			}
		})
	}
}

func TestBuildMakesALambdaPackage(t *testing.T) {
	machines := map[lambda.Arch]elf.Machine{lambda.ARM64: elf.EM_AARCH64, lambda.X8664: elf.EM_X86_64}
	for _, arch := range lambda.Arches() {
		t.Run(string(arch), func(t *testing.T) {
			data := build(t, module(t, hello), arch)
			r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			if len(r.File) != 1 || r.File[0].Name != "bootstrap" {
				t.Fatalf("the zip holds %d files, the first %q; want bootstrap alone", len(r.File), r.File[0].Name)
			}
			f := r.File[0]
			if f.Mode() != 0o755 {
				t.Errorf("mode %v, want -rwxr-xr-x", f.Mode())
			}
			if want := time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC); !f.Modified.Equal(want) {
				t.Errorf("modified %v, want %v", f.Modified, want)
			}

			program, err := elf.NewFile(bytes.NewReader(read(t, f)))
			if err != nil {
				t.Fatal(err)
			}
			if program.Machine != machines[arch] {
				t.Errorf("built for %v, want %v", program.Machine, machines[arch])
			}
			if libs, _ := program.ImportedLibraries(); len(libs) > 0 {
				t.Errorf("linked to %v; the runtime may lack them", libs)
			}
		})
	}
}

func read(t *testing.T, f *zip.File) []byte {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBuildShowsWhatTheCompilerSaid(t *testing.T) {
	_, err := Build(t.Context(), module(t, "package main\n\nfunc main() { missing() }\n"), "./hello", lambda.ARM64)
	if err == nil || !strings.Contains(err.Error(), "undefined: missing") {
		t.Errorf("error %v; want the compiler's output in it", err)
	}
}

func TestBuildRefusesALargeZip(t *testing.T) {
	dir := module(t, "package main\n\nimport _ \"embed\"\n\n//go:embed noise\nvar noise string\n\nfunc main() { println(noise) }\n")
	if err := os.WriteFile(filepath.Join(dir, "hello", "noise"), noise(MaxBytes), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(t.Context(), dir, "./hello", lambda.ARM64); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("error %v; want a refusal of the size", err)
	}
}

// noise returns n bytes that do not compress (a linear congruential generator).
func noise(n int) []byte {
	b := make([]byte, n)
	state := uint64(1)
	for i := range b {
		state = state*6364136223846793005 + 1442695040888963407
		b[i] = byte(state >> 56)
	}
	return b
}

func TestBuildRefusesAnUnknownArchitecture(t *testing.T) {
	if _, err := Build(t.Context(), t.TempDir(), "./hello", "sparc"); err == nil {
		t.Error("built for sparc")
	}
}

func TestWriteFileLeavesEqualFilesAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.zip")
	for _, step := range []struct {
		data    string
		written bool
	}{{"one", true}, {"one", false}, {"two", true}} {
		written, err := WriteFile(path, []byte(step.data))
		if err != nil {
			t.Fatal(err)
		}
		if written != step.written {
			t.Errorf("%q: written %v, want %v", step.data, written, step.written)
		}
		if got, _ := os.ReadFile(path); string(got) != step.data {
			t.Errorf("file holds %q, want %q", got, step.data)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("%d files left, want one", len(entries))
	}
}

func TestWriteFileCleansUpWhenItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.zip")
	if err := os.MkdirAll(filepath.Join(path, "in-the-way"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteFile(path, []byte("data")); err == nil {
		t.Error("wrote over a folder")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d entries left, want the folder alone", len(entries))
	}
}

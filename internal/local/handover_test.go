package local

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// bootstrapOf unpacks a deployment package and returns its one file.
func bootstrapOf(t *testing.T, pkg []byte) (*zip.File, []byte) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(pkg), int64(len(pkg)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.File) != 1 || r.File[0].Name != "bootstrap" {
		t.Fatalf("the package holds %v, want one file, bootstrap", r.File)
	}
	f, err := r.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return r.File[0], content
}

func TestHandoverZipIsReproducible(t *testing.T) {
	self := filepath.Join(t.TempDir(), "renpyctl")
	pack := func(self, function, revision string) []byte {
		t.Helper()
		b, err := HandoverZip(self, function, revision)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	first := pack(self, "syncPlan", "r1")
	if !bytes.Equal(first, pack(self, "syncPlan", "r1")) {
		t.Error("equal arguments give different packages")
	}
	for _, other := range [][]byte{pack(self, "syncPlan", "r2"), pack(self, "syncComplete", "r1"), pack(self+"2", "syncPlan", "r1")} {
		if bytes.Equal(first, other) {
			t.Error("different arguments give equal packages")
		}
	}
	file, _ := bootstrapOf(t, first)
	if mode := file.Mode(); mode != 0o755 {
		t.Errorf("mode of bootstrap is %v, want 0755", mode)
	}
}

// TestHandoverZipRuns runs the script with names that a careless quoting would break.
func TestHandoverZipRuns(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no /bin/sh")
	}
	dir := filepath.Join(t.TempDir(), "it's $HOME; a \"dir\"\nof\\two `lines`")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	self := filepath.Join(dir, "renpy ctl")
	if err := os.WriteFile(self, []byte("#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	pkg, err := HandoverZip(self, "syncPlan", "1.2.3\nexit 7 #'")
	if err != nil {
		t.Fatal(err)
	}
	_, script := bootstrapOf(t, pkg)
	bootstrap := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(bootstrap, script, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bootstrap)
	cmd.Env = []string{} // MiniStack's PATH is not to be relied on
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, out, script)
	}
	if want := self + "\nlambda-runtime\nsyncPlan\n"; string(out) != want {
		t.Errorf("bootstrap ran %q, want %q", out, want)
	}
}

func TestHandoverZipWantsAnAbsolutePath(t *testing.T) {
	if _, err := HandoverZip("bin/renpyctl", "syncPlan", ""); err == nil {
		t.Error("a relative path is accepted, and would be looked for in the function's folder")
	}
}

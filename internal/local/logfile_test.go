package local

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLogIsPutAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	say := func(text string) {
		t.Helper()
		f, err := openLog(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	size := func(path string) int64 {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	say("one\n")
	say("two\n")
	if got := tail(path, 5); !slices.Equal(got, []string{"one", "two"}) {
		t.Fatalf("a small log is not appended to: %q", got)
	}
	say(string(bytes.Repeat([]byte("x"), maxLog)))
	large := size(path)
	say("three\n")
	if got := tail(path, 5); !slices.Equal(got, []string{"three"}) {
		t.Errorf("a large log is kept on: %q", got)
	}
	if got := size(path + ".1"); got != large {
		t.Errorf("the log before has %d bytes, want %d", got, large)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("others may read the log: %v, %v", info.Mode(), err)
	}
}

func TestTailReadsTheEndOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(strings.Repeat("early\n", 1<<20)+"late\nlast\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := tail(path, 2); !slices.Equal(got, []string{"late", "last"}) {
		t.Errorf("tail = %q", got)
	}
	if got := tail(path+".none", 2); got != nil {
		t.Errorf("tail of no file = %q", got)
	}
}

package local

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestUnsupportedNamesTheWaysRound(t *testing.T) {
	for goos, ways := range map[string][]string{
		"windows": {"wsl --install in PowerShell", "renpyctl for Linux", `set $env:AWS_ENDPOINT_URL="http://127.0.0.1:4566"; $env:AWS_REGION="us-east-1"; `},
		"freebsd": {"on Linux or macOS", "set AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1 "},
	} {
		e := unsupported(goos)
		for _, way := range append(ways, "docker run", "ministackorg/ministack:"+Version) {
			if !strings.Contains(e.Hint, way) {
				t.Errorf("%s: hint %q does not name %s", goos, e.Hint, way)
			}
		}
		if !strings.Contains(e.Error(), goos) {
			t.Errorf("error %q", e)
		}
	}
}

func TestNoSpaceOr(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	if err := noSpaceOr(full); !isKind(err, NoSpace) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a full disk is %v", err)
	}
	denied := &fs.PathError{Op: "write", Path: "x", Err: syscall.EACCES}
	if err := noSpaceOr(denied); err != denied {
		t.Errorf("another error became %v", err)
	}
	if err := noSpaceOr(nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}

func TestLastLines(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want []string
	}{
		{"", 3, nil},
		{"a\n\n  b  \nc", 2, []string{"b", "c"}},
		{"a\r\nb\r\n", 5, []string{"a", "b"}},
	} {
		if got := lastLines(test.text, test.n); !slices.Equal(got, test.want) {
			t.Errorf("lastLines(%q, %d) = %q, want %q", test.text, test.n, got, test.want)
		}
	}
}

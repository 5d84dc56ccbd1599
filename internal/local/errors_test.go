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
	e := unsupported("windows")
	for _, way := range []string{"WSL", "docker run", "ministackorg/ministack:" + Version, "AWS_ENDPOINT_URL"} {
		if !strings.Contains(e.Hint, way) {
			t.Errorf("hint %q does not name %s", e.Hint, way)
		}
	}
	if !strings.Contains(e.Error(), "windows") {
		t.Errorf("error %q", e)
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

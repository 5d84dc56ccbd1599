package savesync_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain keeps rapid from leaving files behind: a failing history is printed
// whole, with the seed that brings it back.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

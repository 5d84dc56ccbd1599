package savesync_test

import (
	"flag"
	"os"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// TestMain keeps rapid from leaving files behind and from taking its time over the
// histories that are meant to fail: a failing one is printed whole, with the seed
// that brings it back.
func TestMain(m *testing.M) {
	flag.Parse()
	savesync.Shrink(largeSize, 3*largeSize)
	settings := map[string]string{"rapid.nofailfile": "true", "rapid.shrinktime": "3s"}
	flag.Visit(func(f *flag.Flag) { delete(settings, f.Name) })
	for name, value := range settings {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

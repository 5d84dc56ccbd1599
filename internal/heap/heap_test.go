package heap

import (
	"os"
	"runtime/debug"
	"testing"
)

// What is imported is set, unless somebody wants it otherwise.
func TestSet(t *testing.T) {
	if os.Getenv("GOGC")+os.Getenv("GOMEMLIMIT") != "" {
		t.Skip("the environment says how far the heap may grow")
	}
	if got := debug.SetGCPercent(percent); got != percent {
		t.Errorf("the heap grows by %d %%, want %d", got, percent)
	}
	if got := debug.SetMemoryLimit(-1); got != limit {
		t.Errorf("the heap grows to %d bytes, want %d", got, limit)
	}
}

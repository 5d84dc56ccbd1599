// Package heap says how far the program's heap may grow. It does so when it is
// initialised, and imports next to nothing to be that early: the tables of the
// SDK's packages, which are made before main begins, bring the heap so near to
// Go's first collection that a short command would never be without one.
package heap

import (
	"os"
	"runtime/debug"
)

const (
	// percent lets the heap grow to 16 MB before anything is collected: most
	// commands end before that.
	percent = 400
	// limit is what the heap of the long ones grows to (logs --tail, emptying a
	// bucket): with the pages of the program itself it stays below 64 MB.
	limit = 36 << 20
)

func init() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
}

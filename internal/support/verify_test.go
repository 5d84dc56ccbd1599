package support

import (
	"context"
	"sync/atomic"
	"testing"
)

// Who has seen enough leaves nothing running.
func TestInOrderLeavesNothingRunning(t *testing.T) {
	var running atomic.Int32
	numbers := func(yield func(int, error) bool) {
		running.Add(1)
		defer running.Add(-1)
		for i := 0; yield(i, nil); i++ {
		}
	}
	do := func(ctx context.Context, i int) int {
		running.Add(1)
		defer running.Add(-1)
		if i > 0 {
			<-ctx.Done()
		}
		return i
	}
	for n, err := range inOrder(t.Context(), numbers, 4, do) {
		if n != 0 || err != nil {
			t.Errorf("the first is %d, %v", n, err)
		}
		break
	}
	if n := running.Load(); n != 0 {
		t.Errorf("%d are running", n)
	}
}

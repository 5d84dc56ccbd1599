//go:build e2e && (linux || darwin)

package e2e

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// TestThroughEndpoint goes the whole way without --local: by AWS_ENDPOINT_URL
// and credentials in the environment, as against any other cloud.
func TestThroughEndpoint(t *testing.T) {
	t.Parallel()
	s := deployBy(t, throughEndpoint(endpoint, publicAccount), "endpoint")
	p := s.player(t)
	saved := map[string]string{"persistent": "mine", "1-1-LT1.save": "chapter one"}
	p.device(t, time.Now(), saved).sync(t, "persistent 1-1-LT1.save", "")
	d := p.device(t, time.Unix(1, 0), map[string]string{"persistent": "new"})
	d.sync(t, "persistent", "1-1-LT1.save persistent")
	d.holds(t, saved)
	s.upToDate(t)
	s.run(t, "remove", "--yes").exits(t, 0)
	s.run(t, "info").exits(t, 3)
}

// TestTwoAtOnce: whoever loses says so, and the stage is whole.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	by := throughEndpoint(endpoint, account)

	// The same command by two at once.
	both := func(args ...string) (codes []int) {
		t.Helper()
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				r := by.run(t, append(args, "--stage", "twice", "--yes")...)
				mu.Lock()
				defer mu.Unlock()
				codes = append(codes, r.code)
				if r.code != 0 {
					t.Logf("the one that lost ended with %d:\n%s", r.code, r.stderr)
				}
			})
		}
		all.Wait()
		slices.Sort(codes)
		return codes
	}
	if codes := both("deploy", "--arch", hostArch()); codes[0] != 0 || !slices.Contains([]int{0, 6}, codes[1]) {
		t.Errorf("two first deploys at once ended with %d", codes)
	}
	s := deployBy(t, by, "twice")
	s.upToDate(t)
	if codes := both("deploy", "--set", "LogRetentionDays=7"); codes[0] != 0 || !slices.Contains([]int{0, 6}, codes[1]) {
		t.Errorf("two deploys at once ended with %d", codes)
	}
	s.upToDate(t)
	furnish(t, s, account)
	if codes := both("remove"); codes[0] != 0 || !slices.Contains([]int{0, 3, 6}, codes[1]) {
		t.Errorf("two removals at once ended with %d", codes)
	}
	if r := by.run(t, "remove", "--stage", "twice", "--yes"); r.code != 3 {
		r.exits(t, 0)
	}
}

package savesync

import (
	"sync"
	"time"
)

// A pace counts what each player asks of this process in a minute. It costs no call
// to a store, so it also bounds the requests that are answered without a write,
// which no record counts. A stage runs several processes; each counts for itself.
type pace struct {
	mu     sync.Mutex
	since  time.Time
	counts map[string]int
}

// tooFast counts a request. It returns an error when the player has made more of
// them in the current minute than the limit, 0 being none.
func (p *pace) tooFast(player string, limit int, now time.Time) error {
	if limit == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if age := now.Sub(p.since); age >= time.Minute || age < 0 {
		p.since, p.counts = now, map[string]int{}
	}
	p.counts[player]++
	if p.counts[player] <= limit {
		return nil
	}
	wait := p.since.Add(time.Minute).Sub(now)
	return tooMany(wait, "This device asks for a sync too often; please try again in %d seconds.", int(wait.Seconds())+1)
}

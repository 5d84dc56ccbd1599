package players

import (
	"context"
	"sync"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Cognito takes 30 ListUsers a second from an account by default, the game's
// own and the console's included (Cognito developer guide, "Quotas", UserList).
// In no second are there more of ours than rate and burst together.
const (
	rate  = 24
	burst = 4
)

// pace keeps calls below a rate; the first few need not wait.
type pace struct {
	mu   sync.Mutex
	next time.Time // when the call after a full burst may begin
}

func newPace() *pace { return &pace{} }

// wait returns when the next call may begin.
func (p *pace) wait(ctx context.Context) error {
	p.mu.Lock()
	now := time.Now()
	if earliest := now.Add(-(burst - 1) * time.Second / rate); p.next.Before(earliest) {
		p.next = earliest
	}
	pause := p.next.Sub(now)
	p.next = p.next.Add(time.Second / rate)
	p.mu.Unlock()
	if pause <= 0 {
		return nil
	}
	return cloud.Sleep(ctx, pause)
}

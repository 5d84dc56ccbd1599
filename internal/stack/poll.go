package stack

import (
	"context"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// poll is the pause between two looks: short while things move, longer when
// they do not, so that looking adds at most [slowest] to what an operation
// takes; much longer when CloudFormation says that it is asked too often.
type poll struct{ pause, penalty time.Duration }

const (
	fastest    = 200 * time.Millisecond
	slowest    = time.Second
	maxPenalty = 15 * time.Second
)

func newPoll() *poll { return &poll{pause: fastest, penalty: slowest} }

func (p *poll) reset() { p.pause = fastest }

// wait sleeps until the next look. Err is what the last look ended with.
func (p *poll) wait(ctx context.Context, err error) error {
	pause := p.pause
	p.pause = min(p.pause*3/2, slowest)
	p.penalty = min(2*p.penalty, maxPenalty)
	if err == nil || cloud.KindOf(err) != cloud.Throttled {
		p.penalty = slowest
	} else {
		pause = p.penalty
	}
	return cloud.Sleep(ctx, pause)
}

// doubt is how long AWS may say of something that is there that it is not: its
// answers are eventually consistent.
const doubt = 5 * time.Second

// there asks for what must be there until it is, or has been missing for too long.
func there[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	deadline := time.Now().Add(doubt)
	for p := newPoll(); ; {
		out, err := ask()
		if !cloud.IsNotFound(err) || time.Now().After(deadline) || p.wait(ctx, err) != nil {
			return out, err
		}
	}
}

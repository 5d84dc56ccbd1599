//go:build unix

package main

import (
	"context"
	"encoding/json"
	"log"
	"os/exec"
	"syscall"
	"time"
)

// rateRounds is how often a rate is measured beside that of the bare calls.
const rateRounds = 3

// rates measures how many things a second a command of renpyctl goes through, beside a
// program that with -bare makes only the calls for them and tells how many and how long
// it took. It returns both rates of each round, and the command's peak memory in bytes.
func rates(ctx context.Context, what string, count int, command func() *exec.Cmd, program, endpoint string) (ours, bare []float64, peaks []int64, err error) {
	for round := range rateRounds {
		log.Printf("round %d of %d: %s: %d", round+1, rateRounds, what, count)
		for i := range 2 {
			if (round+i)%2 == 0 { // each is first in its turn
				cmd := command()
				start := time.Now()
				if err := cmd.Run(); err != nil {
					return nil, nil, nil, err
				}
				ours = append(ours, float64(count)/time.Since(start).Seconds())
				peaks = append(peaks, peak(cmd.ProcessState.SysUsage().(*syscall.Rusage)))
				continue
			}
			text, err := output(ctx, program, "-bare", endpoint)
			if err != nil {
				return nil, nil, nil, err
			}
			var result struct{ Count, Seconds float64 }
			if err := json.Unmarshal([]byte(text), &result); err != nil {
				return nil, nil, nil, err
			}
			bare = append(bare, result.Count/result.Seconds)
		}
	}
	return ours, bare, peaks, nil
}

//go:build unix

package main

import (
	"context"
	"os/exec"
	"strings"
	"time"
)

// startRuns is how often each of the starts is measured.
const startRuns = 50

// starts measures what a person or a shell waits for before anything is asked of AWS.
func (b *bench) starts(ctx context.Context) error {
	b.print("| until it is done | median (least–most) | target |\n|---|---|---|\n")
	for _, s := range []struct {
		args   []string
		says   string
		target time.Duration
	}{
		{[]string{"--version"}, "renpyctl version", 10 * time.Millisecond},
		{[]string{"__complete", "users", "li"}, "list", 30 * time.Millisecond},
		{[]string{"deploy", "--help"}, "Settings", 30 * time.Millisecond},
	} {
		var all series
		for range startRuns {
			one, _, err := timed(exec.CommandContext(ctx, b.renpyctl, s.args...), s.says)
			if err != nil {
				return err
			}
			all = append(all, one)
		}
		b.print("| `%s` | %s | %s |\n", commandLine(s.args), spread(all.took(), seconds), seconds(s.target))
	}
	b.print("\n")
	return nil
}

// commandLine is a command as it is typed.
func commandLine(args []string) string {
	return strings.Join(append([]string{"renpyctl"}, args...), " ")
}

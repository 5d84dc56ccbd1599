//go:build unix

package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// sample is what one run of a program took.
type sample struct {
	took time.Duration
	peak int64 // bytes of memory, of its largest process
}

// timed runs a program, which must end well and say the expected words, and does
// not tell its peak. The error shows what it said instead.
func timed(cmd *exec.Cmd, expected string) (s sample, output []byte, err error) {
	start := time.Now()
	output, err = cmd.CombinedOutput()
	s.took = time.Since(start)
	if err == nil && !strings.Contains(string(output), expected) {
		err = fmt.Errorf("it did not say %q", expected)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, output)
	}
	return s, output, err
}

// measured is [timed] and tells the peak too, for a program that needs more memory than this one.
func measured(cmd *exec.Cmd, expected string) (s sample, output []byte, err error) {
	s, output, err = timed(cmd, expected)
	if err != nil {
		return s, output, err
	}
	s.peak = peak(cmd.ProcessState.SysUsage().(*syscall.Rusage))
	if own := ownPeak(); s.peak <= own {
		return s, output, fmt.Errorf("%s: its peak memory cannot be told from this program's %s", cmd.Args[0], megabytes(own))
	}
	return s, output, nil
}

func peak(usage *syscall.Rusage) int64 {
	if runtime.GOOS == "linux" {
		return usage.Maxrss * 1024
	}
	return usage.Maxrss // in bytes on macOS
}

func ownPeak() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return peak(&usage)
}

// series is the same thing measured several times.
type series []sample

func (s series) took() []time.Duration {
	return values(s, func(x sample) time.Duration { return x.took })
}

func (s series) peak() []int64 {
	return values(s, func(x sample) int64 { return x.peak })
}

func values[V any](s series, of func(sample) V) []V {
	var list []V
	for _, x := range s {
		list = append(list, of(x))
	}
	return list
}

// median of a list that is not empty; of an even number, the lower one in the middle.
func median[N time.Duration | int64 | float64](list []N) N {
	return slices.Sorted(slices.Values(list))[(len(list)-1)/2]
}

// spread renders a median with the least and the most: "1.20 s (1.10 s–1.31 s)".
func spread[N time.Duration | int64 | float64](list []N, format func(N) string) string {
	return fmt.Sprintf("%s (%s–%s)", format(median(list)), format(slices.Min(list)), format(slices.Max(list)))
}

func seconds(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case ms < 100:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

// share renders part/whole as a fraction with the part as one: "1/38".
func share(part, whole float64) string {
	times := whole / part
	if times >= 10 {
		return fmt.Sprintf("1/%d", int(times))
	}
	return fmt.Sprintf("1/%.1f", float64(int(times*10))/10)
}

// run runs a program that nothing is measured of.
func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return nil
}

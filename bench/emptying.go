//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

const (
	emptyRounds = 3
	// emptyWorkers is how many requests the bare deletes have under way: as many as [bucket.Empty].
	emptyWorkers = 4
	// emptyShare is the part of the bare rate that emptying is to reach.
	emptyShare = 0.8
	// emptyMemory is what it may need, however full the bucket is.
	emptyMemory = 64_000_000
)

// emptying prints how fast a bucket is emptied beside the bare deletes, and the
// memory that takes for a small and for a big bucket.
func (b *bench) emptying(ctx context.Context) error {
	program := filepath.Join(b.work, "emptybucket")
	if err := run(ctx, "", "go", "build", "-o", program, "./bench/emptybucket"); err != nil {
		return err
	}
	b.print("| versions and delete markers | emptied | bare DeleteObjects | share | target | met | peak memory | target | met |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, total := range []int{10_000, 100_000} {
		if err := b.emptyingOf(ctx, program, total); err != nil {
			return err
		}
	}
	b.print("\n")
	return nil
}

// emptyingOf fills a bucket once and empties it several times, in both ways in turns.
func (b *bench) emptyingOf(ctx context.Context, program string, total int) error {
	log.Printf("filling a bucket with %d versions", total)
	full := filepath.Join(b.work, "full-"+strconv.Itoa(total))
	if err := b.keepFull(ctx, program, total, full); err != nil {
		return err
	}
	ways := [][]string{nil, {"-bare", strconv.Itoa(emptyWorkers)}}
	rates := make([][]float64, len(ways))
	var peaks []int64
	for round := range emptyRounds {
		log.Printf("round %d of %d: emptying it", round+1, emptyRounds)
		for i := range ways {
			way := (round + i) % len(ways) // each is first in its turn
			rate, s, err := b.emptyOnce(ctx, full, program, total, ways[way]...)
			if err != nil {
				return err
			}
			rates[way] = append(rates[way], rate)
			if way == 0 {
				peaks = append(peaks, s.peak)
			}
		}
	}
	emptied, bare := rates[0], rates[1]
	part := median(emptied) / median(bare)
	b.print("| %d | %s | %s | %.0f %% | ≥ %.0f %% | %s | %s | ≤ %s | %s |\n", total, spread(emptied, perSecond), spread(bare, perSecond),
		part*100, emptyShare*100, yes(part >= emptyShare), spread(peaks, megabytes), megabytes(emptyMemory), yes(median(peaks) <= emptyMemory))
	return nil
}

func perSecond(rate float64) string { return fmt.Sprintf("%.0f/s", rate) }

// keepFull fills a bucket and keeps what the local cloud then has in a folder:
// filling takes longer than emptying.
func (b *bench) keepFull(ctx context.Context, program string, total int, folder string) error {
	if err := b.freshCloud(ctx); err != nil {
		return err
	}
	if err := run(ctx, "", program, append(b.bucketFlags(), "-fill", strconv.Itoa(total))...); err != nil {
		return err
	}
	if _, err := b.cloud.Down(ctx); err != nil {
		return err
	}
	return b.copyState(ctx, func(live, kept string) error { return os.CopyFS(kept, os.DirFS(live)) }, folder)
}

// emptyOnce empties the full bucket and returns at what rate.
func (b *bench) emptyOnce(ctx context.Context, full, program string, total int, flags ...string) (rate float64, s sample, err error) {
	if err := b.cloud.Reset(ctx); err != nil {
		return 0, s, err
	}
	if err := b.copyState(ctx, func(live, kept string) error { return os.CopyFS(live, os.DirFS(kept)) }, full); err != nil {
		return 0, s, err
	}
	if _, err := b.cloud.Up(ctx, func(step string) { log.Print(step) }); err != nil {
		return 0, s, err
	}
	s, output, err := measured(exec.CommandContext(ctx, program, append(b.bucketFlags(), flags...)...), "seconds")
	if err != nil {
		return 0, s, err
	}
	var result struct {
		Deleted int
		Seconds float64
	}
	if err := json.Unmarshal(output, &result); err != nil {
		return 0, s, err
	}
	if result.Deleted != total {
		return 0, s, fmt.Errorf("%d of %d versions were deleted", result.Deleted, total)
	}
	return float64(total) / result.Seconds, s, nil
}

func (b *bench) bucketFlags() []string {
	return []string{"-endpoint", b.cloud.Endpoint(), "-secret", b.secret, "-bucket", "full"}
}

// copyState copies what the stopped local cloud remembers, to or from a folder.
func (b *bench) copyState(ctx context.Context, cp func(live, kept string) error, folder string) error {
	status, err := b.cloud.Status(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{"state", "s3"} {
		if err := cp(filepath.Join(status.Dir, name), filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

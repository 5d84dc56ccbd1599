//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// bareOperations are what is compared with the bare program, how often in a
// round, and what renpyctl may take: so many times what the bare program
// takes, or so long.
var bareOperations = [...]struct {
	name  string
	times int
	share float64
	most  time.Duration
}{
	{firstDeploy, 1, 1.25, 0},
	{noChanges, 20, 0, 20 * time.Millisecond},
	{info, 20, 0, 10 * time.Millisecond},
	{codeUpdate, 1, 1.25, 0},
}

// bare is the program that makes only the calls that there have to be, in two
// versions that differ in the functions' code.
type bare struct {
	binary, other string
	environ       []string
}

func (t bare) name() string { return "bare" }

func (t bare) command(ctx context.Context, operation string) (*exec.Cmd, string, error) {
	binary := t.binary
	var args []string
	switch operation {
	case firstDeploy:
		args = []string{"deploy", string(hostArch())}
	case info, noChanges: // to find that nothing has changed, the stack has to be asked at least
		args = []string{"info"}
	case codeUpdate:
		binary, args = t.other, []string{"update", string(hostArch())}
	default:
		return nil, "", fmt.Errorf("the bare program knows no %s", operation)
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = t.environ
	return cmd, "done", nil
}

// beside prints what renpyctl takes beside the bare program, in turns on fresh
// local clouds, and whether single calls take far longer than others.
func (b *bench) beside(ctx context.Context) error {
	log.Print("building the bare program and the other version")
	other, err := b.otherVersion(ctx)
	if err != nil {
		return err
	}
	ours := renpyctl{b.renpyctl, filepath.Join(other, "bin/renpyctl"), b.environ(b.cloud.Endpoint())}
	theirs := bare{filepath.Join(b.work, "bare"), filepath.Join(other, "bin/bare"), ours.environ}
	for dir, program := range map[string]string{"": theirs.binary, other: theirs.other} {
		err := run(ctx, dir, "go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", program, "./bench/bare")
		if err != nil {
			return err
		}
	}
	var round []string
	for _, op := range bareOperations {
		round = append(round, slices.Repeat([]string{op.name}, op.times)...)
	}
	all := results{}
	for n := range b.rounds {
		for i := range 2 {
			t := []tool{ours, theirs}[(n+i)%2] // each is first in its turn
			log.Printf("round %d of %d: %s", n+1, b.rounds, t.name())
			if err := b.take(ctx, t, round, timed, all); err != nil {
				return err
			}
		}
	}
	b.print("Measured %s on %s, %d rounds.\n\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"), machine(), b.rounds)
	b.printBeside(all[ours.name()], all[theirs.name()])
	return b.manyCalls(ctx, theirs)
}

func (b *bench) printBeside(ours, bare map[string]series) {
	b.print("| what | renpyctl | bare | times bare | goal | met |\n|---|---|---|---|---|---|\n")
	for _, op := range bareOperations {
		our, their := ours[op.name].took(), bare[op.name].took()
		times := float64(median(our)) / float64(median(their))
		goal, met := fmt.Sprintf("≤ %.2f × bare", op.share), times <= op.share
		if op.most > 0 {
			goal, met = "≤ "+seconds(op.most), median(our) <= op.most
		}
		b.print("| %s | %s | %s | %.2f | %s | %s |\n", op.name, spread(our, seconds), spread(their, seconds), times, goal, yes(met))
	}
	b.print("\n")
}

// manyCalls prints how calls with renpyctl's configuration differ from each other.
func (b *bench) manyCalls(ctx context.Context, t bare) error {
	if err := b.freshCloud(ctx); err != nil {
		return err
	}
	cmd, says, err := t.command(ctx, firstDeploy)
	if err != nil {
		return err
	}
	if _, _, err := timed(cmd, says); err != nil {
		return err
	}
	log.Print("making many calls")
	cmd = exec.CommandContext(ctx, t.binary, "calls")
	cmd.Env = slices.Clone(t.environ)
	output, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", cmd, err)
	}
	var list []struct {
		Calls, Outliers, Retried int
		Median, Longest          time.Duration
	}
	if err := json.Unmarshal(output, &list); err != nil {
		return err
	}
	b.print("| calls | median | longest | over 3 × the median | goal | met | tried again |\n|---|---|---|---|---|---|---|\n")
	for i, name := range []string{"CloudFormation GetTemplate", "S3 PutObject of 100 kB"} {
		c := list[i]
		b.print("| %d × %s | %s | %s | %d | 0 | %s | %d |\n", c.Calls, name, seconds(c.Median), seconds(c.Longest), c.Outliers, yes(c.Outliers == 0), c.Retried)
	}
	b.print("\n")
	return nil
}

//go:build unix

package main

import (
	"context"
	"fmt"
	"log"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// operations are what is compared, and how many times faster renpyctl is to be
// than osls; 0 where nothing is asked.
var operations = [...]struct {
	name   string
	target int
}{
	{firstDeploy, 6}, {noChanges, 10}, {info, 10}, {codeUpdate, 5}, {rollback, 5}, {functionUpdate, 0}, {remove, 5},
}

const (
	// memoryTarget is how many times less memory renpyctl is to need.
	memoryTarget = 5
	// versionTarget is what `renpyctl version` may take: a short command's cost before it does anything.
	versionTarget = 15 * time.Millisecond
	versionRuns   = 25
)

// results are the samples by tool and operation.
type results map[string]map[string]series

// compare takes renpyctl and osls the whole way, in turns, each time on a fresh
// local cloud: osls's polling hangs on a stack that is created a second time.
func (b *bench) compare(ctx context.Context) error {
	log.Print("building the other version")
	tools, err := b.tools(ctx)
	if err != nil {
		return err
	}
	var wholeWay []string
	for _, op := range operations {
		wholeWay = append(wholeWay, op.name)
	}
	all := results{}
	for round := range b.rounds {
		for _, t := range tools {
			log.Printf("round %d of %d: %s", round+1, b.rounds, t.name())
			if err := b.take(ctx, t, wholeWay, measured, all); err != nil {
				return err
			}
		}
	}
	var version series
	for range versionRuns {
		s, _, err := measured(exec.CommandContext(ctx, b.renpyctl, "version"), "commit")
		if err != nil {
			return err
		}
		version = append(version, s)
	}
	b.printComparison(all, tools, version)
	return nil
}

// tools returns renpyctl, osls, and osls polling fast.
func (b *bench) tools(ctx context.Context) ([]tool, error) {
	other, err := b.otherVersion(ctx)
	if err != nil {
		return nil, err
	}
	environ := b.environ(b.cloud.Endpoint())
	slow := osls{
		label: "osls", program: filepath.Join(b.oslsDir, "node_modules/osls/bin/serverless.js"),
		dir: filepath.Join(b.work, "osls"), zip: filepath.Join(b.work, "functions.zip"), other: filepath.Join(b.work, "other.zip"),
		environ: slices.Concat(environ, []string{"SLS_TELEMETRY_DISABLED=1", "SLS_NOTIFICATIONS_MODE=off", "NODE_NO_WARNINGS=1"}),
	}
	fast := slow
	fast.label = "osls, polling every 0.1 s"
	fast.environ = slices.Concat(slow.environ, []string{"SLS_AWS_MONITORING_FREQUENCY=100"})

	// A copy, since osls writes beside its file.
	if err := copyFile(filepath.Join(slow.dir, "serverless.yml"), "bench/osls/serverless.yml"); err != nil {
		return nil, err
	}
	if err := oslsZip(slow.zip, "lambda/dist"); err != nil {
		return nil, err
	}
	if err := oslsZip(slow.other, filepath.Join(other, "lambda/dist")); err != nil {
		return nil, err
	}
	return []tool{renpyctl{binary: b.renpyctl, other: filepath.Join(other, "bin/renpyctl"), environ: environ}, slow, fast}, nil
}

// measure tells what a run of a program took: [timed] or [measured].
type measure func(cmd *exec.Cmd, expected string) (sample, []byte, error)

// take measures operations of one tool, one after the other, on a fresh local cloud.
func (b *bench) take(ctx context.Context, t tool, operations []string, measure measure, all results) error {
	if err := b.freshCloud(ctx); err != nil {
		return err
	}
	if all[t.name()] == nil {
		all[t.name()] = map[string]series{}
	}
	for _, op := range operations {
		cmd, says, err := t.command(ctx, op)
		if err != nil {
			return err
		}
		s, _, err := measure(cmd, says)
		if err != nil {
			return err
		}
		all[t.name()][op] = append(all[t.name()][op], s)
	}
	return nil
}

func (b *bench) printComparison(all results, tools []tool, version series) {
	ours, theirs, fast := all[tools[0].name()], all[tools[1].name()], all[tools[2].name()]
	b.print("| what | renpyctl | osls | share | target | met | %s |\n|---|---|---|---|---|---|---|\n", tools[2].name())
	for _, op := range operations {
		b.printRow(op.name, spread(ours[op.name].took(), seconds), spread(theirs[op.name].took(), seconds),
			float64(median(ours[op.name].took())), float64(median(theirs[op.name].took())), op.target,
			spread(fast[op.name].took(), seconds))
	}
	b.print("| version | %s | | | ≤ %s | %s | |\n", spread(version.took(), seconds), seconds(versionTarget), yes(median(version.took()) <= versionTarget))
	for _, op := range operations {
		b.printRow("peak memory, "+op.name, spread(ours[op.name].peak(), megabytes), spread(theirs[op.name].peak(), megabytes),
			float64(median(ours[op.name].peak())), float64(median(theirs[op.name].peak())), memoryTarget, "")
	}
	b.print("\n")
}

// printRow prints what one operation took of both, with the target if there is one.
func (b *bench) printRow(what, ours, theirs string, our, their float64, target int, fast string) {
	wanted, met := "", ""
	if target > 0 {
		wanted, met = fmt.Sprintf("≤ 1/%d", target), yes(our*float64(target) <= their)
	}
	b.print("| %s | %s | %s | %s | %s | %s | %s |\n", what, ours, theirs, share(our, their), wanted, met, fast)
}

func yes(met bool) string {
	if met {
		return "yes"
	}
	return "**no**"
}

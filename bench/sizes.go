//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/local"
)

// sizes prints what was measured on which machine, and how big it is.
func (b *bench) sizes(ctx context.Context) error {
	node, err := output(ctx, "node", "--version")
	if err != nil {
		return err
	}
	theirs, err := output(ctx, "node", filepath.Join(b.oslsDir, "node_modules/osls/bin/serverless.js"), "--version")
	if err != nil {
		return err
	}
	b.print("Measured %s on %s: %s, Node %s, %s, MiniStack %s.\n\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"),
		machine(), runtime.Version(), node, strings.Replace(theirs, " version:", "", 1), local.Version)

	zips, err := filepath.Glob("lambda/dist/*.zip")
	if err != nil {
		return err
	}
	b.print("| file | size |\n|---|---|\n")
	for _, path := range append([]string{b.renpyctl}, zips...) {
		file, err := os.Stat(path)
		if err != nil {
			return err
		}
		b.print("| %s | %s |\n", file.Name(), megabytes(file.Size()))
	}
	b.print("\n")
	return nil
}

func output(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return string(bytes.TrimSpace(out)), nil
}

// machine says what runs the measurement, with what else it does where Linux tells.
func machine() string {
	text := fmt.Sprintf("%s/%s with %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		average, _, _ := strings.Cut(string(load), " ")
		text += " (load " + average + " before)"
	}
	return text
}

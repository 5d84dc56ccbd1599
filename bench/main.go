//go:build unix

// Command bench measures the program: beside osls, the maintained fork of
// Serverless v3, both deploying the same kind of stack to the same local cloud
// in one run; what is waited for before anything is asked of AWS; beside a bare
// program that makes only the calls that there have to be; the calls to AWS that a deploy makes; and how fast a full bucket
// is emptied, a day of logs read and followed, and players looked after of whom there are
// a great many. It prints Markdown; docs/performance.md holds a run of it.
//
//	make bench
//
// It stays small itself and leaves everything big to other processes: what the
// operating system reports as a program's peak memory is at least what the
// process that started it had.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/renpy-cloud/renpyctl/internal/local"
)

func main() {
	b := &bench{out: os.Stdout}
	flag.StringVar(&b.renpyctl, "renpyctl", "bin/renpyctl", "the `program` to measure, as make built it from this folder")
	flag.StringVar(&b.oslsDir, "osls", ".tools/osls", "the `folder` where osls is installed")
	flag.StringVar(&b.cloudDir, "cloud", ".tools/local", "the `folder` of the local cloud")
	flag.IntVar(&b.port, "port", 4541, "the local cloud's port; whatever is on it is deleted")
	flag.IntVar(&b.rounds, "rounds", 5, "how often each tool goes the whole way")
	parts := flag.String("parts", "sizes,starts,compare,bare,calls,empty,logs,players", "what to measure")
	flag.Parse()
	log.SetFlags(log.Ltime)
	log.SetPrefix("bench: ")

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := b.run(ctx, strings.Split(*parts, ",")); err != nil {
		log.Fatal(err)
	}
}

// bench is one run.
type bench struct {
	renpyctl, oslsDir, cloudDir string
	port, rounds                int
	out                         io.Writer

	work  string // a folder that goes with the run
	cloud *local.Cloud

	secret string // that calls to the cloud are signed with
}

func (b *bench) run(ctx context.Context, parts []string) (err error) {
	for _, path := range []*string{&b.renpyctl, &b.oslsDir, &b.cloudDir} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	if b.work, err = os.MkdirTemp("", "renpyctl-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if b.cloud, err = local.New(local.Config{Dir: b.cloudDir, Port: b.port}); err != nil {
		return err
	}
	defer b.cloud.Reset(context.WithoutCancel(ctx))

	if err := b.freshCloud(ctx); err != nil { // whose secret the parts begin with
		return err
	}
	known := map[string]func(context.Context) error{"sizes": b.sizes, "starts": b.starts, "compare": b.compare, "bare": b.beside, "calls": b.calls, "empty": b.emptying, "logs": b.logs, "players": b.players}
	for _, name := range parts {
		part, ok := known[name]
		if !ok {
			return fmt.Errorf("there is no part %q", name)
		}
		if err := part(ctx); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// freshCloud starts the local cloud with nothing on it.
func (b *bench) freshCloud(ctx context.Context) error {
	if err := b.cloud.Reset(ctx); err != nil {
		return err
	}
	_, err := b.cloud.Up(ctx, func(step string) { log.Print(step) })
	if err != nil {
		return err
	}
	b.secret, err = b.cloud.Secret()
	return err
}

func (b *bench) print(format string, args ...any) { fmt.Fprintf(b.out, format, args...) }

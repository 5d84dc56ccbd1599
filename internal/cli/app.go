// Package cli is the program's commands: flags, questions, what is printed, and
// exit codes. Each command is a file; below its RunE it is plain Go that calls
// the domain packages.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// Env is the program's surroundings. Tests give their own.
type Env struct {
	Stdin          *os.File
	Stdout, Stderr *os.File
	Getenv         func(string) string
	Environ        []string

	// TypedAhead makes an answer of what was typed before a question, as tests do.
	TypedAhead bool

	// CacheDir is the user's own folder for what can be made again, nil for none.
	CacheDir func() (string, error)

	// LoadAWS makes the configuration for AWS; cloud.Load outside of tests.
	LoadAWS func(context.Context, cloud.Options) (aws.Config, error)
	// OpenDesk opens the desk of a stage; support.Open outside of tests.
	OpenDesk func(at *stage.Stage, st stack.Stack, account, by string) (*support.Desk, error)
	// GameTransport carries what a game's client sends; nil outside of tests, for the network.
	GameTransport http.RoundTripper
}

// Main runs the program with the process's own surroundings and returns its exit code.
func Main() int {
	ctx, stop := interruptible()
	defer stop()
	log.SetOutput(io.Discard) // net/http logs what comes unasked, which may be a page of anybody's
	return Run(ctx, Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Environ: os.Environ(), CacheDir: os.UserCacheDir, LoadAWS: cloud.Load, OpenDesk: support.Open,
	}, os.Args[1:])
}

// Run runs one command line and returns its exit code.
func Run(ctx context.Context, env Env, args []string) int {
	a := &app{env: env}
	code := a.finish(ctx, a.execute(ctx, args))
	a.streams.Done()
	return code
}

// execute runs one command line.
func (a *app) execute(ctx context.Context, args []string) error {
	root := newRoot(a)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	a.running, a.canWait = cmd.CommandPath(), cmd.Flags().Lookup("wait") != nil
	a.verb = strings.TrimPrefix(a.running, root.Name()+" ")
	a.again = strings.Join(append([]string{a.verb}, cmd.Flags().Args()...), " ")
	if a.streams == nil { // the flags were not even read
		a.streams = ui.System(a.env.Stdin, a.env.Stdout, a.env.Stderr, a.env.Getenv, a.env.Environ, false)
	}
	return err
}

// app is one run of the program.
type app struct {
	env     Env
	streams *ui.Streams
	flags   globalFlags
	cloud   aws.Config // where the stage is, once connected
	running string     // the command as typed, without flags: "renpyctl users confirm"
	verb    string     // the same without the program's name: "users confirm"
	again   string     // and with its arguments: "rollback 41"
	canWait bool       // the command has --wait
	adopts  bool       // the stack may have lost the stage's tag
	cleared bool       // what a failed first deploy left was cleared away in this run
	created bool       // this run, and no other one, has begun to create the stage's stack
	several bool       // it was given several players
}

// stage is the name of the stage that the command is about.
func (a *app) stage() stage.Name { return stage.Name(a.flags.stage) }

// formats are the values of --output.
var formats = []string{"table", "tsv", "json"}

// moreFormats is the annotation of a command that has formats beside [formats].
const moreFormats = "formats"

// formatsOf are the formats of a command's answer.
func formatsOf(cmd *cobra.Command) []string {
	return append(slices.Clone(formats), strings.Fields(cmd.Annotations[moreFormats])...)
}

// prepare runs before every command, when the flags are known.
func (a *app) prepare(cmd *cobra.Command) error {
	given := cmd.Flags()
	a.streams = ui.System(a.env.Stdin, a.env.Stdout, a.env.Stderr, a.env.Getenv, a.env.Environ, a.flags.noColor)
	if a.env.TypedAhead {
		a.streams.Forget = nil
	}
	if err := a.flags.check(given); err != nil {
		return err
	}
	if err := checkZone(a.env.Getenv("TZ"), time.Local); err != nil {
		return err
	}
	if a.flags.output != "" {
		if err := oneOf(origin(given, "output"), a.flags.output, formatsOf(cmd)); err != nil {
			return err
		}
		a.streams.OutTerminal = a.flags.output == "table"
	}
	if !a.stage().Valid() {
		return usagef("%s %q: use 1 to 20 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen",
			origin(given, "stage"), a.flags.stage)
	}
	return nil
}

func (a *app) json() bool { return a.flags.output == "json" }

// say prints a line of explanation to standard error.
func (a *app) say(format string, args ...any) { fmt.Fprintf(a.streams.Err, format+"\n", args...) }

// hint prints what the person will want to type next, unless a program reads.
func (a *app) hint(format string, args ...any) {
	if !a.json() {
		a.say("%s %s", ui.Dim("hint:"), fmt.Sprintf(format, args...))
	}
}

// confirm asks unless --yes was given. Without a terminal the error names the flag.
func (a *app) confirm(ctx context.Context, question string) error {
	if a.flags.yes {
		return nil
	}
	return needsFlag(a.streams.Confirm(ctx, question), "--yes")
}

// canAsk fails where a question is to come that nobody can answer.
func (a *app) canAsk() error {
	if a.flags.yes || a.streams.InTerminal {
		return nil
	}
	return needsFlag(ui.ErrNoTerminal, "--yes")
}

// needsFlag turns the lack of a terminal into the flag that answers the question.
func needsFlag(err error, flag string) error {
	if errors.Is(err, ui.ErrNoTerminal) {
		return usagef("this needs a confirmation and nobody can be asked: add %s", flag)
	}
	return err
}

// command returns a command line of ours for the same stage, for hints.
func (a *app) command(verb string) string {
	line := "renpyctl " + verb + " --stage " + a.flags.stage
	if a.flags.region != "" {
		line += " --region " + quoted(a.flags.region)
	}
	if a.flags.profile != "" {
		line += " --profile " + quoted(a.flags.profile)
	}
	if a.flags.local {
		line += " --local"
	}
	return line
}

// trace prints a call for --debug.
func (a *app) trace(c cloud.Call) {
	outcome := "ok"
	if c.Err != nil {
		outcome = cloud.Text(&smithy.OperationError{ServiceID: c.Service, OperationName: c.Operation, Err: c.Err})
	}
	a.say("%s", ui.Dim(fmt.Sprintf("debug: %s %s %s: %s", c.Service, c.Operation, c.Took.Round(time.Millisecond), cloud.OneLine(outcome))))
}

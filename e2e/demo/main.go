// Command demo is the second half of `make demo`: it takes a built renpyctl and
// goes the whole way once on this computer, every step by the command that a
// person would type. It leaves the local cloud running.
//
//	go run ./e2e/demo -renpyctl bin/renpyctl
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/renpy-cloud/renpyctl/internal/gameclient"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

func main() {
	binary := flag.String("renpyctl", "bin/renpyctl", "the `program` to show")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	streams := ui.System(os.Stdin, os.Stdout, os.Stderr, os.Getenv, os.Environ(), false)
	d := &demo{binary: *binary, out: streams.Out}
	if err := d.run(ctx); err != nil {
		fmt.Fprintln(streams.Err, ui.Failure("demo:"), err)
		os.Exit(1)
	}
}

// demo shows one program.
type demo struct {
	binary string
	out    io.Writer
}

// run is the demo from beginning to end.
func (d *demo) run(ctx context.Context) error {
	d.step("Deploy the backend to the local cloud on this computer")
	if err := d.renpyctl(ctx, "deploy", "--local", "--stage", "dev", "--yes"); err != nil {
		return err
	}
	client, err := d.client(ctx)
	if err != nil {
		return err
	}
	d.step("A player signs up in the game")
	session, err := d.signUp(ctx, client)
	if err != nil {
		return err
	}
	d.step("Two devices of this player sync")
	if err := d.sync(ctx, session); err != nil {
		return err
	}
	d.step("What is deployed")
	if err := d.renpyctl(ctx, "info", "--local", "--stage", "dev"); err != nil {
		return err
	}
	d.step("What goes into the game, for this local cloud")
	if err := d.renpyctl(ctx, "config", "renpy", "--local", "--stage", "dev"); err != nil {
		return err
	}
	d.step("The local cloud goes on running")
	d.commands([][2]string{
		{"logs --local", "the requests of just now"},
		{"users list --local", "everybody who signed up"},
		{"deploy --stage prod", "the same on your AWS account"},
		{"remove --local", "take the stage down again"},
		{"local down", "stop the local cloud; what is deployed stays"},
		{"local reset", "stop it and delete everything on it"},
	})
	return nil
}

// step begins a part with its heading.
func (d *demo) step(heading string) { fmt.Fprintf(d.out, "\n%s\n\n", ui.Strong(heading)) }

// note says what happens in the game.
func (d *demo) note(format string, args ...any) {
	fmt.Fprintf(d.out, "  %s\n", fmt.Sprintf(format, args...))
}

func (d *demo) blank() { fmt.Fprintln(d.out) }

// commands lists command lines with what they do.
func (d *demo) commands(list [][2]string) {
	width := 0
	for _, c := range list {
		width = max(width, len(c[0]))
	}
	for _, c := range list {
		fmt.Fprintf(d.out, "  %s %s  %s\n", d.binary, ui.Accent(fmt.Sprintf("%-*s", width, c[0])), ui.Dim(c[1]))
	}
	d.blank()
}

// renpyctl shows a command line and runs it on this terminal.
func (d *demo) renpyctl(ctx context.Context, args ...string) error {
	fmt.Fprintf(d.out, "%s %s\n", ui.Dim("$"), ui.Accent(d.binary+" "+strings.Join(args, " ")))
	cmd := d.command(ctx, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", d.binary, args[0], err)
	}
	return nil
}

// command is the program with arguments. An interruption reaches it by the
// terminal too, and it is given the time to end in order.
func (d *demo) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, d.binary, args...)
	cmd.Cancel = func() error { return nil }
	return cmd
}

// client is the game, configured as the stage's own `config renpy` says.
func (d *demo) client(ctx context.Context) (*gameclient.Client, error) {
	cmd := d.command(ctx, "config", "renpy", "--local", "--stage", "dev", "--output", "json")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("read the game's configuration: %w", err)
	}
	var cfg gameclient.Config
	if err := json.Unmarshal(out, &cfg); err != nil {
		return nil, fmt.Errorf("read the game's configuration: %w", err)
	}
	return gameclient.New(cfg, nil), nil
}

// signUp makes a new player, who is confirmed by the operator.
func (d *demo) signUp(ctx context.Context, client *gameclient.Client) (*gameclient.Session, error) {
	email, password := newPlayer()
	if err := client.SignUp(ctx, email, password); err != nil {
		return nil, fmt.Errorf("sign up: %w", err)
	}
	d.note("%s signs up.", email)
	_, err := client.SignIn(ctx, email, password)
	refused, ok := errors.AsType[*gameclient.Error](err)
	if !ok || refused.Code != "UserNotConfirmedException" {
		return nil, fmt.Errorf("sign in before the confirmation: %v", err)
	}
	d.note("The sign-in is refused: %s", refused.Message)
	d.note("On AWS a link in an e-mail confirms. A local cloud sends none, so the operator does:")
	d.blank()
	if err := d.renpyctl(ctx, "users", "confirm", email, "--local", "--stage", "dev"); err != nil {
		return nil, err
	}
	session, err := client.SignIn(ctx, email, password)
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	d.note("%s signs in.", email)
	return session, nil
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// demoStage is the stage of a demo.
const demoStage = "demo"

func newDemo(a *app) *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show it all on this computer: deploy, two devices, a conflict",
		Long: `Show in some seconds, on this computer alone, what renpyctl is for: the backend
is deployed to the local cloud, a player signs up and saves on one device, and
the save is there on another; then both have played on. Two folders are the
devices. Each step shows the command that a person would type.

It needs no AWS account and no game. The first time, the local cloud is
installed, which takes about a minute. At the end, and after Ctrl-C, what it has
made goes again: the stage demo and the folders. With --keep they stay; a demo
that finds the stage there leaves it, and takes its own player out again.`,
		Example: `  renpyctl demo
  renpyctl demo --keep`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, flag := range []string{"stage", "region", "profile", "output"} {
				if cmd.Flags().Changed(flag) {
					return usagef("demo is a story for people, with a stage of its own on this computer: it goes without --%s", flag)
				}
			}
			a.flags.stage, a.flags.local = demoStage, true
			port := ""
			if cmd.Flags().Changed("local-port") {
				port = " --local-port " + strconv.Itoa(a.flags.localPort)
			}
			return a.demo(cmd.Context(), port, keep)
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "keep the stage and the folders of the devices")
	return cmd
}

// demo is a story that is told by running this program's own commands.
type demo struct {
	*app
	dir   string // of the devices' folders
	port  string // the flag that chooses the local cloud, "" for none
	keep  bool
	found bool // the stage was there before
	made  bool // this demo's deploy has created the stage, which is taken away in the end
	// player is the address of whom the demo has signed up, "" before that.
	player string
}

func (a *app) demo(ctx context.Context, port string, keep bool) error {
	first, err := a.demoIsFirst(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "renpyctl-demo-")
	if err != nil {
		return err
	}
	d := &demo{app: a, dir: dir, port: port, keep: keep, found: !first}
	err = d.tell(ctx)
	if err = errors.Join(err, d.cleanUp(ctx, err)); err == nil {
		d.end()
	}
	return err
}

// demoIsFirst tells whether the stage is yet to be deployed.
func (a *app) demoIsFirst(ctx context.Context) (bool, error) {
	s, err := a.connect(ctx)
	if err != nil {
		return false, err
	}
	_, err = s.at.Deployed(ctx)
	if _, none := errors.AsType[*stage.NoStageError](err); none {
		return true, nil
	}
	return false, err
}

// tell is the story.
func (d *demo) tell(ctx context.Context) error {
	d.heading("1  The backend of a game, on this computer")
	if d.found {
		d.print("  The stage %s is there already, as demo --keep leaves it, or a demo that was killed.", demoStage)
		d.print("  It stays. %s takes it away;", ui.Accent("renpyctl remove"+d.where()))
		d.print("  the folder of a demo that was killed is in %s.\n", quoted(os.TempDir()))
	}
	if err := d.types(ctx, "deploy", "--yes"); err != nil {
		return err
	}
	game, err := d.playedGame(ctx)
	if err != nil {
		return err
	}
	d.heading("2  A player signs up in the game")
	if err := game.signUp(ctx); err != nil {
		return err
	}
	d.heading("3  A save goes from one device to the other")
	if err := game.travel(ctx); err != nil {
		return err
	}
	d.heading("4  Both devices have played on")
	return game.conflict(ctx)
}

// end says what to try next.
func (d *demo) end() {
	d.heading("What next")
	commands := [][2]string{
		{"deploy --local" + d.port, "a backend here that stays"},
		{"config renpy --local --game-id my_game" + d.port, "what goes into the game"},
		{"deploy --stage prod", "the same in your AWS account"},
		{"local down" + d.port, "stop the local cloud"},
	}
	if d.keep || !d.made {
		commands = slices.Concat([][2]string{
			{"logs" + d.where(), "the requests of just now"},
			{"users list" + d.where(), "who has signed up"},
			{"remove" + d.where(), "take the stage down again"},
		}, commands)
	}
	width := 0
	for _, c := range commands {
		width = max(width, len(c[0]))
	}
	for _, c := range commands {
		d.print("  renpyctl %s  %s", ui.Accent(fmt.Sprintf("%-*s", width, c[0])), ui.Dim(c[1]))
	}
	if d.keep {
		d.print("\n  The devices are folders in %s", d.dir)
	}
}

// cleanUp takes away what the demo has made, also when it was interrupted.
func (d *demo) cleanUp(ctx context.Context, failure error) error {
	if d.keep {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	err := d.takeAway(ctx)
	if _, none := errors.AsType[*stage.NoStageError](err); failure != nil && (none || errors.Is(err, players.ErrNoPlayer)) {
		err = nil // it has failed before there was one
	}
	return errors.Join(os.RemoveAll(d.dir), err)
}

// takeAway removes the stage that the demo has deployed, or its player from one that was there.
func (d *demo) takeAway(ctx context.Context) error {
	command := []string{"remove", "--yes"}
	switch {
	case d.made:
	case d.player == "":
		return nil
	default:
		command = []string{"users", "forget", d.player, "--yes", "--confirm", d.player}
	}
	d.heading("5  The demo takes away what it has made")
	return d.types(ctx, command...)
}

// where is the part of a command line that leads to the demo's stage.
func (d *demo) where() string {
	return " --local --stage " + d.flags.stage + d.port
}

// types shows a command line about the demo's stage as a person would type it, and runs it.
func (d *demo) types(ctx context.Context, args ...string) error {
	line := append(slices.Clone(args), strings.Fields(d.where())...)
	d.print("%s %s", ui.Dim("$"), ui.Accent("renpyctl "+strings.Join(line, " ")))
	if d.flags.noColor {
		line = append(line, "--no-color")
	}
	if d.flags.debug {
		line = append(line, "--debug")
	}
	d.streams.Done() // there is one spinner at a time
	inner := &app{env: d.env}
	err := inner.execute(ctx, line)
	inner.streams.Done()
	d.made = d.made || inner.created
	return err
}

func (d *demo) heading(text string) { d.print("\n%s\n", ui.Strong(text)) }

// print writes a line of the story, which is the answer: on standard output.
func (d *demo) print(format string, args ...any) { fmt.Fprintf(d.streams.Out, format+"\n", args...) }

// folder makes the folder of a device.
func (d *demo) folder(name string) (string, error) {
	dir := filepath.Join(d.dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}

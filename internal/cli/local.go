package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/local"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

func newLocal(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Start, stop and reset the local cloud",
		Long: `The local cloud is MiniStack, an AWS emulator, in a folder of its own on this
computer. It listens on 127.0.0.1 only, needs Python 3.10 or later, and any
command with --local starts it when needed. It stops when it has not been used
for a day; what is deployed on it stays.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	add := func(use, short, example string, run func(context.Context, *local.Cloud) error) *cobra.Command {
		sub := &cobra.Command{Use: use, Short: short, Example: example, Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			lc, err := a.localCloud()
			if err != nil {
				return err
			}
			return run(cmd.Context(), lc)
		}}
		cmd.AddCommand(sub)
		return sub
	}
	var origins []string
	up := add("up", "Start the local cloud, installing it first if needed", `  renpyctl local up
  renpyctl local up --allow-origin http://localhost:8042`, func(ctx context.Context, lc *local.Cloud) error {
		return a.localUp(ctx, lc, origins)
	})
	up.Flags().StringArrayVar(&origins, "allow-origin", nil,
		`let pages of this origin, such as a web build's http://localhost:8042, reach what a game may;
once for each, in place of those allowed before, and "" for none`)
	add("down", "Stop the local cloud; what is deployed on it stays", "  renpyctl local down", a.localDown)
	add("status", "Show whether the local cloud runs", "  renpyctl local status", a.localStatus)
	add("reset", "Stop the local cloud and delete everything on it", "  renpyctl local reset", a.localReset)
	add("logs", "Print the local cloud's own log", "  renpyctl local logs", a.localLogs)
	return cmd
}

func (a *app) localUp(ctx context.Context, lc *local.Cloud, origins []string) error {
	if origins != nil {
		if err := lc.AllowOrigins(ctx, slices.DeleteFunc(origins, func(o string) bool { return o == "" })); err != nil {
			return err
		}
	}
	if _, err := a.startLocal(ctx); err != nil {
		return err
	}
	return a.localStatus(ctx, lc)
}

func (a *app) localDown(ctx context.Context, lc *local.Cloud) error {
	was, err := lc.Down(ctx)
	if err != nil {
		return err
	}
	if was {
		a.say("The local cloud has stopped; what is deployed on it stays.")
	} else {
		a.say("The local cloud was not running.")
	}
	return a.localState(ctx, lc)
}

// localState prints the local cloud as a command has left it, as JSON only.
func (a *app) localState(ctx context.Context, lc *local.Cloud) error {
	if !a.json() {
		return nil
	}
	return a.localStatus(ctx, lc)
}

func (a *app) localStatus(ctx context.Context, lc *local.Cloud) error {
	s, err := lc.Status(ctx)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(s)
	}
	state := "not running"
	switch {
	case s.Healthy:
		state = "running"
	case s.Running:
		state = "running, but does not answer"
	}
	var fields ui.Fields
	fields.Add("local cloud", ui.Text(state))
	fields.Add("endpoint", ui.Text(s.Endpoint))
	fields.Add("version", ui.Value{Shown: "MiniStack " + s.Version, Raw: s.Version})
	if s.Python != "" {
		fields.Add("python", ui.Text(s.Python))
	}
	if s.PID != 0 {
		fields.Add("process", ui.Text(strconv.Itoa(s.PID)))
	}
	fields.Add("folder", ui.Text(s.Dir))
	fields.Add("log", ui.Text(s.Log))
	fields.Add("secret key", ui.Value{Shown: "in " + s.Secret, Raw: s.Secret})
	for _, origin := range s.AllowedOrigins {
		fields.Add("allowed pages", ui.Text(origin))
	}
	return a.printValues(fields)
}

func (a *app) localReset(ctx context.Context, lc *local.Cloud) error {
	if err := a.confirm(ctx, "Delete every stack, player and save on the local cloud?"); err != nil {
		return err
	}
	if err := lc.Reset(ctx); err != nil {
		return err
	}
	a.say("The local cloud is empty and stopped.")
	return a.localState(ctx, lc)
}

func (a *app) localLogs(_ context.Context, lc *local.Cloud) error {
	f, err := os.Open(lc.LogPath())
	if errors.Is(err, os.ErrNotExist) {
		a.say("The local cloud has not run yet.")
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	defer f.Close()
	_, err = io.Copy(a.streams.Out, f)
	return err
}

package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// What may become of the saves of a player whose account is deleted.
const (
	keepSaves  = "keep"
	eraseSaves = "erase"
)

// deletion is of accounts, with the flag that says what becomes of the saves, and what
// confirms that they are erased.
type deletion struct {
	saves string
	forgetting
}

func newUsersDelete(a *app) *cobra.Command {
	var d deletion
	cmd := a.changeUsers("delete", "Delete players' accounts", `Delete players' accounts. It asks what becomes of the saves: kept ones stay in
the bucket and in the table, where only you reach them, by the id that the
account had; to erase them is users forget, and prints its receipt. With --yes
they are kept.`, `  renpyctl users delete ann@example.com
  renpyctl users delete ann@example.com --saves erase`, act{ask: d.ask, do: d.do})
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case d.saves != "" && d.saves != keepSaves && d.saves != eraseSaves:
			return usagef("--saves %q is neither %s nor %s", d.saves, keepSaves, eraseSaves)
		case d.saves == eraseSaves && (len(args) > 1 || args[0] == "-"):
			return usagef("--saves erase is for one player at a time")
		}
		return run(cmd, args)
	}
	cmd.Flags().StringVar(&d.saves, "saves", "", "what becomes of the saves: keep or erase")
	cmd.Flags().StringVar(&d.confirm, "confirm", "", "with --saves erase: the player's address, instead of typing it")
	return cmd
}

func (d *deletion) ask(ctx context.Context, c *crowd, list []players.Player) error {
	files, bytes, err := c.total(ctx, list)
	if err != nil {
		return err
	}
	what := "the account of " + callThem(list)
	if len(list) > 1 {
		what = fmt.Sprintf("%d accounts: %s", len(list), callThem(list))
	}
	switch {
	case d.saves == eraseSaves:
		return d.forgetting.ask(ctx, c, list)
	case files == 0:
		return c.confirm(ctx, fmt.Sprintf("Delete %s? There are no saves.", what))
	case d.saves == keepSaves || len(list) > 1 || c.flags.yes:
		return c.confirm(ctx, fmt.Sprintf("Delete %s? What is saved stays, reachable by the id: %s, %s.", what, ui.Plural(files, "save"), ui.Bytes(bytes)))
	}
	d.saves, err = c.streams.Choose(ctx, fmt.Sprintf("Delete %s? %s there, %s.\nType keep to keep what is saved, reachable by the id, or erase:", what, isAre(int(files), "save"), ui.Bytes(bytes)), keepSaves, eraseSaves)
	if err == nil && d.saves == eraseSaves {
		return d.forgetting.ask(ctx, c, list)
	}
	return needsFlag(err, "--yes and --saves keep or erase")
}

// total adds up the current saves of players.
func (c *crowd) total(ctx context.Context, list []players.Player) (files, bytes int64, err error) {
	desk, err := c.window()
	if err != nil {
		return 0, 0, err
	}
	for _, player := range list {
		known, err := desk.Saves(ctx, player.Sub)
		if err != nil {
			return 0, 0, aboutPlayer("delete", player, err)
		}
		f, b := known.Total()
		files, bytes = files+f, bytes+b
	}
	return files, bytes, nil
}

func (d *deletion) do(ctx context.Context, c *crowd, player players.Player) (answer, error) {
	if d.saves == eraseSaves {
		return d.forgetting.do(ctx, c, player)
	}
	err := c.pool.Delete(ctx, player)
	return answer{value: player, text: fmt.Sprintf("Deleted: %s. What was saved stays, reachable by the id %s.", called(player), player.Sub)}, err
}

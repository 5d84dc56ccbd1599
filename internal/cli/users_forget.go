package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

func newUsersForget(a *app) *cobra.Command {
	var f forgetting
	cmd := &cobra.Command{
		Use:   "forget PLAYER",
		Short: "Erase a player for ever: saves, record and account",
		Long: `Erase a player for ever: every version of every save, the record, the account.
What will go is shown first, and the address has to be typed. Devices that are
signed in cannot begin anything anew, and imports leave the player out. The
receipt says what stays for a while and until when. It can be run again, by the
id once the account is gone.`,
		Example: `  renpyctl users forget ann@example.com
  renpyctl users forget ann@example.com --yes --confirm ann@example.com`,
		Args:              exactly(aPlayer),
		ValidArgsFunction: a.completeOnePlayer,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onePlayer(cmd.Context(), args[0], act{doing: "forget", find: findKept, ask: f.ask, do: f.do})
		},
	}
	cmd.Flags().StringVar(&f.confirm, "confirm", "", "the player's address, instead of typing it; needed beside --yes")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "only show what would go")
	return cmd
}

// findKept finds a player as [players.Pool.Find] does, or, by the whole id, one who has no
// account any more but of whom something is known.
func findKept(ctx context.Context, c *crowd, name string) (players.Player, error) {
	player, err := c.pool.Find(ctx, name)
	if !players.IsSub(name) || !errors.Is(err, players.ErrNoPlayer) {
		return player, err
	}
	desk, openErr := c.window()
	if openErr != nil {
		return player, openErr
	}
	gone := players.Player{Sub: strings.ToLower(name)}
	known, readErr := desk.Overview(ctx, gone.Sub)
	switch {
	case readErr != nil:
		return player, readErr
	case len(known.Games) == 0 && known.Forgotten.IsZero() && known.Ban == nil:
		return player, err
	}
	return gone, nil
}

// forgetting are the flags of an erasure.
type forgetting struct {
	confirm string
	dryRun  bool
}

// forgotten is the JSON of an erasure, or, in a dry run, of what would go.
type forgotten struct {
	support.Receipt
	DryRun bool `json:"dryRun,omitempty"`
}

// ask shows what will go, and has the address typed.
func (f forgetting) ask(ctx context.Context, c *crowd, list []players.Player) error {
	player := list[0]
	desk, err := c.desk(ctx)
	if err != nil {
		return err
	}
	var known support.Overview
	var holds bucket.Stats
	err = cloud.Together(ctx,
		func(ctx context.Context) (err error) { holds, err = desk.Holdings(ctx, player.Sub); return err },
		func(ctx context.Context) (err error) { known, err = desk.Saves(ctx, player.Sub); return err })
	if err != nil {
		return aboutPlayer("forget", player, err)
	}
	if f.dryRun && c.json() {
		return c.printJSON(forgotten{support.Receipt{Player: player.Sub, Versions: holds.Versions}, true})
	}
	c.announceForget(player, known, holds)
	word := called(player)
	switch {
	case f.dryRun:
		return nil
	case f.confirm != "" && !strings.EqualFold(f.confirm, word):
		return usagef("--confirm %s does not name %s", f.confirm, word)
	case f.confirm == "" && c.flags.yes:
		return usagef("erasing a player needs --confirm %s beside --yes", word)
	case f.confirm != "":
		return nil
	}
	return needsFlag(c.streams.ConfirmTyped(ctx, "Type "+word+" to go on:", word), "--yes --confirm "+word)
}

// announceForget says what will go.
func (c *crowd) announceForget(player players.Player, known support.Overview, holds bucket.Stats) {
	files, _ := known.Total()
	account := "the account"
	if player.Email == "" {
		account = "there is no account any more"
	}
	c.say("This erases %s from stage %s, for ever:", ui.Accent(called(player)), c.flags.stage)
	c.say("  %s in %s; the record; %s", ui.Plural(files, "save"), inBucket(holds), account)
}

func (f forgetting) do(ctx context.Context, c *crowd, player players.Player) (answer, error) {
	if f.dryRun {
		return answer{text: "Nothing was erased: this was a dry run.", none: c.json()}, nil
	}
	desk, err := c.desk(ctx)
	if err != nil {
		return answer{}, err
	}
	p := ui.NewProgress(c.streams)
	task := ui.Task{Key: "forget", Name: "versions", State: ui.Running, Text: "the player is turned away"}
	p.Set(task)
	receipt, err := desk.Forget(ctx, c.pool, player, func(deleted int64) {
		task.Text = ui.Count(deleted) + " erased"
		p.Set(task)
	})
	task.State, task.Text = ui.Done, ui.Count(receipt.Versions)+" erased"
	if err != nil {
		task.State = ui.Failed
	}
	p.Set(task)
	p.Close()
	if err != nil {
		return answer{}, &hintedError{aboutPlayer("forget", player, err), "run " + c.command("users forget "+player.Sub) + ": it goes on where it ended"}
	}
	if !c.json() {
		c.sayReceipt(receipt)
	}
	return answer{value: forgotten{Receipt: receipt}}, nil
}

// sayReceipt says what was erased, and what stays.
func (c *crowd) sayReceipt(r support.Receipt) {
	old := ""
	if r.OldItems > 0 {
		old = ", " + ui.Plural(int64(r.OldItems), "old item")
	}
	c.say("Receipt %s  %s  %s: %s%s, the record, the account erased; checked", r.At.UTC().Format(time.RFC3339), c.flags.stage, r.Player,
		ui.Plural(r.Versions, "version"), old)
	c.say("Stays for a while, and cannot be erased by hand:")
	c.say("  backups of the table       until %s (point-in-time recovery)", r.BackupsUntil.Format(time.DateOnly))
	c.say("  log lines with the id      until %s", r.LogsUntil.Format(time.DateOnly))
	c.say("Stays for good: the id and a keyed hash of the address, so that no import brings the player back.")
	if !r.Final {
		c.hint("a device may be in the middle of a sync: after %s (%s) run %s once more", when.Format(r.Quiet.Add(time.Minute), time.Local),
			when.Zone(r.Quiet.Local()), c.command("users forget "+r.Player))
	}
}

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// desk is a stage's players with all that is kept of them.
type desk struct {
	*crowd
	*support.Desk
}

// desk connects and opens the stage's desk.
func (a *app) desk(ctx context.Context) (*desk, error) {
	s, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	c := &crowd{session: s}
	var id cloud.Identity
	if err := cloud.Together(ctx, cloud.Into(&c.stack, s.at.Deployed), cloud.Into(&id, s.at.WhoAmI)); err != nil {
		return nil, err
	}
	if c.pool, err = s.at.Accounts(c.stack); err != nil {
		return nil, err
	}
	d, err := c.openFor(id)
	return &desk{c, d}, err
}

// keeper is a player with what the table has of what is kept.
type keeper struct {
	players.Player
	record *savesync.Record
	// waiting are the games that are still as the backend before this one left them.
	waiting map[string][]savesync.Entry
}

// know reads what the table has of a player.
func (d *desk) know(ctx context.Context, sub string, k *keeper) error {
	known, err := d.Known(ctx, sub)
	k.record, k.waiting = known.Record, known.Waiting
	return err
}

// games are all of which the player has, or had, saves.
func (k keeper) games() []string {
	return slices.Concat(slices.Sorted(maps.Keys(k.record.Games)), slices.Sorted(maps.Keys(k.waiting)))
}

// keeper finds whom a name means. Of one whose account is gone the whole id leads to
// what was kept.
func (d *desk) keeper(ctx context.Context, name string) (k keeper, err error) {
	if !players.IsSub(name) {
		if k.Player, err = d.pool.Find(ctx, name); err == nil {
			err = d.know(ctx, k.Sub, &k)
		}
		return k, d.about(k, err)
	}
	sub := strings.ToLower(name)
	var accountErr error
	err = cloud.Together(ctx,
		func(ctx context.Context) error { k.Player, accountErr = d.pool.Find(ctx, name); return nil },
		func(ctx context.Context) error { return d.know(ctx, sub, &k) })
	if errors.Is(accountErr, players.ErrNoPlayer) && (err != nil || len(k.games()) > 0 || k.record.Forgotten != nil) {
		k.Player, accountErr = players.Player{Sub: sub}, nil
	}
	if accountErr != nil {
		return k, accountErr
	}
	return k, d.about(k, err)
}

// about says of whom an error is.
func (d *desk) about(k keeper, err error) error {
	if err == nil && k.record.Forgotten != nil {
		err = savesync.ErrForgotten
	}
	if err != nil && k.Sub != "" {
		err = fmt.Errorf("%s: %w", called(k.Player), err)
	}
	return err
}

// noGameError says that a player has never had saves of a game.
type noGameError struct {
	player, game string
	games        []string
}

func (e *noGameError) Error() string {
	return fmt.Sprintf("%s has no saves of a game %q", e.player, e.game)
}

// plays returns an error unless the player has, or had, saves of the game.
func (k keeper) plays(game string) error {
	if !slices.Contains(k.games(), game) {
		return &noGameError{called(k.Player), game, k.games()}
	}
	return nil
}

// waitingError says that a game is still as the backend before this one left it.
type waitingError struct{ player, game string }

func (e *waitingError) Error() string {
	return fmt.Sprintf("the saves of %s in %s are still as the backend before this one left them", e.player, e.game)
}

// synced returns an error unless this backend knows, or knew, saves of the game.
func (k keeper) synced(game string) error {
	if k.record.Games[game] == nil && k.waiting[game] != nil {
		return &waitingError{called(k.Player), game}
	}
	return k.plays(game)
}

// explainSaves advises on errors about saves.
func (a *app) explainSaves(err error) (code int, hint string, ok bool) {
	if e, ok := errors.AsType[*noGameError](err); ok {
		if len(e.games) == 0 {
			return exitNotFound, e.player + " has no saves at all", true
		}
		return exitNotFound, "there are saves of " + strings.Join(e.games, ", "), true
	}
	if unreadable(err) {
		if !damagedRecord(err) {
			return exitError, "use the release of renpyctl that the stage was deployed with, or a newer one", true
		}
		return exitError, a.command("saves verify PLAYER --repair") + " writes the record anew from what is in the bucket", true
	}
	list := a.command("saves list PLAYER")
	if _, ok := errors.AsType[*waitingError](err); ok {
		return exitNotFound, "they come in when a device syncs the game, with a history from then on; " + list + " shows them", true
	}
	if _, ok := errors.AsType[*support.NoFileError](err); ok {
		return exitNotFound, list + " and saves history show what there is", true
	}
	if _, ok := errors.AsType[*support.NoVersionError](err); ok {
		return exitNotFound, a.command("saves history PLAYER GAME FILE") + " lists the versions", true
	}
	if _, ok := errors.AsType[*support.SeveralError](err); ok {
		return exitUsage, "say the one that is meant: a time with seconds, or of a single file --version", true
	}
	if _, ok := errors.AsType[*existsError](err); ok {
		return exitRefused, "choose another name: nothing is written over", true
	}
	if errors.Is(err, savesync.ErrForgotten) {
		return exitNotFound, "nothing is left that could be shown or brought back", true
	}
	return explainKept(err)
}

// between wants so many arguments at least, and so many at most.
func between(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef("%s needs %s", cmd.CommandPath(), what)
		case len(args) > most:
			return usagef("%s takes %s, got %s", cmd.CommandPath(), what, ui.Plural(int64(len(args)), "argument"))
		}
		return nil
	}
}

// checkGame refuses what can be no game's id.
func checkGame(game string) error {
	if err := savesync.CheckGameID(game); err != nil {
		return usagef("%v", err)
	}
	return nil
}

// bars say why a file does not sync.
var bars = map[savesync.Bar]string{
	savesync.BarName:     "not a save of the game, or a name that some systems cannot hold",
	savesync.BarSpelling: "another file has the name but for capital letters",
	savesync.BarSize:     "larger than one file may be, or empty",
	savesync.BarFiles:    "the player has as many files as are allowed",
	savesync.BarBytes:    "the player's files are as large as is allowed",
	savesync.BarRecord:   "the player's record is full",
	savesync.BarBudget:   "the player has sent as much as is allowed for now",
	savesync.BarFailed:   "sending it failed several times; it is tried again later",
}

// barred says why a file does not sync.
func barred(bar savesync.Bar) string { return cmp.Or(bars[bar], string(bar)) }

// whole writes a number for programs.
func whole(n int64) string { return strconv.FormatInt(n, 10) }

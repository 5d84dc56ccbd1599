package cli

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

func newSavesList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list PLAYER [GAME]",
		Short: "List a player's current saves",
		Long: `List a player's current saves: what devices fetch. STORED is when it came to be
so, PLAYED what the device said of the file's own time. What is waiting is still
as the backend before this one left it: it is looked at, and comes in, when a
device syncs the game.`,
		Example:           "  renpyctl saves list ann@example.com my_game",
		Args:              between(1, 2, aPlayer+", and perhaps a game"),
		ValidArgsFunction: a.completeSaves,
		RunE: func(cmd *cobra.Command, args []string) error {
			game := ""
			if len(args) == 2 {
				game = args[1]
				if err := checkGame(game); err != nil {
					return err
				}
			}
			return a.savesList(cmd.Context(), args[0], game)
		},
	}
}

// fileView is the JSON of a current save.
type fileView struct {
	Game string `json:"game"`
	File string `json:"file"`
	// ID is of this content; it stays when numbers change.
	ID       string          `json:"id,omitempty"`
	Bytes    int64           `json:"bytes"`
	Stored   time.Time       `json:"stored,omitzero"`
	Modified time.Time       `json:"modified"`
	Health   savesync.Health `json:"health,omitempty"`
	// Waiting says that it is as the backend before this one left it.
	Waiting bool `json:"waiting,omitempty"`
}

func (a *app) savesList(ctx context.Context, name, game string) error {
	d, err := a.desk(ctx)
	if err != nil {
		return err
	}
	player, err := d.keeper(ctx, name)
	if err == nil && game != "" {
		err = player.plays(game)
	}
	if err != nil {
		return err
	}
	list := player.files(game)
	if a.json() {
		return a.printJSON(list)
	}
	if err := a.printTable(a.filesTable(list)); err != nil {
		return err
	}
	a.afterFiles(player, game, list)
	return nil
}

// files are the current saves of a game, "" for all.
func (k keeper) files(only string) []fileView {
	list := []fileView{}
	for _, game := range k.games() {
		if only != "" && game != only {
			continue
		}
		if g := k.record.Games[game]; g != nil {
			for _, name := range slices.Sorted(maps.Keys(g.Files)) {
				f := g.Files[name]
				list = append(list, fileView{game, name, f.ID, f.Size, time.Unix(f.Committed, 0).UTC(), f.Modified.Time().UTC(), f.Health, false})
			}
		}
		for _, e := range slices.SortedFunc(slices.Values(k.waiting[game]), byName) {
			list = append(list, fileView{Game: game, File: e.Name, Bytes: e.Size, Modified: e.Modified.Time().UTC(), Waiting: true})
		}
	}
	return list
}

func byName(a, b savesync.Entry) int { return strings.Compare(a.Name, b.Name) }

func (a *app) filesTable(list []fileView) ui.Table {
	t := ui.Table{Header: []string{"GAME", "FILE", "SIZE", "STORED", "PLAYED", "STATE"}, Right: map[int]bool{2: true}}
	for _, f := range list {
		state := ""
		switch {
		case f.Waiting:
			state = "waiting"
		case f.Health == savesync.Damaged:
			state = string(f.Health)
		}
		t.Rows = append(t.Rows, []string{ui.Plain(f.Game), ui.Plain(f.File), a.size(f.Bytes), a.moment(f.Stored), a.moment(f.Modified), state})
	}
	return t
}

// size says how large something is: to programs in bytes.
func (a *app) size(bytes int64) string {
	if a.streams.OutTerminal {
		return ui.Bytes(bytes)
	}
	return whole(bytes)
}

// moment says a time in a table: to people as they can type it.
func (a *app) moment(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case a.streams.OutTerminal:
		return when.Format(t, time.Local)
	}
	return t.UTC().Format(time.RFC3339)
}

// afterFiles counts what was listed, and tells what was left out of the last syncs.
func (a *app) afterFiles(player keeper, only string, list []fileView) {
	var bytes int64
	for _, f := range list {
		bytes += f.Bytes
	}
	a.say("%s, %s. Times are in %s.", ui.Plural(int64(len(list)), "save"), ui.Bytes(bytes), when.Zone(time.Now()))
	for _, game := range slices.Sorted(maps.Keys(player.record.Games)) {
		left := player.record.Games[game].LeftAlone
		if len(left) == 0 || only != "" && game != only {
			continue
		}
		var words []string
		for _, name := range slices.Sorted(maps.Keys(left)) {
			words = append(words, ui.Plain(name)+" ("+barred(left[name])+")")
		}
		a.say("The last sync of %s left out %s.", ui.Plain(game), strings.Join(words, ", "))
	}
	if len(player.record.Games) > 0 {
		if only == "" && len(player.record.Games) == 1 {
			only = slices.Collect(maps.Keys(player.record.Games))[0]
		}
		a.hint("what was there before: %s", a.command(kept{game: cmp.Or(only, "GAME")}.typed("saves history", player)))
	}
}

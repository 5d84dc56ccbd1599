package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

func newSavesMove(a *app) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "move FROM TO [GAME...]",
		Short: "Give a player's saves to another player, who is the same person",
		Long: `Give the current saves of one player to another, for who has signed up twice. Of
a save that both have the newer one wins, and the other stays as an older
version. The older versions stay with the first player. Sign out the first
player's devices, or users disable: one that still syncs as the first player
sends its saves there again.`,
		Example: "  renpyctl saves move ann@old.example.com ann@example.com",
		Args:    between(2, 1000, "the player who gives, the one who gets, and perhaps games"),
		ValidArgsFunction: func(cmd *cobra.Command, given []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(given) < 2 {
				return a.completePlayers(cmd, given, typed)
			}
			return a.completeSaves(cmd, given[:1], typed)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.savesMove(cmd.Context(), args[0], args[1], args[2:], dryRun)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only show what would be done")
	return cmd
}

// moveView is the JSON of a move.
type moveView struct {
	From  string      `json:"from"` // ids
	To    string      `json:"to"`
	Files []movedFile `json:"files"`
	Done  bool        `json:"done"`
}

// movedFile is the JSON of a file that was moved, or is to be.
type movedFile struct {
	Game     string    `json:"game"`
	File     string    `json:"file"`
	Bytes    int64     `json:"bytes"`
	Modified time.Time `json:"modified"`
	// There is the time of the one that the other player has, if there is one.
	There time.Time `json:"there,omitzero"`
	// Current says, when it was done, that it is the other player's current one now.
	Current bool `json:"current,omitempty"`
}

func (a *app) savesMove(ctx context.Context, from, to string, games []string, dryRun bool) error {
	for _, game := range games {
		if err := checkGame(game); err != nil {
			return err
		}
	}
	if !dryRun {
		if err := a.canAsk(); err != nil {
			return err
		}
	}
	d, err := a.desk(ctx)
	if err != nil {
		return err
	}
	m := mover{desk: d, games: games}
	if m.from, err = d.keeper(ctx, from); err != nil {
		return err
	}
	if m.to, err = d.keeper(ctx, to); err != nil {
		return err
	}
	if err := m.look(); err != nil {
		return err
	}
	if !a.json() {
		if err := m.show(); err != nil {
			return err
		}
	}
	if !dryRun && len(m.view.Files) > 0 {
		if err := a.confirm(ctx, fmt.Sprintf("Move to %s?", called(m.to.Player))); err != nil {
			return err
		}
		err = m.move(ctx)
	}
	if a.json() {
		return errors.Join(a.printJSON(m.view), err)
	}
	return err
}

// mover moves saves from a player to another.
type mover struct {
	*desk
	from, to keeper
	games    []string
	view     moveView
}

// look finds what there is to be moved.
func (m *mover) look() error {
	m.view = moveView{From: m.from.Sub, To: m.to.Sub, Files: []movedFile{}}
	if m.from.Sub == m.to.Sub {
		return usagef("both are %s", called(m.from.Player))
	}
	if len(m.games) == 0 {
		m.games = m.from.games()
	}
	for _, game := range m.games {
		if err := m.from.plays(game); err != nil {
			return err
		}
		there := map[string]savesync.File{}
		if g := m.to.record.Games[game]; g != nil {
			there = g.Files
		}
		for _, f := range m.from.files(game) {
			file := movedFile{Game: f.Game, File: f.File, Bytes: f.Bytes, Modified: f.Modified}
			if other, ok := there[f.File]; ok {
				file.There = other.Modified.Time().UTC()
			}
			m.view.Files = append(m.view.Files, file)
		}
	}
	return nil
}

// show shows both sides.
func (m *mover) show() error {
	if len(m.view.Files) == 0 {
		m.say("Nothing to move: %s has no current saves.", called(m.from.Player))
		return nil
	}
	m.say("Move %s of %s to %s (times are in %s):", ui.Plural(int64(len(m.view.Files)), "save"), called(m.from.Player), called(m.to.Player), when.Zone(time.Now()))
	t := ui.Table{Header: []string{"GAME", "FILE", "SIZE", "MOVES", "THERE"}, Right: map[int]bool{2: true}}
	both := 0
	for _, f := range m.view.Files {
		there := "–"
		if !f.There.IsZero() {
			there = when.Format(f.There, time.Local)
			both++
		}
		t.Rows = append(t.Rows, []string{f.Game, ui.Plain(f.File), ui.Bytes(f.Bytes), when.Format(f.Modified, time.Local), there})
	}
	if err := t.Write(m.streams.Err, m.streams.ErrTerminal); err != nil {
		return err
	}
	if both > 0 {
		m.say("Of %s that both have the newer one wins; the other stays as an older version of %s.", ui.Plural(int64(both), "save"), called(m.to.Player))
	}
	return nil
}

// move moves game after game. What was moved before an error stays so.
func (m *mover) move(ctx context.Context) error {
	before := m.before()
	won, moved := 0, 0
	for _, game := range m.games {
		outcomes, err := m.Move(ctx, m.from.Sub, m.to.Sub, game)
		for _, o := range outcomes {
			moved++
			if o.Current {
				won++
			}
			for i := range m.view.Files {
				if f := &m.view.Files[i]; f.Game == game && f.File == o.Name {
					f.Current = o.Current
				}
			}
		}
		if err != nil {
			return fmt.Errorf("%s of %s moved, then: %w", isAre(moved, "save"), called(m.from.Player), err)
		}
	}
	m.view.Done = true
	if !m.json() {
		m.say("Moved %s: %d current now, %d kept as older versions.", ui.Plural(int64(moved), "save"), won, moved-won)
		m.hint("%s keeps the first account from syncing", m.command("users disable "+quoted(called(m.from.Player))))
		m.hintUndo(before)
	}
	return nil
}

// hintUndo says, game by game, how the first player has the saves again, and the other
// one those that were replaced.
func (m *mover) hintUndo(before time.Time) {
	at := " --at " + before.UTC().Format(time.RFC3339)
	for _, game := range m.games {
		of := func(f movedFile) bool { return f.Game == game }
		replaced := func(f movedFile) bool { return f.Game == game && f.Current && !f.There.IsZero() }
		if !slices.ContainsFunc(m.view.Files, of) {
			continue
		}
		m.hint("to undo: %s", m.command(kept{game: game}.typed("saves restore", m.from)+at))
		if slices.ContainsFunc(m.view.Files, replaced) {
			m.hint("and %s", m.command(kept{game: game}.typed("saves restore", m.to)+at))
		}
	}
}

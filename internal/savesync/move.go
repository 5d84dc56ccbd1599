package savesync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// moveRounds bounds how often a move begins again because a device of the player who
// gives sent something new meanwhile.
const moveRounds = 5

// Move gives a player's saves of a game to another player. Of what both have the newer
// content wins, and the other is kept as an older version. The first player's record
// gives up what the second has; the contents stay where they are for the retention
// time, and so do the older ones. A device of the first player that still has the files
// will send them again. It returns what became of each file; the errors are those of
// [Operator.Restore].
func (o *Operator) Move(ctx context.Context, from, to, game string) ([]Outcome, error) {
	if from == to {
		return nil, errors.New("both are the same player")
	}
	var moved []Outcome
	for range moveRounds {
		files, err := o.Settle(ctx, from, game)
		if err != nil || len(files) == 0 {
			return moved, err
		}
		outcomes, err := o.give(ctx, keys{from, game}, keys{to, game}, files)
		if err != nil {
			return moved, err
		}
		moved = append(moved, outcomes...)
		if err := o.giveUp(ctx, from, game, files); err != nil {
			return moved, err
		}
	}
	return moved, fmt.Errorf("%w: the player's devices go on syncing", ErrConflict)
}

// Settle settles what a player's devices have sent of a game, and what a change before
// this one has left to be retired, and returns what is current then, by file name.
func (o *Operator) Settle(ctx context.Context, player, game string) (files map[string]File, err error) {
	err = o.change(ctx, player, game, func(st *state) error {
		if err := st.settle(ctx); err != nil {
			return err
		}
		files = maps.Clone(st.game.Files)
		st.retire(ctx)
		return nil
	})
	return files, err
}

// give puts copies of a player's files into another player's game.
func (o *Operator) give(ctx context.Context, from, to keys, files map[string]File) ([]Outcome, error) {
	var list []incoming
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f := files[name]
		src := Source{name, f.ID, f.Version, f.Size}
		if f.Health == Unread { // as a release before this one writes it
			in, err := o.read(ctx, from, src)
			if err != nil {
				return nil, err
			}
			f.Health = in.health
		}
		list = append(list, incoming{
			Upload: Upload{Name: name, Size: f.Size, Checksum: f.Checksum, Modified: f.Modified},
			health: f.Health, origin: Moved, of: f.ID, settle: compete,
			put: o.copier(from.content(name, f.ID), src),
		})
	}
	return o.forward(ctx, to, "move", list)
}

// giveUp takes files out of a player's record, those that are still the same.
func (o *Operator) giveUp(ctx context.Context, player, game string, files map[string]File) error {
	return o.change(ctx, player, game, func(st *state) error {
		given := 0
		for name, f := range files {
			if now, ok := st.game.Files[name]; ok && now.ID == f.ID {
				delete(st.game.Files, name)
				st.game.Retired = append(st.game.Retired, Content{Name: name, ID: f.ID})
				given++
			}
		}
		if given == 0 {
			return nil
		}
		if err := st.did(ctx, o.By, "move", given); err != nil {
			return err
		}
		st.sweep(ctx, nil)
		return nil
	})
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// takenOut is the JSON of what was taken out.
type takenOut struct {
	Player  string   `json:"player"`
	File    string   `json:"file"`
	Bytes   int64    `json:"bytes"`
	Missing []string `json:"missing,omitempty"`
}

func newUsersTakeout(a *app) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "takeout PLAYER",
		Short: "Write all that is stored of a player into one zip",
		Long: `Write all that is stored of a player into one zip: the account, the record, the
saves as the game has them, their older versions, and a README that lists them.
The file is there once it is whole; what could not be read is named in it. Run
it again after a failure. Only you can read the file: it is personal data.`,
		Example:           "  renpyctl users takeout ann@example.com --out ann.zip",
		Args:              exactly(aPlayer),
		ValidArgsFunction: a.completeOnePlayer,
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return usagef("users takeout needs --out FILE")
			}
			return a.onePlayer(cmd.Context(), args[0], act{
				doing: "takeout", find: findKept,
				ask: func(ctx context.Context, _ *crowd, _ []players.Player) error { return a.mayReplace(ctx, out) },
				do: func(ctx context.Context, c *crowd, player players.Player) (answer, error) {
					return c.takeOut(ctx, player, out)
				},
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the zip to write")
	return cmd
}

// mayReplace asks before a file is written over.
func (a *app) mayReplace(ctx context.Context, file string) error {
	there, err := os.Lstat(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err == nil && !there.Mode().IsRegular():
		return usagef("--out: %s is no regular file", file)
	case err != nil:
		return err
	}
	return a.confirm(ctx, fmt.Sprintf("%s is there already. Replace it?", ui.Plain(file)))
}

func (c *crowd) takeOut(ctx context.Context, player players.Player, file string) (answer, error) {
	desk, err := c.desk(ctx)
	if err != nil {
		return answer{}, err
	}
	done := takenOut{Player: player.Sub, File: file}
	var partial *support.PartialError
	done.Bytes, err = writeWhole(file, time.Time{}, func(f *os.File) error {
		err := desk.Takeout(ctx, player, f)
		if errors.As(err, &partial) { // the rest is delivered
			done.Missing = partial.Missing
			return nil
		}
		return err
	})
	if err != nil {
		return answer{}, aboutPlayer("takeout", player, err)
	}
	text := fmt.Sprintf("Taken out: %s, %s.", ui.Plain(file), ui.Bytes(done.Bytes))
	if partial != nil {
		if err := c.printAnswer(answer{value: done, text: text}); err != nil {
			return answer{}, err
		}
		return answer{}, aboutPlayer("takeout", player, partial)
	}
	return answer{value: done, text: text}, nil
}

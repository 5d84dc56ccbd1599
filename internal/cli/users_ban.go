package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

// banned is a player who was banned.
type banned struct {
	players.Player
	Reason string    `json:"reason,omitempty"`
	Until  time.Time `json:"until,omitzero"`
}

func newUsersBan(a *app) *cobra.Command {
	var reason, until string
	cmd := a.changeUsers("ban", "Keep players from syncing", `Keep players from syncing, at once: the functions look at every request. The
game shows the reason. Players can still sign in, and play with the saves that
their devices have. Their sessions end; nothing is erased.`, `  renpyctl users ban ann@example.com --until 2w \
    --reason "Shared saves of the beta"`, act{})
	cmd.Flags().StringVar(&reason, "reason", "", "why, which the player reads")
	cmd.Flags().StringVar(&until, "until", "", "when the ban ends by itself: "+when.FutureForms)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ban, err := readBan(reason, until, time.Now())
		if err != nil {
			return err
		}
		return a.forPlayers(cmd.Context(), args, act{doing: "ban", changes: true, do: banUser(ban)})
	}
	return cmd
}

// readBan reads the flags of a ban.
func readBan(reason, until string, now time.Time) (savesync.Ban, error) {
	ban := savesync.Ban{Reason: reason}
	if err := savesync.CheckReason(reason); err != nil {
		return ban, usagef("--reason: %v", err)
	}
	if until == "" {
		return ban, nil
	}
	end, err := future("until", until, now)
	ban.Until = end.Unix()
	return ban, err
}

// banUser bans first, and then ends the sessions: a device that signs in anew between
// the two is turned away as well.
func banUser(ban savesync.Ban) func(context.Context, *crowd, players.Player) (answer, error) {
	return func(ctx context.Context, c *crowd, player players.Player) (answer, error) {
		desk, err := c.desk(ctx)
		if err != nil {
			return answer{}, err
		}
		if err := desk.Ban(ctx, player.Sub, ban); err != nil {
			return answer{}, aboutPlayer("ban", player, err)
		}
		done := banned{Player: player, Reason: ban.Reason}
		text := "Banned: " + called(player) + " cannot sync"
		if ban.Until != 0 {
			done.Until = time.Unix(ban.Until, 0).UTC()
			text += " until " + when.Format(done.Until, time.Local) + " (" + when.Zone(done.Until.Local()) + ")"
		}
		return answer{value: done, text: text + ". Nothing is erased."}, c.pool.SignOut(ctx, player)
	}
}

var unbanUser = act{do: func(ctx context.Context, c *crowd, player players.Player) (answer, error) {
	desk, err := c.desk(ctx)
	if err == nil {
		err = desk.Unban(ctx, player.Sub)
	}
	return answer{value: player, text: "Unbanned: " + called(player) + " may sync again."}, aboutPlayer("unban", player, err)
}}

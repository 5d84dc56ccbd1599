package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

var confirmUser = act{do: func(ctx context.Context, c *crowd, player players.Player) (answer, error) {
	player, err := c.pool.Confirm(ctx, player)
	return answer{value: player, text: "Confirmed: " + called(player) + " can sign in."}, err
}}

var resendMail = act{do: func(ctx context.Context, c *crowd, player players.Player) (answer, error) {
	err := c.pool.Resend(ctx, player, c.stack.Outputs[cfn.OutputAppClientID])
	text := "Sent again to " + called(player) + "."
	if c.flags.local {
		text = "The local cloud sends no mail: " + c.command("users confirm "+quoted(called(player))) + " does what its link would."
	}
	return answer{value: player, text: text}, err
}}

// disabled is a player who was disabled.
type disabled struct {
	players.Player
	MaySyncUntil time.Time `json:"maySyncUntil"` // if somebody is signed in
}

var disableUser = act{do: func(ctx context.Context, c *crowd, player players.Player) (answer, error) {
	player, err := c.pool.Disable(ctx, player)
	until := time.Now().Add(cfn.AccessTokenLife).Round(time.Second)
	return answer{value: disabled{player, until.UTC()}, text: fmt.Sprintf("Disabled: %s cannot sign in. Whoever is signed in may sync until %s (%s).",
		called(player), when.Format(until, time.Local), when.Zone(until))}, err
}}

var enableUser = act{do: func(ctx context.Context, c *crowd, player players.Player) (answer, error) {
	player, err := c.pool.Enable(ctx, player)
	text := "Enabled: " + called(player) + " can sign in."
	if player.State() != players.Confirmed {
		text = fmt.Sprintf("Enabled: %s is %s.", called(player), player.State())
	}
	return answer{value: player, text: text}, err
}}

func newUsersSetEmail(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "set-email PLAYER ADDRESS",
		Short: "Give a player another e-mail address",
		Long: `Give a player another e-mail address to sign in with. It counts as verified at
once and nobody gets a mail: be sure that it is the player's. Id, password and
saves stay.`,
		Example: "  renpyctl users set-email ann@example.com ann.lee@example.com",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("%s needs a player and the new address", cmd.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: a.completeOnePlayer,
		RunE: func(cmd *cobra.Command, args []string) error {
			email := args[1]
			if err := players.CheckEmail(email); err != nil {
				return usagef("%v", err)
			}
			return a.onePlayer(cmd.Context(), args[0], act{doing: "set-email", changes: true, do: func(ctx context.Context, c *crowd, player players.Player) (answer, error) {
				before := called(player)
				player, err := c.pool.SetEmail(ctx, player, email)
				return answer{value: player, text: fmt.Sprintf("Changed: who was %s signs in as %s.", before, called(player))}, err
			}})
		},
	}
}

func newUsersSetPassword(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "set-password PLAYER",
		Short: "Set a player's password",
		Long: `Set a player's password. It is asked for, or read from standard input where that
is no terminal. It is permanent: the game has no screen to change it.`,
		Example: "  renpyctl users set-password ann@example.com",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return &hintedError{usagef("a password is not typed behind the command, where others see it"),
					"leave it out: it is asked for, or read from standard input"}
			}
			return exactly(aPlayer)(cmd, args)
		},
		ValidArgsFunction: a.completeOnePlayer,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onePlayer(cmd.Context(), args[0], act{doing: "set-password", do: func(ctx context.Context, c *crowd, player players.Player) (answer, error) {
				password, err := a.password(ctx, "New password of "+called(player)+":")
				if err != nil {
					return answer{}, err
				}
				player, err = c.pool.SetPassword(ctx, player, password)
				text := "Set: " + called(player) + " signs in with the new password."
				if !player.Enabled {
					text = "Set. " + called(player) + " is disabled and cannot sign in."
				}
				return answer{value: player, text: text}, err
			}})
		},
	}
}

package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/players"
)

func newUsersCreate(a *app) *cobra.Command {
	var fromStdin, again bool
	cmd := &cobra.Command{
		Use:   "create ADDRESS",
		Short: "Make an account",
		Long: `Make an account that can sign in at once, its address verified. Nobody gets a
mail. The password is asked for, or read from standard input; it is permanent.`,
		Example: "  renpyctl users create ann@example.com\n" +
			"  renpyctl users create ann@example.com --password-stdin",
		Args: exactly("the player's e-mail address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.usersCreate(cmd.Context(), args[0], fromStdin, again)
		},
	}
	cmd.Flags().BoolVar(&again, "forgotten", false, "make it though the player of that address was forgotten")
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	return cmd
}

func (a *app) usersCreate(ctx context.Context, email string, fromStdin, again bool) error {
	if err := players.CheckEmail(email); err != nil {
		return usagef("%v", err)
	}
	password, err := a.firstPassword(ctx, email, fromStdin)
	if err != nil {
		return err
	}
	c, err := a.crowd(ctx)
	if err != nil {
		return err
	}
	if err := c.mayReturn(ctx, email, again); err != nil {
		return err
	}
	player, err := c.pool.Create(ctx, email, password)
	if err != nil {
		return err
	}
	return a.printAnswer(answer{value: player, text: "Made: " + called(player) + " can sign in."})
}

// errForgotten says that an address is on the suppression list.
var errForgotten = errors.New("the player of that address was forgotten")

// mayReturn refuses the address of a player who was forgotten, unless they came back of
// their own will.
func (c *crowd) mayReturn(ctx context.Context, email string, again bool) error {
	if again {
		return nil
	}
	desk, err := c.window()
	if err != nil {
		return err
	}
	list, err := desk.Items.Suppressed(ctx)
	if err == nil && list.Has("", email) {
		err = fmt.Errorf("create %s: %w", email, errForgotten)
	}
	return err
}

// firstPassword is read from standard input only if a flag says so.
func (a *app) firstPassword(ctx context.Context, email string, fromStdin bool) (string, error) {
	if !fromStdin && !a.streams.InTerminal {
		return "", usagef("nobody can be asked for the password: add --password-stdin and pipe it in")
	}
	return a.password(ctx, "Password of "+email+":")
}

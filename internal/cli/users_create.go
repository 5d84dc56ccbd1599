package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/players"
)

func newUsersCreate(a *app) *cobra.Command {
	var fromStdin bool
	cmd := &cobra.Command{
		Use:   "create ADDRESS",
		Short: "Make an account",
		Long: `Make an account that can sign in at once, its address verified. Nobody gets a
mail. The password is asked for, or read from standard input; it is permanent.`,
		Example: "  renpyctl users create ann@example.com\n" +
			"  renpyctl users create ann@example.com --password-stdin",
		Args: exactly("the player's e-mail address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.usersCreate(cmd.Context(), args[0], fromStdin)
		},
	}
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	return cmd
}

func (a *app) usersCreate(ctx context.Context, email string, fromStdin bool) error {
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
	player, err := c.pool.Create(ctx, email, password)
	if err != nil {
		return err
	}
	return a.printAnswer(answer{player, "Made: " + called(player) + " can sign in."})
}

// firstPassword is read from standard input only if a flag says so.
func (a *app) firstPassword(ctx context.Context, email string, fromStdin bool) (string, error) {
	if !fromStdin && !a.streams.InTerminal {
		return "", usagef("nobody can be asked for the password: add --password-stdin and pipe it in")
	}
	return a.password(ctx, "Password of "+email+":")
}

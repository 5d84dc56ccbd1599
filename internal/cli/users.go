package cli

import (
	"context"

	"github.com/spf13/cobra"
)

func newUsers(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "users",
		Short: "Look after players' accounts",
		Long: `Look after players' accounts. A player is named by e-mail address, by id, or by
the beginning of either if nobody else's begins so; what changes an account then
asks whether that player is meant. Commands that take PLAYER...
take several, or - for a list on standard input, a name a line.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newUsersList(a), newUsersShow(a), newUsersCreate(a),
		a.changeUsers("confirm", "Confirm sign-ups whose e-mail did not arrive", `Confirm sign-ups as the link in the e-mail does, and mark the address as
verified, without which a player could not set a new password later.`, `  renpyctl users confirm ann@example.com
  renpyctl users confirm - < addresses.txt`, confirmUser),
		a.changeUsers("resend", "Send the e-mail with the link again", "",
			"  renpyctl users resend ann@example.com", resendMail),
		a.changeUsers("disable", "Keep players from signing in", `Keep players from signing in, by Cognito's own switch. The API does not see it:
whoever is signed in may sync until the access token ends, an hour at most.`, "  renpyctl users disable ann@example.com", disableUser),
		a.changeUsers("enable", "Let disabled players sign in again", "",
			"  renpyctl users enable ann@example.com", enableUser),
		newUsersDelete(a), newUsersForget(a), newUsersTakeout(a),
		newUsersBan(a), a.changeUsers("unban", "Let banned players sync again", "",
			"  renpyctl users unban ann@example.com", unbanUser),
		newUsersSetEmail(a), newUsersSetPassword(a), newUsersExport(a), newUsersImport(a),
	)
	return cmd
}

// changeUsers is a command that does the same to each of several players.
func (a *app) changeUsers(verb, short, long, example string, what act) *cobra.Command {
	what.doing, what.changes = verb, what.ask == nil
	return &cobra.Command{
		Use:               verb + " PLAYER...",
		Short:             short,
		Long:              long,
		Example:           example,
		Args:              somePlayers,
		ValidArgsFunction: a.completePlayers,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.forPlayers(cmd.Context(), args, what) },
	}
}

// onePlayer runs something for the one player that is named.
func (a *app) onePlayer(ctx context.Context, name string, what act) error {
	if name == "-" {
		return usagef("name one player: - is a list")
	}
	return a.forPlayers(ctx, []string{name}, what)
}

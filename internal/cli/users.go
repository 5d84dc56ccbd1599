package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

func newUsers(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "users",
		Short: "List, confirm and delete players' accounts",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "list",
			Short: "List the players",
			Args:  noArgs,
			RunE:  func(cmd *cobra.Command, _ []string) error { return a.usersList(cmd.Context()) },
		},
		&cobra.Command{
			Use:   "confirm EMAIL",
			Short: "Confirm a sign-up whose e-mail did not arrive",
			Args:  exactly("the player's e-mail address"),
			RunE:  func(cmd *cobra.Command, args []string) error { return a.usersConfirm(cmd.Context(), args[0]) },
		},
		&cobra.Command{
			Use:   "delete EMAIL",
			Short: "Delete a player's account",
			Long:  "Delete a player's account. The saves stay, where only you reach them.",
			Args:  exactly("the player's e-mail address"),
			RunE:  func(cmd *cobra.Command, args []string) error { return a.usersDelete(cmd.Context(), args[0]) },
		},
	)
	return cmd
}

// usersPool connects and opens the stage's user pool.
func (a *app) usersPool(ctx context.Context) (*players.Pool, error) {
	s, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	return s.at.Players(ctx)
}

func (a *app) usersList(ctx context.Context) error {
	pool, err := a.usersPool(ctx)
	if err != nil {
		return err
	}
	list := []players.Player{}
	for player, err := range pool.List(ctx) {
		if err != nil {
			return err
		}
		list = append(list, player)
	}
	if a.json() {
		return a.printJSON(list)
	}
	if len(list) == 0 {
		a.say("Nobody has signed up yet.")
		return nil
	}
	table := ui.Table{Header: []string{"EMAIL", "STATUS", "SIGNED UP", "SUB"}}
	now := time.Now()
	for _, p := range list {
		created := p.Created.UTC().Format(time.RFC3339)
		if a.streams.OutTerminal {
			created = ui.Ago(p.Created, now)
		}
		status := p.Status
		if !p.Enabled {
			status += ", disabled"
		}
		table.Rows = append(table.Rows, []string{p.Email, status, created, p.Sub})
	}
	return a.printTable(table)
}

func (a *app) usersConfirm(ctx context.Context, email string) error {
	pool, err := a.usersPool(ctx)
	if err != nil {
		return err
	}
	player, err := pool.Find(ctx, email)
	if err != nil {
		return fmt.Errorf("confirm %s: %w", email, err)
	}
	if err := pool.Confirm(ctx, player); err != nil {
		return err
	}
	player.Status = "CONFIRMED"
	return a.printPlayer(player, "Confirmed: "+player.Email+" can sign in.")
}

func (a *app) usersDelete(ctx context.Context, email string) error {
	pool, err := a.usersPool(ctx)
	if err != nil {
		return err
	}
	player, err := pool.Find(ctx, email)
	if err != nil {
		return fmt.Errorf("delete %s: %w", email, err)
	}
	if err := a.confirm(ctx, fmt.Sprintf("Delete the account of %s? The saves stay.", player.Email)); err != nil {
		return err
	}
	if err := pool.Delete(ctx, player); err != nil {
		return err
	}
	return a.printPlayer(player, fmt.Sprintf("Deleted: %s. The saves stay in the bucket, below users/%s/.", player.Email, player.Sub))
}

// printPlayer prints what was done to a player.
func (a *app) printPlayer(player players.Player, done string) error {
	if a.json() {
		return a.printJSON(player)
	}
	a.say("%s", done)
	return nil
}

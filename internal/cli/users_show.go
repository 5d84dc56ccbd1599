package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/saves"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

func newUsersShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:               "show PLAYER...",
		Short:             "Show a player: account, last sync, saves",
		Args:              somePlayers,
		ValidArgsFunction: a.completePlayers,
		RunE: func(cmd *cobra.Command, args []string) error {
			r := records{}
			return a.forPlayers(cmd.Context(), args, act{doing: "show", find: r.find, do: r.show})
		},
	}
}

// playerView is the JSON of a player with what is kept.
type playerView struct {
	players.Player
	State    players.State `json:"state"`
	LastSync time.Time     `json:"lastSync,omitzero"`
	Games    []saves.Game  `json:"games"`
	// PasswordPage is as in [renpyConfig].
	PasswordPage string `json:"passwordPage,omitempty"`
}

// records are those that were read before their players were found, by the subs.
type records map[string]saves.Kept

// find reads the record of a sub while it looks for the account.
func (r records) find(ctx context.Context, c *crowd, name string) (player players.Player, err error) {
	if !players.IsSub(name) {
		return c.pool.Find(ctx, name)
	}
	sub := strings.ToLower(name)
	var kept saves.Kept
	err = cloud.Together(ctx,
		func(ctx context.Context) (err error) { player, err = c.pool.Find(ctx, name); return err },
		func(ctx context.Context) (err error) { kept, err = c.saves().Kept(ctx, sub); return err })
	r[sub] = kept
	return player, err
}

func (r records) show(ctx context.Context, c *crowd, player players.Player) (answer, error) {
	kept, read := r[player.Sub]
	if !read {
		var err error
		if kept, err = c.saves().Kept(ctx, player.Sub); err != nil {
			return answer{}, err
		}
	}
	s := playerView{player, player.State(), kept.LastSync.UTC(), kept.Games, c.outputs(c.stack)[cfn.OutputPasswordPage]}
	if s.Games == nil {
		s.Games = []saves.Game{}
	}
	if c.json() {
		return answer{value: s}, nil
	}
	return answer{}, c.printUser(s)
}

// standing says in words what a player can do, and what to do about it.
var standing = map[players.State][2]string{
	players.Confirmed:   {"confirmed, can sign in", ""},
	players.Unconfirmed: {"unconfirmed: the link in the e-mail was not followed", "users confirm"},
	players.Disabled:    {"disabled, cannot sign in", "users enable"},
	players.Stranded:    {"stranded: has to set a password, for which the game has no screen", "users set-password"},
}

// printUser prints a player: to people as a heading with fields, to programs as fields.
func (a *app) printUser(s playerView) error {
	words := standing[s.State]
	var fields [][2]string
	if a.streams.OutTerminal {
		fmt.Fprintf(a.streams.Out, "%s  %s\n", ui.Accent(called(s.Player)), words[0])
	} else {
		fields = [][2]string{{"player", ui.Plain(s.Email)}, {"state", string(s.State)}}
	}
	verified := "verified"
	if !s.Verified {
		verified = "not verified"
	}
	fields = append(fields, [2]string{"e-mail", verified}, [2]string{"signed up", a.instant(s.Created)}, [2]string{"last sync", a.instant(s.LastSync)})
	for _, g := range s.Games {
		fields = append(fields, [2]string{"saves", fmt.Sprintf("%s: %s, %s", ui.Plain(g.ID), ui.Plural(g.Files, "file"), ui.Bytes(g.Bytes))})
	}
	fields = append(fields, [2]string{"id", s.Sub})
	if s.PasswordPage != "" {
		fields = append(fields, [2]string{"forgot the password", s.PasswordPage})
	}
	if a.streams.OutTerminal {
		fields = append(fields, [2]string{"times", "in " + when.Zone(time.Now())})
	}
	if err := a.printFields(fields); err != nil {
		return err
	}
	if words[1] != "" {
		a.hint("%s", a.command(words[1]+" "+s.Sub))
	}
	return nil
}

// instant says a time: to people as they can type it, with how long ago it was.
func (a *app) instant(t time.Time) string {
	switch {
	case t.IsZero():
		return "never"
	case a.streams.OutTerminal:
		return fmt.Sprintf("%s (%s)", when.Format(t, time.Local), ui.Ago(t, time.Now()))
	}
	return t.UTC().Format(time.RFC3339)
}

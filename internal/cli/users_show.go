package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

func newUsersShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show PLAYER...",
		Short: "Show a player: account, last sync, saves",
		Example: `  renpyctl users show ann@example.com
  renpyctl users show ann@example.com bob@example.com -o json`,
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
	State players.State `json:"state"`
	support.Overview
	// PasswordPage is as in [renpyConfig].
	PasswordPage string `json:"passwordPage,omitempty"`
}

// records are those that were read before their players were found, by the subs.
type records map[string]support.Overview

// find reads the record of a sub while it looks for the account.
func (r records) find(ctx context.Context, c *crowd, name string) (player players.Player, err error) {
	if !players.IsSub(name) {
		return c.pool.Find(ctx, name)
	}
	sub := strings.ToLower(name)
	desk, err := c.window()
	if err != nil {
		return player, err
	}
	var known support.Overview
	err = cloud.Together(ctx,
		func(ctx context.Context) (err error) { player, err = c.pool.Find(ctx, name); return err },
		func(ctx context.Context) (err error) { known, err = desk.Overview(ctx, sub); return err })
	r[sub] = known
	return player, err
}

func (r records) show(ctx context.Context, c *crowd, player players.Player) (answer, error) {
	known, read := r[player.Sub]
	if !read {
		desk, err := c.window()
		if err == nil {
			known, err = desk.Overview(ctx, player.Sub)
		}
		if err != nil {
			return answer{}, err
		}
	}
	s := playerView{player, player.State(), known, c.outputs(c.stack)[cfn.OutputPasswordPage]}
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
	if s.Ban != nil {
		words = [2]string{words[0] + ", but banned: cannot sync", "users unban"}
	}
	var fields ui.Fields
	if a.streams.OutTerminal {
		fmt.Fprintf(a.streams.Out, "%s  %s\n", ui.Accent(called(s.Player)), words[0])
	} else {
		fields.Add("player", ui.Text(ui.Plain(s.Email)))
		fields.Add("state", ui.Text(string(s.State)))
	}
	verified := "verified"
	if !s.Verified {
		verified = "not verified"
	}
	fields.Add("e-mail", ui.Text(verified))
	fields.Add("signed up", a.at(s.Created))
	fields.Add("last sync", a.at(s.LastSync))
	fields = append(fields, a.known(s.Overview)...)
	fields.Add("id", ui.Text(s.Sub))
	if s.PasswordPage != "" {
		fields.Add("forgot the password", ui.Text(s.PasswordPage))
	}
	if a.streams.OutTerminal {
		fields.Add("times", ui.Text("in "+when.Zone(time.Now())))
	}
	if err := a.printValues(fields); err != nil {
		return err
	}
	if words[1] != "" {
		a.hint("%s", a.command(words[1]+" "+s.Sub))
	}
	return nil
}

// known are the fields of what is known of a player beside the account.
func (a *app) known(o support.Overview) (fields ui.Fields) {
	if !o.Forgotten.IsZero() {
		fields.Add("forgotten", a.at(o.Forgotten))
	}
	if b := o.Ban; b != nil {
		until := "until it is lifted"
		if !b.Until.IsZero() {
			until = "until " + a.instant(b.Until)
		}
		by := ui.Text(ui.Plain(b.By))
		fields.Say("banned", fmt.Sprintf("%s by %s, %s", a.instant(b.At), by.Shown, until), a.at(b.At), by, ui.Moment(b.Until, until))
		if b.Reason != "" {
			fields.Add("the player reads", ui.Text(ui.Plain(b.Reason)))
		}
	}
	for _, g := range o.Games {
		fields = append(fields, a.game(g)...)
	}
	for _, d := range o.Support {
		text := a.instant(d.At) + " " + d.What
		if d.Files > 0 {
			text += fmt.Sprintf(" of %s in %s", ui.Plural(int64(d.Files), "file"), ui.Plain(d.Game))
		}
		by := ui.Text(ui.Plain(d.By))
		fields.Say("support", text+" by "+by.Shown, a.at(d.At), ui.Text(d.What), ui.Number(int64(d.Files), "file"), ui.Text(ui.Plain(d.Game)), by)
	}
	return fields
}

// game are the fields of what is kept of a player's game.
func (a *app) game(g support.Game) (fields ui.Fields) {
	id := ui.Text(ui.Plain(g.ID))
	text := fmt.Sprintf("%s: %s, %s", id.Shown, ui.Plural(g.Files, "file"), ui.Bytes(g.Bytes))
	if g.Older > 0 {
		text += fmt.Sprintf("; %s, %s", ui.Plural(g.Older, "older version"), ui.Bytes(g.OlderBytes))
	}
	if !g.Until.IsZero() {
		text += ", kept until " + a.instant(g.Until)
	}
	waiting := ui.Text("")
	if g.Waiting {
		text += ", as the backend before this one left them"
		waiting.Raw = "waiting"
	}
	fields.Say("saves", text, id, ui.Number(g.Files, "file"), ui.Size(g.Bytes), ui.Number(g.Older, "older version"), ui.Size(g.OlderBytes),
		ui.Moment(g.Until, ""), waiting)
	for _, name := range slices.Sorted(maps.Keys(g.LeftOut)) {
		file, why := ui.Text(ui.Plain(name)), ui.Text(barred(g.LeftOut[name]))
		fields.Say("left out", id.Shown+": "+file.Shown+": "+why.Shown, id, file, why)
	}
	return fields
}

// at is a time as a value.
func (a *app) at(t time.Time) ui.Value {
	if t.IsZero() {
		return ui.Text(a.instant(t))
	}
	return ui.Moment(t, a.instant(t))
}

// instant says a time: to people as they can type it, with how long ago it was.
func (a *app) instant(t time.Time) string {
	switch {
	case t.IsZero():
		return "never"
	case a.streams.OutTerminal && t.After(time.Now()):
		return when.Format(t, time.Local)
	case a.streams.OutTerminal:
		return fmt.Sprintf("%s (%s)", when.Format(t, time.Local), ui.Ago(t, time.Now()))
	}
	return t.UTC().Format(time.RFC3339)
}

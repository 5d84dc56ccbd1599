package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// crowd is a deployed stage with its players.
type crowd struct {
	*session
	stack stack.Stack
	pool  *players.Pool
	helps *support.Desk // once somebody is helped
}

// crowd connects and opens the stage's user pool.
func (a *app) crowd(ctx context.Context) (*crowd, error) {
	s, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	c := &crowd{session: s}
	if c.stack, err = s.at.Deployed(ctx); err != nil {
		return nil, err
	}
	c.pool, err = s.at.Accounts(c.stack)
	return c, err
}

// desk is where whoever runs the command helps players.
func (c *crowd) desk(ctx context.Context) (*support.Desk, error) {
	if c.helps != nil {
		return c.helps, nil
	}
	id, err := c.at.WhoAmI(ctx)
	if err != nil {
		return nil, err
	}
	return c.openFor(id)
}

// openFor opens the desk for somebody, by whose readable name records tell what was done.
func (c *crowd) openFor(who cloud.Identity) (desk *support.Desk, err error) {
	c.helps, err = c.env.OpenDesk(c.at, c.stack, who.Account, who.Name())
	return c.helps, err
}

// window is a desk of which one only looks, as nobody in particular.
func (c *crowd) window() (*support.Desk, error) { return c.env.OpenDesk(c.at, c.stack, "", "") }

// aPlayer is how commands say what to name a player by.
const aPlayer = "a player: e-mail address, id, or the beginning of either"

// somePlayers wants at least one argument.
func somePlayers(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("%s needs %s", cmd.CommandPath(), aPlayer)
	}
	if len(args) > 1 && slices.Contains(args, "-") {
		return usagef("- stands for the list on standard input, and alone")
	}
	return nil
}

// act is what a command does to each of the players that it was given.
type act struct {
	doing string // "confirm", for errors
	// find finds a player in another way than by [players.Pool.Find], nil for that one.
	find func(context.Context, *crowd, string) (players.Player, error)
	// ask asks before the first one, nil for no question.
	ask func(context.Context, *crowd, []players.Player) error
	// changes says that it asks nothing, though it changes something: it asks then whether
	// those are meant whom only the beginning of an address or an id names.
	changes bool
	do      func(context.Context, *crowd, players.Player) (answer, error)
}

// answer is what became of a player, for programs and for people.
type answer struct {
	value any
	text  string // "" if it is on the screen already
	none  bool   // all of it was printed
}

// forPlayers does something to every player that is named by an argument, or, for
// "-", by a line of standard input. Of several each is answered; those that
// failed are told at the end.
func (a *app) forPlayers(ctx context.Context, args []string, what act) error {
	names, err := leaving(ctx, func() ([]string, error) { return a.names(args, what.ask != nil) })
	if err != nil {
		return err
	}
	c, err := a.crowd(ctx)
	if err != nil {
		return err
	}
	a.several = len(names) > 1
	f := failures{of: len(names)}
	var found, guessed []players.Player
	for _, name := range names {
		player, err := what.finds(ctx, c, name)
		if err == nil && !slices.ContainsFunc(found, func(o players.Player) bool { return o.Sub == player.Sub }) {
			found = append(found, player)
			if what.changes && !player.Called(name) {
				guessed = append(guessed, player)
			}
		}
		if err := f.add(ctx, err); err != nil {
			return err
		}
	}
	if len(guessed) > 0 {
		if err := a.confirm(ctx, fmt.Sprintf("Do you mean %s?", callThem(guessed))); err != nil {
			return err
		}
	}
	if what.ask != nil && len(found) > 0 {
		if err := what.ask(ctx, c, found); err != nil {
			return err
		}
	}
	for _, player := range found {
		done, err := what.do(ctx, c, player)
		if err == nil {
			err = a.printAnswer(done)
		}
		if err := f.add(ctx, err); err != nil {
			return err
		}
	}
	return f.end(a)
}

// finds returns the player of a name, and in an error what for: "confirm ann".
func (what act) finds(ctx context.Context, c *crowd, name string) (player players.Player, err error) {
	if what.find != nil {
		player, err = what.find(ctx, c, name)
	} else {
		player, err = c.pool.Find(ctx, name)
	}
	if err != nil {
		err = fmt.Errorf("%s %s: %w", what.doing, name, err)
	}
	return player, err
}

// names are the names of players in arguments, or in lines of standard input for
// "-": the questions of a command that asks have to be answered beforehand then.
func (a *app) names(args []string, asks bool) ([]string, error) {
	if args[0] != "-" {
		return args, nil
	}
	if asks && !a.flags.yes {
		return nil, usagef("the list is on standard input, so nobody can be asked: add --yes")
	}
	var names []string
	for lines := bufio.NewScanner(a.streams.In); ; {
		if !lines.Scan() {
			if len(names) == 0 && lines.Err() == nil {
				return nil, usagef("standard input names no player")
			}
			return names, lines.Err()
		}
		if name := strings.TrimSpace(lines.Text()); name != "" {
			names = append(names, name)
		}
	}
}

// failures are those of several tasks that failed.
type failures struct {
	of   int
	noun string // what they are, "" for players
	errs []error
}

// add keeps an error for the end. What it returns ends the run at once: the
// error of the only task, or one that the others would meet as well.
func (f *failures) add(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case f.of == 1 || ctx.Err() != nil || cloud.Hopeless(err):
		return err
	}
	f.errs = append(f.errs, err)
	return nil
}

// end says what failed.
func (f *failures) end(a *app) error {
	if len(f.errs) == 0 {
		return nil
	}
	for _, err := range f.errs {
		a.say("%s %s", ui.Failure("✗"), ui.Plain(cloud.OneLine(a.text(err))))
	}
	return fmt.Errorf("%d of %s failed", len(f.errs), ui.Plural(int64(f.of), cmp.Or(f.noun, "player")))
}

// printAnswer prints what became of a player: of several, JSON is a line each.
func (a *app) printAnswer(done answer) error {
	switch {
	case done.none:
		return nil
	case a.json() && a.several:
		return a.printJSONLine(done.value)
	case a.json():
		return a.printJSON(done.value)
	}
	if done.text != "" {
		a.say("%s", done.text)
	}
	return nil
}

// called is how screens call a player.
func called(p players.Player) string {
	if p.Email == "" {
		return p.Sub
	}
	return ui.Plain(p.Email)
}

// callThem calls the first few of several players.
func callThem(list []players.Player) string {
	const few = 3
	var names []string
	for _, p := range list[:min(few, len(list))] {
		names = append(names, called(p))
	}
	if more := len(list) - few; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// explainPlayers advises on errors about players.
func (a *app) explainPlayers(err error) (code int, hint string, ok bool) {
	list := a.command("users list") + " lists the players"
	if e, ok := errors.AsType[*players.NoPlayerError](err); ok {
		if len(e.Nearest) > 0 {
			return exitNotFound, "nearest: " + callThem(e.Nearest) + "; " + list, true
		}
		return exitNotFound, list, true
	}
	if e, ok := errors.AsType[*players.AmbiguousError](err); ok {
		if e.SameAddress {
			return exitUsage, "name the one that is meant by its id", true
		}
		return exitUsage, "name the one that is meant in full", true
	}
	if _, ok := errors.AsType[*players.FileError](err); ok {
		return exitUsage, "mend the file: nothing was made of it", true
	}
	if errors.Is(err, errForgotten) {
		return exitRefused, "if the player asks for a new account, add --forgotten", true
	}
	if errors.Is(err, players.ErrTaken) {
		return exitRefused, a.command("users show ADDRESS") + " shows whose it is", true
	}
	return 0, "", false
}

// aboutPlayer says what failed with whom: the desk calls nobody by name.
func aboutPlayer(doing string, player players.Player, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", doing, called(player), err)
}

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

type listOptions struct {
	state, email, since, sort string
	limit                     int
	wide                      bool
}

func newUsersList(a *app) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the players",
		Long: `List the players as Cognito hands them out, some seconds after they sign up. The
list begins at once and keeps below 30 pages of 60 a second, which is what
Cognito allows an account: 100,000 players take a minute and a half.
Who is banned stands in the players' records: --state banned, as --wide, reads
that of every player.`,
		Example: "  renpyctl users list --state unconfirmed --created-since 2d",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.usersList(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.state, "state", "", "only players who are "+stateWords())
	cmd.Flags().StringVar(&o.email, "email", "", "only addresses that begin so")
	cmd.Flags().StringVar(&o.since, "created-since", "", "only who signed up since: "+when.Forms)
	cmd.Flags().StringVar(&o.sort, "sort", "", "sort by email, state or created, when all are read")
	cmd.Flags().IntVar(&o.limit, "limit", 0, "how many at most (default: all)")
	cmd.Flags().BoolVar(&o.wide, "wide", false, "with the last sync and who is banned, which is read player by player")
	fixed := func(values ...string) cobra.CompletionFunc {
		return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	}
	_ = cmd.RegisterFlagCompletionFunc("state", fixed(strings.Split(stateWords(), ", ")...)) // the flags are there
	_ = cmd.RegisterFlagCompletionFunc("sort", fixed("email", "state", "created"))
	return cmd
}

// stateBanned is the state of a player who may sign in, or not, and must not sync: the
// only one of which the account knows nothing.
const stateBanned players.State = "banned"

// listStates are all in which a player can be.
func listStates() []players.State { return append(players.States(), stateBanned) }

func stateWords() string {
	var words []string
	for _, s := range listStates() {
		words = append(words, string(s))
	}
	return strings.Join(words, ", ")
}

// orders are the ways to sort players.
var orders = map[string]func(a, b players.Player) int{
	"email": func(a, b players.Player) int {
		return strings.Compare(strings.ToLower(a.Email), strings.ToLower(b.Email))
	},
	"state":   func(a, b players.Player) int { return strings.Compare(string(a.State()), string(b.State())) },
	"created": func(a, b players.Player) int { return a.Created.Compare(b.Created) },
}

// banned tells whether only players are wanted who are banned.
func (o listOptions) banned() bool { return o.state == string(stateBanned) }

// query reads the flags that choose players.
func (o listOptions) query(now time.Time) (players.Query, error) {
	q := players.Query{State: players.State(o.state), Email: o.email}
	if o.state != "" && !slices.Contains(listStates(), q.State) {
		return q, usagef("--state %q: players are %s", o.state, stateWords())
	}
	if o.banned() {
		q.State = "" // of the account
	}
	if o.sort != "" && orders[o.sort] == nil {
		return q, usagef("--sort %q is none of email, state and created", o.sort)
	}
	if o.limit < 0 {
		return q, usagef("--limit %d is negative", o.limit)
	}
	if o.since == "" {
		return q, nil
	}
	since, err := past("created-since", o.since, now)
	q.Since = since.From
	return q, err
}

// listed is a player in a list. What the record tells is there if that was read.
type listed struct {
	players.Player
	LastSync time.Time `json:"lastSync,omitzero"` // for players who have synced
	Banned   bool      `json:"banned,omitempty"`
	// Unreadable says that the record is damaged, so that the rest is not known.
	Unreadable bool `json:"unreadable,omitempty"`
}

// state is what the list says that a player is.
func (p listed) state() players.State {
	if p.Banned {
		return stateBanned
	}
	return p.State()
}

func (a *app) usersList(ctx context.Context, o listOptions) error {
	q, err := o.query(time.Now())
	if err != nil {
		return err
	}
	c, err := a.crowd(ctx)
	if err != nil {
		return err
	}
	list := c.newList(o)
	all := c.pool.List(ctx, q)
	if o.sort != "" {
		all = sorted(all, orders[o.sort])
	}
	if err := list.all(ctx, all); err != nil {
		return err
	}
	return list.end()
}

// sorted reads all of a list first.
func sorted(list iter.Seq2[players.Player, error], order func(a, b players.Player) int) iter.Seq2[players.Player, error] {
	return func(yield func(players.Player, error) bool) {
		var all []players.Player
		for player, err := range list {
			if err != nil {
				yield(player, err)
				return
			}
			all = append(all, player)
		}
		slices.SortStableFunc(all, order)
		for _, player := range all {
			if !yield(player, nil) {
				return
			}
		}
	}
}

// playerList prints players and counts them.
type playerList struct {
	*crowd
	listOptions
	rows    ui.Rows
	now     time.Time
	pending []players.Player // whose records are still to be read
	count   int              // of those who were printed
	states  map[players.State]int
	more    bool     // there are others
	unread  []string // whose records are damaged
}

func (c *crowd) newList(o listOptions) *playerList {
	const others = 2 + 11 + 2 + 11 // state, signed up
	width, _ := c.streams.Size()
	l := &playerList{crowd: c, listOptions: o, now: time.Now(), states: map[players.State]int{}}
	l.rows = ui.Rows{Header: []string{"PLAYER", "STATE", "SIGNED UP"}, Widths: []int{0, 11, 11}, Screen: width}
	if o.wide {
		width -= 2 + 11
		l.rows.Header, l.rows.Widths = append(l.rows.Header, "LAST SYNC"), append(l.rows.Widths, 11)
	}
	l.rows.Widths[0] = playerColumn(width - others)
	return l
}

// playerColumn is how wide the column of players is where there is room for so many cells:
// of an address both ends are shown, and a list begins before the longest one is known.
// Where there is room for no column, each has a line of its own.
func playerColumn(room int) int {
	const most = 48
	if room < 8 {
		return most
	}
	return min(room, most)
}

// all prints players as they come, with --limit until there are more than that.
func (l *playerList) all(ctx context.Context, list iter.Seq2[players.Player, error]) error {
	for player, err := range list {
		if err == nil {
			err = l.add(ctx, player)
		}
		if err != nil || l.more {
			return err
		}
	}
	return l.flush(ctx)
}

// batch is for how many players records are read at a time.
const batch = 16

func (l *playerList) add(ctx context.Context, player players.Player) error {
	if !l.wide && !l.banned() {
		return l.choose(listed{Player: player})
	}
	l.pending = append(l.pending, player)
	if len(l.pending) < batch {
		return nil
	}
	return l.flush(ctx)
}

// flush prints the players who wait, with what their records tell.
func (l *playerList) flush(ctx context.Context) error {
	if len(l.pending) == 0 {
		return nil
	}
	desk, err := l.window()
	if err != nil {
		return err
	}
	rows := make([]listed, len(l.pending))
	calls := make([]func(context.Context) error, len(l.pending))
	for i, player := range l.pending {
		calls[i] = func(ctx context.Context) error {
			known, err := desk.Glance(ctx, player.Sub)
			rows[i] = listed{player, known.LastSync, known.Ban != nil, unreadable(err)}
			if rows[i].Unreadable {
				return nil // the others go on
			}
			return err
		}
	}
	if err := cloud.Together(ctx, calls...); err != nil {
		return err
	}
	l.pending = l.pending[:0]
	for _, row := range rows {
		if err := l.choose(row); err != nil || l.more {
			return err
		}
	}
	return nil
}

// choose prints a player who is wanted, if there may be another one.
func (l *playerList) choose(p listed) error {
	if p.Unreadable {
		l.unread = append(l.unread, called(p.Player))
	}
	if l.banned() && !p.Banned {
		return nil
	}
	if l.limit > 0 && l.count == l.limit {
		l.more = true
		return nil
	}
	l.count++
	l.states[p.state()]++
	return l.print(p)
}

func (l *playerList) print(p listed) error {
	if l.json() {
		return l.printElement(p)
	}
	cells := []string{ui.Plain(p.Email), string(p.state()), l.time(p.Created)}
	if l.streams.OutTerminal {
		cells[0] = ui.Middle(called(p.Player), l.rows.Widths[0])
	} else {
		cells = append(cells, p.Sub)
	}
	switch {
	case l.wide && p.Unreadable:
		cells = append(cells, "unreadable")
	case l.wide:
		cells = append(cells, l.time(p.LastSync))
	}
	return l.rows.Write(l.streams.Out, l.streams.OutTerminal, cells)
}

// printElement prints JSON as an element of one list, which ends only if all of it was read.
func (l *playerList) printElement(p listed) error {
	before := ",\n"
	if l.count == 1 {
		before = "[\n"
	}
	text, err := json.Marshal(p)
	if err == nil {
		_, err = fmt.Fprintf(l.streams.Out, "%s  %s", before, text)
	}
	return err
}

func (l *playerList) time(t time.Time) string {
	switch {
	case t.IsZero():
		return "never"
	case l.streams.OutTerminal:
		return ui.Ago(t, l.now)
	}
	return t.UTC().Format(time.RFC3339)
}

// end says how many there were. Of whom the record is damaged the answer is a partial one.
func (l *playerList) end() error {
	if l.json() {
		end := "\n]\n"
		if l.count == 0 {
			end = "[]\n"
		}
		if _, err := io.WriteString(l.streams.Out, end); err != nil {
			return err
		}
	} else {
		l.sum()
	}
	if len(l.unread) == 0 {
		return nil
	}
	err := fmt.Errorf("%s could not be read: of %s", ui.Plural(int64(len(l.unread)), "record"), several(l.unread))
	return &hintedError{err, l.command("saves verify") + " says what is wrong with them, and --repair mends it"}
}

// sum says how many there were in which state.
func (l *playerList) sum() {
	if l.count == 0 && l.state+l.email+l.since == "" {
		l.say("Nobody has signed up yet.")
		return
	}
	var parts []string
	for _, s := range listStates() {
		if n := l.states[s]; n > 0 {
			parts = append(parts, ui.Count(int64(n))+" "+string(s))
		}
	}
	text := ui.Plural(int64(l.count), "player")
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	if l.more {
		text += "; there are more"
	}
	l.say("%s", text)
	if l.state == "" && l.states[players.Unconfirmed] > 0 {
		l.hint("%s; %s", l.command("users list --state unconfirmed"), l.command("users confirm PLAYER"))
	}
}

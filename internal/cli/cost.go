package cli

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cost"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

type costOptions struct {
	players       int64
	saveSize      string
	sessions      float64
	countVersions bool
	billed        bool
	pricesOf      string
}

func newCost(a *app) *cobra.Command {
	usual := cost.Usual(0)
	var o costOptions
	cmd := &cobra.Command{
		Use:   "cost",
		Short: "Say what the month costs so far and by its end, or what one would cost",
		Long: fmt.Sprintf(`Compute from metrics what the stage has cost this month, and what it will have
cost by the month's end if it goes on so; or, with --players, what a month would
cost, without asking AWS. A ~ marks what is estimated from the number of syncs.
What cannot be known is unknown, and the total then is at least that much.

The prices are AWS's list prices of %s, dated %s, and no other
region's. Free in them are Cognito's first 10,000 active players of a month, on
the plans LITE and ESSENTIALS, and the first 100 GB to the internet. Not taken
off is what each account has for nothing every month:
  %s

Nothing that costs is done unasked: --count-versions lists the bucket, which
takes $0.005 for a million versions, and --billed asks AWS what it has billed,
which takes $%.2f.`, strings.Join(cost.Regions(), ", "), cost.Dated, ui.Wrap(cost.Free+".", helpWidth, 2), cost.AskPrice),
		Example: `  renpyctl cost --stage prod
  renpyctl cost --players 10000 --save-size 200KB --sessions 40
  renpyctl cost --stage prod --billed`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, flag := range []string{"save-size", "sessions"} {
				if cmd.Flags().Changed(flag) && !cmd.Flags().Changed("players") {
					return usagef("--%s is of players to come: add --players", flag)
				}
			}
			if cmd.Flags().Changed("players") {
				return a.planCost(o)
			}
			return a.cost(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.Int64Var(&o.players, "players", 0, "compute ahead for `N` active players")
	flags.StringVar(&o.saveSize, "save-size", "200KB", "with --players: the size of a save, three of which change in a session")
	flags.Float64Var(&o.sessions, "sessions", usual.Sessions, "with --players: how often each plays in a month")
	flags.BoolVar(&o.countVersions, "count-versions", false, "list the bucket, to tell older versions from current saves")
	flags.BoolVar(&o.billed, "billed", false, "ask AWS's Cost Explorer what it has billed")
	flags.StringVar(&o.pricesOf, "prices-of", "", "compute by the prices of another `REGION`: "+strings.Join(cost.Regions(), ", "))
	return cmd
}

// costView is the JSON of what a month costs.
type costView struct {
	Stage     string     `json:"stage,omitempty"`
	Month     string     `json:"month,omitempty"`
	Until     *time.Time `json:"until,omitempty"`
	Region    string     `json:"region"`
	Prices    string     `json:"prices"`
	Plan      *planned   `json:"plan,omitempty"`
	Lines     []costLine `json:"lines"`
	Total     *float64   `json:"total,omitempty"`
	ByEnd     *float64   `json:"byEnd,omitempty"`
	AtLeast   bool       `json:"atLeast"`
	Players   *int64     `json:"activePlayers,omitempty"`
	PerPlayer *float64   `json:"perPlayer,omitempty"`
}

type planned struct {
	Players   int64   `json:"players"`
	SaveBytes int64   `json:"saveBytes"`
	Sessions  float64 `json:"sessions"`
}

type costLine struct {
	Service string   `json:"service"`
	Item    string   `json:"item"`
	Unit    string   `json:"unit,omitempty"`
	Amount  *float64 `json:"amount,omitempty"`
	Basis   string   `json:"basis"`
	Dollars *float64 `json:"dollars,omitempty"`
	ByEnd   *float64 `json:"byEnd,omitempty"`
}

// planCost computes ahead, and asks nobody.
func (a *app) planCost(o costOptions) error {
	p := cost.Usual(o.players)
	var err error
	if p.SaveBytes, err = ui.ReadBytes(o.saveSize); err != nil {
		return usagef("--save-size %v", err)
	}
	p.Sessions = o.sessions
	switch {
	case o.players < 1 || o.players > 1e9:
		return usagef("--players %d: 1 to 1,000,000,000", o.players)
	case p.SaveBytes < 1 || p.SaveBytes > 1<<30:
		return usagef("--save-size %s: 1 byte to 1 GiB", o.saveSize)
	case !(p.Sessions > 0 && p.Sessions <= 10_000): // which NaN is not
		return usagef("--sessions %v: more than 0, to 10,000", o.sessions)
	case o.billed || o.countVersions:
		return usagef("--players computes ahead: leave out --billed and --count-versions")
	}
	region := cmp.Or(o.pricesOf, a.flags.region, cost.Regions()[0])
	list, err := pricesOf(region)
	if err != nil {
		return err
	}
	b := list.Bill(p.Usage(), p.Tier)
	v := costView{Region: region, Prices: cost.Dated, Plan: &planned{p.Players, p.SaveBytes, p.Sessions}, Lines: viewLines(b, nil), Total: known(b), AtLeast: b.AtLeast}
	v.Players = &p.Players
	v.perPlayer()
	if a.json() {
		return a.printJSON(v)
	}
	if err := a.printCost(v, "A MONTH"); err != nil {
		return err
	}
	a.say("%s", ui.Dim(fmt.Sprintf("%s, each %v times a month, 3 saves of %s each time, old versions kept for %v days.",
		ui.Plural(p.Players, "player"), p.Sessions, ui.Bytes(p.SaveBytes), p.Days)))
	a.say("%s", ui.Dim(fmt.Sprintf("List prices of %s, %s; not taken off: %s.", region, cost.Dated, cost.Free)))
	return nil
}

// pricesOf are the prices that somebody has asked for by the region's name.
func pricesOf(region string) (cost.List, error) {
	list, ok := cost.PricesOf(region)
	if !ok {
		return list, usagef("the prices of %q are not known: there are those of %s", region, strings.Join(cost.Regions(), ", "))
	}
	return list, nil
}

// known is the sum of a bill, nil if nothing of it is known.
func known(b cost.Bill) *float64 {
	for _, line := range b.Lines {
		if !math.IsNaN(line.Dollars) {
			return &b.Dollars
		}
	}
	return nil
}

// viewLines puts the lines of a bill beside those of the same month by its end, if
// there is that.
func viewLines(b cost.Bill, byEnd *cost.Bill) []costLine {
	number := func(v float64) *float64 {
		if math.IsNaN(v) {
			return nil
		}
		return &v
	}
	lines := []costLine{}
	for i, line := range b.Lines {
		view := costLine{Service: line.Service, Item: string(line.Item), Unit: line.Unit, Amount: number(line.Amount.Value),
			Basis: string(line.Amount.Basis), Dollars: number(line.Dollars)}
		if byEnd != nil {
			view.ByEnd = number(byEnd.Lines[i].Dollars)
		}
		lines = append(lines, view)
	}
	return lines
}

// perPlayer divides the total by the players, if both are known.
func (v *costView) perPlayer() {
	if v.Players != nil && *v.Players > 0 && v.Total != nil {
		each := *v.Total / float64(*v.Players)
		v.PerPlayer = &each
	}
}

// printCost prints the lines and their sum. The headings are those of the columns in dollars.
func (a *app) printCost(v costView, headings ...string) error {
	t := ui.Table{Header: append([]string{"SERVICE", "ITEM", "AMOUNT"}, headings...), Right: map[int]bool{2: true, 3: true, 4: true}}
	if !a.streams.OutTerminal {
		return a.printTable(ui.Table{Rows: v.cells(len(headings) > 1)})
	}
	service := ""
	for _, line := range v.Lines {
		amount := line.about()
		if v.Plan != nil {
			amount = line.amount() // all of a plan is estimated
		}
		row := []string{line.Service, line.Item, amount, line.costs(line.Dollars)}
		if line.Service == service {
			row[0] = ""
		}
		service = line.Service
		if len(headings) > 1 {
			row = append(row, line.costs(line.ByEnd))
		}
		t.Rows = append(t.Rows, row)
	}
	least := ""
	if v.AtLeast && v.Total != nil {
		least = "at least"
	}
	total := []string{ui.Strong("total"), "", least, ui.Strong(dollars(v.Total))}
	if len(headings) > 1 {
		total = append(total, ui.Strong(dollars(v.ByEnd)))
	}
	t.Rows = append(t.Rows, total)
	if v.PerPlayer != nil {
		t.Rows = append(t.Rows, append([]string{"a player", "", "", "$" + strconv.FormatFloat(*v.PerPlayer, 'f', 4, 64)}, make([]string, len(headings)-1)...))
	}
	return a.printTable(t)
}

// cells are the lines for programs; what is not known is empty.
func (v costView) cells(twoColumns bool) [][]string {
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'f', -1, 64)
	}
	var rows [][]string
	add := func(cells []string, byEnd *float64) {
		if twoColumns {
			cells = append(cells, number(byEnd))
		}
		rows = append(rows, cells)
	}
	for _, l := range v.Lines {
		add([]string{l.Service, l.Item, number(l.Amount), l.Unit, l.Basis, number(l.Dollars)}, l.ByEnd)
	}
	basis := string(cost.Estimated)
	if v.AtLeast {
		basis = "at least"
	}
	add([]string{"total", "", "", "", basis, number(v.Total)}, v.ByEnd)
	return rows
}

// about is the amount with a ~ if it is estimated.
func (l costLine) about() string {
	if l.Basis == string(cost.Estimated) && l.Amount != nil {
		return "~" + l.amount()
	}
	return l.amount()
}

func (l costLine) amount() string {
	if l.Amount == nil {
		return ""
	}
	v, text := *l.Amount, ""
	switch {
	case v < 10 && v != math.Trunc(v):
		text = strconv.FormatFloat(v, 'f', 2, 64)
	case v < 1e6:
		text = ui.Count(int64(math.Round(v)))
	default:
		text = strconv.FormatFloat(v/1e6, 'f', 2, 64) + " M"
	}
	return strings.TrimSpace(text + " " + l.Unit)
}

// costs says what the amount costs, also that it is free.
func (l costLine) costs(v *float64) string {
	if v != nil && *v == 0 && *l.Amount > 0 {
		return "free"
	}
	return dollars(v)
}

// dollars says money: to the cent, or that it is less than one, or unknown.
func dollars(v *float64) string {
	switch {
	case v == nil:
		return "unknown"
	case *v > 0 && *v < 0.005:
		return "<$0.01"
	}
	return fmt.Sprintf("$%.2f", *v)
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/saves"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

type historyOptions struct {
	brief               bool
	screenshot, version string
}

func newSavesHistory(a *app) *cobra.Command {
	var o historyOptions
	cmd := &cobra.Command{
		Use:   "history PLAYER GAME [FILE]",
		Short: "Show every version of a player's saves that can still be got back",
		Long: `Show every version of a player's saves that can still be got back, of each file
the newest at the end. Numbers count from the oldest that is left; when that
expires they change, the ids that JSON and pipes have do not.

Of one FILE each version is read, for what it says of itself: the save's own
name, what the game wrote beside it, how long was played. --brief leaves it out.`,
		Example: `  renpyctl saves history ann@example.com my_game 1-1-LT1.save
  renpyctl saves history ann@example.com my_game 1-1-LT1.save \
    --version 3 --screenshot then.png`,
		Args:              between(2, 3, "a player, a game, and perhaps a file"),
		ValidArgsFunction: a.completeSaves,
		RunE: func(cmd *cobra.Command, args []string) error {
			of := kept{name: args[0], game: args[1]}
			if len(args) == 3 {
				of.file = args[2]
			}
			return a.savesHistory(cmd.Context(), of, o)
		},
	}
	cmd.Flags().BoolVar(&o.brief, "brief", false, "do not read the versions for what they say of themselves")
	cmd.Flags().StringVar(&o.screenshot, "screenshot", "", "write the picture of the current version, or of --version, to this file")
	cmd.Flags().StringVar(&o.version, "version", "", "with --screenshot: the number or id of the version")
	return cmd
}

// kept names what is kept of a player: of a game, or of one file, "" for all.
type kept struct{ name, game, file string }

// open opens the desk and finds the player, who must have saves of the game. With a
// *[savesync.RecordError] the rest is there, of the record as if it was empty.
func (a *app) open(ctx context.Context, of kept) (*desk, keeper, error) {
	if err := checkGame(of.game); err != nil {
		return nil, keeper{}, err
	}
	d, err := a.desk(ctx)
	if err != nil {
		return nil, keeper{}, err
	}
	player, err := d.keeper(ctx, of.name)
	switch {
	case unreadable(err):
		player.record = &savesync.Record{Games: map[string]*savesync.Game{}}
	case err == nil:
		err = player.synced(of.game)
	}
	return d, player, err
}

// unreadable tells whether an error is only that the player's record cannot be read.
func unreadable(err error) bool {
	_, ok := errors.AsType[*savesync.RecordError](err)
	return ok
}

// damagedRecord tells whether an error is only that the player's record cannot be read,
// and saves verify --repair mends it.
func damagedRecord(err error) bool {
	e, ok := errors.AsType[*savesync.RecordError](err)
	return ok && e.Damaged()
}

func (a *app) savesHistory(ctx context.Context, of kept, o historyOptions) error {
	switch {
	case o.screenshot != "" && of.file == "":
		return usagef("--screenshot is of one file: name it behind the game")
	case o.screenshot == "" && o.version != "":
		return usagef("--version is for --screenshot")
	}
	d, player, err := a.open(ctx, of)
	if err != nil && !unreadable(err) {
		return err
	}
	if o.screenshot != "" {
		return d.screenshot(ctx, player, of, o)
	}
	p := historyPrinter{desk: d, of: of, player: player}
	if err := p.all(ctx, o.brief); err != nil {
		return err
	}
	return p.end()
}

// versionView is the JSON of a version.
type versionView struct {
	File string `json:"file"`
	// Number counts from the oldest that is kept; ID stays.
	Number int            `json:"number"`
	ID     string         `json:"id"`
	Bytes  int64          `json:"bytes"`
	Stored time.Time      `json:"stored"`
	State  savesync.State `json:"state"`
	Origin string         `json:"origin"`
	Of     int            `json:"of,omitempty"`
	Until  time.Time      `json:"until,omitzero"`
	Inside *insideView    `json:"inside,omitempty"`
}

// insideView is the JSON of what a save says of itself.
type insideView struct {
	Name          string   `json:"name,omitempty"`
	Texts         []string `json:"texts,omitempty"`
	PlayedSeconds int64    `json:"playedSeconds,omitempty"`
	Picture       bool     `json:"picture,omitempty"`
	Error         string   `json:"error,omitempty"`
}

// origins are how contents come to be there, for programs and people.
var origins = map[savesync.Origin]string{
	savesync.Synced: "synced", savesync.Restored: "restored", savesync.Uploaded: "uploaded",
	savesync.Moved: "moved", savesync.Repaired: "repaired",
}

func newVersionView(k savesync.Kept) versionView {
	return versionView{k.Name, k.Number, k.ID, k.Size, k.Written.UTC(), k.State, origins[k.Origin], k.Of, k.Until.UTC(), nil}
}

func newInsideView(r support.Read) *insideView {
	if r.Err != nil {
		return &insideView{Error: r.Err.Error()}
	}
	in, err := saves.Look(r.Data)
	if err != nil {
		return nil // it is none: persistent, or a damaged one, of which the state tells
	}
	return &insideView{Name: in.Name, Texts: in.Texts, PlayedSeconds: int64(in.Played / time.Second), Picture: in.Picture != nil}
}

// historyPrinter prints versions as they come.
type historyPrinter struct {
	*desk
	of     kept
	player keeper
	rows   ui.Rows
	file   string // that the last row was of
	count  int64
	bytes  int64
	before savesync.Kept // the newest one that was current
	failed []string
}

func (p *historyPrinter) all(ctx context.Context, brief bool) error {
	list := p.Versions(ctx, p.player.Sub, p.of.game, p.of.file)
	if p.of.file == "" || brief {
		for k, err := range list {
			if err == nil {
				err = p.add(newVersionView(k), k)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	for r, err := range p.Contents(ctx, p.player.Sub, p.of.game, list) {
		if err != nil {
			return err
		}
		v := newVersionView(r.Kept)
		v.Inside = newInsideView(r)
		if r.Err != nil {
			p.failed = append(p.failed, fmt.Sprintf("#%d", r.Number))
		}
		if err := p.add(v, r.Kept); err != nil {
			return err
		}
	}
	return nil
}

func (p *historyPrinter) add(v versionView, k savesync.Kept) error {
	p.count++
	p.bytes += v.Bytes
	if k.State == savesync.Older {
		p.before = k
	}
	switch {
	case p.json():
		return p.printJSONLine(v)
	case !p.streams.OutTerminal:
		return p.rows.Write(p.streams.Out, false, tabbed(v))
	}
	return p.draw(v)
}

// tabbed are the cells of a version for programs.
func tabbed(v versionView) []string {
	until, in := "", insideView{}
	if !v.Until.IsZero() {
		until = v.Until.Format(time.RFC3339)
	}
	if v.Inside != nil {
		in = *v.Inside
	}
	return []string{
		ui.Plain(v.File), strconv.Itoa(v.Number), v.Stored.Format(time.RFC3339), whole(v.Bytes), v.Origin, strconv.Itoa(v.Of), string(v.State), until, v.ID,
		ui.Plain(in.Name), ui.Plain(strings.Join(in.Texts, "; ")), whole(in.PlayedSeconds),
	}
}

// draw prints a version for people, and what it says of itself below.
func (p *historyPrinter) draw(v versionView) error {
	if v.File != p.file {
		blank := ""
		if p.file != "" {
			blank = "\n"
		}
		p.file = v.File
		width, _ := p.streams.Size()
		p.rows = ui.Rows{Header: []string{"    #", "STORED", "    SIZE", "WHERE FROM", "STATE"}, Widths: []int{5, 16, 8, 15, 60}, Screen: width}
		if _, err := fmt.Fprintf(p.streams.Out, "%s%s  %s  %s\n", blank, ui.Accent(ui.Plain(v.File)), p.of.game, called(p.player.Player)); err != nil {
			return err
		}
	}
	from := v.Origin
	if v.Of > 0 {
		from = fmt.Sprintf("%s of #%d", v.Origin, v.Of)
	}
	state := ui.Plain(stands[v.State])
	if !v.Until.IsZero() {
		state += ", until " + v.Until.Local().Format(time.DateOnly)
	}
	cells := []string{fmt.Sprintf("%5d", v.Number), when.Format(v.Stored, time.Local), fmt.Sprintf("%8s", ui.Bytes(v.Bytes)), from, state}
	if err := p.rows.Write(p.streams.Out, true, cells); err != nil {
		return err
	}
	if text := v.Inside.text(); text != "" {
		_, err := fmt.Fprintln(p.streams.Out, "       "+ui.Dim(ui.SingleLine(text)))
		return err
	}
	return nil
}

// stands say how a version stands to its file.
var stands = map[savesync.State]string{
	savesync.Current: "current", savesync.Older: "older", savesync.Losing: "never used: a newer one was there",
	savesync.Broken: "never used: damaged", savesync.Unnamed: "not in the record",
}

// text says what a save says of itself: "Chapter 3, chapter: The garden, played 2 h 5 min".
func (in *insideView) text() string {
	if in == nil {
		return ""
	}
	var parts []string
	if in.Name != "" {
		parts = append(parts, "“"+ui.Plain(in.Name)+"”")
	}
	for _, text := range in.Texts {
		parts = append(parts, ui.Plain(text))
	}
	if in.PlayedSeconds > 0 {
		parts = append(parts, "played "+ui.Elapsed(time.Duration(in.PlayedSeconds)*time.Second))
	}
	if in.Error != "" {
		parts = append(parts, "not read: "+ui.Plain(in.Error))
	}
	return strings.Join(parts, ", ")
}

// end counts what was printed. What could not be read makes the answer a partial one.
func (p *historyPrinter) end() error {
	if p.count == 0 && p.of.file != "" {
		return &support.NoFileError{Game: p.of.game, File: p.of.file}
	}
	p.say("%s, %s. Times are in %s.", ui.Plural(p.count, "version"), ui.Bytes(p.bytes), when.Zone(time.Now()))
	if p.of.file != "" && p.before.ID != "" {
		p.hint("%s", p.command(fmt.Sprintf("%s --version %d", p.of.typed("saves restore", p.player), p.before.Number)))
	}
	if len(p.failed) > 0 {
		return fmt.Errorf("%s could not be read: %s", ui.Plural(int64(len(p.failed)), "version"), strings.Join(p.failed, ", "))
	}
	return nil
}

// typed is a command about what another one was about.
func (of kept) typed(verb string, player keeper) string {
	line := verb + " " + quoted(called(player.Player)) + " " + of.game
	if of.file != "" {
		line += " " + quoted(of.file)
	}
	return line
}

// screenshot writes the picture of a version.
func (d *desk) screenshot(ctx context.Context, player keeper, of kept, o historyOptions) error {
	list, err := d.Select(ctx, player.Sub, of.game, support.Selection{Files: []string{of.file}, Version: o.version})
	if err != nil && !unreadable(err) {
		return err
	}
	data, err := d.Content(ctx, player.Sub, of.game, list[0].Source)
	if err != nil {
		return err
	}
	in, err := saves.Look(data)
	if err != nil {
		return fmt.Errorf("#%d of %s: %w", list[0].Number, of.file, err)
	}
	if in.Picture == nil {
		return fmt.Errorf("#%d of %s has no picture", list[0].Number, of.file)
	}
	if err := writeNew(o.screenshot, in.Picture, list[0].Written); err != nil {
		return err
	}
	d.say("Written: %s, the picture of #%d.", o.screenshot, list[0].Number)
	if d.json() {
		v := newVersionView(list[0])
		v.Inside = newInsideView(support.Read{Kept: list[0], Data: data})
		return d.printJSONLine(v)
	}
	return nil
}

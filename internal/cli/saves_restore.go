package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

// choice are the flags that choose versions.
type choice struct{ at, version string }

func (o *choice) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.at, "at", "", "as it was then: "+when.Forms)
	cmd.Flags().StringVar(&o.version, "version", "", "of one file: the number or id that saves history shows")
}

// clock is a time of day, which is no file's name.
var clock = regexp.MustCompile(`^\d{1,2}:\d{2}(:\d{2})?$`)

// selection reads the flags for some files of a game, none for all.
func (o choice) selection(files []string, now time.Time) (support.Selection, error) {
	s := support.Selection{Files: files, Version: o.version}
	switch {
	case o.at != "" && o.version != "":
		return s, usagef("--at and --version exclude each other")
	case o.at != "" && slices.ContainsFunc(files, clock.MatchString):
		return s, usagef("%s is no file: a time of two words is put in quotes, as --at \"yesterday 22:31\"", files[slices.IndexFunc(files, clock.MatchString)])
	case o.version != "" && len(files) != 1:
		return s, usagef("--version is of one file: name it behind the game")
	case o.at == "":
		return s, nil
	}
	span, err := past("at", o.at, now)
	s.At = span.To
	if span.To.After(span.From) {
		s.Since, s.At = span.From, span.To.Add(-1)
	}
	return s, err
}

type restoreOptions struct {
	choice
	dryRun bool
}

func newSavesRestore(a *app) *cobra.Command {
	var o restoreOptions
	cmd := &cobra.Command{
		Use:   "restore PLAYER GAME [FILE...]",
		Short: "Bring an older version of saves back, so that devices fetch it",
		Long: `Bring an older version of saves back. It becomes the current one as of now, so
that devices fetch it at their next sync; what it replaces stays as an older
version. Of a whole game every file becomes what it was then; what was not there
yet stays. It can be undone in the same way.`,
		Example: `  renpyctl saves restore ann@example.com my_game 1-1-LT1.save --version 17
  renpyctl saves restore ann@example.com my_game --at "yesterday 22:31"`,
		Args:              between(2, 1000, "a player, a game, and perhaps files"),
		ValidArgsFunction: a.completeSaves,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.savesRestore(cmd.Context(), kept{name: args[0], game: args[1]}, args[2:], o)
		},
	}
	o.add(cmd)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "only show what would be done")
	return cmd
}

// restoreView is the JSON of a restore.
type restoreView struct {
	Player   string       `json:"player"` // the id
	Game     string       `json:"game"`
	Changes  []changeFile `json:"changes"`
	Same     []string     `json:"same,omitempty"`
	Stay     []string     `json:"stay,omitempty"`
	Continue string       `json:"continue,omitempty"`
	Done     bool         `json:"done"`
}

// changeFile is the JSON of a file that a restore changes.
type changeFile struct {
	File string       `json:"file"`
	Page string       `json:"page,omitempty"`
	Now  *versionView `json:"now,omitempty"`
	To   versionView  `json:"to"`
	// Made is the version that was made of it.
	Made *versionView `json:"made,omitempty"`
}

func newRestoreView(player keeper, game string, plan support.RestorePlan) restoreView {
	v := restoreView{Player: player.Sub, Game: game, Changes: []changeFile{}, Same: plan.Same, Stay: plan.Stay, Continue: plan.Continue}
	for _, c := range plan.Changes {
		file := changeFile{File: c.To.Name, Page: c.Page, To: newVersionView(c.To)}
		if c.Now != nil {
			file.Now = new(newVersionView(*c.Now))
		}
		v.Changes = append(v.Changes, file)
	}
	return v
}

func (a *app) savesRestore(ctx context.Context, of kept, files []string, o restoreOptions) error {
	s, err := o.selection(files, time.Now())
	if err == nil && o.at == "" && o.version == "" {
		err = usagef("say what to bring back: --at TIME or --version N")
	}
	if err == nil && !o.dryRun {
		err = a.canAsk()
	}
	if err != nil {
		return err
	}
	d, player, err := a.open(ctx, of)
	if err != nil {
		return err
	}
	plan, err := d.PlanRestore(ctx, player.Sub, of.game, s)
	if err == nil && len(plan.Changes)+len(plan.Same) == 0 {
		err = &support.NoFileError{Game: of.game, At: s.At}
	}
	if err != nil {
		return err
	}
	v := newRestoreView(player, of.game, plan)
	if !a.json() {
		if err := d.showRestore(player, of.game, plan); err != nil {
			return err
		}
	}
	if !o.dryRun && len(plan.Changes) > 0 {
		if err := d.confirm(ctx, "Restore?"); err != nil {
			return err
		}
		if err := d.restore(ctx, player, plan, &v); err != nil {
			return err
		}
	}
	if a.json() {
		return a.printJSON(v)
	}
	return nil
}

// showRestore says what a restore does, and what devices make of it.
func (d *desk) showRestore(player keeper, game string, plan support.RestorePlan) error {
	if len(plan.Changes) == 0 {
		d.say("Nothing to restore: %s so already.", isAre(len(plan.Same), "file"))
	} else {
		d.say("Restore %s of %s in %s (times are in %s):", ui.Plural(int64(len(plan.Changes)), "file"), called(player.Player), game, when.Zone(time.Now()))
	}
	t := ui.Table{Header: []string{"FILE", "NOW", "BECOMES"}}
	for _, c := range plan.Changes {
		now := "not there"
		if c.Now != nil {
			now = numbered(*c.Now)
		}
		t.Rows = append(t.Rows, []string{ui.Plain(c.To.Name), now, numbered(c.To)})
	}
	if len(t.Rows) > 0 {
		if err := t.Write(d.streams.Err, d.streams.ErrTerminal); err != nil {
			return err
		}
	}
	for _, line := range notes(plan) {
		d.say("%s", line)
	}
	return nil
}

// numbered says which one is meant: "#17 of 2026-11-26 09:58, 179 kB".
func numbered(k savesync.Kept) string {
	return fmt.Sprintf("#%d of %s, %s", k.Number, when.Format(k.Written, time.Local), ui.Bytes(k.Size))
}

// isAre counts things that something is said of: "1 file is", "2 files are".
func isAre(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return ui.Plural(int64(n), noun) + " are"
}

// notes say what a restore leaves alone, which devices fetch it, and what the game's
// Continue opens then.
func notes(plan support.RestorePlan) []string {
	var list []string
	if len(plan.Same) > 0 && len(plan.Changes) > 0 {
		list = append(list, isAre(len(plan.Same), "other file")+" so already.")
	}
	if len(plan.Stay) > 0 {
		list = append(list, fmt.Sprintf("Not there then, and left as now: %s.", several(plan.Stay)))
	}
	var pages []string
	persistent := false
	for _, c := range plan.Changes {
		if c.Page == "" {
			persistent = true
		} else if !slices.Contains(pages, c.Page) {
			pages = append(pages, c.Page)
		}
	}
	if len(pages) > 0 {
		slices.Sort(pages)
		list = append(list,
			"Devices fetch it at their next sync. One that has newer saves on another page",
			"than "+strings.Join(pages, ", ")+" does not, until it saves there again.")
	}
	if persistent {
		list = append(list, "persistent is fetched by all; a running game merges it with its own.")
	}
	if len(plan.Changes) > 0 {
		list = append(list, "What is there now, or not sent yet by a device, stays as an older version.")
	}
	if plan.Continue != "" {
		list = append(list, fmt.Sprintf("Continue opens %s then.", ui.Plain(plan.Continue)))
	}
	return list
}

// several names the first few of several files.
func several(names []string) string {
	const few = 5
	text := ui.Plain(strings.Join(names[:min(few, len(names))], ", "))
	if more := len(names) - few; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// restore does what was planned, and says how to take it back.
func (d *desk) restore(ctx context.Context, player keeper, plan support.RestorePlan, v *restoreView) error {
	before := d.before()
	outcomes, err := d.Restore(ctx, v.Player, v.Game, plan)
	if err != nil {
		return err
	}
	if err := overtaken(outcomes); err != nil {
		return err
	}
	v.Done = true
	var made, there []savesync.Kept
	changed := 0
	for i, k := range d.made(ctx, v.Player, v.Game, outcomes) {
		if outcomes[i].Unchanged { // the version was another one, of the same content
			continue
		}
		changed++
		if k.ID != "" {
			made, v.Changes[i].Made = append(made, k), new(newVersionView(k))
		}
		if now := plan.Changes[i].Now; now != nil {
			there = append(there, *now)
		}
	}
	switch {
	case changed == 0:
		d.say("Unchanged: what is there is the same content.")
	case len(made) == 0:
		d.say("Restored %s.", ui.Plural(int64(changed), "file"))
	case changed == 1:
		d.say("Restored as #%d.", made[0].Number)
	default:
		d.say("Restored %s: %s.", ui.Plural(int64(changed), "file"), severalMade(made))
	}
	d.hintUndo(player, v.Game, there, before)
	return nil
}

// before is a moment that is surely before what is done next: stores tell times to the second.
func (d *desk) before() time.Time { return d.Now().Truncate(time.Second).Add(-time.Second) }

// made returns the versions that outcomes are about, zero for one that is unknown. To
// know their numbers they are listed; what was done stays done if that fails.
func (d *desk) made(ctx context.Context, player, game string, outcomes []savesync.Outcome) []savesync.Kept {
	list := make([]savesync.Kept, len(outcomes))
	contents := make([]savesync.Content, len(outcomes))
	for i, o := range outcomes {
		contents[i] = savesync.Content{Name: o.Name, ID: o.ID}
	}
	known, err := d.Numbered(ctx, player, game, contents)
	if err != nil {
		d.say("%s the new numbers could not be read: %s", ui.Warning("!"), ui.Plain(cloud.OneLine(d.text(err))))
	}
	for i, c := range contents {
		list[i] = known[c]
	}
	return list
}

// severalMade names the first few of several versions: "1-1-LT1.save as #4".
func severalMade(list []savesync.Kept) string {
	var names []string
	for _, k := range list {
		names = append(names, fmt.Sprintf("%s as #%d", k.Name, k.Number))
	}
	return several(names)
}

// overtaken is an error unless all that was put there is current.
func overtaken(outcomes []savesync.Outcome) error {
	var lost []string
	for _, o := range outcomes {
		if !o.Current {
			lost = append(lost, o.Name)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return fmt.Errorf("a device has changed %s meanwhile; what was to be there is kept as an older version", several(lost))
}

// hintUndo says how to make current again what was there before, if there was something.
func (d *desk) hintUndo(player keeper, game string, there []savesync.Kept, before time.Time) {
	line := kept{game: game}.typed("saves restore", player)
	switch len(there) {
	case 0:
		return
	case 1:
		line += fmt.Sprintf(" %s --version %d", quoted(there[0].Name), there[0].Number)
	default:
		for _, k := range there {
			line += " " + quoted(k.Name)
		}
		line += " --at " + before.UTC().Format(time.RFC3339)
	}
	d.hint("to undo: %s", d.command(line))
}

// explainKept advises on errors about what an operator puts into a game.
func explainKept(err error) (code int, hint string, ok bool) {
	if _, ok := errors.AsType[*savesync.GoneError](err); ok {
		return exitNotFound, "its time was up, or it was erased; saves history shows what is left", true
	}
	if _, ok := errors.AsType[*savesync.DamagedError](err); ok {
		return exitRefused, "take another version: devices would lose a save that can be read", true
	}
	if e, ok := errors.AsType[*savesync.BarredError](err); ok {
		return exitRefused, barred(e.Bar), true
	}
	if errors.Is(err, savesync.ErrConflict) {
		return exitError, "run it again: nothing is lost", true
	}
	return 0, "", false
}

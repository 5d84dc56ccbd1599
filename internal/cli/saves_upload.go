package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/ui"
	"github.com/renpy-cloud/renpyctl/internal/when"
)

type uploadOptions struct {
	as     string
	dryRun bool
}

func newSavesUpload(a *app) *cobra.Command {
	var o uploadOptions
	cmd := &cobra.Command{
		Use:   "upload PLAYER GAME FILE...",
		Short: "Put save files into a player's game, so that devices fetch them",
		Long: `Put save files of this computer into a player's game. Each becomes the current
one as of now, the one that was written last being the newest, so that devices
fetch it as after saves restore; what it replaces stays as an older version.
A file that cannot be read as a save never replaces one that can.`,
		Example:           "  renpyctl saves upload ann@example.com my_game mended.save --as 1-1-LT1.save",
		Args:              between(3, 1000, "a player, a game and files"),
		ValidArgsFunction: a.completeUpload,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.savesUpload(cmd.Context(), args[0], args[1], args[2:], o)
		},
	}
	cmd.Flags().StringVar(&o.as, "as", "", "of one file: the name that it has in the game")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "only show what would be done")
	return cmd
}

// completeUpload offers files of this computer behind player and game.
func (a *app) completeUpload(cmd *cobra.Command, given []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(given) < 2 {
		return a.completeSaves(cmd, given, typed)
	}
	return nil, cobra.ShellCompDirectiveDefault
}

// uploadView is the JSON of an upload.
type uploadView struct {
	Player string         `json:"player"` // the id
	Game   string         `json:"game"`
	Files  []uploadedFile `json:"files"`
	Done   bool           `json:"done"`
}

// uploadedFile is the JSON of a file that was put into a game.
type uploadedFile struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
	// Replaces says that there was another one.
	Replaces bool `json:"replaces,omitempty"`
	Current  bool `json:"current,omitempty"`
	// Made is the version that it became.
	Made     *versionView `json:"made,omitempty"`
	Error    string       `json:"error,omitempty"`
	data     []byte
	modified time.Time
}

func (a *app) savesUpload(ctx context.Context, name, game string, paths []string, o uploadOptions) error {
	err := checkGame(game)
	if err == nil && o.as != "" && len(paths) > 1 {
		err = usagef("--as is of one file")
	}
	if err == nil {
		err = allThere(paths)
	}
	if err == nil && !o.dryRun {
		err = a.canAsk()
	}
	if err != nil {
		return err
	}
	d, err := a.desk(ctx)
	if err != nil {
		return err
	}
	player, err := d.keeper(ctx, name)
	if err != nil {
		return err
	}
	v := uploadView{Player: player.Sub, Game: game}
	v.Files, err = leaving(ctx, func() ([]uploadedFile, error) { return d.readFiles(paths, o.as) })
	if err != nil {
		return err
	}
	d.showUpload(player, v)
	if !o.dryRun {
		if err := a.confirm(ctx, "Upload?"); err != nil {
			return err
		}
		v.Done = true
		err = d.upload(ctx, player, &v)
	}
	if a.json() {
		return errors.Join(a.printJSON(v), err)
	}
	return err
}

// allThere says which file is missing, before anybody is asked about any.
func allThere(paths []string) error {
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return err
		}
	}
	return nil
}

// readFiles reads all files, the one that was written first being the first.
func (d *desk) readFiles(paths []string, as string) ([]uploadedFile, error) {
	var list []uploadedFile
	for _, path := range paths {
		f := uploadedFile{File: filepath.Base(path)}
		if as != "" {
			f.File = as
		}
		if slices.ContainsFunc(list, func(o uploadedFile) bool { return o.File == f.File }) {
			return nil, usagef("two files are called %s", f.File)
		}
		var err error
		if f.data, f.modified, err = readUpTo(path, d.Service.Limits.FileBytes); err != nil {
			return nil, err
		}
		f.Bytes = int64(len(f.data))
		list = append(list, f)
	}
	slices.SortStableFunc(list, func(a, b uploadedFile) int { return a.modified.Compare(b.modified) })
	return list, nil
}

// readUpTo reads a file that is no larger than a limit, in bytes.
func readUpTo(path string, limit int64) ([]byte, time.Time, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, time.Time{}, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &savesync.BarredError{Name: path, Bar: savesync.BarSize}
	}
	return data, info.ModTime(), err
}

// showUpload says what each file replaces.
func (d *desk) showUpload(player keeper, v uploadView) {
	there := map[string]savesync.File{}
	if g := player.record.Games[v.Game]; g != nil {
		there = g.Files
	}
	if !d.json() {
		d.say("Upload %s to %s in %s (times are in %s):", ui.Plural(int64(len(v.Files)), "file"), called(player.Player), v.Game, when.Zone(time.Now()))
		if len(player.record.Games) > 0 && player.record.Games[v.Game] == nil {
			d.say("%s %s has no saves of a game %s yet.", ui.Warning("!"), called(player.Player), v.Game)
		}
	}
	for i := range v.Files {
		f := &v.Files[i]
		was, ok := there[f.File]
		f.Replaces = ok
		if d.json() {
			continue
		}
		what := "new"
		if ok {
			what = fmt.Sprintf("replaces %s of %s, which stays as an older version", ui.Bytes(was.Size), when.Format(time.Unix(was.Committed, 0), time.Local))
		}
		d.say("  %s, %s: %s", ui.Plain(f.File), ui.Bytes(f.Bytes), what)
	}
}

// upload puts the files into the game, one after the other. Each is answered, and at the
// end is said how to take them back.
func (d *desk) upload(ctx context.Context, player keeper, v *uploadView) error {
	before := d.before()
	var replaced []savesync.Kept
	f := failures{of: len(v.Files), noun: "file"}
	for i := range v.Files {
		file := &v.Files[i]
		outcome, err := d.Upload(ctx, v.Player, v.Game, file.File, file.data)
		if err == nil {
			err = overtaken([]savesync.Outcome{outcome})
		}
		if err != nil {
			file.Error = cloud.OneLine(d.text(err))
		}
		file.Current = outcome.Current
		if err := f.add(ctx, err); err != nil {
			return err
		}
		if err == nil {
			replaced = append(replaced, d.uploaded(ctx, player, v.Game, file, outcome)...)
		}
	}
	d.hintUndo(player, v.Game, replaced, before)
	return f.end(d.app)
}

// uploaded says what became of a file, and returns the version that it replaced, if there
// is one.
func (d *desk) uploaded(ctx context.Context, player keeper, game string, file *uploadedFile, outcome savesync.Outcome) []savesync.Kept {
	if outcome.Unchanged {
		if !d.json() {
			d.say("Unchanged, it is the same: %s.", ui.Plain(file.File))
		}
		return nil
	}
	was := savesync.Outcome{Name: outcome.Name, ID: player.file(game, outcome.Name).ID}
	versions := d.made(ctx, player.Sub, game, []savesync.Outcome{outcome, was})
	as := ""
	if now := versions[0]; now.ID != "" {
		file.Made, as = new(newVersionView(now)), fmt.Sprintf(" as #%d", now.Number)
	}
	if !d.json() {
		d.say("Uploaded%s: %s.", as, ui.Plain(file.File))
	}
	if was := versions[1]; was.ID != "" {
		return []savesync.Kept{was}
	}
	return nil
}

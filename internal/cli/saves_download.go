package cli

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

type downloadOptions struct {
	choice
	to string
}

func newSavesDownload(a *app) *cobra.Command {
	var o downloadOptions
	cmd := &cobra.Command{
		Use:   "download PLAYER GAME [FILE]",
		Short: "Write a player's saves to this computer",
		Long: `Write a player's save, or all of a game as a folder that can be put into the
game as it is: each file has the time that it has on the device, so that
Continue opens the same one. (Older versions have the time when they were
stored.) Nothing is written over. What was cut off is finished by running it
again.`,
		Example: `  renpyctl saves download ann@example.com my_game --to saves
  renpyctl saves download ann@example.com my_game 1-1-LT1.save --at 2d`,
		Args:              between(2, 3, "a player, a game, and perhaps a file"),
		ValidArgsFunction: a.completeSaves,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.savesDownload(cmd.Context(), kept{name: args[0], game: args[1]}, args[2:], o)
		},
	}
	o.add(cmd)
	cmd.Flags().StringVar(&o.to, "to", "", "the folder, or of one FILE the file, that is written (default: named as the game or the save)")
	return cmd
}

func (a *app) savesDownload(ctx context.Context, of kept, files []string, o downloadOptions) error {
	s, err := o.selection(files, time.Now())
	if err != nil {
		return err
	}
	d, player, damaged := a.open(ctx, of)
	if damaged != nil && !unreadable(damaged) {
		return damaged
	}
	list, err := d.Select(ctx, player.Sub, of.game, s)
	if len(list) == 0 && (err == nil || unreadable(err)) {
		err = cmp.Or(damaged, error(&support.NoFileError{Game: of.game, At: s.At}))
	}
	if err != nil && !(unreadable(err) && len(list) > 0) {
		return err
	}
	l := delivery{desk: d, player: player, game: of.game, paths: localNames(list)}
	if l.folder = o.to; len(files) == 1 {
		l.folder = ""
		if o.to != "" {
			l.paths[list[0].Name] = o.to
		}
	} else if o.to == "" {
		l.folder = localName(of.game)
	}
	if err := l.deliver(ctx, list); err != nil {
		return err
	}
	return damaged // what the bucket alone tells is a partial answer
}

// delivery writes saves to this computer.
type delivery struct {
	*desk
	player keeper
	game   string
	folder string            // "" for this one
	paths  map[string]string // in the folder, by the files' names
	done   deliveryView
}

// deliveryView is the JSON of what was written.
type deliveryView struct {
	Player string          `json:"player"` // the id
	Game   string          `json:"game"`
	Files  []deliveredFile `json:"files"`
	// Missing says why, by file.
	Missing map[string]string `json:"missing,omitempty"`
}

// deliveredFile is the JSON of a file that was written, or was there already.
type deliveredFile struct {
	File     string    `json:"file"`
	Path     string    `json:"path"`
	Bytes    int64     `json:"bytes"`
	Modified time.Time `json:"modified"`
	Health   string    `json:"health,omitempty"`
}

func (l *delivery) path(name string) string { return filepath.Join(l.folder, l.paths[name]) }

// deliver writes what is not there yet. What is there must have the same bytes.
func (l *delivery) deliver(ctx context.Context, list []savesync.Kept) error {
	l.done = deliveryView{Player: l.player.Sub, Game: l.game, Files: []deliveredFile{}, Missing: map[string]string{}}
	var there, rest []savesync.Kept
	for _, k := range list {
		if _, err := os.Lstat(l.path(k.Name)); err == nil {
			there = append(there, k)
		} else {
			rest = append(rest, k)
		}
	}
	if err := l.compare(ctx, there); err != nil {
		return err
	}
	if l.folder != "" {
		if err := os.MkdirAll(l.folder, 0o777); err != nil {
			return err
		}
	}
	err := l.write(ctx, rest)
	return errors.Join(l.print(), l.end(err))
}

// compare refuses to go on where a file would be written over.
func (l *delivery) compare(ctx context.Context, there []savesync.Kept) error {
	var others []string
	err := l.each(ctx, there, func(r support.Read) error {
		data, err := os.ReadFile(l.path(r.Name))
		if err != nil {
			return err
		}
		if !bytes.Equal(data, r.Data) {
			others = append(others, l.path(r.Name))
		}
		return nil
	})
	if err == nil && len(others) > 0 {
		err = &existsError{several(others)}
	}
	return err
}

func (l *delivery) write(ctx context.Context, list []savesync.Kept) error {
	return l.each(ctx, list, func(r support.Read) error {
		return writeNew(l.path(r.Name), r.Data, l.player.modified(l.game, r.Kept))
	})
}

// each does something with the contents of versions. Those that cannot be read are
// missing; an error of f ends it.
func (l *delivery) each(ctx context.Context, list []savesync.Kept, f func(support.Read) error) error {
	all := func(yield func(savesync.Kept, error) bool) {
		for _, k := range list {
			if !yield(k, nil) {
				return
			}
		}
	}
	for r, err := range l.Contents(ctx, l.player.Sub, l.game, all) {
		switch {
		case err != nil:
			return err
		case r.Err != nil:
			l.done.Missing[r.Name] = r.Err.Error()
			continue
		}
		if err := f(r); err != nil {
			return err
		}
		l.done.Files = append(l.done.Files, deliveredFile{
			r.Name, l.path(r.Name), r.Size, l.player.modified(l.game, r.Kept).UTC(), string(l.player.health(l.game, r)),
		})
	}
	return nil
}

// modified is the time that a version has on a device, as far as that is known.
func (k keeper) modified(game string, v savesync.Kept) time.Time {
	if f := k.file(game, v.Name); f.ID == v.ID {
		return f.Modified.Time()
	}
	return v.Written
}

// file is what the record says of a file, zero for nothing.
func (k keeper) file(game, name string) savesync.File {
	if g := k.record.Games[game]; g != nil {
		return g.Files[name]
	}
	return savesync.File{}
}

// health is damaged for what cannot be read as a save, or is not what the device sent.
func (k keeper) health(game string, r support.Read) savesync.Health {
	sum := sha256.Sum256(r.Data)
	f := k.file(game, r.Name)
	if r.State == savesync.Broken || f.ID == r.ID && (f.Health == savesync.Damaged || f.Checksum != hex.EncodeToString(sum[:])) {
		return savesync.Damaged
	}
	return ""
}

// print prints what was written.
func (l *delivery) print() error {
	if l.json() {
		return l.printJSON(l.done)
	}
	if l.streams.OutTerminal {
		return nil // the summary is enough for people
	}
	t := ui.Table{}
	for _, f := range l.done.Files {
		t.Rows = append(t.Rows, []string{ui.Plain(f.File), whole(f.Bytes), ui.Plain(f.Path)})
	}
	return l.printTable(t)
}

// end counts, and names what is not as it was asked for.
func (l *delivery) end(err error) error {
	var bytes int64
	for _, f := range l.done.Files {
		bytes += f.Bytes
		if l.paths[f.File] != f.File && l.folder != "" {
			l.say("%s is written as %s: some systems cannot hold its name.", ui.Plain(f.File), ui.Plain(l.paths[f.File]))
		}
		if f.Health != "" {
			l.say("%s is damaged, and written as it is.", ui.Plain(f.File))
		}
	}
	where := l.folder
	if where == "" && len(l.done.Files) == 1 {
		where = l.done.Files[0].Path
	}
	l.say("Downloaded %s, %s, to %s.", ui.Plural(int64(len(l.done.Files)), "file"), ui.Bytes(bytes), quoted(where))
	if err != nil {
		return fmt.Errorf("the other files are missing: %w", err)
	}
	missing := slices.Sorted(maps.Keys(l.done.Missing))
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s missing, such as %s: %s", isAre(len(missing), "file"), missing[0], l.done.Missing[missing[0]])
}

// localNames are names for files that every system can hold, by the names of versions.
func localNames(list []savesync.Kept) map[string]string {
	names, taken := map[string]string{}, map[string]bool{}
	for _, k := range list {
		name := localName(k.Name)
		for n := 2; taken[strings.ToLower(name)]; n++ {
			name = fmt.Sprintf("%d~%s", n, localName(k.Name))
		}
		names[k.Name], taken[strings.ToLower(name)] = name, true
	}
	return names
}

// localName is a name that every system can hold. Those that sync are such names; what a
// hand put into the bucket need not be.
func localName(name string) string {
	const longest = 200 // bytes
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`<>:"/\|?*`, r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	if len(name) > longest {
		name = strings.ToValidUTF8(name[:longest], "")
	}
	if trimmed := strings.TrimRight(name, " ."); trimmed != name || trimmed == "" {
		name = trimmed + "_"
	}
	if savesync.IsDevice(name) {
		name = "_" + name
	}
	return name
}

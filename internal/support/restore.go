package support

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// A Selection says which versions of a game's files are meant.
type Selection struct {
	// Files are names, none for all.
	Files []string
	// At is a moment: what each file was then; zero is what it is now. Since is from when
	// on that may have been meant, as far as the moment was told: zero if it was told exactly.
	At, Since time.Time
	// Version is a number or an id of the one file that is named, "" to go by the moment.
	Version string
}

// A Change is a file that a restore changes.
type Change struct {
	// Now is what the file is, nil where there is none; To is what it becomes.
	Now *savesync.Kept
	To  savesync.Kept
	// Page is the page of the game's menu that the save is on, "" for what is on none.
	// Devices fetch it by themselves whose newest save is on that page, or is older than
	// the restore.
	Page string
}

// A RestorePlan is what a restore does.
type RestorePlan struct {
	// Changes are in the order in which the files became what they are to be, so that the
	// last one is the newest on a device.
	Changes []Change
	// Same are the names of files that are already as they are to be, and Stay of those
	// that were not there then: a restore takes nothing away.
	Same, Stay []string
	// Continue is the save that the game's Continue opens after it, "" if the restore has
	// no say in that.
	Continue string
}

// A NoVersionError says that a file has no such version.
type NoVersionError struct{ File, Version string }

func (e *NoVersionError) Error() string {
	return fmt.Sprintf("%s has no version %s, or not any more", e.File, e.Version)
}

// A NoFileError says that nothing is kept of a file of the game, or of that moment.
type NoFileError struct {
	Game, File string    // File is "" if it is about all
	At         time.Time // zero if it is not about a moment
}

func (e *NoFileError) Error() string {
	of, then := e.Game, ""
	if e.File != "" {
		of = e.File + " in " + e.Game
	}
	if !e.At.IsZero() {
		then = " as it was at " + e.At.Local().Format("2006-01-02 15:04:05 MST")
	}
	return "nothing is kept of " + of + then
}

// A SeveralError says that a file became what it was several times within the moment
// that was told.
type SeveralError struct {
	File     string
	Versions []savesync.Kept
}

func (e *SeveralError) Error() string {
	var list []string
	for _, k := range e.Versions[:min(len(e.Versions), maxNamed)] {
		list = append(list, fmt.Sprintf("#%d of %s", k.Number, k.Written.Local().Format("15:04:05")))
	}
	if more := len(e.Versions) - maxNamed; more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("%s has several versions of that time: %s", e.File, strings.Join(list, ", "))
}

// maxNamed bounds how many versions an error names.
const maxNamed = 4

// ErrOneFile says that a version is asked for of none or of several files.
var ErrOneFile = errors.New("a version is of one file")

// PlanRestore finds what a restore of a player's game would do. The errors are
// *[NoFileError], *[NoVersionError], *[SeveralError] and [ErrOneFile].
func (d *Desk) PlanRestore(ctx context.Context, player, game string, s Selection) (RestorePlan, error) {
	if s.Version != "" && len(s.Files) != 1 {
		return RestorePlan{}, ErrOneFile
	}
	files, err := d.files(ctx, player, game, s)
	if err != nil {
		return RestorePlan{}, err
	}
	var plan RestorePlan
	for _, name := range slices.Sorted(maps.Keys(files)) {
		switch f := files[name]; {
		case f.then == nil && f.now == nil:
		case f.then == nil:
			plan.Stay = append(plan.Stay, name)
		case f.now != nil && f.now.ID == f.then.ID && f.now.Version == f.then.Version:
			plan.Same = append(plan.Same, name)
		default:
			plan.Changes = append(plan.Changes, Change{Now: f.now, To: *f.then, Page: page(name)})
		}
	}
	slices.SortStableFunc(plan.Changes, func(a, b Change) int { return a.To.Written.Compare(b.To.Written) })
	for _, c := range plan.Changes {
		if c.Page != "" {
			plan.Continue = c.To.Name
		}
	}
	return plan, nil
}

// Restore does what was planned.
func (d *Desk) Restore(ctx context.Context, player, game string, plan RestorePlan) ([]savesync.Outcome, error) {
	var sources []savesync.Source
	for _, c := range plan.Changes {
		sources = append(sources, c.To.Source)
	}
	return d.Operator.Restore(ctx, player, game, sources)
}

// Select returns the versions that are meant, by the names of their files. With a
// *[savesync.RecordError] they are those that the bucket alone tells of. The other errors
// are those of [Desk.PlanRestore].
func (d *Desk) Select(ctx context.Context, player, game string, s Selection) ([]savesync.Kept, error) {
	files, err := d.files(ctx, player, game, s)
	var list []savesync.Kept
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if f := files[name]; f.then != nil {
			list = append(list, *f.then)
		}
	}
	return list, err
}

// Numbered returns versions of a player's game with their numbers, by what they are of.
// What is not there any more is left out.
func (d *Desk) Numbered(ctx context.Context, player, game string, contents []savesync.Content) (map[savesync.Content]savesync.Kept, error) {
	one := "" // file, or all
	if !slices.ContainsFunc(contents, func(c savesync.Content) bool { return c.Name != contents[0].Name }) {
		one = contents[0].Name
	}
	found := map[savesync.Content]savesync.Kept{}
	for k, err := range d.Versions(ctx, player, game, one) {
		if err != nil {
			return nil, err
		}
		if c := (savesync.Content{Name: k.Name, ID: k.ID}); slices.Contains(contents, c) {
			found[c] = k
		}
	}
	return found, nil
}

// A file is what is kept of one, as far as it is asked for.
type file struct {
	now, then *savesync.Kept
	within    []savesync.Kept // all that may have been meant
}

// files goes through what is kept of a game, and of each file keeps what it is and what
// it is to be.
func (d *Desk) files(ctx context.Context, player, game string, s Selection) (map[string]*file, error) {
	one := ""
	if len(s.Files) == 1 {
		one = s.Files[0]
	}
	files := map[string]*file{}
	var damaged error
	for k, err := range d.Versions(ctx, player, game, one) {
		if _, ok := errors.AsType[*savesync.RecordError](err); ok {
			damaged = err
			break
		}
		if err != nil {
			return nil, err
		}
		if len(s.Files) > 0 && !slices.Contains(s.Files, k.Name) {
			continue
		}
		f := files[k.Name]
		if f == nil {
			f = &file{}
			files[k.Name] = f
		}
		if k.State == savesync.Current {
			f.now = &k
		}
		if s.mayMean(k) {
			f.within = append(f.within, k)
		}
		if s.means(k) && (f.then == nil || !k.Written.Before(f.then.Written)) {
			f.then = &k
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if f := files[name]; len(f.within) > 1 {
			return nil, &SeveralError{name, f.within}
		}
	}
	for _, name := range s.Files {
		switch f := files[name]; {
		case f == nil:
			return nil, &NoFileError{Game: game, File: name}
		case f.then == nil && s.Version != "":
			return nil, &NoVersionError{File: name, Version: s.Version}
		case f.then == nil:
			return nil, &NoFileError{Game: game, File: name, At: s.At}
		}
	}
	return files, damaged
}

// means reports whether a version is the one that is meant, or may be: of several the
// newest is.
func (s Selection) means(k savesync.Kept) bool {
	if s.Version != "" {
		return s.Version == k.ID || s.Version == strconv.Itoa(k.Number)
	}
	if s.At.IsZero() {
		return k.State == savesync.Current
	}
	return (k.State == savesync.Current || k.State == savesync.Older) &&
		!k.Written.After(s.At) && (k.Replaced.IsZero() || k.Replaced.After(s.At))
}

// mayMean reports whether a version became current within the moment that was told.
func (s Selection) mayMean(k savesync.Kept) bool {
	return s.Version == "" && !s.Since.IsZero() && (k.State == savesync.Current || k.State == savesync.Older) &&
		!k.Written.Before(s.Since) && !k.Written.After(s.At)
}

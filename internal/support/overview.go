package support

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// An Overview is what is known of a player beside the account.
type Overview struct {
	// LastSync is when the player last synced, zero for never: to the day where there was
	// nothing to write.
	LastSync time.Time `json:"lastSync,omitzero"`
	Games    []Game    `json:"games"`
	// Ban keeps the player from syncing, nil for none.
	Ban *Ban `json:"ban,omitempty"`
	// Forgotten is when the player was erased, zero for everybody else.
	Forgotten time.Time `json:"forgotten,omitzero"`
	// Support holds what operators last did for the player, oldest first.
	Support []Deed `json:"support,omitempty"`
}

// A Ban is a [savesync.Ban]. Until is zero for one that does not end by itself.
type Ban struct {
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by,omitempty"`
	At     time.Time `json:"at"`
	Until  time.Time `json:"until,omitzero"`
}

// A Deed is a [savesync.Deed].
type Deed struct {
	At    time.Time `json:"at"`
	By    string    `json:"by,omitempty"`
	What  string    `json:"what"`
	Game  string    `json:"game,omitempty"`
	Files int       `json:"files,omitempty"`
}

// A Game is what is kept of one game.
type Game struct {
	ID string `json:"game"`
	// Files and Bytes are of the current saves.
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
	// Older and OlderBytes are of all other versions, of which the last one goes at Until,
	// zero for not yet.
	Older      int64     `json:"olderVersions"`
	OlderBytes int64     `json:"olderBytes"`
	Until      time.Time `json:"keptUntil,omitzero"`
	// LeftOut says of the first few files that the last sync neither sent nor fetched why
	// not, by file name.
	LeftOut map[string]savesync.Bar `json:"leftOut,omitempty"`
	// Waiting says that the saves are as the backend before this one left them.
	Waiting bool `json:"waiting,omitempty"`
}

// Glance returns what the record alone tells of a player: nothing of older versions.
func (d *Desk) Glance(ctx context.Context, player string) (Overview, error) {
	record, err := d.Record(ctx, player)
	if err != nil {
		return Overview{}, err
	}
	return glance(record), nil
}

// Saves returns what the table tells of a player: nothing of older versions.
func (d *Desk) Saves(ctx context.Context, player string) (Overview, error) {
	known, err := d.Known(ctx, player)
	if err != nil {
		return Overview{}, err
	}
	o := glance(known.Record)
	for id, entries := range known.Waiting {
		g := Game{ID: id, Files: int64(len(entries)), Waiting: true}
		for _, e := range entries {
			g.Bytes += e.Size
		}
		o.Games = append(o.Games, g)
	}
	slices.SortFunc(o.Games, func(a, b Game) int { return strings.Compare(a.ID, b.ID) })
	return o, nil
}

// Overview returns what is known of a player. It makes its calls at once, but those for
// what the backend before this one left.
func (d *Desk) Overview(ctx context.Context, player string) (Overview, error) {
	var o Overview
	versions := map[string]*Game{}
	err := cloud.Together(ctx,
		func(ctx context.Context) (err error) { o, err = d.Saves(ctx, player); return err },
		func(ctx context.Context) error { return d.count(ctx, player, versions) })
	if err != nil {
		return Overview{}, err
	}
	for id, all := range versions {
		i, known := slices.BinarySearchFunc(o.Games, id, func(g Game, id string) int { return strings.Compare(g.ID, id) })
		if !known {
			o.Games = slices.Insert(o.Games, i, Game{ID: id})
		}
		g := &o.Games[i]
		g.Older, g.OlderBytes, g.Until = max(0, all.Older-g.Files), max(0, all.OlderBytes-g.Bytes), all.Until
	}
	return o, nil
}

// count counts all versions of a player's contents, by game.
func (d *Desk) count(ctx context.Context, player string, games map[string]*Game) error {
	for v, err := range d.Archive.History(ctx, "users/"+player+"/") {
		if err != nil {
			return err
		}
		if !savesync.IsContent(v.Key) {
			continue
		}
		id := strings.Split(v.Key, "/")[2]
		g := games[id]
		if g == nil {
			g = &Game{}
			games[id] = g
		}
		g.Older, g.OlderBytes = g.Older+1, g.OlderBytes+v.Size
		if until := v.Replaced.Add(d.Retention); !v.Replaced.IsZero() && until.After(g.Until) {
			g.Until = until
		}
	}
	return nil
}

// glance sums up a record.
func glance(r *savesync.Record) Overview {
	o := Overview{Games: []Game{}}
	if b := r.Ban; b != nil {
		o.Ban = &Ban{Reason: b.Reason, By: b.By, At: instant(b.At), Until: instant(b.Until)}
	}
	if r.Forgotten != nil {
		o.Forgotten = instant(r.Forgotten.At)
	}
	for _, d := range r.Support {
		o.Support = append(o.Support, Deed{At: instant(d.At), By: d.By, What: d.What, Game: d.Game, Files: d.Files})
	}
	last := max(r.Usage.Since, r.Usage.At)
	for _, id := range slices.Sorted(maps.Keys(r.Games)) {
		g := Game{ID: id, LeftOut: r.Games[id].LeftAlone}
		for _, f := range r.Games[id].Files {
			g.Files, g.Bytes = g.Files+1, g.Bytes+f.Size
			last = max(last, f.Committed)
		}
		o.Games = append(o.Games, g)
	}
	if r.Synced > 0 { // else by a release that did not note it
		last = r.Synced
	}
	o.LastSync = instant(last)
	return o
}

// instant is a time of a record, in seconds since 1970; 0 is none.
func instant(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// Total adds up the current saves of all games.
func (o Overview) Total() (files, bytes int64) {
	for _, g := range o.Games {
		files, bytes = files+g.Files, bytes+g.Bytes
	}
	return files, bytes
}

package savesync

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Deed is something that an operator did for a player.
type Deed struct {
	// At is when, in seconds since 1970.
	At int64 `json:"at"`
	// By is who, and What the verb: "ban", "restore", ….
	By   string `json:"by,omitempty"`
	What string `json:"what"`
	// Game is the game whose saves it was about, "" for none, and Files how many of them.
	Game  string `json:"game,omitempty"`
	Files int    `json:"files,omitempty"`
}

// did notes what an operator did, and forgets what was done long before.
func (r *Record) did(d Deed) {
	d.By = brief(d.By, maxBy)
	r.Support = append(r.Support, d)
	r.Support = r.Support[max(0, len(r.Support)-maxDeeds):]
}

// touch notes that the player syncs now. The record is written for that alone once a
// day, if there is one.
func (st *state) touch() {
	const day = int64(24 * time.Hour / time.Second)
	now := st.now.Unix()
	st.due = st.revision > 0 && st.record.Synced/day != now/day
	st.record.Synced = now
}

// leaveAlone notes what a plan leaves alone and why, and reports whether that is
// something else than before. What is not the game's own comes last: nobody misses it.
func (g *Game) leaveAlone(barred []Entry) (changed bool) {
	barred = slices.Clone(barred)
	slices.SortStableFunc(barred, func(a, b Entry) int { return first(a.Barred == BarName) - first(b.Barred == BarName) })
	left := make(map[string]Bar, maxLeftAlone)
	for _, e := range barred[:min(len(barred), maxLeftAlone)] {
		left[brief(e.Name, maxNameBytes)] = e.Barred
	}
	changed = !maps.Equal(g.LeftAlone, left)
	g.LeftAlone = left
	return changed
}

// brief returns the beginning of a text, of at most so many bytes, that JSON writes as
// it is: in one line, and without what JSON escapes. What people say of bans and files
// is for people to read.
func brief(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError || strings.ContainsRune(`"\<>&`, r) {
			return '?'
		}
		return r
	}, s)
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
	}
	return s
}

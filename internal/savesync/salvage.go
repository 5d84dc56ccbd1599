package savesync

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A NewerRecordError says that a newer release has written a player's record, in a layout
// that this one does not know. Nothing is wrong with it.
type NewerRecordError struct{ Format int }

func (e *NewerRecordError) Error() string {
	return fmt.Sprintf("the player's record has format %d, this release knows %d", e.Format, recordFormat)
}

// isNewer reports whether an error is only that a newer release has written the record.
func isNewer(err error) bool {
	_, newer := errors.AsType[*NewerRecordError](err)
	return newer
}

// salvage returns what a damaged record still tells, part by part. What it does not tell
// is missing, but for one thing: a player who was turned away stays so.
func salvage(data []byte, now time.Time) *Record {
	var parts struct {
		Games     map[string]json.RawMessage `json:"games"`
		Usage     json.RawMessage            `json:"usage"`
		Synced    json.RawMessage            `json:"synced"`
		Support   json.RawMessage            `json:"support"`
		Ban       json.RawMessage            `json:"ban"`
		Forgotten json.RawMessage            `json:"forgotten"`
	}
	_ = json.Unmarshal(data, &parts) // as far as it goes
	r := &Record{Format: recordFormat, Games: map[string]*Game{}}
	for id, text := range parts.Games {
		if g := salvageGame(text); g != nil && CheckGameID(id) == nil {
			r.Games[id] = g
		}
	}
	read(parts.Usage, &r.Usage)
	read(parts.Synced, &r.Synced)
	read(parts.Support, &r.Support)
	r.Ban, r.Forgotten = barsIn(string(data), now)
	return r
}

// read decodes a part of a record, which stays as it was if it cannot be read.
func read[T any](text json.RawMessage, part *T) {
	var v T
	if len(text) > 0 && json.Unmarshal(text, &v) == nil {
		*part = v
	}
}

// salvageGame returns those of a game's entries that can be read and make sense, nil if
// there is no game.
func salvageGame(text json.RawMessage) *Game {
	var parts struct {
		Files   map[string]json.RawMessage `json:"files"`
		Uploads []json.RawMessage          `json:"uploads"`
		Retired []json.RawMessage          `json:"retired"`
	}
	_ = json.Unmarshal(text, &parts)
	g := &Game{Files: map[string]File{}}
	for name, text := range parts.Files {
		var f File
		read(text, &f)
		if (&Game{Files: map[string]File{name: f}}).check() == nil {
			g.Files[name] = f
		}
	}
	for _, text := range parts.Uploads {
		var u Upload
		read(text, &u)
		if (&Game{Uploads: []Upload{u}}).check() == nil {
			g.Uploads = append(g.Uploads, u)
		}
	}
	for _, text := range parts.Retired {
		var c Content
		read(text, &c)
		if checkFileName(c.Name) == nil && c.ID != "" && !strings.Contains(c.ID, "/") {
			g.Retired = append(g.Retired, c)
		}
	}
	if len(g.Files)+len(g.Uploads)+len(g.Retired) == 0 {
		return nil
	}
	return g
}

// barsIn finds the ban and the tombstone in the text of a record, which need not be JSON
// any more. Of a record that says by its layout that the player was turned away, and not
// how, a ban is what is left: who may sync again is for an operator to say.
func barsIn(text string, now time.Time) (*Ban, *Tombstone) {
	var stone *Tombstone
	for _, s := range found[Tombstone](text, "forgotten") {
		if s.At > 0 && s.Quiet > 0 {
			stone = &s
		}
	}
	if stone != nil {
		return nil, stone
	}
	var ban *Ban
	for _, b := range found[Ban](text, "ban") {
		if b.At > 0 { // else it is a game of that name
			ban = &Ban{Reason: brief(b.Reason, maxReason), By: brief(b.By, maxBy), At: b.At, Until: b.Until}
		}
	}
	if ban == nil && strings.HasPrefix(text, fmt.Sprintf(`{"format":%d`, barredFormat)) {
		ban = &Ban{By: "a damaged record", At: now.Unix()}
	}
	return ban, nil
}

// tellsOfNoBar reports whether the text of a damaged record says, by its layout, that the
// player was not turned away.
func tellsOfNoBar(text string) bool {
	rest, ok := strings.CutPrefix(text, fmt.Sprintf(`{"format":%d`, recordFormat))
	return ok && strings.TrimLeft(rest, "0123456789") == rest
}

// found returns what stands behind a name in a text, wherever that can be read. No name
// of a file can hold the quotes around it.
func found[T any](text, name string) []T {
	var list []T
	for _, rest := range slices.Backward(strings.Split(text, `"`+name+`":`)[1:]) {
		var v T
		if json.NewDecoder(strings.NewReader(rest)).Decode(&v) == nil {
			list = append(list, v)
		}
	}
	return list
}

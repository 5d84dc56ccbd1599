package savesync

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// maxBody bounds a request's body in bytes: four times what 500 files with the longest names take.
const maxBody = 1 << 20

// An Entry is what a device says of one of its files.
type Entry struct {
	Name string
	// Local is how the device spells the name, "" for the same way.
	Local string
	// Size is in bytes.
	Size int64
	// Modified is the file's modification time by the device's clock.
	Modified Timestamp
	// Checksum is the SHA-256 in 64 lower-case hex digits.
	Checksum string
	// Barred says why the file is neither sent nor fetched, "" if it may be. Such a
	// file is still there: it counts for which slot is listed.
	Barred Bar
}

// A Bar is why a file is left alone on its device.
type Bar string

// The bars. The first ones are decided by what the device says of the file, the
// others by what the player has in the cloud.
const (
	BarName     Bar = "name"     // not the game's own, or not a name for every system
	BarSpelling Bar = "spelling" // another file's name but for capital letters
	BarSize     Bar = "size"     // over the limit of one file
	BarFiles    Bar = "files"    // the player has as many files as are allowed
	BarBytes    Bar = "bytes"    // the player's files are as large as is allowed
	BarRecord   Bar = "record"   // there is no room left in the player's record
	BarBudget   Bar = "budget"   // the player has sent as much as is allowed for now
	BarFailed   Bar = "failed"   // sending it failed several times; it waits
)

// A Manifest is what a device lists: "persistent" and the files of one slot, by
// file name. It says nothing of the device's other files.
type Manifest map[string]Entry

// decodePlan reads the body of POST /sync/plan. Every error is a [*Refusal].
func decodePlan(body []byte, limits Limits) (game string, m Manifest, err error) {
	var in struct {
		GameID   *string `json:"game_id"`
		Manifest map[string]*struct {
			Size     *int64     `json:"size"`
			Modified *Timestamp `json:"modified_timestamp"`
			Checksum string     `json:"checksum"`
		} `json:"manifest"`
	}
	if err := decodeObject(body, &in); err != nil {
		return "", nil, err
	}
	if game, err = checkGame(in.GameID, limits); err != nil {
		return "", nil, err
	}
	if in.Manifest == nil {
		return "", nil, malformed("the request has no manifest")
	}
	m = make(Manifest, len(in.Manifest))
	for name, e := range in.Manifest {
		if checkFileName(name) != nil || !travels(name) {
			entry := Entry{Name: name, Barred: BarName}
			if e != nil && e.Modified != nil {
				entry.Modified = *e.Modified
			}
			m[name] = entry
			continue
		}
		if e == nil || e.Size == nil || e.Modified == nil {
			return "", nil, malformed("the entry of %q lacks its size or its modified_timestamp", name)
		}
		entry := Entry{Name: name, Size: *e.Size, Modified: *e.Modified, Checksum: strings.ToLower(e.Checksum)}
		if entry.Size < 0 {
			return "", nil, malformed("%q has a negative size", name)
		}
		if !isChecksum(entry.Checksum) {
			return "", nil, malformed("the checksum of %q is not a SHA-256 in hex", name)
		}
		m[name] = entry
	}
	return game, m, nil
}

// completion is the body of POST /sync/complete. What it says of success is not believed.
type completion struct {
	Game    string
	Success bool
	// Error is the client's own text, cut to a length fit for a log line.
	Error string
}

// decodeComplete reads the body of POST /sync/complete. Every error is a [*Refusal].
func decodeComplete(body []byte, limits Limits) (completion, error) {
	var in struct {
		GameID  *string         `json:"game_id"`
		Success any             `json:"success"`
		Error   json.RawMessage `json:"error"`
	}
	if err := decodeObject(body, &in); err != nil {
		return completion{}, err
	}
	game, err := checkGame(in.GameID, limits)
	if err != nil {
		return completion{}, err
	}
	success, _ := in.Success.(bool)
	return completion{Game: game, Success: success, Error: clientError(in.Error)}, nil
}

// decodeObject reads a JSON object into v.
func decodeObject(body []byte, v any) error {
	if len(body) > maxBody {
		return tooLarge("The request is too large.")
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return malformed("the request is not a JSON object")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return malformed("the request is not valid: %v", err)
	}
	return nil
}

// checkGame returns the game that a request is about, if players may sync it.
func checkGame(id *string, limits Limits) (string, error) {
	if id == nil {
		return "", malformed("the request has no game_id")
	}
	if err := CheckGameID(*id); err != nil {
		return "", malformed("%v", err)
	}
	if len(limits.Games) > 0 && !slices.Contains(limits.Games, *id) {
		return "", malformed("the game %q is not synced here", *id)
	}
	return *id, nil
}

// clientError returns the start of the error that a client reports, null being none.
func clientError(raw json.RawMessage) string {
	const limit = 200
	s := string(raw)
	if s == "null" {
		return ""
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		s = text
	}
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}

package saves

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Inside is what a Ren'Py save says of itself. Players write it: it may be anything.
type Inside struct {
	// Name is the name that player or game gave the save.
	Name string
	// Texts are what the game itself put beside it, such as "chapter: The garden", in
	// the order of the names.
	Texts []string
	// Played is for how long the game had been played, 0 if the engine does not say.
	Played time.Duration
	// Picture is a PNG of the screen, nil if there is none.
	Picture []byte
}

// ErrNotASave says that a content is no save that can be read.
var ErrNotASave = errors.New("it cannot be read as a save")

const (
	// maxEntries and the bounds of what is read of an entry, in bytes, keep a small file
	// from taking all memory: zip archives may inflate a thousandfold.
	maxEntries = 1000
	maxText    = 64 << 10
	maxPicture = 8 << 20
	// maxShown bounds, in bytes, what is kept of a text.
	maxShown = 200
)

var pngBegin = []byte("\x89PNG\r\n\x1a\n")

// Look reads what a save says of itself. The error is [ErrNotASave].
func Look(content []byte) (Inside, error) {
	if bytes.Count(content, []byte("PK\x01\x02")) > maxEntries {
		return Inside{}, ErrNotASave
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return Inside{}, ErrNotASave
	}
	in := Inside{Name: brief(string(entry(archive, "extra_info", maxText)))}
	if picture := entry(archive, "screenshot.png", maxPicture); bytes.HasPrefix(picture, pngBegin) {
		in.Picture = picture
	}
	in.describe(entry(archive, "json", maxText))
	return in, nil
}

// entry reads an entry, nil if it is not there, cannot be read or is too long.
func entry(archive *zip.Reader, name string, limit int64) []byte {
	f, err := archive.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil || int64(len(data)) > limit {
		return nil
	}
	return data
}

// describe reads the JSON of a save. What begins with an underscore is the engine's.
func (in *Inside) describe(text []byte) {
	fields := map[string]any{}
	if json.Unmarshal(text, &fields) != nil {
		return
	}
	const longest = 100 * 365 * 24 * 3600 // seconds
	if s, ok := fields["_game_runtime"].(float64); ok && s > 0 && s < longest {
		in.Played = time.Duration(s * float64(time.Second))
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if strings.HasPrefix(name, "_") {
			continue
		}
		switch value := fields[name].(type) {
		case string, float64, bool:
			in.Texts = append(in.Texts, brief(fmt.Sprintf("%s: %v", name, value)))
		}
	}
}

// brief cuts a text that is too long to be shown.
func brief(text string) string {
	text = strings.ToValidUTF8(text, "�")
	if len(text) <= maxShown {
		return text
	}
	cut := maxShown
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

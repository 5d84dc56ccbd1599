package support

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// A PartialError says what is missing from something that was otherwise delivered.
type PartialError struct{ Missing []string }

func (e *PartialError) Error() string {
	return fmt.Sprintf("%d files are missing, such as %s", len(e.Missing), e.Missing[0])
}

// Takeout writes a zip of everything that is stored about a player: the account, what
// the record says, every current save as the game has it, every older version, and what
// devices sent that is neither. What
// cannot be read is named in the zip, and by a *[PartialError] at the end.
func (d *Desk) Takeout(ctx context.Context, player players.Player, w io.Writer) error {
	record, err := d.Record(ctx, player.Sub)
	if err != nil {
		return err
	}
	t := &takeout{desk: d, player: player.Sub, zip: zip.NewWriter(w), now: d.Now()}
	for _, game := range slices.Sorted(maps.Keys(record.Games)) {
		t.game(ctx, game)
	}
	t.rest(ctx)
	if record, err = d.Record(ctx, player.Sub); err != nil { // as it is now that all is settled
		return err
	}
	t.json("account.json", player)
	t.json("record.json", record)
	t.index()
	if t.err != nil {
		return t.err
	}
	if err := t.zip.Close(); err != nil {
		return err
	}
	if len(t.missing) > 0 {
		return &PartialError{t.missing}
	}
	return nil
}

// A takeout writes a zip up to the first error of writing it, or of listing what is to be in it.
type takeout struct {
	desk    *Desk
	player  string
	zip     *zip.Writer
	now     time.Time
	lines   []string
	missing []string
	err     error
}

func (t *takeout) json(name string, v any) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.err = errors.Join(t.err, err)
		return
	}
	t.file(name, t.now, data)
}

// game writes all versions of a game's files.
func (t *takeout) game(ctx context.Context, game string) {
	if t.err != nil {
		return
	}
	if _, t.err = t.desk.Settle(ctx, t.player, game); t.err != nil {
		return
	}
	for k, err := range t.desk.Versions(ctx, t.player, game, "") {
		if err != nil {
			t.err = err
			return
		}
		name := "saves/" + game + "/" + k.Name
		if k.State != savesync.Current {
			name = fmt.Sprintf("older/%s/%s/%d-%s-%s", game, k.Name, k.Number, k.Written.UTC().Format("2006-01-02-150405"), k.Name)
		}
		data, err := t.desk.Content(ctx, t.player, game, k.Source)
		if !t.content(ctx, name, k.Written, string(k.State), data, err) {
			return
		}
	}
}

// rest writes what lies elsewhere: what no request has settled yet, and what the backend
// before this one left, whose names nobody checked.
func (t *takeout) rest(ctx context.Context) {
	for _, prefix := range below(t.player) {
		if t.err != nil {
			return
		}
		for v, err := range t.desk.Archive.History(ctx, prefix) {
			if err != nil {
				t.err = err
				return
			}
			if savesync.IsContent(v.Key) {
				continue
			}
			name := "other/" + strings.NewReplacer("..", "__", "\\", "_").Replace(v.Key) + "/" + v.ID
			object, err := t.desk.Service.Objects.Read(ctx, v.Key, v.ID, v.Size)
			if !t.content(ctx, name, v.Written, "as it was sent", object.Data, err) {
				return
			}
		}
	}
}

// content writes a content, or notes that it is missing, and reports whether to go on.
func (t *takeout) content(ctx context.Context, name string, written time.Time, state string, data []byte, err error) bool {
	line := fmt.Sprintf("%s  %d bytes, written %s, %s", name, len(data), written.UTC().Format("2006-01-02 15:04:05 UTC"), state)
	switch {
	case err != nil && ctx.Err() != nil:
		t.err = err
	case err != nil:
		t.missing = append(t.missing, name)
		line = name + "  MISSING, it could not be read"
	default:
		t.file(name, written, data)
	}
	t.lines = append(t.lines, line)
	return t.err == nil
}

func (t *takeout) index() {
	t.file("README.txt", t.now, []byte(fmt.Sprintf(`Everything that is stored about the player %s, as of %s.

account.json  the account: the address, and when it was made
record.json   what the sync service knows: which saves there are, when they came
saves/        the current saves, a folder a game, as the game has them
older/        their older versions, which are still kept
other/        what devices sent that is not settled yet, if anything

%s
`, t.player, t.now.UTC().Format("2006-01-02 15:04:05 UTC"), strings.Join(t.lines, "\n"))))
}

func (t *takeout) file(name string, modified time.Time, data []byte) {
	if t.err != nil {
		return
	}
	w, err := t.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: modified})
	if err == nil {
		_, err = w.Write(data)
	}
	t.err = err
}

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
// the record says, every current save as the game has it, and every older version. What
// cannot be read is named in the zip, and by a *[PartialError] at the end.
func (d *Desk) Takeout(ctx context.Context, player players.Player, w io.Writer) error {
	record, err := d.Record(ctx, player.Sub)
	if err != nil {
		return err
	}
	t := &takeout{desk: d, player: player.Sub, zip: zip.NewWriter(w), now: d.now()}
	for _, game := range slices.Sorted(maps.Keys(record.Games)) {
		t.game(ctx, game)
	}
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
		if err != nil && ctx.Err() != nil {
			t.err = err
			return
		}
		line := fmt.Sprintf("%s  %d bytes, written %s, %s", name, k.Size, k.Written.UTC().Format("2006-01-02 15:04:05 UTC"), k.State)
		if err != nil {
			t.missing = append(t.missing, name)
			line += ": MISSING, it could not be read"
		} else {
			t.file(name, k.Written, data)
		}
		t.lines = append(t.lines, line)
	}
}

func (t *takeout) index() {
	t.file("README.txt", t.now, []byte(fmt.Sprintf(`Everything that is stored about the player %s, as of %s.

account.json  the account: the address, and when it was made
record.json   what the sync service knows: which saves there are, when they came
saves/        the current saves, a folder a game, as the game has them
older/        their older versions, which are still kept

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

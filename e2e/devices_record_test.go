//go:build e2e && (linux || darwin)

package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// A committed is what the table has of a file.
type committed struct {
	savesync.File
	spelled string // the file's name
	data    string // the bytes
}

// checkRecord looks at what the record names, whenever nothing is under way, and
// at how it differs from when it last looked.
func (h *household) checkRecord(t *testing.T) {
	t.Helper()
	record := h.record(t)
	for name, f := range record {
		f.data = h.checkNamed(t, name, f)
		record[name] = f
		h.checkChange(name, h.witness.record[name], f)
	}
	for name := range h.witness.record {
		if _, ok := record[name]; !ok {
			h.witness.violate("promise 1: %s is gone from the record", name)
		}
	}
	h.witness.record = record
}

// checkNamed: promise 2. The record names only contents that were uploaded in full,
// in versions that are there. The current version of such a key must have the same
// bytes, or the content will expire (promise 1). It is another version if two copied
// the same content at once: S3 refuses the second, MiniStack does not.
func (h *household) checkNamed(t *testing.T, name string, f committed) (data string) {
	t.Helper()
	key := h.contents() + f.spelled + "/" + f.ID
	data, ok := h.object(t, key, &f.Version)
	what := content{name, data}
	health := map[bool]savesync.Health{true: savesync.Damaged, false: savesync.Readable}[what.broken()]
	switch current, currentOK := h.object(t, key, nil); {
	case !ok:
		h.witness.violate("promise 2: the record names a version of %s that is not there", name)
	case what.checksum() != f.Checksum || int64(len(data)) != f.Size:
		h.witness.violate("promise 2: the record names a version of %s whose bytes are others, %s", name, what)
	case !h.witness.arrived[what]:
		h.witness.violate("promise 2: the record names %s, which nobody uploaded in full", what)
	case !currentOK || current != data:
		h.witness.violate("promise 1: %s is committed, but not the current version of its key, and will expire", what)
	case modified(f) > secondsOf(time.Now())+1e-5:
		h.witness.violate("promise 3: %s is committed with the time %s, which lies in the future", what, f.Modified)
	case f.Health != health:
		h.witness.violate("promise 9: %s is %q in the record, and %q when it is read", what, f.Health, health)
	}
	return data
}

// checkChange: promise 9, that what can be read is never replaced by what cannot, nor,
// in one step, by its own beginning; and promise 11, that what was asked for only to be
// kept does not replace it.
func (h *household) checkChange(name string, before, after committed) {
	if before.Checksum == "" || before.Checksum == after.Checksum {
		return
	}
	was, is := content{name, before.data}, content{name, after.data}
	if !was.broken() && is.broken() {
		h.witness.violate("promise 9: %s, which can be read, was replaced by %s", was, is)
	}
	if !was.broken() && !h.witness.wanted[is] {
		h.witness.violate("promise 11: %s was replaced by %s, which was asked for only to be kept", was, is)
	}
	if !older(after, was) {
		h.witness.violate("promise 3: %s was replaced by %s, and is not known as older", was, is)
	}
	atOnce := after.Older == before.Older+savesync.History(historyKey(was))
	if atOnce && len(is.data) < len(was.data) && strings.HasPrefix(was.data, is.data) {
		h.witness.violate("promise 9: %s was replaced by its beginning", was)
	}
}

// contents begins the keys of what the backend keeps for the player, inboxes those
// of what the devices send.
func (h *household) contents() string {
	return "users/" + h.player.sub + "/" + h.stage.game.GameID + "/content/"
}
func (h *household) inboxes() string {
	return "inbox/" + h.player.sub + "/" + h.stage.game.GameID + "/"
}

// object reads a version of a key, the current one if none is given.
func (h *household) object(t *testing.T, key string, version *string) (data string, ok bool) {
	t.Helper()
	out, err := h.cloud.s3.GetObject(t.Context(), &s3.GetObjectInput{
		Bucket: &h.stage.info.Outputs.SaveFilesBucketName, Key: &key, VersionId: version,
	})
	if e, ok := errors.AsType[smithy.APIError](err); ok && strings.HasPrefix(e.ErrorCode(), "NoSuch") {
		return "", false
	}
	if err != nil {
		t.Fatal(err)
	}
	body, err := readAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body), true
}

// record is what the table has of the player's game, by file name in small letters.
func (h *household) record(t *testing.T) map[string]committed {
	t.Helper()
	out, err := h.cloud.dynamodb.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: &h.stage.info.Outputs.ManifestTableName,
		Key: map[string]ddb.AttributeValue{
			"user_id": &ddb.AttributeValueMemberS{Value: h.player.sub}, "game_id": &ddb.AttributeValueMemberS{Value: "*"},
		},
		ConsistentRead: new(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	text, ok := out.Item["record"].(*ddb.AttributeValueMemberS)
	if !ok && len(out.Item) == 0 {
		return nil // nobody has asked yet
	}
	if !ok {
		t.Fatalf("the player's item has no record: %v", slices.Sorted(maps.Keys(out.Item)))
	}
	var record savesync.Record
	if err := json.Unmarshal([]byte(text.Value), &record); err != nil {
		t.Fatal(err)
	}
	game := record.Games[h.stage.game.GameID]
	if game == nil || len(record.Games) != 1 {
		t.Fatalf("the record is of the games %v", slices.Sorted(maps.Keys(record.Games)))
	}
	files := map[string]committed{}
	for spelled, f := range game.Files {
		name := strings.ToLower(spelled)
		if other, ok := files[name]; ok {
			h.witness.violate("promise 10: the record has both %s and %s", other.spelled, spelled)
		}
		files[name] = committed{File: f, spelled: spelled}
	}
	return files
}

// newer tells whether a time is later than that of a committed content, by more
// than what times lose as floats.
func newer(t time.Time, f committed) bool { return secondsOf(t)-modified(f) > 1e-5 }

// secondsOf is a time as the wire has it.
func secondsOf(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// modified is the time of a committed content, as the wire has it.
func modified(f committed) float64 {
	s, _ := strconv.ParseFloat(f.Modified.String(), 64) // a Timestamp is a number
	return s
}

// older tells whether the record knows a content as older than the committed one.
func older(f committed, what content) bool {
	digits := historyKey(what)
	for known := range slices.Chunk([]byte(f.Older), len(digits)) {
		if string(known) == digits {
			return true
		}
	}
	return false
}

// historyKey is what a history has of a content. docs/protocol.md has the layout: 48
// bits of its checksum, in base64.
func historyKey(what content) string {
	sum, _ := hex.DecodeString(what.checksum()[:12]) // cannot fail: they are hex digits
	return base64.RawURLEncoding.EncodeToString(sum)
}

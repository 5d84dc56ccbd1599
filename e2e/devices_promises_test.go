//go:build e2e && (linux || darwin)

package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
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

// checkRecord: promise 2. Whenever nothing is under way, the record names only
// contents that were uploaded in full, in versions that are there. The current
// version of such a key must have the same bytes, or the content will expire
// (promise 1). It is another version if two copied the same content at once: S3
// refuses the second, MiniStack does not.
func (h *household) checkRecord(t *testing.T) {
	t.Helper()
	for name, f := range h.record(t) {
		key := "users/" + h.player.sub + "/" + h.stage.game.GameID + "/content/" + name + "/" + f.ID
		data, ok := h.object(t, key, &f.Version)
		what := content{name, data}
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
		}
	}
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

// record is what the table has of the player's game, by file name.
func (h *household) record(t *testing.T) map[string]savesync.File {
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
	return game.Files
}

// kept is all that the bucket has of the player, in any version.
func (h *household) kept(t *testing.T) map[content]bool {
	t.Helper()
	kept := map[content]bool{}
	for _, v := range h.cloud.versions(t, h.stage.info.Outputs.SaveFilesBucketName) {
		if !strings.HasPrefix(v.key, "users/"+h.player.sub+"/") {
			continue
		}
		name, ok := h.nameOf(v.key)
		if !ok {
			h.witness.violate("promise 8: the player has the key %s", v.key)
		}
		data, ok := h.object(t, v.key, &v.id)
		if !ok {
			h.witness.violate("promise 1: somebody deleted %s", v.key)
		}
		kept[content{name, data}] = true
	}
	return kept
}

// checkArrived: promise 1, that all that was uploaded in full is in some version of
// the bucket; promise 5, that none of it was forgotten; and promise 2, that nothing
// else was handed out.
func (h *household) checkArrived(t *testing.T) {
	t.Helper()
	record, kept := h.record(t), h.kept(t)
	for what := range h.witness.arrived {
		if !kept[what] {
			h.witness.violate("promise 1: %s, which was uploaded, is in no version", what)
		}
	}
	for _, contents := range h.witness.inboxes {
		for what, announced := range contents {
			// What came over it in the same inbox may have hidden it from the backend.
			if announced && len(contents) == 1 {
				h.checkStanding(what, record)
			}
		}
	}
	for what, device := range h.witness.fetched {
		if !h.witness.arrived[what] {
			h.witness.violate("promise 2: %s was given %s, which nobody uploaded in full", device, what)
		}
	}
}

// nameOf returns the file that a key of the player's is for.
func (h *household) nameOf(key string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(key, "users/"+h.player.sub+"/"+h.stage.game.GameID+"/")
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 3 || parts[0] != "inbox" && parts[0] != "content" {
		return "", false
	}
	return parts[1], slices.Contains(scriptFiles, parts[1])
}

// checkStanding: what arrived is the committed content of its file, or was not
// above it. The time of what is committed never goes back, so the last record
// tells of all before it.
func (h *household) checkStanding(what content, record map[string]savesync.File) {
	f, ok := record[what.name]
	switch {
	case ok && f.Checksum == what.checksum():
	case !ok || !older(f, what):
		h.witness.violate("promise 5: %s arrived and is neither committed nor known as older", what)
	case newer(h.witness.announced[what], f):
		h.witness.violate("promise 3: %s of %s is newer than what is committed, of %s", what, clockTime(h.witness.announced[what]), f.Modified)
	}
}

// checkReplaced: promise 3, that no download came over something newer.
func (h *household) checkReplaced(t *testing.T) {
	t.Helper()
	record := h.record(t)
	for _, r := range h.witness.replaced {
		if f := record[r.name]; f.Checksum != r.checksum() && !older(f, r.content) && newer(r.since, f) {
			h.witness.violate("promise 3: on %s %s came over %s of %s; what is committed is of %s", r.device, r.by, r.content, clockTime(r.since), f.Modified)
		}
	}
}

// newer tells whether a time is later than that of a committed content, by more
// than what times lose as floats.
func newer(t time.Time, f savesync.File) bool { return secondsOf(t)-modified(f) > 1e-5 }

// secondsOf is a time as the wire has it.
func secondsOf(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// modified is the time of a committed content, as the wire has it.
func modified(f savesync.File) float64 {
	s, _ := strconv.ParseFloat(f.Modified.String(), 64) // a Timestamp is a number
	return s
}

// older tells whether the record knows a content as older than the committed one.
// docs/protocol.md has the layout: 48 bits of each checksum, in base64.
func older(f savesync.File, what content) bool {
	sum, _ := hex.DecodeString(what.checksum()[:12])
	digits := base64.RawURLEncoding.EncodeToString(sum)
	for known := range slices.Chunk([]byte(f.Older), len(digits)) {
		if string(known) == digits {
			return true
		}
	}
	return false
}

// checkDevices: all is quiet, so what a device lists is what is committed, and the
// last device, which came with nothing of its own, has every save.
func (h *household) checkDevices(t *testing.T) {
	record := h.record(t)
	for _, m := range h.machines {
		manifest, err := m.device.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		for name, told := range manifest {
			if f, ok := record[name]; told.Size > 0 && (!ok || f.Checksum != told.Checksum) {
				h.witness.violate("promise 4: all is quiet, but %s on %s is not what the record has", name, m.name)
			}
		}
	}
	last := h.machines[len(h.machines)-1]
	files := last.files()
	for name, f := range record {
		if name != "persistent" && !numberedSave.MatchString(name) {
			continue
		}
		if what := (content{name, files[name].data}); what.checksum() != f.Checksum {
			h.witness.violate("promise 4: the new device %s has %s, which is not what the record has", last.name, what)
		}
	}
}

// numberedSave matches the saves that a device without any is given.
var numberedSave = regexp.MustCompile(`^[0-9]+-.*\.save$`)

// nobodyElse: promise 8. The bucket and the table have nothing but of those who played.
func nobodyElse(t *testing.T, s *stage, cloud sdk, households []*household) {
	players := map[string]bool{}
	for _, h := range households {
		if h.player != nil {
			players[h.player.sub] = true
		}
	}
	for _, v := range cloud.versions(t, s.info.Outputs.SaveFilesBucketName) {
		if parts := strings.Split(v.key, "/"); len(parts) < 2 || parts[0] != "users" || !players[parts[1]] {
			t.Errorf("promise 8: the bucket has %s, which is nobody's", v.key)
		}
	}
	scan := dynamodb.NewScanPaginator(cloud.dynamodb, &dynamodb.ScanInput{TableName: &s.info.Outputs.ManifestTableName})
	for scan.HasMorePages() {
		page, err := scan.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			if id, ok := item["user_id"].(*ddb.AttributeValueMemberS); !ok || !players[id.Value] {
				t.Errorf("promise 8: the table has an item of %v, who is nobody", item["user_id"])
			}
		}
	}
}

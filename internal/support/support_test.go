package support

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/saves"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

const (
	player = "0f2b4c6e-aaaa-bbbb-cccc-0123456789ab"
	game   = "my_game"
	slot1  = "1-1-LT1.save"
	slot3  = "3-1-LT1.save"
)

// A room is a desk over stores in memory.
type room struct {
	*Desk
	t     *testing.T
	store *memstore.Store
	table *table
	time  time.Time
}

func newRoom(t *testing.T) *room {
	r := &room{t: t, time: time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC), table: &table{items: map[string]map[string]ddb.AttributeValue{}}}
	now := func() time.Time { return r.time }
	r.store = memstore.New(now, 90*24*time.Hour)
	ids := 0
	r.Desk = &Desk{
		Operator: &savesync.Operator{
			Service: &savesync.Service{
				Limits:    savesync.Limits{FileBytes: 1 << 20, PlayerBytes: 1 << 30, PlayerFiles: 500},
				Manifests: r.store, Objects: r.store, Now: now, Unchecked: true,
				NewID: func() string { ids++; return fmt.Sprintf("%012d%012d", ids, 0) },
			},
			Archive: r.store, By: "sam", Retention: 90 * 24 * time.Hour,
		},
		Items: saves.NewItems(r.table, "t"), Bucket: bucket.Bucket{Name: "b", Owner: "123456789012"}, objects: versioned{r.store}, logs: 30 * 24 * time.Hour, backups: 35 * 24 * time.Hour,
	}
	return r
}

// save makes a content current, a minute after what was before.
func (r *room) save(name, data string) {
	r.t.Helper()
	r.time = r.time.Add(time.Minute)
	if _, err := r.Upload(r.t.Context(), player, game, name, []byte(data)); err != nil {
		r.t.Fatal(err)
	}
}

// current returns the current contents, by file.
func (r *room) current() map[string]string {
	r.t.Helper()
	list := map[string]string{}
	for k, err := range r.Versions(r.t.Context(), player, game, "") {
		if err != nil {
			r.t.Fatal(err)
		}
		if k.State == savesync.Current {
			data, err := r.Content(r.t.Context(), player, game, k.Source)
			if err != nil {
				r.t.Fatal(err)
			}
			list[k.Name] = string(data)
		}
	}
	return list
}

// TestRestoreToAMoment restores a game to what it was, and takes that back.
func TestRestoreToAMoment(t *testing.T) {
	r := newRoom(t)
	r.save("persistent", "p1")
	r.save(slot3, "three")
	r.save(slot1, "one")
	then := r.time.Add(time.Second)
	r.save(slot1, "spoilt")
	r.save("persistent", "p2")
	r.save("2-1-LT1.save", "new")
	before := r.time.Add(time.Second)
	r.time = r.time.Add(time.Hour)
	plan, err := r.PlanRestore(t.Context(), player, game, Selection{At: then})
	if err != nil || len(plan.Changes) != 2 || plan.Changes[0].To.Name != "persistent" || plan.Changes[1].Page != "1" || plan.Changes[1].Now.Number != 2 ||
		!slices.Equal(plan.Same, []string{slot3}) || !slices.Equal(plan.Stay, []string{"2-1-LT1.save"}) || plan.Continue != slot1 {
		t.Fatalf("the plan is %+v, %v", plan, err)
	}
	if _, err := r.Restore(t.Context(), player, game, plan); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"persistent": "p1", slot1: "one", slot3: "three", "2-1-LT1.save": "new"}
	if got := r.current(); !maps.Equal(got, want) {
		t.Errorf("restored: %v", got)
	}
	record, err := r.Record(t.Context(), player)
	if f := record.Games[game].Files; err != nil || f[slot1].Modified.Compare(f["persistent"].Modified) <= 0 {
		t.Errorf("what was newest then is not the newest now: %+v, %v", f, err)
	}
	r.time = r.time.Add(time.Hour)
	if plan, err = r.PlanRestore(t.Context(), player, game, Selection{At: before}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Restore(t.Context(), player, game, plan); err != nil {
		t.Fatal(err)
	}
	want["persistent"], want[slot1] = "p2", "spoilt"
	if got := r.current(); !maps.Equal(got, want) {
		t.Errorf("undone: %v", got)
	}
}

func TestWhichVersionIsMeant(t *testing.T) {
	r := newRoom(t)
	r.save(slot1, "one")
	r.save(slot1, "two")
	r.save(slot1, "three")
	id := ""
	for k := range r.Versions(t.Context(), player, game, slot1) {
		if k.Number == 2 {
			id = k.ID
		}
	}
	for _, version := range []string{"2", id} {
		list, err := r.Select(t.Context(), player, game, Selection{Files: []string{slot1}, Version: version})
		if err != nil || len(list) != 1 {
			t.Fatalf("%s: %+v, %v", version, list, err)
		}
		if data, err := r.Content(t.Context(), player, game, list[0].Source); err != nil || string(data) != "two" {
			t.Errorf("%s: %s, %v", version, data, err)
		}
	}
	plan := func(s Selection) error { _, err := r.PlanRestore(t.Context(), player, game, s); return err }
	if _, ok := errors.AsType[*NoVersionError](plan(Selection{Files: []string{slot1}, Version: "4"})); !ok {
		t.Error("a version that is not there is found")
	}
	if _, ok := errors.AsType[*NoFileError](plan(Selection{Files: []string{slot3}, At: r.time})); !ok {
		t.Error("a file that is not there is found")
	}
	if e, ok := errors.AsType[*NoFileError](plan(Selection{Files: []string{slot1}, At: r.time.Add(-time.Hour)})); !ok || e.At.IsZero() {
		t.Error("a file that was not there then is found")
	}
	if err := plan(Selection{Version: "1"}); !errors.Is(err, ErrOneFile) {
		t.Errorf("a version of no file: %v", err)
	}
}

// accounts has the addresses that were deleted.
type accounts []string

func (a *accounts) Delete(_ context.Context, p players.Player) error {
	*a = append(*a, p.Email)
	return nil
}

// TestForgetErasesAll erases a player beside another one, after it failed half-way, and
// again when a device has sent something late.
func TestForgetErasesAll(t *testing.T) {
	r := newRoom(t)
	for i := range 5 {
		r.save(slot1, fmt.Sprint(i))
	}
	inbox := "inbox/" + player + "/" + game + "/persistent/x"
	other := "users/" + strings.Replace(player, "0f", "0e", 1) + "/" + game + "/content/persistent/x"
	r.store.Put(inbox, "not settled")
	r.store.Put(other, "another player's")
	r.table.items[player+" old_game"] = map[string]ddb.AttributeValue{"user_id": text(player), "game_id": text("old_game")}
	var gone accounts
	ann := players.Player{Sub: player, Email: "Ann@Example.com"}

	r.table.fail = true
	if _, err := r.Forget(t.Context(), &gone, ann, nil); err == nil || len(gone) > 0 {
		t.Fatalf("without a suppression list: %v, %v", err, gone)
	}
	if record, err := r.Record(t.Context(), player); err != nil || record.Forgotten == nil {
		t.Errorf("a player who is being erased may still sync: %+v, %v", record, err)
	}
	r.table.fail = false
	holdings, err := r.Holdings(t.Context(), player)
	if err != nil || holdings.Versions < 6 {
		t.Fatalf("%+v, %v", holdings, err)
	}
	receipt, err := r.Forget(t.Context(), &gone, ann, nil)
	if err != nil || receipt.Versions != holdings.Versions || receipt.OldItems != 1 || !receipt.Account || receipt.Final || !slices.Equal(gone, []string{"Ann@Example.com"}) ||
		!receipt.LogsUntil.Equal(r.time.Add(33*24*time.Hour)) || !receipt.BackupsUntil.Equal(r.time.Add(35*24*time.Hour)) || strings.Contains(fmt.Sprint(receipt), "Ann") {
		t.Errorf("%+v, %v", receipt, err)
	}
	r.store.Put(inbox, "late")
	r.time = receipt.Quiet
	if receipt, err = r.Forget(t.Context(), &gone, players.Player{Sub: player}, nil); err != nil || receipt.Versions != 1 || !receipt.Final {
		t.Errorf("again: %+v, %v", receipt, err)
	}
	if _, there := r.store.Current(other); !there {
		t.Error("another player's content is gone")
	}
	list, err := r.Items.Suppressed(t.Context())
	if err != nil || list.Len() != 1 || !list.Has(player, "") || !list.Has("a new id", " ann@example.com") || list.Has("a new id", "bob@example.com") || list.Has("", "") {
		t.Errorf("the suppression list is %+v, %v", list, err)
	}
	for key := range r.table.items {
		if strings.Contains(strings.ToLower(key), "ann") {
			t.Errorf("the table has %s", key)
		}
	}
}

// TestATakeoutHasEverything takes out a player one of whose versions cannot be read.
func TestATakeoutHasEverything(t *testing.T) {
	r := newRoom(t)
	r.save(slot1, "old")
	r.save(slot1, "new")
	r.save("persistent", "p")
	r.store.Put("users/"+player+"/"+game+"/../x", "of the backend before")
	out := func() (map[string]string, error) {
		var b bytes.Buffer
		err := r.Takeout(t.Context(), players.Player{Sub: player, Email: "ann@example.com"}, &b)
		z, zipErr := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if zipErr != nil {
			t.Fatal(zipErr)
		}
		files := map[string]string{}
		for _, f := range z.File {
			in, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			files[f.Name] = string(data)
		}
		return files, err
	}
	files, err := out()
	older := "older/" + game + "/" + slot1 + "/1-2026-11-26-100100-" + slot1
	if err != nil || len(files) != 7 || !slices.Contains(slices.Collect(maps.Values(files)), "of the backend before") || files["saves/"+game+"/"+slot1] != "new" || files["saves/"+game+"/persistent"] != "p" || files[older] != "old" ||
		!strings.Contains(files["account.json"], "ann@example.com") || !strings.Contains(files["record.json"], slot1) || !strings.Contains(files["README.txt"], older) {
		t.Errorf("%q, %v", files, err)
	}
	for name := range files {
		if strings.Contains(name, "..") {
			t.Errorf("%s leads out of the folder", name)
		}
	}
	r.store.Hook = func(c memstore.Call) memstore.Fault {
		if c.Op == "Read" && strings.Contains(c.Key, slot1) {
			return memstore.Before
		}
		return memstore.None
	}
	files, err = out()
	if e, ok := errors.AsType[*PartialError](err); !ok || len(e.Missing) != 2 || files["saves/"+game+"/persistent"] != "p" || !strings.Contains(files["README.txt"], "MISSING") {
		t.Errorf("%q, %v", files, err)
	}
}

// TestVerifyAllGoesOn checks players in order, of whom one has lost a save and one
// cannot be read, and goes on where it stopped.
func TestVerifyAllGoesOn(t *testing.T) {
	r := newRoom(t)
	for i := range 20 {
		id := fmt.Sprintf("player-%02d", i)
		if _, err := r.Upload(t.Context(), id, game, slot1, []byte(id)); err != nil {
			t.Fatal(err)
		}
		r.table.items[id] = map[string]ddb.AttributeValue{"user_id": text(id), "game_id": text("*")}
		r.table.items[id+" old"] = map[string]ddb.AttributeValue{"user_id": text(id), "game_id": text("old")}
	}
	r.store.SetRecord("player-07", "{damaged")
	for k := range r.Versions(t.Context(), "player-03", game, slot1) {
		r.store.Delete("users/player-03/" + game + "/content/" + slot1 + "/" + k.ID)
	}
	var seen []string
	for c, err := range r.VerifyAll(t.Context(), r.Items.Players(t.Context(), "player-01"), 4, false) {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, c.Player)
		if (c.Err != nil) != (c.Player == "player-07") || (len(c.Findings) > 0) != (c.Player == "player-03") {
			t.Errorf("%+v", c)
		}
	}
	if len(seen) != 18 || seen[0] != "player-02" || !slices.IsSorted(seen) {
		t.Errorf("checked %v", seen)
	}
	for range r.VerifyAll(t.Context(), r.Items.Players(t.Context(), ""), 4, false) {
		break
	}
	r.table.fail = true
	failed := 0
	for _, err := range r.VerifyAll(t.Context(), r.Items.Players(t.Context(), ""), 4, false) {
		if errors.Is(err, errTable) {
			failed++
		}
	}
	if failed != 1 {
		t.Error("a list that failed passes for an empty one")
	}
}

// TestAStageHasADesk opens one for a stack that is older than a parameter.
func TestAStageHasADesk(t *testing.T) {
	at := stage.At(aws.Config{Region: "eu-west-1"}, "dev")
	st := stack.Stack{
		Outputs:    map[string]string{cfn.OutputManifestTableName: "t", cfn.OutputSaveFilesBucketName: "b"},
		Parameters: map[string]string{cfn.ParamMaxPlayerFiles: "7", cfn.ParamCheckSaves: "false"},
	}
	desk, err := Open(at, st, "123456789012", "sam")
	if err != nil || desk.Service.Limits.PlayerFiles != 7 || desk.Service.Limits.FileBytes != 16<<20 || !desk.Service.Unchecked ||
		desk.Retention != 90*24*time.Hour || desk.Bucket.Owner != "123456789012" {
		t.Errorf("%+v, %v", desk, err)
	}
	st.Parameters[cfn.ParamMaxFileBytes] = "many"
	if _, err := Open(at, st, "", ""); err == nil {
		t.Error("a limit that is no number is taken")
	}
	if _, err := Open(at, stack.Stack{}, "", ""); err == nil {
		t.Error("a stack without a table has a desk")
	}
}

// versioned is a [bucket.Client] of a store in memory.
type versioned struct{ store *memstore.Store }

func (v versioned) ListObjectVersions(_ context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	out := &s3.ListObjectVersionsOutput{}
	v.store.Versions(func(key string, o memstore.Version) {
		switch {
		case !strings.HasPrefix(key, aws.ToString(in.Prefix)):
		case o.Marker:
			out.DeleteMarkers = append(out.DeleteMarkers, s3types.DeleteMarkerEntry{Key: &key, VersionId: &o.ID})
		default:
			out.Versions = append(out.Versions, s3types.ObjectVersion{Key: &key, VersionId: &o.ID, Size: aws.Int64(int64(len(o.Data)))})
		}
	})
	return out, nil
}

func (v versioned) ListMultipartUploads(context.Context, *s3.ListMultipartUploadsInput, ...func(*s3.Options)) (*s3.ListMultipartUploadsOutput, error) {
	return &s3.ListMultipartUploadsOutput{}, nil
}

func (v versioned) DeleteObjects(_ context.Context, in *s3.DeleteObjectsInput, _ ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	for _, o := range in.Delete.Objects {
		v.store.Destroy(*o.Key, *o.VersionId)
	}
	return &s3.DeleteObjectsOutput{}, nil
}

func (v versioned) DeleteObject(_ context.Context, in *s3.DeleteObjectInput, _ ...func(*s3.Options)) (*s3.DeleteObjectOutput, error) {
	v.store.Destroy(*in.Key, *in.VersionId)
	return &s3.DeleteObjectOutput{}, nil
}

func (v versioned) AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error) {
	return &s3.AbortMultipartUploadOutput{}, nil
}

// table is a [saves.ItemClient] in memory. Its order is that of the ids.
type table struct {
	items map[string]map[string]ddb.AttributeValue
	fail  bool
}

var errTable = errors.New("the table does not answer")

func text(s string) ddb.AttributeValue { return &ddb.AttributeValueMemberS{Value: s} }

func textOf(v ddb.AttributeValue) string { return v.(*ddb.AttributeValueMemberS).Value }

func keyOf(item map[string]ddb.AttributeValue) string {
	return strings.TrimSuffix(textOf(item["user_id"])+" "+textOf(item["game_id"]), " *")
}

func (t *table) err() error {
	if t.fail {
		return errTable
	}
	return nil
}

func (t *table) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out := &dynamodb.QueryOutput{}
	for _, key := range slices.Sorted(maps.Keys(t.items)) {
		if item := t.items[key]; textOf(item["user_id"]) == textOf(in.ExpressionAttributeValues[":user"]) {
			out.Items = append(out.Items, item)
		}
	}
	return out, t.err()
}

func (t *table) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	out := &dynamodb.ScanOutput{}
	for _, key := range slices.Sorted(maps.Keys(t.items)) { // a page of 7
		if in.ExclusiveStartKey != nil && key <= keyOf(in.ExclusiveStartKey) {
			continue
		}
		if len(out.Items) == 7 {
			out.LastEvaluatedKey = out.Items[6]
			break
		}
		out.Items = append(out.Items, t.items[key])
	}
	return out, t.err()
}

func (t *table) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{Item: t.items[keyOf(in.Key)]}, t.err()
}

func (t *table) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if t.fail {
		return nil, errTable
	}
	key := keyOf(in.Item)
	if _, taken := t.items[key]; taken && in.ConditionExpression != nil {
		return nil, &ddb.ConditionalCheckFailedException{}
	}
	t.items[key] = in.Item
	return &dynamodb.PutItemOutput{}, nil
}

func (t *table) DeleteItem(_ context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	delete(t.items, keyOf(in.Key))
	return &dynamodb.DeleteItemOutput{}, t.err()
}

//go:build e2e

package awsstore_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/awsstore"
)

// world is a table and a bucket of the test's own, and the SDK's clients to look at them.
type world struct {
	config awsstore.Config
	s3     *s3.Client
	ddb    *dynamodb.Client
}

func newWorld(t *testing.T) world {
	t.Helper()
	name := "savesync-" + strings.ToLower(rand.Text())
	creds := aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}
	provider := credentials.StaticCredentialsProvider{Value: creds}
	w := world{
		config: awsstore.Config{Region: "us-east-1", Endpoint: endpoint, Credentials: creds, Table: name, Bucket: name},
		s3:     s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: provider, UsePathStyle: true}),
		ddb:    dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: provider}),
	}
	w.makeTable(t)
	w.makeBucket(t)
	return w
}

func (w world) makeTable(t *testing.T) {
	t.Helper()
	_, err := w.ddb.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:   &w.config.Table,
		BillingMode: ddb.BillingModePayPerRequest,
		AttributeDefinitions: []ddb.AttributeDefinition{
			{AttributeName: aws.String("user_id"), AttributeType: ddb.ScalarAttributeTypeS},
			{AttributeName: aws.String("game_id"), AttributeType: ddb.ScalarAttributeTypeS},
		},
		KeySchema: []ddb.KeySchemaElement{
			{AttributeName: aws.String("user_id"), KeyType: ddb.KeyTypeHash},
			{AttributeName: aws.String("game_id"), KeyType: ddb.KeyTypeRange},
		},
	})
	// The SDK makes the call again when the answer is slow.
	if _, exists := errors.AsType[*ddb.ResourceInUseException](err); err != nil && !exists {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := w.ddb.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &w.config.Table}); err != nil {
			t.Error(err)
		}
	})
}

func (w world) makeBucket(t *testing.T) {
	t.Helper()
	if _, err := w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &w.config.Bucket}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		list, err := w.s3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &w.config.Bucket})
		if err != nil {
			t.Error(err)
			return
		}
		for _, v := range list.DeleteMarkers {
			list.Versions = append(list.Versions, s3types.ObjectVersion{Key: v.Key, VersionId: v.VersionId})
		}
		for _, v := range list.Versions {
			if _, err := w.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.config.Bucket, Key: v.Key, VersionId: v.VersionId}); err != nil {
				t.Error(err)
			}
		}
		if _, err := w.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &w.config.Bucket}); err != nil {
			t.Error(err)
		}
	})
	_, err := w.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket:                  &w.config.Bucket,
		VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// send does what a game client does with a URL, and returns the status and the body.
func send(t *testing.T, method, url string, body []byte) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPut {
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

func TestRecordsOnTheWire(t *testing.T) {
	w := newWorld(t)
	m := awsstore.NewManifests(w.config)
	if data, revision, err := m.Load(t.Context(), "p"); data != nil || revision != 0 || err != nil {
		t.Fatalf("empty table: %q, %d, %v", data, revision, err)
	}
	const one, two = `{"t":1732345678.1234567}`, `{"t":1732345678.1234568,"x":"é\"\\"}`
	if err := m.Save(t.Context(), "p", []byte(one), 0); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(t.Context(), "p", []byte(two), 0); !errors.Is(err, savesync.ErrConflict) {
		t.Errorf("second creation: %v, want ErrConflict", err)
	}
	if err := m.Save(t.Context(), "p", []byte(two), 7); !errors.Is(err, savesync.ErrConflict) {
		t.Errorf("wrong revision: %v, want ErrConflict", err)
	}
	if err := m.Save(t.Context(), "p", []byte(two), 1); err != nil {
		t.Fatal(err)
	}
	if data, revision, err := m.Load(t.Context(), "p"); string(data) != two || revision != 2 || err != nil {
		t.Errorf("got %q, %d, %v; want %q, 2", data, revision, err, two)
	}
	if data, revision, err := m.Load(t.Context(), "q"); data != nil || revision != 0 || err != nil {
		t.Errorf("another player: %q, %d, %v", data, revision, err)
	}
}

func TestOldItemsOnTheWire(t *testing.T) {
	w := newWorld(t)
	entry := func(size, modified ddb.AttributeValue) ddb.AttributeValue {
		return &ddb.AttributeValueMemberM{Value: map[string]ddb.AttributeValue{
			"size": size, "modified_timestamp": modified, "checksum": &ddb.AttributeValueMemberS{Value: strings.Repeat("AB", 32)},
		}}
	}
	_, err := w.ddb.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &w.config.Table, Item: map[string]ddb.AttributeValue{
		"user_id": &ddb.AttributeValueMemberS{Value: "p"},
		"game_id": &ddb.AttributeValueMemberS{Value: "old"},
		"files": &ddb.AttributeValueMemberM{Value: map[string]ddb.AttributeValue{
			"persistent":   entry(&ddb.AttributeValueMemberN{Value: "12"}, &ddb.AttributeValueMemberN{Value: "1732345678.1234567"}),
			"1-1-LT1.save": entry(&ddb.AttributeValueMemberN{Value: "13"}, &ddb.AttributeValueMemberS{Value: "1732345678.10"}),
			"2-1-LT1.save": entry(&ddb.AttributeValueMemberS{Value: "?"}, &ddb.AttributeValueMemberN{Value: "1"}),
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := awsstore.NewManifests(w.config).LoadOld(t.Context(), "p", "old")
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(list, func(a, b savesync.Entry) int { return strings.Compare(a.Name, b.Name) })
	if len(list) != 2 || list[0].Name != "1-1-LT1.save" || list[0].Size != 13 || list[0].Modified.String() != "1732345678.10" ||
		list[1].Name != "persistent" || list[1].Modified.String() != "1732345678.1234567" || list[1].Checksum != strings.Repeat("ab", 32) {
		t.Errorf("got %+v", list)
	}
	if list, err := awsstore.NewManifests(w.config).LoadOld(t.Context(), "p", "other"); len(list) != 0 || err != nil {
		t.Errorf("no item: %+v, %v", list, err)
	}
}

func TestObjectsOnTheWire(t *testing.T) {
	w := newWorld(t)
	o := awsstore.NewObjects(w.config)
	ctx := t.Context()
	const key, target = "users/p/g/inbox/1-1 (copy).save/x", "users/p/g/content/1-1 (copy).save/x"
	content := []byte("the bytes of a save")

	if _, err := o.Read(ctx, key, "", 1); !errors.Is(err, savesync.ErrNotFound) {
		t.Fatalf("missing key: %v, want ErrNotFound", err)
	}
	put, err := o.PresignPut(ctx, key, int64(len(content)), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if status, answer := send(t, http.MethodPut, put, content[1:]); status != http.StatusForbidden {
		t.Errorf("upload of another length: %d %s, want 403", status, answer)
	}
	if status, answer := send(t, http.MethodPut, put, content); status != http.StatusOK {
		t.Fatalf("upload: %d %s", status, answer)
	}
	read, err := o.Read(ctx, key, "", int64(len(content)))
	if err != nil || !bytes.Equal(read.Data, content) || read.Version == "" {
		t.Fatalf("read: %+v, %v", read, err)
	}
	if other, err := o.Read(ctx, key, "", 5); err != nil || other.Data != nil || other.Size != int64(len(content)) {
		t.Errorf("read of another size: %+v, %v; want no bytes", other, err)
	}
	version, err := o.Copy(ctx, key, read.Version, target)
	if err != nil || version == "" {
		t.Fatalf("copy: %q, %v", version, err)
	}
	if _, err := o.Copy(ctx, "users/p/g/nothing", "nothing", target+"2"); !errors.Is(err, savesync.ErrNotFound) {
		t.Errorf("copy of nothing: %v, want ErrNotFound", err)
	}
	if err := o.Retire(ctx, []string{target}); err != nil {
		t.Fatal(err)
	}
	if retired, err := o.Read(ctx, target, "", int64(len(content))); !errors.Is(err, savesync.ErrNotFound) {
		t.Errorf("read of a retired key: %+v, %v; want ErrNotFound", retired, err)
	}
	if below, err := o.Read(ctx, target, version, int64(len(content))); err != nil || !bytes.Equal(below.Data, content) {
		t.Errorf("read of the version below: %+v, %v", below, err)
	}
	if list, all, err := o.List(ctx, "users/p/g/", 1); err != nil || !all || len(list) != 2 || list[0].Current || !list[1].Current {
		t.Errorf("list: %+v, %v, %v; want the content retired and the inbox current", list, all, err)
	}
	if size, err := o.Stat(ctx, target, version); err != nil || size != int64(len(content)) {
		t.Errorf("stat of the version below: %d, %v", size, err)
	}
	if _, err := o.Stat(ctx, target, "00000000-0000-0000-0000-000000000000"); !errors.Is(err, savesync.ErrNotFound) {
		t.Errorf("stat of no version: %v, want ErrNotFound", err)
	}
	get, err := o.PresignGet(ctx, target, version, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if status, answer := send(t, http.MethodGet, get, nil); status != http.StatusOK || !bytes.Equal(answer, content) {
		t.Errorf("download: %d %q", status, answer)
	}
	missing := w.config
	missing.Bucket += "-gone"
	if _, err := awsstore.NewObjects(missing).Read(ctx, key, "", 1); err == nil || errors.Is(err, savesync.ErrNotFound) {
		t.Errorf("missing bucket: %v, want a failure that is not ErrNotFound", err)
	}
}

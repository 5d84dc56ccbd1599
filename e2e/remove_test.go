//go:build e2e && (linux || darwin)

package e2e

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// TestRemoveEmptiesFirst: a bucket in which everything is that may be in one,
// and more of it than one page of a listing or one deletion takes. AWS refuses
// to delete a stack with a bucket that has anything in it; the emulator does
// not, so what renpyctl asked for is what counts.
func TestRemoveEmptiesFirst(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s := deployBy(t, throughEndpoint(endpoint, account), "full")
	bucket, c := s.info.Outputs.SaveFilesBucketName, clients(account)

	const files, times = 420, 3
	fill(t, c, bucket, files, times)
	deleted := make([]s3types.ObjectIdentifier, 0, 60)
	for i := range cap(deleted) {
		deleted = append(deleted, s3types.ObjectIdentifier{Key: aws.String(fileKey(i))})
	}
	if _, err := c.s3.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &s3types.Delete{Objects: deleted}}); err != nil {
		t.Fatal(err)
	}
	upload, err := c.s3.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: aws.String("users/a/unfinished")})
	if err != nil {
		t.Fatal(err)
	}
	versions := c.versions(t, bucket)
	if want := files*times + cap(deleted); len(versions) != want {
		t.Fatalf("the bucket has %d versions and markers, want %d", len(versions), want)
	}

	rec := record(t, nil)
	r := throughEndpoint(rec.URL, account).run(t, "remove", "--stage", s.name, "--yes", "--output", "json").exits(t, 0)
	var counts removed
	r.json(t, &counts)
	if counts.Saves.Files != files-cap(deleted) || counts.Saves.Versions != len(versions) || counts.Saves.Bytes != files*times*len(saveBytes) {
		t.Errorf("it counted %+v", counts.Saves)
	}
	rec.emptiedBefore(t, bucket, versions, "DeleteStack")

	calls := rec.recorded()
	aborted := slices.IndexFunc(calls, func(c call) bool {
		return c.operation == "AbortMultipartUpload" && c.query.Get("uploadId") == *upload.UploadId
	})
	stackDeleted := slices.IndexFunc(calls, func(c call) bool { return c.operation == "DeleteStack" })
	if aborted < 0 || aborted > stackDeleted {
		t.Errorf("the unfinished upload was aborted at call %d, the stack deleted at call %d", aborted, stackDeleted)
	}
	// Both buckets are deleted by name, the artefact bucket at the very end.
	var buckets []string
	for _, c := range calls {
		if c.operation == "DeleteBucket" {
			buckets = append(buckets, c.bucket)
		}
	}
	if want := []string{bucket, "renpyctl-full-" + account + "-us-east-1"}; !slices.Equal(buckets, want) {
		t.Errorf("it deleted the buckets %q, want %q", buckets, want)
	}
}

var saveBytes = []byte("a save")

// fileKey is where the sync keeps a content (internal/savesync, IsContent).
func fileKey(i int) string { return fmt.Sprintf("users/%d/my_game/content/persistent/1", i) }

// fill writes each of so many files so many times.
func fill(t *testing.T, c sdk, bucket string, files, times int) {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	for range times {
		for i := range files {
			group.Go(func() error {
				_, err := c.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(fileKey(i)), Body: bytes.NewReader(saveBytes)})
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// furnish gives a stage a player and some saves, past the API, which only the
// public account has.
func furnish(t *testing.T, s *stage, account string) {
	t.Helper()
	c := clients(account)
	fill(t, c, s.info.Outputs.SaveFilesBucketName, 3, 2)
	_, err := c.cognito.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{
		UserPoolId: &s.info.Outputs.CognitoUserPoolId, Username: aws.String("ann@example.com"), MessageAction: "SUPPRESS",
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRemoveNeighbours: the names of these stages begin with each other, and
// so do the names of all that they are made of.
func TestRemoveNeighbours(t *testing.T) {
	t.Parallel()
	saved := map[string]string{"persistent": "mine", "1-1-LT1.save": "chapter one"}
	names := []string{"near", "near2", "near-2", "near-2-3"}
	stages, players := map[string]*stage{}, map[string]*player{}
	for _, name := range names {
		s := deploy(t, name)
		p := s.player(t)
		p.device(t, time.Now(), saved).sync(t, "persistent 1-1-LT1.save", "")
		stages[name], players[name] = s, p
	}
	stillPlay := func(names ...string) {
		t.Helper()
		for _, name := range names {
			players[name].signIn(t, stages[name])
			d := players[name].device(t, time.Unix(1, 0), map[string]string{"persistent": fmt.Sprint("new beside ", names)})
			d.sync(t, "persistent", "1-1-LT1.save persistent")
			d.holds(t, saved)
			stages[name].upToDate(t)
			stages[name].run(t, "logs").exits(t, 0)
		}
	}
	stages["near"].run(t, "remove", "--yes").exits(t, 0)
	stillPlay("near2", "near-2", "near-2-3")
	stages["near-2"].run(t, "remove", "--yes").exits(t, 0)
	stillPlay("near2", "near-2-3")
	for _, name := range []string{"near", "near-2"} {
		stages[name].run(t, "info").exits(t, 3)
	}
}

// TestKeepData: what players have stays, a new stage can be made beside it, and
// the next removal takes all of it.
func TestKeepData(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	by := throughEndpoint(endpoint, account)
	c := clients(account)
	s := deployBy(t, by, "keep")
	furnish(t, s, account)
	out := s.info.Outputs
	before := c.versions(t, out.SaveFilesBucketName)

	r := s.run(t, "remove", "--yes", "--keep-data").exits(t, 0).
		says(t, out.CognitoUserPoolId, out.CognitoAppClientId, out.ManifestTableName, out.SaveFilesBucketName)
	if strings.Contains(r.stderr, "for ever") {
		t.Errorf("it announces the end of what it keeps:\n%s", r.stderr)
	}
	kept := []string{
		"bucket " + out.SaveFilesBucketName, "bucket renpyctl-keep-" + account + "-us-east-1",
		"pool " + out.CognitoUserPoolId + " (renpy-cloud-keep)", "table " + out.ManifestTableName,
	}
	slices.Sort(kept)
	if left := c.inventory(t); !slices.Equal(left, kept) {
		t.Errorf("left are %q, want %q", left, kept)
	}
	if after := c.versions(t, out.SaveFilesBucketName); !slices.Equal(before, after) {
		t.Errorf("of %d versions in the bucket %d are left", len(before), len(after))
	}
	users, err := c.cognito.ListUsers(t.Context(), &idp.ListUsersInput{UserPoolId: &out.CognitoUserPoolId})
	if err != nil || len(users.Users) != 1 {
		t.Errorf("the pool has %d players (%v)", len(users.Users), err)
	}
	s.run(t, "info").exits(t, 3)

	again := deployBy(t, by, "keep")
	if o := again.info.Outputs; o.CognitoUserPoolId == out.CognitoUserPoolId || o.SaveFilesBucketName == out.SaveFilesBucketName {
		t.Errorf("the new stage has the outputs %+v", o)
	}
	furnish(t, again, account)
	var counts removed
	again.run(t, "remove", "--yes", "--output", "json").exits(t, 0).json(t, &counts)
	if counts.Players != 2 || counts.Saves.Versions != 2*len(before) {
		t.Errorf("it counted %+v, want what both generations have", counts)
	}
	// newAccount sees to it that nothing is left.
}

// TestRemoveAfterKeep: what was kept can also go without a new stage.
func TestRemoveAfterKeep(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s := deployBy(t, throughEndpoint(endpoint, account), "kept")
	furnish(t, s, account)
	s.run(t, "remove", "--yes", "--keep-data").exits(t, 0)
	s.run(t, "remove", "--yes").exits(t, 0)
	s.run(t, "remove", "--yes").exits(t, 3)
}

package awsstore_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/awsstore"
	"github.com/renpy-cloud/renpyctl/internal/savesync/storetest"
)

// owner reaches a table and a bucket through the SDK, so that the client under
// test is not held against itself.
type owner struct {
	config awsstore.Config
	s3     *s3.Client
	ddb    *dynamodb.Client
}

var _ storetest.Owner = owner{}

// Put implements [storetest.Owner].
func (o owner) Put(t testing.TB, key, data string) string {
	t.Helper()
	out, err := o.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &o.config.Bucket, Key: &key, Body: strings.NewReader(data)})
	if err != nil {
		t.Error(err)
		return ""
	}
	return aws.ToString(out.VersionId)
}

// Destroy implements [storetest.Owner].
func (o owner) Destroy(t testing.TB, key, id string) {
	t.Helper()
	if _, err := o.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &o.config.Bucket, Key: &key, VersionId: &id}); err != nil {
		t.Error(err)
	}
}

// Versions implements [storetest.Owner].
func (o owner) Versions(t testing.TB, prefix string) []storetest.Version {
	t.Helper()
	return o.versions(t.Context(), t, prefix)
}

func (o owner) versions(ctx context.Context, t testing.TB, prefix string) []storetest.Version {
	t.Helper()
	var list []storetest.Version
	pages := s3.NewListObjectVersionsPaginator(o.s3, &s3.ListObjectVersionsInput{Bucket: &o.config.Bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Error(err)
			return nil
		}
		for _, v := range page.Versions {
			list = append(list, storetest.Version{Key: *v.Key, ID: *v.VersionId, Current: aws.ToBool(v.IsLatest)})
		}
		for _, v := range page.DeleteMarkers {
			list = append(list, storetest.Version{Key: *v.Key, ID: *v.VersionId, Current: aws.ToBool(v.IsLatest), Marker: true})
		}
	}
	slices.SortStableFunc(list, func(a, b storetest.Version) int { return cmp.Compare(a.Key, b.Key) })
	return list
}

// PutOld implements [storetest.Owner]. Numbers are attributes of the type number,
// or text: the backend before this one had both.
func (o owner) PutOld(t testing.TB, player, game string, files []savesync.Entry) {
	t.Helper()
	number := func(i int, digits string) ddb.AttributeValue {
		if i%2 == 0 {
			return &ddb.AttributeValueMemberS{Value: digits}
		}
		return &ddb.AttributeValueMemberN{Value: digits}
	}
	text := func(s string) ddb.AttributeValue { return &ddb.AttributeValueMemberS{Value: s} }
	entry := func(size, modified ddb.AttributeValue, checksum string) ddb.AttributeValue {
		return &ddb.AttributeValueMemberM{Value: map[string]ddb.AttributeValue{
			"size": size, "modified_timestamp": modified, "checksum": text(checksum),
		}}
	}
	entries := map[string]ddb.AttributeValue{
		"no size":      entry(text("?"), number(1, "1"), "c"),
		"no timestamp": entry(number(1, "1"), text("yesterday"), "c"),
		"no entry":     text("?"),
	}
	for i, f := range files {
		entries[f.Name] = entry(number(i, strconv.FormatInt(f.Size, 10)), number(i, f.Modified.String()), strings.ToUpper(f.Checksum))
	}
	_, err := o.ddb.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &o.config.Table, Item: map[string]ddb.AttributeValue{
		"user_id": text(player), "game_id": text(game), "files": &ddb.AttributeValueMemberM{Value: entries},
	}})
	if err != nil {
		t.Error(err)
	}
}

// Forget implements [storetest.Owner].
func (o owner) Forget(t testing.TB, player string) {
	t.Helper()
	ctx := context.Background() // the test's is over
	for _, prefix := range []string{"users/" + player + "/", "inbox/" + player + "/"} {
		for some := range slices.Chunk(o.versions(ctx, t, prefix), 1000) {
			var ids []s3types.ObjectIdentifier
			for _, v := range some {
				ids = append(ids, s3types.ObjectIdentifier{Key: &v.Key, VersionId: &v.ID})
			}
			out, err := o.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &o.config.Bucket, Delete: &s3types.Delete{Objects: ids, Quiet: aws.Bool(true)}})
			if err != nil || len(out.Errors) > 0 {
				t.Errorf("objects of the test are left: %v, %+v", err, out)
			}
		}
	}
	for _, game := range []string{"*", "old"} {
		_, err := o.ddb.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &o.config.Table, Key: map[string]ddb.AttributeValue{
			"user_id": &ddb.AttributeValueMemberS{Value: player}, "game_id": &ddb.AttributeValueMemberS{Value: game},
		}})
		if err != nil {
			t.Errorf("an item of the test is left: %v", err)
		}
	}
}

// rules returns the lifecycle that the bucket is configured to have.
func (o owner) rules(t testing.TB) []storetest.Rule {
	t.Helper()
	out, err := o.s3.GetBucketLifecycleConfiguration(t.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: &o.config.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	var list []storetest.Rule
	for _, r := range out.Rules {
		list = append(list, ruleOf(r))
	}
	return list
}

// ruleOf returns a rule as the suite compares it. What the suite knows nothing of
// is named, so that it makes a difference.
func ruleOf(r s3types.LifecycleRule) storetest.Rule {
	rule := storetest.Rule{ID: aws.ToString(r.ID), Enabled: r.Status == s3types.ExpirationStatusEnabled}
	var other []string
	if f := r.Filter; f != nil {
		rule.Prefix = aws.ToString(f.Prefix)
		if f.Tag != nil || f.ObjectSizeGreaterThan != nil || f.ObjectSizeLessThan != nil || f.And != nil {
			other = append(other, "a filter of tags or sizes")
		}
	}
	if e := r.Expiration; e != nil {
		rule.ExpirationDays, rule.ExpiredMarkers = int(aws.ToInt32(e.Days)), aws.ToBool(e.ExpiredObjectDeleteMarker)
		if e.Date != nil {
			other = append(other, "a date")
		}
	}
	if e := r.NoncurrentVersionExpiration; e != nil {
		rule.NoncurrentDays = int(aws.ToInt32(e.NoncurrentDays))
		if e.NewerNoncurrentVersions != nil {
			other = append(other, "versions that are kept by number")
		}
	}
	if a := r.AbortIncompleteMultipartUpload; a != nil {
		rule.AbortDays = int(aws.ToInt32(a.DaysAfterInitiation))
	}
	if n := len(r.Transitions) + len(r.NoncurrentVersionTransitions); n > 0 {
		other = append(other, fmt.Sprint(n, " transitions"))
	}
	rule.Other = strings.Join(other, ", ")
	return rule
}

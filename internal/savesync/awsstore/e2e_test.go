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

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/awsstore"
	"github.com/renpy-cloud/renpyctl/internal/savesync/storetest"
)

// world is a table and a bucket of the test's own.
type world struct{ owner }

func newWorld(t *testing.T) world {
	t.Helper()
	name := "savesync-" + strings.ToLower(rand.Text())
	provider := credentials.NewStaticCredentialsProvider("test", accessSecret, "")
	w := world{owner{
		config: awsstore.Config{Region: "us-east-1", Endpoint: endpoint, Credentials: provider, Table: name, Bucket: name},
		s3:     s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: provider, UsePathStyle: true}),
		ddb:    dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: provider}),
	}}
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
		_, err := w.ddb.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &w.config.Table})
		if _, gone := errors.AsType[*ddb.ResourceNotFoundException](err); err != nil && !gone {
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

// setRules configures the bucket's lifecycle, as CloudFormation does on AWS.
func (w world) setRules(t testing.TB, rules []storetest.Rule) {
	t.Helper()
	var list []s3types.LifecycleRule
	for _, r := range rules {
		rule := s3types.LifecycleRule{ID: &r.ID, Status: s3types.ExpirationStatusEnabled, Filter: &s3types.LifecycleRuleFilter{Prefix: &r.Prefix}}
		if r.ExpirationDays > 0 {
			rule.Expiration = &s3types.LifecycleExpiration{Days: aws.Int32(int32(r.ExpirationDays))}
		}
		if r.ExpiredMarkers {
			rule.Expiration = &s3types.LifecycleExpiration{ExpiredObjectDeleteMarker: aws.Bool(true)}
		}
		if r.NoncurrentDays > 0 {
			rule.NoncurrentVersionExpiration = &s3types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(int32(r.NoncurrentDays))}
		}
		if r.AbortDays > 0 {
			rule.AbortIncompleteMultipartUpload = &s3types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(int32(r.AbortDays))}
		}
		list = append(list, rule)
	}
	_, err := w.s3.PutBucketLifecycleConfiguration(t.Context(), &s3.PutBucketLifecycleConfigurationInput{
		Bucket: &w.config.Bucket, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: list},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestContract runs the contract over the local cloud. Its CloudFormation does not
// configure a bucket's lifecycle, so the test does.
func TestContract(t *testing.T) {
	w := newWorld(t)
	w.setRules(t, storetest.TemplateRules(t, cfn.Template(), 90))
	storetest.Run(t, func(testing.TB) storetest.Stores {
		s := stores(w.owner)
		s.Excused = map[string]string{
			storetest.CopyRefusesATakenKey: "MiniStack 1.5.33 ignores the condition If-None-Match of a CopyObject",
		}
		return s
	})
}

// TestTheLifecycleIsCompared makes sure that a bucket's own rules are looked at.
func TestTheLifecycleIsCompared(t *testing.T) {
	w := newWorld(t)
	rules := storetest.TemplateRules(t, cfn.Template(), 90)
	w.setRules(t, rules)
	if got := w.rules(t); !slices.Equal(got, rules) {
		t.Fatalf("the bucket has %+v, want %+v", got, rules)
	}
	rules[len(rules)-1].ExpirationDays, rules[len(rules)-1].ExpiredMarkers = 7, false
	w.setRules(t, rules)
	if got := w.rules(t); !slices.Equal(got, rules) {
		t.Errorf("the bucket has %+v, want %+v", got, rules)
	}
}

func TestAMissingBucketIsNoMissingObject(t *testing.T) {
	w := newWorld(t)
	w.config.Bucket += "-gone"
	o := awsstore.NewObjects(w.config)
	if _, err := o.Read(t.Context(), "users/p/g/k", "", 1); err == nil || errors.Is(err, savesync.ErrNotFound) {
		t.Errorf("read: %v, want a failure that is not ErrNotFound", err)
	}
	if _, _, err := o.List(t.Context(), "users/p/", 1); err == nil || errors.Is(err, savesync.ErrNotFound) {
		t.Errorf("list: %v, want a failure that is not ErrNotFound", err)
	}
	if err := o.Retire(t.Context(), []string{"users/p/g/k"}); err == nil {
		t.Error("what is in no bucket is retired")
	}
}

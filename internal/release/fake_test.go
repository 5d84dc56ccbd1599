package release_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/release"
)

const (
	stage   = "dev"
	account = "123456789012"
	name    = "renpyctl-dev-123456789012-eu-west-1"
)

// artefacts is S3 with room for one bucket.
type artefacts struct {
	*awsfake.Fake
	store *release.Store

	mu       sync.Mutex
	exists   bool
	objects  map[string]string
	settings map[string]string // by operation, what was set
	foreign  bool              // the bucket is somebody else's

	// before, if set, may fail a call in place of its effect; after may lose the answer to one.
	before, after func(operation string) error
}

func newArtefacts(t *testing.T) *artefacts {
	b := &artefacts{Fake: awsfake.New(t), objects: map[string]string{}, settings: map[string]string{}}
	b.store = release.NewStore(s3.NewFromConfig(b.Config()), stage, account, awsfake.Region)

	on(b, func(in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
		return &s3.HeadBucketOutput{}, b.there(404)
	})
	on(b, func(in *s3.CreateBucketInput) (*s3.CreateBucketOutput, error) {
		if b.exists {
			if b.foreign {
				return nil, awsfake.Error{Code: "BucketAlreadyExists", Message: "The requested bucket name is not available.", Status: 409}
			}
			return nil, awsfake.Error{Code: "BucketAlreadyOwnedByYou", Message: "Your previous request to create the named bucket succeeded and you already own it.", Status: 409}
		}
		b.exists = true
		return &s3.CreateBucketOutput{}, nil
	})
	on(b, func(in *s3.PutPublicAccessBlockInput) (*s3.PutPublicAccessBlockOutput, error) {
		c := in.PublicAccessBlockConfiguration
		return &s3.PutPublicAccessBlockOutput{}, b.set("public access", *c.BlockPublicAcls && *c.BlockPublicPolicy && *c.IgnorePublicAcls && *c.RestrictPublicBuckets, "blocked")
	})
	on(b, func(in *s3.PutBucketEncryptionInput) (*s3.PutBucketEncryptionOutput, error) {
		return &s3.PutBucketEncryptionOutput{}, b.set("encryption", len(in.ServerSideEncryptionConfiguration.Rules) == 1, "on")
	})
	on(b, func(in *s3.PutBucketVersioningInput) (*s3.PutBucketVersioningOutput, error) {
		return &s3.PutBucketVersioningOutput{}, b.set("versioning", true, string(in.VersioningConfiguration.Status))
	})
	on(b, func(in *s3.PutBucketPolicyInput) (*s3.PutBucketPolicyOutput, error) {
		return &s3.PutBucketPolicyOutput{}, b.set("policy", true, *in.Policy)
	})
	on(b, func(in *s3.PutBucketLifecycleConfigurationInput) (*s3.PutBucketLifecycleConfigurationOutput, error) {
		r := in.LifecycleConfiguration.Rules[0]
		return &s3.PutBucketLifecycleConfigurationOutput{}, b.set("lifecycle", r.Status == types.ExpirationStatusEnabled && *r.NoncurrentVersionExpiration.NoncurrentDays == release.ExpireAfterDays, "on")
	})
	on(b, func(in *s3.PutBucketTaggingInput) (*s3.PutBucketTaggingOutput, error) {
		tag := in.Tagging.TagSet[0]
		return &s3.PutBucketTaggingOutput{}, b.set("tag", true, *tag.Key+"="+*tag.Value)
	})
	on(b, func(in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
		if err := b.there(0); err != nil {
			return nil, err
		}
		text, ok := b.objects[*in.Key]
		if !ok {
			return nil, awsfake.Error{Code: "NoSuchKey", Message: "The specified key does not exist.", Status: 404}
		}
		return &s3.GetObjectOutput{Body: io.NopCloser(strings.NewReader(text))}, nil
	})
	on(b, func(in *s3.PutObjectInput) (*s3.PutObjectOutput, error) {
		if err := b.there(0); err != nil {
			return nil, err
		}
		if _, taken := b.objects[*in.Key]; taken && aws.ToString(in.IfNoneMatch) == "*" {
			return nil, awsfake.Error{Code: "PreconditionFailed", Message: "At least one of the pre-conditions you specified did not hold", Status: 412}
		}
		var body bytes.Buffer
		if _, err := body.ReadFrom(in.Body); err != nil {
			return nil, err
		}
		if int64(body.Len()) != aws.ToInt64(in.ContentLength) {
			t.Errorf("%s: length %d is announced as %d", *in.Key, body.Len(), aws.ToInt64(in.ContentLength))
		}
		sum := sha256.Sum256(body.Bytes())
		if want := aws.ToString(in.ChecksumSHA256); want != "" && want != base64.StdEncoding.EncodeToString(sum[:]) {
			return nil, awsfake.Error{Code: "BadDigest", Message: "The SHA256 you specified did not match the calculated checksum.", Status: 400}
		}
		b.objects[*in.Key] = body.String()
		out := &s3.PutObjectOutput{}
		if b.settings["versioning"] != "" {
			out.VersionId = aws.String("v-" + *in.Key)
		}
		return out, nil
	})
	on(b, func(in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
		text, ok := b.objects[*in.Key]
		if !ok || in.VersionId != nil && *in.VersionId != "v-"+*in.Key {
			return nil, awsfake.Error{Code: "NotFound", Message: "Not Found", Status: 404}
		}
		out := &s3.HeadObjectOutput{VersionId: aws.String("v-" + *in.Key)}
		if in.ChecksumMode == types.ChecksumModeEnabled && text != "uploaded in parts" {
			sum := sha256.Sum256([]byte(text))
			out.ChecksumSHA256 = aws.String(base64.StdEncoding.EncodeToString(sum[:]))
		}
		return out, nil
	})
	on(b, func(in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
		if err := b.there(0); err != nil {
			return nil, err
		}
		out := &s3.ListObjectsV2Output{IsTruncated: aws.Bool(false)}
		for _, key := range slices.Sorted(maps.Keys(b.objects)) {
			if !strings.HasPrefix(key, aws.ToString(in.Prefix)) || key <= aws.ToString(in.ContinuationToken) {
				continue
			}
			if len(out.Contents) == 3 { // small pages
				out.IsTruncated, out.NextContinuationToken = aws.Bool(true), out.Contents[2].Key
				break
			}
			out.Contents = append(out.Contents, types.Object{Key: &key})
		}
		return out, nil
	})
	on(b, func(in *s3.DeleteObjectsInput) (*s3.DeleteObjectsOutput, error) {
		for _, o := range in.Delete.Objects {
			delete(b.objects, *o.Key)
		}
		return &s3.DeleteObjectsOutput{}, nil
	})
	on(b, func(in *s3.DeleteBucketInput) (*s3.DeleteBucketOutput, error) {
		err := b.there(0)
		b.exists = false
		return &s3.DeleteBucketOutput{}, err
	})
	t.Cleanup(func() {
		for _, c := range b.Calls() {
			input := reflect.ValueOf(c.Input).Elem()
			if got := aws.ToString(input.FieldByName("Bucket").Interface().(*string)); got != name {
				t.Errorf("%s is for the bucket %s", c, got)
			}
			// To create one there is no owner to expect.
			if owner := input.FieldByName("ExpectedBucketOwner"); owner.IsValid() && aws.ToString(owner.Interface().(*string)) != account {
				t.Errorf("%s does not name the owner", c)
			}
		}
	})
	return b
}

// on answers an operation, one call at a time, with the faults of the test.
func on[In, Out any](b *artefacts, answer func(*In) (*Out, error)) {
	operation := strings.TrimSuffix(reflect.TypeFor[In]().Name(), "Input")
	awsfake.On(b.Fake, func(in *In) (*Out, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.before != nil {
			if err := b.before(operation); err != nil {
				return nil, err
			}
		}
		out, err := answer(in)
		if err == nil && b.after != nil {
			err = b.after(operation)
		}
		return out, err
	})
}

// there is how S3 answers for a bucket that is not there (by HEAD without a
// code) or not ours.
func (b *artefacts) there(head int) error {
	switch {
	case b.foreign && head != 0:
		return awsfake.Error{Code: "Forbidden", Message: "Forbidden", Status: 403}
	case b.foreign:
		return awsfake.Error{Code: "AccessDenied", Message: "Access Denied", Status: 403}
	case b.exists:
		return nil
	case head != 0:
		return awsfake.Error{Code: "NotFound", Message: "Not Found", Status: head}
	}
	return awsfake.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: 404}
}

func (b *artefacts) set(what string, right bool, value string) error {
	if err := b.there(0); err != nil {
		return err
	}
	if right {
		b.settings[what] = value
	}
	return nil
}

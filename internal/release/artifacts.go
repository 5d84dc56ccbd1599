// Package release keeps what a deploy needs and leaves: the artefact bucket of
// a stage with the templates and Lambda zips, each named by its SHA-256, and
// what is known about data that outlives a stack.
package release

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Client is the part of the S3 API that this package uses.
type Client interface {
	s3.ListObjectsV2APIClient
	DeleteObjects(context.Context, *s3.DeleteObjectsInput, ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error)
	HeadBucket(context.Context, *s3.HeadBucketInput, ...func(*s3.Options)) (*s3.HeadBucketOutput, error)
	CreateBucket(context.Context, *s3.CreateBucketInput, ...func(*s3.Options)) (*s3.CreateBucketOutput, error)
	DeleteBucket(context.Context, *s3.DeleteBucketInput, ...func(*s3.Options)) (*s3.DeleteBucketOutput, error)
	PutBucketEncryption(context.Context, *s3.PutBucketEncryptionInput, ...func(*s3.Options)) (*s3.PutBucketEncryptionOutput, error)
	PutBucketVersioning(context.Context, *s3.PutBucketVersioningInput, ...func(*s3.Options)) (*s3.PutBucketVersioningOutput, error)
	PutPublicAccessBlock(context.Context, *s3.PutPublicAccessBlockInput, ...func(*s3.Options)) (*s3.PutPublicAccessBlockOutput, error)
	PutBucketPolicy(context.Context, *s3.PutBucketPolicyInput, ...func(*s3.Options)) (*s3.PutBucketPolicyOutput, error)
	PutBucketLifecycleConfiguration(context.Context, *s3.PutBucketLifecycleConfigurationInput, ...func(*s3.Options)) (*s3.PutBucketLifecycleConfigurationOutput, error)
	PutBucketTagging(context.Context, *s3.PutBucketTaggingInput, ...func(*s3.Options)) (*s3.PutBucketTaggingOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

var _ Client = (*s3.Client)(nil)

// Store is the artefact bucket of one stage.
type Store struct {
	client  Client
	Bucket  string
	account string
	region  string
	stage   string
}

// NewStore returns the artefact bucket of a stage. Its name follows from stage,
// account and region, so that it is found without the stack; nothing is created yet.
func NewStore(client Client, stage, account, region string) *Store {
	return &Store{
		client: client, Bucket: fmt.Sprintf("renpyctl-%s-%s-%s", stage, account, region),
		account: account, region: region, stage: stage,
	}
}

// ForeignBucketError says that the artefact bucket's name belongs to another
// account. S3 answers 403 for that as for a missing permission.
type ForeignBucketError struct{ Bucket string }

func (e *ForeignBucketError) Error() string {
	return fmt.Sprintf("the bucket %s belongs to another AWS account, or these credentials may not read it", e.Bucket)
}

// Exists tells whether the bucket is there and ours.
func (s *Store) Exists(ctx context.Context) (bool, error) {
	_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.Bucket, ExpectedBucketOwner: &s.account})
	switch {
	case err == nil:
		return true, nil
	case cloud.IsNotFound(err):
		return false, nil
	case cloud.KindOf(err) == cloud.Denied:
		return false, &ForeignBucketError{Bucket: s.Bucket}
	}
	return false, fmt.Errorf("look for the artefact bucket %s: %w", s.Bucket, err)
}

// ExpireAfterDays is for how many days the bucket keeps objects that were deleted or overwritten.
const ExpireAfterDays = 30

// Ensure creates the bucket where it is missing: private, encrypted, reached
// by TLS only, versioned, with deleted artefacts expiring after 30 days. A
// bucket whose setting up was interrupted is set up again; what it holds, c,
// tells whether that is so. Anew sets it up whatever that tells: a first deploy
// has nothing to show that the mark is its own.
func (s *Store) Ensure(ctx context.Context, c Contents, anew bool) error {
	if c.Has(readyKey) && !anew {
		return nil
	}
	if !c.exists {
		if err := s.create(ctx); err != nil {
			return err
		}
	}
	return s.harden(ctx)
}

// readyKey marks, as the last thing written, a bucket whose settings are complete.
const readyKey = "renpyctl.json"

func (s *Store) create(ctx context.Context) error {
	in := &s3.CreateBucketInput{Bucket: &s.Bucket, ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced}
	if s.region != "us-east-1" { // S3 refuses its oldest region as a constraint
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(s.region)}
	}
	_, err := s.client.CreateBucket(ctx, in)
	if cloud.KindOf(err) == cloud.Conflict {
		// Made by somebody between the two calls; Exists tells whether by us. If
		// there is none, S3 still deletes an earlier one (OperationAborted).
		if ours, err := s.Exists(ctx); ours || err != nil {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("create the artefact bucket %s: %w", s.Bucket, err)
	}
	return nil
}

func (s *Store) harden(ctx context.Context) error {
	steps := []struct {
		what string
		do   func() error
	}{
		{"block public access to", func() error {
			_, err := s.client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
				Bucket: &s.Bucket, ExpectedBucketOwner: &s.account,
				PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
					BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true),
					IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
				},
			}, cloud.NewBucket)
			return err
		}},
		{"encrypt", func() error {
			_, err := s.client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{
				Bucket: &s.Bucket, ExpectedBucketOwner: &s.account,
				ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
					ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256},
				}}},
			}, cloud.NewBucket)
			return err
		}},
		{"version", func() error {
			_, err := s.client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
				Bucket: &s.Bucket, ExpectedBucketOwner: &s.account,
				VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
			}, cloud.NewBucket)
			return err
		}},
		{"require TLS for", func() error {
			_, err := s.client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{
				Bucket: &s.Bucket, ExpectedBucketOwner: &s.account, Policy: aws.String(tlsOnly(s.Bucket, s.region)),
			}, cloud.NewBucket)
			return err
		}},
		{"expire old artefacts in", func() error {
			_, err := s.client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
				Bucket: &s.Bucket, ExpectedBucketOwner: &s.account,
				LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{
					ID: aws.String("expire-deleted-artefacts"), Status: types.ExpirationStatusEnabled,
					Filter:                         &types.LifecycleRuleFilter{Prefix: aws.String("")},
					NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(ExpireAfterDays)},
					AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(1)},
					Expiration:                     &types.LifecycleExpiration{ExpiredObjectDeleteMarker: aws.Bool(true)},
				}}},
			}, cloud.NewBucket)
			return err
		}},
		{"tag", func() error {
			_, err := s.client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{
				Bucket: &s.Bucket, ExpectedBucketOwner: &s.account,
				Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("renpyctl:stage"), Value: &s.stage}}},
			}, cloud.NewBucket)
			return err
		}},
		{"mark", func() error {
			return s.Put(ctx, readyKey, []byte(`{"purpose":"artefacts and release records of renpyctl"}`+"\n"))
		}},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s the artefact bucket %s: %w", step.what, s.Bucket, err)
		}
	}
	return nil
}

// tlsOnly is the bucket policy that refuses every request without TLS.
func tlsOnly(bucket, region string) string {
	arn := "arn:" + cloud.Partition(region) + ":s3:::" + bucket
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"TLSOnly","Effect":"Deny","Principal":"*","Action":"s3:*",`+
		`"Resource":["%s","%s/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`, arn, arn)
}

// Put writes an object, replacing what is there.
func (s *Store) Put(ctx context.Context, key string, body []byte) error {
	_, err := s.put(ctx, &s3.PutObjectInput{Key: &key, Body: bytes.NewReader(body), ContentLength: aws.Int64(int64(len(body)))})
	return err
}

func (s *Store) put(ctx context.Context, in *s3.PutObjectInput) (version string, err error) {
	in.Bucket, in.ExpectedBucketOwner = &s.Bucket, &s.account
	out, err := s.client.PutObject(ctx, in, cloud.NewBucket)
	if err != nil {
		return "", fmt.Errorf("write %s to the artefact bucket: %w", aws.ToString(in.Key), err)
	}
	if version = aws.ToString(out.VersionId); version == "null" { // versioning is suspended
		version = ""
	}
	return version, nil
}

// maxObject bounds what is read of an object: templates have at most 51,200
// bytes, records a few thousand.
const maxObject = 1 << 20

// Object returns what an object holds. The error is [ErrDamaged] if it is larger
// than anything that is kept to be read.
func (s *Store) Object(ctx context.Context, key string) ([]byte, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.Bucket, Key: &key, ExpectedBucketOwner: &s.account})
	if err != nil {
		return nil, fmt.Errorf("read %s in the artefact bucket: %w", key, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(io.LimitReader(out.Body, maxObject+1))
	if err != nil {
		return nil, fmt.Errorf("read %s in the artefact bucket: %w", key, err)
	}
	if len(body) > maxObject {
		return nil, fmt.Errorf("%s in the artefact bucket is %w: it has more than %d bytes", key, ErrDamaged, maxObject)
	}
	return body, nil
}

// DeleteBucket deletes the bucket, which must be empty. One that does not exist is no error.
func (s *Store) DeleteBucket(ctx context.Context) error {
	_, err := s.client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &s.Bucket, ExpectedBucketOwner: &s.account})
	if err != nil && !cloud.IsNotFound(err) {
		return fmt.Errorf("delete the artefact bucket %s: %w", s.Bucket, err)
	}
	return nil
}

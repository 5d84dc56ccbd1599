package saves

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// BucketClient is the part of the S3 API that this package uses.
type BucketClient interface {
	HeadBucket(context.Context, *s3.HeadBucketInput, ...func(*s3.Options)) (*s3.HeadBucketOutput, error)
	GetBucketPolicy(context.Context, *s3.GetBucketPolicyInput, ...func(*s3.Options)) (*s3.GetBucketPolicyOutput, error)
	PutBucketPolicy(context.Context, *s3.PutBucketPolicyInput, ...func(*s3.Options)) (*s3.PutBucketPolicyOutput, error)
	PutBucketVersioning(context.Context, *s3.PutBucketVersioningInput, ...func(*s3.Options)) (*s3.PutBucketVersioningOutput, error)
	PutPublicAccessBlock(context.Context, *s3.PutPublicAccessBlockInput, ...func(*s3.Options)) (*s3.PutPublicAccessBlockOutput, error)
	GetBucketVersioning(context.Context, *s3.GetBucketVersioningInput, ...func(*s3.Options)) (*s3.GetBucketVersioningOutput, error)
	GetPublicAccessBlock(context.Context, *s3.GetPublicAccessBlockInput, ...func(*s3.Options)) (*s3.GetPublicAccessBlockOutput, error)
	DeleteBucket(context.Context, *s3.DeleteBucketInput, ...func(*s3.Options)) (*s3.DeleteBucketOutput, error)
}

var _ BucketClient = (*s3.Client)(nil)

// Bucket is the bucket of saves, and the account that it must belong to.
type Bucket struct {
	client      BucketClient
	Name, Owner string
}

// NewBucket returns the bucket of that name.
func NewBucket(client BucketClient, name, owner string) *Bucket {
	return &Bucket{client: client, Name: name, Owner: owner}
}

// Exists tells whether the bucket is there.
func (b *Bucket) Exists(ctx context.Context) (bool, error) {
	_, err := b.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner})
	if cloud.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for bucket %s: %w", b.Name, err)
	}
	return true, nil
}

// Delete deletes the bucket, which must be empty. One that does not exist is no error.
func (b *Bucket) Delete(ctx context.Context) error {
	_, err := b.client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner})
	if err != nil && !cloud.IsNotFound(err) {
		return fmt.Errorf("delete bucket %s: %w", b.Name, err)
	}
	return nil
}

// Package bucket counts and empties versioned S3 buckets, or the part of one below a prefix.
package bucket

import (
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Client is the part of the S3 API that this package uses. It lists keys as they
// are, whatever is in them, as that of [cloud.S3] does.
type Client interface {
	s3.ListObjectVersionsAPIClient
	s3.ListMultipartUploadsAPIClient
	DeleteObjects(context.Context, *s3.DeleteObjectsInput, ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
}

var _ Client = (*s3.Client)(nil)

// Bucket is a bucket and the account it must belong to: a bucket's name may be
// taken by somebody else, so every call names the owner it expects.
type Bucket struct {
	Name, Owner string
	// Prefix is how the keys begin that count, "" for all.
	Prefix string
}

// prefix is the prefix as a request has it.
func (b Bucket) prefix() *string {
	if b.Prefix == "" {
		return nil
	}
	return &b.Prefix
}

// Stats says what a bucket holds.
type Stats struct {
	Files int64 `json:"files"` // keys whose latest version is a file, as the caller defines it
	// FileVersions are the versions of files, the latest and those before it.
	FileVersions int64 `json:"fileVersions"`
	Versions     int64 `json:"versions"` // every version and delete marker, of whatever it is
	Bytes        int64 `json:"bytes"`    // of every version
}

// Count lists the whole bucket. isFile tells by key and size in bytes which
// objects count as files. Progress, which may be nil, is told the counts so far
// after each page of up to 1,000 versions. A bucket that does not exist counts
// as empty.
func Count(ctx context.Context, client Client, b Bucket, isFile func(key string, size int64) bool, progress func(Stats)) (Stats, error) {
	var stats Stats
	for page, err := range versions(ctx, client, b) {
		if err != nil {
			return stats, err
		}
		for _, v := range page.Versions {
			stats.Versions++
			stats.Bytes += aws.ToInt64(v.Size)
			if !isFile(aws.ToString(v.Key), aws.ToInt64(v.Size)) {
				continue
			}
			stats.FileVersions++
			if aws.ToBool(v.IsLatest) {
				stats.Files++
			}
		}
		stats.Versions += int64(len(page.DeleteMarkers))
		if progress != nil {
			progress(stats)
		}
	}
	return stats, nil
}

// versions streams the pages of the bucket's versions and delete markers.
func versions(ctx context.Context, client Client, b Bucket) iter.Seq2[*s3.ListObjectVersionsOutput, error] {
	return func(yield func(*s3.ListObjectVersionsOutput, error) bool) {
		pages := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{
			Bucket: &b.Name, ExpectedBucketOwner: &b.Owner, Prefix: b.prefix(),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if cloud.IsNotFound(err) {
				return
			}
			if err != nil {
				yield(nil, fmt.Errorf("list the versions in bucket %s: %w", b.Name, err))
				return
			}
			if !yield(page, nil) {
				return
			}
		}
	}
}

// batch returns the page's versions and delete markers as DeleteObjects names
// them: at most 1,000, which is both a page's and a request's limit.
func batch(page *s3.ListObjectVersionsOutput) []types.ObjectIdentifier {
	ids := make([]types.ObjectIdentifier, 0, len(page.Versions)+len(page.DeleteMarkers))
	for _, v := range page.Versions {
		ids = append(ids, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
	}
	for _, m := range page.DeleteMarkers {
		ids = append(ids, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
	}
	return ids
}

package bucket

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

const (
	// workers is how many DeleteObjects requests run at once. S3 takes some
	// 3,500 deletes a second below one prefix, each key counting as one
	// (HADOOP-17935), so more would only be throttled.
	workers = 4
	// maxPasses bounds how often the bucket is listed again, because S3 may
	// report keys as deleted that still are there.
	maxPasses = 10
)

// Empty deletes every version, every delete marker and every unfinished upload
// in the bucket, and lists again until nothing is left. Progress, which may be
// nil, is told how many versions and markers are gone, in one call at a time.
// It can be interrupted and run again. A bucket that does not exist is empty.
func Empty(ctx context.Context, client Client, b Bucket, progress func(deleted int64)) error {
	var mu sync.Mutex
	var deleted int64
	report := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		deleted += int64(n)
		if progress != nil {
			progress(deleted)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return abortUploads(ctx, client, b) })
	group.Go(func() error { return deleteVersions(ctx, client, b, report) })
	return group.Wait()
}

// deleteVersions goes through the bucket until nothing is left.
func deleteVersions(ctx context.Context, client Client, b Bucket, report func(int)) error {
	for pass := range maxPasses {
		if pass > 1 {
			// What a whole pass did not delete needs time, not haste.
			if err := cloud.Sleep(ctx, time.Duration(pass)*time.Second); err != nil {
				return err
			}
		}
		found, err := deleteAll(ctx, client, b, report)
		if err != nil || !found {
			return err
		}
	}
	return fmt.Errorf("bucket %s still has versions after %d passes; is something writing to it?", b.Name, maxPasses)
}

// deleteAll goes through the bucket once. Found tells whether it listed anything.
func deleteAll(ctx context.Context, client Client, b Bucket, report func(int)) (found bool, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	// The listing runs ahead of the deletes by as many pages as there are
	// workers: group.Go blocks, which bounds the memory.
	for page, listErr := range versions(ctx, client, b) {
		if listErr != nil {
			err = listErr
			break
		}
		ids := batch(page)
		if len(ids) == 0 {
			continue
		}
		found = true
		group.Go(func() error {
			n, err := deletePage(ctx, client, b, ids)
			report(n)
			return err
		})
	}
	// A failed delete cancels the listing: its error is the cause.
	if groupErr := group.Wait(); groupErr != nil {
		return found, groupErr
	}
	return found, err
}

// retryable are the errors for single keys that S3 asks to try again.
var retryable = map[string]bool{"SlowDown": true, "InternalError": true, "ServiceUnavailable": true, "OperationAborted": true}

// maxTries is how often the keys of a batch that S3 put off are tried.
const maxTries = 6

// deletePage deletes up to 1,000 versions and returns how many are gone. Those
// with keys that a batch cannot name are deleted one by one.
func deletePage(ctx context.Context, client Client, b Bucket, ids []types.ObjectIdentifier) (deleted int, err error) {
	var batch, alone []types.ObjectIdentifier
	for _, id := range ids {
		if inXML(aws.ToString(id.Key)) {
			batch = append(batch, id)
		} else {
			alone = append(alone, id)
		}
	}
	if len(batch) > 0 {
		if deleted, err = deleteBatch(ctx, client, b, batch); err != nil {
			return deleted, err
		}
	}
	for _, id := range alone {
		if err := deleteVersion(ctx, client, b, id); err != nil {
			return deleted, err
		}
		deleted++
	}
	return deleted, nil
}

// inXML tells whether a key comes out of an XML document as it went in. XML knows
// no control characters and turns a carriage return into a line feed; the SDK
// puts U+FFFD in the place of what it cannot write, which would be another key.
func inXML(key string) bool {
	return utf8.ValidString(key) && !strings.ContainsFunc(key, func(r rune) bool {
		return unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF
	})
}

// deleteVersion deletes one version. Its key is in the address, which carries any bytes.
func deleteVersion(ctx context.Context, client Client, b Bucket, id types.ObjectIdentifier) error {
	_, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner, Key: id.Key, VersionId: id.VersionId})
	if err != nil && !cloud.IsNotFound(err) {
		return fmt.Errorf("delete %s in bucket %s: %w", aws.ToString(id.Key), b.Name, err)
	}
	return nil
}

// deleteHalves deletes what S3 would not read in one request: keys of a whole
// page can come to megabytes of XML.
func deleteHalves(ctx context.Context, client Client, b Bucket, ids []types.ObjectIdentifier) (deleted int, err error) {
	if len(ids) == 1 {
		if err := deleteVersion(ctx, client, b, ids[0]); err != nil {
			return 0, err
		}
		return 1, nil
	}
	for _, half := range [][]types.ObjectIdentifier{ids[:len(ids)/2], ids[len(ids)/2:]} {
		n, err := deleteBatch(ctx, client, b, half)
		deleted += n
		if err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}

// deleteBatch deletes up to 1,000 versions and returns how many are gone. S3
// answers 200 even if single keys failed; those are tried again when that can help.
func deleteBatch(ctx context.Context, client Client, b Bucket, ids []types.ObjectIdentifier) (deleted int, err error) {
	for try := 0; ; try++ {
		out, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &b.Name, ExpectedBucketOwner: &b.Owner,
			Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)},
		})
		if cloud.IsNotFound(err) {
			return deleted + len(ids), nil
		}
		if cloud.Code(err) == "MalformedXML" {
			n, err := deleteHalves(ctx, client, b, ids)
			return deleted + n, err
		}
		if err != nil {
			return deleted, fmt.Errorf("delete versions in bucket %s: %w", b.Name, err)
		}
		deleted += len(ids) - len(out.Errors)
		if len(out.Errors) == 0 {
			return deleted, nil
		}
		ids = ids[:0:0]
		for _, e := range out.Errors {
			if !retryable[aws.ToString(e.Code)] || try+1 == maxTries {
				return deleted, &KeyError{Bucket: b.Name, Key: aws.ToString(e.Key), Code: aws.ToString(e.Code), Message: aws.ToString(e.Message), Failed: len(out.Errors)}
			}
			ids = append(ids, types.ObjectIdentifier{Key: e.Key, VersionId: e.VersionId})
		}
		if err := cloud.Sleep(ctx, time.Duration(1<<try)*250*time.Millisecond); err != nil {
			return deleted, err
		}
	}
}

// KeyError says that S3 would not delete some versions, naming the first.
type KeyError struct {
	Bucket, Key   string
	Code, Message string // of the first
	Failed        int    // how many in that request
}

func (e *KeyError) Error() string {
	others := ""
	if e.Failed > 1 {
		others = fmt.Sprintf(" (and %d more)", e.Failed-1)
	}
	return fmt.Sprintf("bucket %s: %s%s could not be deleted: %s (%s)", e.Bucket, e.Key, others, e.Message, e.Code)
}

// abortUploads ends every unfinished multipart upload: a bucket that holds one
// can be deleted, but its parts are paid for until then.
func abortUploads(ctx context.Context, client Client, b Bucket) error {
	pages := s3.NewListMultipartUploadsPaginator(client, &s3.ListMultipartUploadsInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner, Prefix: b.prefix()})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list the unfinished uploads in bucket %s: %w", b.Name, err)
		}
		for _, u := range page.Uploads {
			_, err := client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
				Bucket: &b.Name, ExpectedBucketOwner: &b.Owner, Key: u.Key, UploadId: u.UploadId,
			})
			if err != nil && !cloud.IsNotFound(err) {
				return fmt.Errorf("abort an unfinished upload in bucket %s: %w", b.Name, err)
			}
		}
	}
	return nil
}

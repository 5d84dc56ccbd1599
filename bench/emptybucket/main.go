// Command emptybucket empties a versioned bucket and does nothing else, so that
// its time and memory are those of emptying. It prints a line of JSON.
//
// With -bare it sends the same DeleteObjects requests from lists made
// beforehand: what the server takes when nobody has to list. With -fill it makes
// the bucket instead.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

func main() {
	endpoint := flag.String("endpoint", "", "the server's `URL`")
	secret := flag.String("secret", "", "the secret access `key` that it takes")
	name := flag.String("bucket", "", "the bucket's `name`")
	owner := flag.String("owner", "000000000000", "the `account` that it belongs to")
	bare := flag.Int("bare", 0, "list beforehand and time the deletes alone, so many `requests` at once")
	total := flag.Int("fill", 0, "make the bucket, with so many `versions` and delete markers")
	flag.Parse()
	client := cloud.S3(cloud.Local(*endpoint, cloud.Options{LocalSecret: *secret}))
	b := bucket.Bucket{Name: *name, Owner: *owner}
	ctx := context.Background()

	var err error
	switch {
	case *total > 0:
		err = fill(ctx, client, b, *total)
	case *bare > 0:
		var batches [][]types.ObjectIdentifier
		if batches, err = list(ctx, client, b); err == nil {
			err = timed(func() (int64, error) { return deleteBatches(ctx, client, b, batches, *bare) })
		}
	default:
		err = timed(func() (int64, error) { return empty(ctx, client, b) })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "emptybucket:", err)
		os.Exit(1)
	}
}

// timed prints how many versions were deleted in what time.
func timed(work func() (deleted int64, err error)) error {
	start := time.Now()
	deleted, err := work()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"deleted": deleted, "seconds": time.Since(start).Seconds()})
}

func empty(ctx context.Context, client *s3.Client, b bucket.Bucket) (deleted int64, err error) {
	var mu sync.Mutex
	err = bucket.Empty(ctx, client, b, func(sofar int64) {
		mu.Lock()
		defer mu.Unlock()
		deleted = max(deleted, sofar)
	})
	return deleted, err
}

// list returns the bucket's versions and delete markers in the batches that
// emptying it would delete.
func list(ctx context.Context, client *s3.Client, b bucket.Bucket) ([][]types.ObjectIdentifier, error) {
	var batches [][]types.ObjectIdentifier
	pages := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		var ids []types.ObjectIdentifier
		for _, v := range page.Versions {
			ids = append(ids, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			ids = append(ids, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		batches = append(batches, ids)
	}
	return batches, nil
}

func deleteBatches(ctx context.Context, client *s3.Client, b bucket.Bucket, batches [][]types.ObjectIdentifier, workers int) (deleted int64, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, ids := range batches {
		deleted += int64(len(ids))
		group.Go(func() error {
			out, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
				Bucket: &b.Name, ExpectedBucketOwner: &b.Owner,
				Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)},
			})
			if err == nil && len(out.Errors) > 0 {
				err = fmt.Errorf("%d versions could not be deleted: %s", len(out.Errors), aws.ToString(out.Errors[0].Message))
			}
			return err
		})
	}
	return deleted, group.Wait()
}

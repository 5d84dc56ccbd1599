package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/renpy-cloud/renpyctl/internal/bucket"
)

// perKey is how many versions and delete markers each key gets.
const perKey = 5

// fill makes a versioned bucket with that many versions and delete markers. One
// in ten is a version with bytes; to delete and to list, a marker is the same,
// and DeleteObjects makes a thousand of them at once.
func fill(ctx context.Context, client *s3.Client, b bucket.Bucket, total int) error {
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &b.Name}); err != nil {
		return err
	}
	_, err := client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket:                  &b.Name,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		return err
	}
	keys := total / perKey
	for i := range total / 10 {
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.Name, Key: key(i % keys), Body: strings.NewReader("a save")}); err != nil {
			return err
		}
	}
	return mark(ctx, client, b, total/10, total, keys)
}

// mark makes the delete markers from the one with that number to the last.
func mark(ctx context.Context, client *s3.Client, b bucket.Bucket, from, total, keys int) error {
	for from < total {
		var ids []types.ObjectIdentifier
		for ; from < total && len(ids) < 1000; from++ {
			ids = append(ids, types.ObjectIdentifier{Key: key(from % keys)})
		}
		_, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b.Name, Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)}})
		if err != nil {
			return err
		}
	}
	return nil
}

// key is as long as those of players' saves.
func key(i int) *string {
	return aws.String(fmt.Sprintf("users/00000000-0000-4000-8000-%012d/my_game/files/%d-1-LT1.save", i/10, i%10))
}

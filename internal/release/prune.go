package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Unneeded lists the keys that can be deleted when the releases of the old
// numbers go: their records, and every template and zip that no other release
// names and that is not in use. A record that cannot be read might name
// anything, so with one among those that stay only records are listed.
func (s *Store) Unneeded(ctx context.Context, old []int, inUse []string) ([]string, error) {
	all, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	needed := slices.Clone(inUse)
	readable := true
	for _, r := range all {
		if slices.Contains(old, r.Number) {
			continue
		}
		readable = readable && r.Damaged == ""
		needed = append(needed, r.Template)
		for _, key := range r.Code {
			needed = append(needed, key)
		}
	}
	keys := []string{}
	for _, prefix := range []string{recordPrefix, "template/", "code/"} {
		for key, err := range s.keys(ctx, prefix) {
			if err != nil {
				return nil, err
			}
			var goes bool
			if prefix == recordPrefix {
				goes = slices.ContainsFunc(old, func(n int) bool { return key == recordKey(n) || key == outcomeKey(n) })
			} else {
				goes = readable && len(all) > 0 && !slices.Contains(needed, key)
			}
			if goes {
				keys = append(keys, key)
			}
		}
	}
	return keys, nil
}

// Delete deletes objects. The bucket is versioned: they expire after [ExpireAfterDays].
func (s *Store) Delete(ctx context.Context, keys []string) error {
	for batch := range slices.Chunk(keys, 1000) {
		var ids []types.ObjectIdentifier
		for _, key := range batch {
			ids = append(ids, types.ObjectIdentifier{Key: &key})
		}
		out, err := s.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &s.Bucket, ExpectedBucketOwner: &s.account,
			Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)},
		})
		if err != nil {
			return fmt.Errorf("delete old releases: %w", err)
		}
		var failed []error
		for _, e := range out.Errors {
			failed = append(failed, fmt.Errorf("delete %s: %s", aws.ToString(e.Key), strings.TrimSuffix(aws.ToString(e.Message), ".")))
		}
		if err := errors.Join(failed...); err != nil {
			return err
		}
	}
	return nil
}

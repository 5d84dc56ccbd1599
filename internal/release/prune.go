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

// Unneeded lists the keys that can be deleted when, of all releases, those of
// the old numbers go: their records, and every template and zip that no other
// release names and that is not in use. A record that cannot be read might name
// anything, so with one among those that stay only records are listed; but one
// that is newer than the live release's was never deployed.
func (c Contents) Unneeded(all []Release, old []int, live int, inUse []string) []string {
	needed := slices.Clone(inUse)
	readable := len(all) > 0
	for _, r := range all {
		if slices.Contains(old, r.Number) {
			continue
		}
		readable = readable && (r.Damaged == "" || r.Number > live)
		needed = append(needed, r.Template)
		for _, key := range r.Code {
			needed = append(needed, key)
		}
	}
	keys := []string{}
	for _, key := range c.keys {
		isRecord := slices.ContainsFunc(old, func(n int) bool { return key == recordKey(n) || key == outcomeKey(n) })
		isArtefact := strings.HasPrefix(key, "template/") || strings.HasPrefix(key, "code/")
		if isRecord || isArtefact && readable && !slices.Contains(needed, key) {
			keys = append(keys, key)
		}
	}
	return keys
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

package release

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Contents is what the artefact bucket held when it was listed: one call tells
// what a deploy need not upload and which release comes next.
type Contents struct {
	exists bool // the bucket
	keys   []string
}

// Contents lists the bucket. One that does not exist holds nothing. The error
// is a *[ForeignBucketError] where the bucket is another account's; where IAM
// refuses, S3 names the action.
func (s *Store) Contents(ctx context.Context) (Contents, error) {
	c := Contents{exists: true}
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.Bucket, ExpectedBucketOwner: &s.account})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		switch {
		case cloud.IsNotFound(err):
			return Contents{}, nil
		case cloud.KindOf(err) == cloud.Denied && cloud.DeniedAction(cloud.Message(err)) == "":
			return Contents{}, &ForeignBucketError{Bucket: s.Bucket}
		case err != nil:
			return Contents{}, fmt.Errorf("list the artefact bucket %s: %w", s.Bucket, err)
		}
		for _, o := range page.Contents {
			c.keys = append(c.keys, aws.ToString(o.Key))
		}
	}
	return c, nil
}

// Has tells whether the bucket held an object of that key.
func (c Contents) Has(key string) bool { return slices.Contains(c.keys, key) }

// HasRemains tells whether there is a list of what earlier stacks left.
func (c Contents) HasRemains() bool { return c.Has(remainsKey) }

// HasRelease tells whether a release has had that number, whatever its record says.
func (c Contents) HasRelease(n int) bool { return c.Has(recordKey(n)) }

// After returns the first free number after the live release's, which is 0
// where there is none: then it goes on with what an earlier stack left. It is
// not the number after the highest, which anybody who may write to the bucket
// could have used up with one record.
func (c Contents) After(live int) int {
	next := live + 1
	if numbers := c.Numbers(); live == 0 && len(numbers) > 0 {
		next = slices.Min(numbers)
	}
	for c.HasRelease(next) {
		next++
	}
	return next
}

// maxNumber is the highest number that the template takes for a release.
const maxNumber = 999999

// Numbers returns the numbers of all releases, the newest first. A record under
// another key than [Store.Begin] gives it is none.
func (c Contents) Numbers() []int {
	var numbers []int
	for _, key := range c.keys {
		name, _ := strings.CutPrefix(key, recordPrefix)
		name, _ = strings.CutSuffix(name, ".json")
		if n, err := strconv.Atoi(name); err == nil && 0 < n && n <= maxNumber && key == recordKey(n) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	slices.Reverse(numbers)
	return numbers
}

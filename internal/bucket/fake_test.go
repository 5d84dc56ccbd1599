package bucket_test

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// s3Bucket is a versioned bucket that behaves as S3's do, faults included.
type s3Bucket struct {
	*awsfake.Fake
	client bucket.Client

	mu       sync.Mutex
	versions []version
	order    map[string]int // of every version there ever was
	uploads  []string
	gone     bool // no such bucket
	page     int  // versions a page
	maxXML   int  // bytes of keys that a request may have

	listed, deleted, ahead int // pages; ahead is the most that were listed and not deleted
	putOff                 map[string]int
	refused                map[string]string
	lies                   map[string]int
	deleteLatency          time.Duration
}

// version is a version, or a delete marker, of a key.
type version struct {
	key, id string
	bytes   int64
	latest  bool
	marker  bool
}

func (v version) name() string { return v.key + "/" + v.id }

var theBucket = bucket.Bucket{Name: "saves", Owner: "123456789012"}

func newBucket(t *testing.T, versions ...version) *s3Bucket {
	b := &s3Bucket{Fake: awsfake.New(t), versions: versions, order: map[string]int{}, page: 1000, maxXML: 1 << 20, putOff: map[string]int{}, refused: map[string]string{}, lies: map[string]int{}}
	for i, v := range versions {
		b.order[v.name()] = i
	}
	b.client = cloud.S3(b.Config())
	awsfake.On(b.Fake, b.list)
	awsfake.On(b.Fake, b.delete)
	awsfake.On(b.Fake, b.deleteOne)
	awsfake.On(b.Fake, func(in *s3.ListMultipartUploadsInput) (*s3.ListMultipartUploadsOutput, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		out := &s3.ListMultipartUploadsOutput{IsTruncated: aws.Bool(false)}
		// One a page, so that paging shows.
		if i := slices.Index(b.uploads, aws.ToString(in.UploadIdMarker)) + 1; i < len(b.uploads) {
			out.Uploads = []types.MultipartUpload{{Key: aws.String("k"), UploadId: &b.uploads[i]}}
			out.IsTruncated, out.NextKeyMarker, out.NextUploadIdMarker = aws.Bool(i+1 < len(b.uploads)), aws.String("k"), &b.uploads[i]
		}
		return out, nil
	})
	awsfake.On(b.Fake, func(*s3.AbortMultipartUploadInput) (*s3.AbortMultipartUploadOutput, error) {
		return &s3.AbortMultipartUploadOutput{}, nil
	})
	// Whoever took over the name of a bucket must never be sent a delete of ours.
	t.Cleanup(func() {
		for _, c := range b.Calls() {
			owner := reflect.ValueOf(c.Input).Elem().FieldByName("ExpectedBucketOwner").Interface().(*string)
			if aws.ToString(owner) != theBucket.Owner {
				t.Errorf("%s names the owner %q", c, aws.ToString(owner))
			}
		}
	})
	return b
}

func (b *s3Bucket) list(in *s3.ListObjectVersionsInput) (*s3.ListObjectVersionsOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return nil, awsfake.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: 404}
	}
	// A marker stands for what came before it, deleted meanwhile or not.
	rest := b.versions
	if mark, ok := b.order[aws.ToString(in.KeyMarker)+"/"+aws.ToString(in.VersionIdMarker)]; ok {
		rest = slices.DeleteFunc(slices.Clone(rest), func(v version) bool { return b.order[v.name()] <= mark })
	}
	out := &s3.ListObjectVersionsOutput{IsTruncated: aws.Bool(len(rest) > b.page), EncodingType: in.EncodingType}
	for _, v := range rest[:min(b.page, len(rest))] {
		v.key = listed(v.key, in.EncodingType)
		if v.marker {
			out.DeleteMarkers = append(out.DeleteMarkers, types.DeleteMarkerEntry{Key: &v.key, VersionId: &v.id, IsLatest: &v.latest})
		} else {
			out.Versions = append(out.Versions, types.ObjectVersion{Key: &v.key, VersionId: &v.id, IsLatest: &v.latest, Size: &v.bytes})
		}
		out.NextKeyMarker, out.NextVersionIdMarker = &v.key, &v.id
	}
	if len(rest) > 0 {
		b.listed++
		b.ahead = max(b.ahead, b.listed-b.deleted)
	}
	return out, nil
}

// listed is a key as a list's XML has it. S3's is not read at all with some characters in it.
func listed(key string, encoding types.EncodingType) string {
	if encoding == types.EncodingTypeUrl {
		return url.QueryEscape(key)
	}
	return key
}

// inXML is what comes of a key on its way in a request's XML: the SDK and then
// the rules for line ends change it.
func inXML(key string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r < ' ' && r != '\n' && r != '\t', r == utf8.RuneError, r == 0xFFFE, r == 0xFFFF:
			return utf8.RuneError
		}
		return r
	}, key)
}

func (b *s3Bucket) deleteOne(in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := *in.Key + "/" + aws.ToString(in.VersionId)
	b.versions = slices.DeleteFunc(b.versions, func(v version) bool { return v.name() == name })
	return &s3.DeleteObjectOutput{}, nil
}

func (b *s3Bucket) delete(in *s3.DeleteObjectsInput) (*s3.DeleteObjectsOutput, error) {
	time.Sleep(b.deleteLatency)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deleted++
	if b.gone {
		return nil, awsfake.Error{Code: "NoSuchBucket", Status: 404}
	}
	out, gone, size := &s3.DeleteObjectsOutput{}, map[string]bool{}, 0
	for _, o := range in.Delete.Objects {
		size += len(*o.Key)
	}
	if size > b.maxXML {
		return nil, awsfake.Error{Code: "MalformedXML", Message: "The XML you provided was not well-formed or did not validate against our published schema"}
	}
	for _, o := range in.Delete.Objects {
		name := inXML(*o.Key) + "/" + aws.ToString(o.VersionId)
		switch {
		case b.refused[name] != "":
			out.Errors = append(out.Errors, types.Error{Key: o.Key, VersionId: o.VersionId, Code: aws.String(b.refused[name]), Message: aws.String("no")})
		case b.putOff[name] > 0:
			b.putOff[name]--
			out.Errors = append(out.Errors, types.Error{Key: o.Key, VersionId: o.VersionId, Code: aws.String("SlowDown"), Message: aws.String("Please reduce your request rate.")})
		case b.lies[name] > 0:
			b.lies[name]-- // said to be deleted, and still there
		default:
			gone[name] = true
		}
	}
	b.versions = slices.DeleteFunc(b.versions, func(v version) bool { return gone[v.name()] })
	return out, nil
}

// many makes n versions in the order in which S3 lists them.
func many(n int) []version {
	list := make([]version, n)
	for i := range list {
		list[i] = version{key: fmt.Sprintf("users/%06d", i), id: "v1", bytes: 10, latest: true}
	}
	return list
}

package bucket_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

func anything(string, int64) bool { return true }

func TestCount(t *testing.T) {
	b := newBucket(t,
		version{key: "a", id: "2", bytes: 30, latest: true},
		version{key: "a", id: "1", bytes: 20},
		version{key: "b", id: "2", latest: true, marker: true}, // deleted: no file, but versions
		version{key: "b", id: "1", bytes: 7},
		version{key: "c", id: "1", bytes: 3, latest: true},
	)
	b.page = 2
	var seen []int64
	stats, err := bucket.Count(t.Context(), b.client, theBucket, anything, func(s bucket.Stats) { seen = append(seen, s.Versions) })
	if want := (bucket.Stats{Files: 2, FileVersions: 4, Versions: 5, Bytes: 60}); err != nil || stats != want {
		t.Errorf("%+v, %v; want %+v", stats, err, want)
	}
	if want := []int64{2, 4, 5}; !slices.Equal(seen, want) {
		t.Errorf("progress %v, want %v", seen, want)
	}
	b.gone = true
	if stats, err := bucket.Count(t.Context(), b.client, theBucket, anything, nil); err != nil || stats != (bucket.Stats{}) {
		t.Errorf("without the bucket: %+v, %v", stats, err)
	}
}

// The whole of it: pages, batches of 1,000, markers, unfinished uploads, and
// progress that never counts a version twice.
func TestEmpty(t *testing.T) {
	b := newBucket(t, many(4500)...)
	for i := range b.versions {
		b.versions[i].marker = i%3 == 0
	}
	b.uploads = []string{"u1", "u2", "u3"}
	var seen []int64 // unguarded: progress comes in one call at a time
	err := bucket.Empty(t.Context(), b.client, theBucket, func(deleted int64) { seen = append(seen, deleted) })
	if err != nil {
		t.Fatal(err)
	}
	if len(b.versions) != 0 {
		t.Errorf("%d versions are left", len(b.versions))
	}
	if len(seen) != 5 || seen[4] != 4500 || !slices.IsSorted(seen) {
		t.Errorf("progress %v, want five reports up to 4500", seen)
	}
	for _, in := range awsfake.Inputs[s3.DeleteObjectsInput](b.Fake) {
		if n := len(in.Delete.Objects); n > 1000 {
			t.Errorf("a request for %d keys: S3 takes 1,000", n)
		}
	}
	var aborted []string
	for _, in := range awsfake.Inputs[s3.AbortMultipartUploadInput](b.Fake) {
		aborted = append(aborted, *in.UploadId)
	}
	if !slices.Equal(aborted, b.uploads) {
		t.Errorf("aborted %v, want %v", aborted, b.uploads)
	}
	// The last word is a listing that found nothing, not a delete that was believed.
	ofVersions := slices.DeleteFunc(b.Operations(), func(op string) bool { return op != "ListObjectVersions" && op != "DeleteObjects" })
	if last := ofVersions[len(ofVersions)-1]; last != "ListObjectVersions" {
		t.Errorf("the last word is %s, want a listing that finds nothing", last)
	}
}

func TestEmptyTriesAgainWhatS3PutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, many(3)...)
		b.putOff["users/000001/v1"] = 3
		if err := bucket.Empty(t.Context(), b.client, theBucket, nil); err != nil || len(b.versions) != 0 {
			t.Fatalf("%v, left %v", err, b.versions)
		}
		var sizes []int
		for _, in := range awsfake.Inputs[s3.DeleteObjectsInput](b.Fake) {
			sizes = append(sizes, len(in.Delete.Objects))
		}
		if want := []int{3, 1, 1, 1}; !slices.Equal(sizes, want) {
			t.Errorf("requests of %v keys, want %v: only what failed is tried again", sizes, want)
		}
	})
}

// S3 takes any UTF-8 of up to 1,024 bytes for a key, and players' clients, other
// tools and mistakes make all kinds of them.
func TestEmptyOfKeysOfAllKinds(t *testing.T) {
	var versions []version
	for i, key := range []string{
		"plain", "a b+c%2Bd&<>\"'", " blanks around ", "users/\x01\x1f", "line\rend", "line\r\nend", "tab\tand\nline", "\x7f\u0085\u2028",
		"\ufffd", "\uffff", "セーブ/💾", "/", "//", "./..", strings.Repeat("é", 512), strings.Repeat("&", 1024), strings.Repeat("\x02", 1024),
	} {
		versions = append(versions, version{key: key, id: fmt.Sprint("v", i), bytes: 1, latest: true}, version{key: key, id: fmt.Sprint("m", i), marker: true})
	}
	for what, prepare := range map[string]func(*s3Bucket){
		"a page":              func(*s3Bucket) {},
		"many pages":          func(b *s3Bucket) { b.page = 1 },
		"requests too large":  func(b *s3Bucket) { b.maxXML = 2000 },
		"no request with two": func(b *s3Bucket) { b.maxXML = 0 },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBucket(t, slices.Clone(versions)...)
				prepare(b)
				stats, err := bucket.Count(t.Context(), b.client, theBucket, func(key string, _ int64) bool {
					return slices.ContainsFunc(versions, func(v version) bool { return v.key == key })
				}, nil)
				if want := int64(len(versions)); err != nil || stats.Versions != want || stats.Files != want/2 {
					t.Errorf("counted %+v, %v", stats, err)
				}
				var deleted int64
				if err := bucket.Empty(t.Context(), b.client, theBucket, func(n int64) { deleted = n }); err != nil || len(b.versions) != 0 || deleted != int64(len(versions)) {
					t.Errorf("%v; left %v; told of %d", err, b.versions, deleted)
				}
			})
		})
	}
}

func TestEmptyGivesUp(t *testing.T) {
	for _, c := range []struct {
		what   string
		fault  func(*s3Bucket)
		within time.Duration
		check  func(error) bool
	}{
		{"on a key that may not be deleted", func(b *s3Bucket) { b.refused["users/000001/v1"] = "AccessDenied" }, 0, func(err error) bool {
			e, ok := errors.AsType[*bucket.KeyError](err)
			return ok && e.Key == "users/000001" && e.Code == "AccessDenied" && e.Failed == 1
		}},
		{"on a key that is always put off", func(b *s3Bucket) { b.putOff["users/000001/v1"] = 1000 }, time.Minute, func(err error) bool {
			e, ok := errors.AsType[*bucket.KeyError](err)
			return ok && e.Code == "SlowDown"
		}},
		{"on a key that is said to be deleted and stays", func(b *s3Bucket) { b.lies["users/000001/v1"] = 1000 }, time.Minute, func(err error) bool {
			return err != nil && strings.Contains(err.Error(), "still has versions after 10 passes")
		}},
		{"on a missing permission", func(b *s3Bucket) {
			awsfake.On(b.Fake, func(*s3.DeleteObjectsInput) (*s3.DeleteObjectsOutput, error) {
				return nil, awsfake.Error{Code: "AccessDenied", Status: 403}
			})
		}, 0, func(err error) bool { return cloud.KindOf(err) == cloud.Denied }},
		{"on a listing that fails half-way", func(b *s3Bucket) {
			b.page = 1
			awsfake.On(b.Fake, func(in *s3.ListObjectVersionsInput) (*s3.ListObjectVersionsOutput, error) {
				if in.KeyMarker != nil {
					return nil, awsfake.ErrLost
				}
				return b.list(in)
			})
		}, 0, func(err error) bool { return cloud.KindOf(err) == cloud.Unreachable }},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBucket(t, many(3)...)
				c.fault(b)
				start := time.Now()
				if err := bucket.Empty(t.Context(), b.client, theBucket, nil); !c.check(err) {
					t.Errorf("gave %v", err)
				}
				if took := time.Since(start); took > c.within {
					t.Errorf("took %s, want at most %s", took, c.within)
				}
			})
		})
	}
}

// S3 may say that a key is deleted while it is still there: the bucket is listed until it is empty.
func TestEmptyListsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, many(3)...)
		b.lies["users/000001/v1"] = 2
		if err := bucket.Empty(t.Context(), b.client, theBucket, nil); err != nil || len(b.versions) != 0 {
			t.Errorf("%v, left %v", err, b.versions)
		}
	})
}

func TestEmptyOfNoBucket(t *testing.T) {
	b := newBucket(t)
	b.gone = true
	awsfake.On(b.Fake, func(*s3.ListMultipartUploadsInput) (*s3.ListMultipartUploadsOutput, error) {
		return nil, awsfake.Error{Code: "NoSuchBucket", Status: 404}
	})
	if err := bucket.Empty(t.Context(), b.client, theBucket, nil); err != nil {
		t.Error(err)
	}
}

// However large the bucket, only a few pages are held at a time, and the
// deletes run side by side.
func TestEmptyIsBoundedAndParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, many(2000)...)
		b.page = 20 // 100 pages
		b.deleteLatency = time.Second
		start := time.Now()
		if err := bucket.Empty(t.Context(), b.client, theBucket, nil); err != nil {
			t.Fatal(err)
		}
		if b.ahead > 6 {
			t.Errorf("%d pages were held at once", b.ahead)
		}
		if took := time.Since(start); took > 26*time.Second {
			t.Errorf("100 requests of a second each took %s, want a quarter of that", took)
		}
	})
}

func TestEmptyStopsWhenInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, many(100)...)
		b.page = 1
		b.deleteLatency = time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		if err := bucket.Empty(ctx, b.client, theBucket, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("gave %v", err)
		}
		left := len(b.versions)
		if left == 0 || left == 100 {
			t.Errorf("%d of 100 versions are left, want some", left)
		}
		if err := bucket.Empty(t.Context(), b.client, theBucket, nil); err != nil || len(b.versions) != 0 {
			t.Errorf("run again: %v, %d left", err, len(b.versions))
		}
	})
}

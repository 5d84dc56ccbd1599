package release

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Templates and zips are kept under their SHA-256. Whoever may write to the
// bucket may write another body under the same key, before or after: so a body
// counts only once its hash was looked at, and what was looked at is meant by
// its version from then on, which nobody can write over.

// ForgedError says that an object is not what its key says that it is.
type ForgedError struct{ Bucket, Key string }

func (e *ForgedError) Error() string {
	return fmt.Sprintf("%s in the bucket %s is not what its name says: it is gone, or somebody has written over it", e.Key, e.Bucket)
}

// Upload writes a body of a SHA-256 in hex and returns its version. S3 refuses
// any other body. A bucket that keeps no versions was never set up to its end,
// and is set up again.
func (s *Store) Upload(ctx context.Context, key, sum string, body io.ReadSeeker, size int64) (version string, err error) {
	write := func() (string, error) {
		if _, err := body.Seek(0, io.SeekStart); err != nil {
			return "", err
		}
		return s.put(ctx, &s3.PutObjectInput{Key: &key, Body: body, ContentLength: &size, ChecksumSHA256: aws.String(inBase64(sum))})
	}
	version, err = write()
	if err != nil || version != "" {
		return version, err
	}
	if err := s.harden(ctx); err != nil {
		return "", err
	}
	if version, err = write(); err == nil && version == "" {
		err = fmt.Errorf("the artefact bucket %s keeps no versions of its objects", s.Bucket)
	}
	return version, err
}

// Held returns the version in which the bucket holds a body of a SHA-256 in hex:
// the one that is asked for, or for "" the newest. It is "" where that is not
// there, or not known to be such a body. S3 has worked out the sum itself when
// the body was written by [Store.Upload].
func (s *Store) Held(ctx context.Context, key, version, sum string) (string, error) {
	in := &s3.HeadObjectInput{Bucket: &s.Bucket, Key: &key, ExpectedBucketOwner: &s.account, ChecksumMode: types.ChecksumModeEnabled}
	if version != "" {
		in.VersionId = &version
	}
	out, err := s.client.HeadObject(ctx, in)
	switch {
	case cloud.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("look at %s in the artefact bucket: %w", key, err)
	case aws.ToString(out.ChecksumSHA256) != inBase64(sum):
		return "", nil
	}
	return aws.ToString(out.VersionId), nil
}

// inBase64 turns a SHA-256 in hex into S3's form.
func inBase64(sum string) string {
	raw, _ := hex.DecodeString(sum)
	return base64.StdEncoding.EncodeToString(raw)
}

// Template returns the template under a key that ends in its SHA-256:
// "template/HASH.yaml". The error is a *[ForgedError] if it is another.
func (s *Store) Template(ctx context.Context, key string) (string, error) {
	body, err := s.Object(ctx, key)
	if cloud.IsNotFound(err) || err == nil && key != TemplateKey(fmt.Sprintf("%x", sha256.Sum256(body))) {
		return "", &ForgedError{s.Bucket, key}
	}
	return string(body), err
}

// TemplateKey is where a template of a SHA-256 in hex is kept.
func TemplateKey(sum string) string { return "template/" + sum + ".yaml" }

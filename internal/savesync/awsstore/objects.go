package awsstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// Objects keeps objects in a versioned S3 bucket.
type Objects struct{ client *client }

var _ savesync.ObjectStore = (*Objects)(nil)

// NewObjects returns the store. It makes no call.
func NewObjects(c Config) *Objects { return &Objects{newClient(c, "s3")} }

// Read gets the current object under a key and hashes it if it has the given size.
func (o *Objects) Read(ctx context.Context, key string, size int64) (savesync.Object, error) {
	var found savesync.Object
	err := o.call(ctx, http.MethodGet, key, nil, nil, func(resp *http.Response) error {
		found = savesync.Object{Version: resp.Header.Get("X-Amz-Version-Id"), Size: resp.ContentLength}
		if found.Size != size {
			return nil
		}
		sum, err := checksum(sha256.New(), resp.Body, size)
		found.Checksum = sum
		return err
	})
	return found, o.missing(ctx, err, key, "")
}

// checksum hashes exactly size bytes.
func checksum(h hash.Hash, r io.Reader, size int64) (string, error) {
	if _, err := io.CopyN(h, r, size); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Copy copies with CopyObject and If-None-Match, which S3 has on the target since 2025.
func (o *Objects) Copy(ctx context.Context, source, version, target string) (string, error) {
	header := http.Header{
		"X-Amz-Copy-Source": {"/" + o.client.config.Bucket + escape(source) + "?versionId=" + url.QueryEscape(version)},
		"If-None-Match":     {"*"},
	}
	var copied string
	err := o.call(ctx, http.MethodPut, target, nil, header, func(resp *http.Response) error {
		body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<10))
		if err != nil {
			return err
		}
		// CopyObject may fail after it has sent the status 200.
		if !bytes.Contains(body, []byte("<CopyObjectResult")) {
			return &callError{service: "s3", status: http.StatusInternalServerError, code: xmlCode(body)}
		}
		copied = resp.Header.Get("X-Amz-Version-Id")
		return nil
	})
	if code(err) == "PreconditionFailed" {
		return "", savesync.ErrExists
	}
	return copied, o.missing(ctx, err, source, version)
}

// Stat reads the first byte of a version: unlike a HEAD, a GET says what is missing.
func (o *Objects) Stat(ctx context.Context, key, version string) (int64, error) {
	size := int64(-1)
	query := url.Values{"versionId": {version}}
	err := o.call(ctx, http.MethodGet, key, query, http.Header{"Range": {"bytes=0-0"}}, func(resp *http.Response) error {
		if resp.StatusCode != http.StatusPartialContent { // a server may ignore the range
			size = resp.ContentLength
			return nil
		}
		_, total, _ := strings.Cut(resp.Header.Get("Content-Range"), "/")
		var err error
		size, err = strconv.ParseInt(total, 10, 64)
		return err
	})
	if code(err) == "InvalidRange" {
		return 0, nil // it is empty
	}
	return size, o.missing(ctx, err, key, version)
}

// Retire puts an empty object over a key.
func (o *Objects) Retire(ctx context.Context, key string) error {
	return o.call(ctx, http.MethodPut, key, nil, nil, func(*http.Response) error { return nil })
}

// PresignPut signs content-length and content-type into the URL: S3 refuses any
// other length, and the client sends both (docs/protocol.md).
func (o *Objects) PresignPut(ctx context.Context, key string, size int64, life time.Duration) (string, error) {
	req := &http.Request{
		Method:        http.MethodPut,
		Header:        http.Header{"Content-Type": {"application/octet-stream"}},
		ContentLength: size,
	}
	return o.presign(ctx, req, key, url.Values{}, life)
}

// PresignGet pins the version.
func (o *Objects) PresignGet(ctx context.Context, key, version string, life time.Duration) (string, error) {
	req := &http.Request{Method: http.MethodGet, Header: http.Header{}}
	return o.presign(ctx, req, key, url.Values{"versionId": {version}}, life)
}

func (o *Objects) presign(ctx context.Context, req *http.Request, key string, query url.Values, life time.Duration) (string, error) {
	query.Set("X-Amz-Expires", strconv.Itoa(int(life/time.Second)))
	u, err := o.url(key, query)
	if err != nil {
		return "", err
	}
	req.URL, req.Host = u, u.Host
	c := o.client
	signed, _, err := c.signer.PresignHTTP(ctx, c.config.Credentials, req, "UNSIGNED-PAYLOAD", c.service, c.config.Region, time.Now())
	return signed, err
}

// call makes one call on a key.
func (o *Objects) call(ctx context.Context, method, key string, query url.Values, header http.Header, read func(*http.Response) error) error {
	u, err := o.url(key, query)
	if err != nil {
		return err
	}
	if header == nil {
		header = http.Header{}
	}
	return o.client.do(ctx, request{method: method, url: u, header: header}, read)
}

// url returns the address of a key: by the bucket's own host on AWS, by a path
// where the endpoint is another one or the bucket's name would break the certificate.
func (o *Objects) url(key string, query url.Values) (*url.URL, error) {
	c := o.client
	u := &url.URL{Scheme: "https", Host: c.host()}
	if e := c.config.Endpoint; e != "" {
		var err error
		if u, err = url.Parse(strings.TrimRight(e, "/")); err != nil {
			return nil, fmt.Errorf("the endpoint is not a URL: %w", err)
		}
	}
	path := "/" + key
	if c.config.Endpoint != "" || strings.Contains(c.config.Bucket, ".") {
		path = "/" + c.config.Bucket + path
	} else {
		u.Host = c.config.Bucket + "." + u.Host
	}
	u.RawPath = u.EscapedPath() + escape(strings.TrimPrefix(path, "/"))
	u.Path += path
	u.RawQuery = query.Encode()
	return u, nil
}

// escape returns a key as a path, beginning with a slash, with everything escaped
// that S3's signature wants escaped.
func escape(key string) string {
	parts := strings.Split(key, "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(p), "+", "%20")
	}
	return "/" + strings.Join(parts, "/")
}

// missing turns the error of a read into [savesync.ErrNotFound] when the object is
// not there. Everything else stays a failure.
//
// Of a missing key S3 says "access denied" to those who may not list the bucket,
// and AWS does not document whether a right to list that is limited to prefixes
// counts. Then the key itself is listed, which is within that right.
func (o *Objects) missing(ctx context.Context, err error, key, version string) error {
	switch code(err) {
	case "NoSuchKey", "NoSuchVersion":
		return savesync.ErrNotFound
	case "AccessDenied":
		if there, listErr := o.listed(ctx, key, version); listErr == nil && !there {
			return savesync.ErrNotFound
		}
	}
	return err
}

// listed looks for a version of a key in the bucket's list, or for its current
// object if no version is given. More versions than a page holds count as there.
func (o *Objects) listed(ctx context.Context, key, version string) (there bool, err error) {
	type page struct {
		IsTruncated bool
		Version     []struct {
			Key, VersionId string
			IsLatest       bool
		}
	}
	var list page
	query := url.Values{"versions": {""}, "prefix": {key}}
	err = o.call(ctx, http.MethodGet, "", query, nil, func(resp *http.Response) error {
		list = page{}
		return xml.NewDecoder(resp.Body).Decode(&list)
	})
	if err == nil && list.IsTruncated {
		return true, nil // what is not on the first page may be on another
	}
	for _, v := range list.Version {
		if v.Key == key && (v.VersionId == version || version == "" && v.IsLatest) {
			there = true
		}
	}
	return there, err
}

// xmlCode returns the code of an S3 error.
func xmlCode(body []byte) string {
	_, rest, ok := bytes.Cut(body, []byte("<Code>"))
	if !ok {
		return ""
	}
	c, _, _ := bytes.Cut(rest, []byte("</Code>"))
	return string(c)
}

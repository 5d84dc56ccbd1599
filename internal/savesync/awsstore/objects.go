package awsstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// Objects keeps objects in a versioned S3 bucket.
type Objects struct{ client *client }

var (
	_ savesync.ObjectStore = (*Objects)(nil)
	_ savesync.Archive     = (*Objects)(nil)
)

// NewObjects returns the store. It makes no call.
func NewObjects(c Config) *Objects { return &Objects{newClient(c, "s3")} }

// Read gets a version and keeps its bytes if it has the given size. It takes no
// more memory than that, whatever lies under the key.
func (o *Objects) Read(ctx context.Context, key, version string, size int64) (savesync.Object, error) {
	query := url.Values{}
	if version != "" {
		query.Set("versionId", version)
	}
	var found savesync.Object
	err := o.call(ctx, http.MethodGet, key, query, nil, func(resp *http.Response) error {
		if resp.ContentLength < 0 {
			return errors.New("s3: an object without a length")
		}
		found = savesync.Object{Version: resp.Header.Get("X-Amz-Version-Id"), Size: resp.ContentLength}
		if found.Size != size {
			return nil
		}
		data := make([]byte, size)
		if _, err := io.ReadFull(resp.Body, data); err != nil {
			return err
		}
		found.Data = data
		return nil
	})
	if err != nil {
		return savesync.Object{}, o.missing(ctx, err, key, version)
	}
	return found, nil
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
			return &callError{service: "s3", status: http.StatusInternalServerError, code: xmlText(body, "Code")}
		}
		copied = resp.Header.Get("X-Amz-Version-Id")
		return nil
	})
	if code(err) == "PreconditionFailed" {
		return "", savesync.ErrExists
	}
	return copied, o.missing(ctx, err, source, version)
}

// Write puts with If-None-Match.
func (o *Objects) Write(ctx context.Context, key string, data []byte) (string, error) {
	r := request{method: http.MethodPut, body: string(data), header: http.Header{
		"Content-Type": {"application/octet-stream"}, "If-None-Match": {"*"},
	}}
	var written string
	err := o.send(ctx, r, key, nil, func(resp *http.Response) error {
		written = resp.Header.Get("X-Amz-Version-Id")
		return nil
	})
	if code(err) == "PreconditionFailed" {
		return "", savesync.ErrExists
	}
	return written, err
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

// call makes one call on a key.
func (o *Objects) call(ctx context.Context, method, key string, query url.Values, header http.Header, read func(*http.Response) error) error {
	return o.send(ctx, request{method: method, header: header}, key, query, read)
}

// send makes one call that may have a body.
func (o *Objects) send(ctx context.Context, r request, key string, query url.Values, read func(*http.Response) error) error {
	u, err := o.url(key, query)
	if err != nil {
		return err
	}
	r.url = u
	if r.header == nil {
		r.header = http.Header{}
	}
	return o.client.do(ctx, r, read)
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

// xmlText returns what is in an element of an S3 error, such as its Code.
func xmlText(body []byte, element string) string {
	_, rest, ok := bytes.Cut(body, []byte("<"+element+">"))
	if !ok {
		return ""
	}
	text, _, _ := bytes.Cut(rest, []byte("</"+element+">"))
	return string(text)
}

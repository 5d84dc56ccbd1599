package awsstore

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

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
	credentials, err := c.config.Credentials.Retrieve(ctx)
	if err != nil {
		return "", fmt.Errorf("find credentials for %s: %w", c.service, err)
	}
	signed, _, err := c.signer.PresignHTTP(ctx, credentials, req, "UNSIGNED-PAYLOAD", c.service, c.config.Region, time.Now())
	return signed, err
}

// Package awsstore keeps the records and objects of package savesync in DynamoDB and S3.
//
// It signs with the SDK's signer and speaks the two services' wire protocols
// itself, a handful of calls. The SDK's clients for them would make each function's
// zip 0.7 MB larger and its start slower; docs/performance.md has the figures.
package awsstore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
)

// Config says where the stores are and who asks.
type Config struct {
	Region string
	// URLSuffix ends the names of AWS's hosts in the region's partition; empty for
	// "amazonaws.com".
	URLSuffix string
	// Endpoint is a base URL that takes the place of AWS's own for both services,
	// as an emulator has it; empty for AWS.
	Endpoint string
	// Credentials sign the calls.
	Credentials aws.CredentialsProvider
	// Table and Bucket are names.
	Table, Bucket string
	// Transport carries the calls, nil for one that is made for them.
	Transport http.RoundTripper
}

const (
	// attempts is how often a call is made at most. Backoff doubles from firstBackoff.
	attempts     = 4
	firstBackoff = 50 * time.Millisecond
)

// client makes signed calls to one service.
type client struct {
	http   *http.Client
	signer *v4.Signer
	config Config
	// service is the name that signatures carry: "s3" or "dynamodb".
	service string
	// ahead is by how much the service's clock was ahead of this computer's at its last
	// answer, as a [time.Duration].
	ahead atomic.Int64
}

func newClient(c Config, service string) *client {
	return &client{
		http: &http.Client{Transport: transport(c)},
		signer: v4.NewSigner(func(o *v4.SignerOptions) {
			o.DisableURIPathEscaping = service == "s3" // S3 signs the path as it is sent
		}),
		config:  c,
		service: service,
	}
}

func transport(c Config) http.RoundTripper {
	if c.Transport != nil {
		return c.Transport
	}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		TLSHandshakeTimeout:   3 * time.Second,
		ResponseHeaderTimeout: 8 * time.Second,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       time.Minute,
		DisableCompression:    true, // objects are read as they are stored
	}
}

// host returns the service's host on AWS.
func (c *client) host() string {
	return c.service + "." + c.config.Region + "." + cmp.Or(c.config.URLSuffix, "amazonaws.com")
}

// request is one call, which can be made several times.
type request struct {
	method string
	url    *url.URL
	header http.Header
	body   string
}

// do makes a call until it succeeds or trying again is of no use, and gives the
// response to read, whose error counts as the call's.
func (c *client) do(ctx context.Context, r request, read func(*http.Response) error) error {
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, r, read)
		if err == nil || attempt == attempts || !transient(err) || ctx.Err() != nil {
			return err
		}
		if err := sleep(ctx, rand.N(firstBackoff<<attempt)); err != nil {
			return err
		}
	}
}

// once makes a call once.
func (c *client) once(ctx context.Context, r request, read func(*http.Response) error) error {
	req, err := http.NewRequestWithContext(ctx, r.method, "", strings.NewReader(r.body))
	if err != nil {
		return err
	}
	req.URL, req.Host, req.Header = r.url, r.url.Host, r.header.Clone()
	sum := sha256.Sum256([]byte(r.body))
	hash := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	credentials, err := c.config.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("find credentials for %s: %w", c.service, err)
	}
	if err := c.signer.SignHTTP(ctx, credentials, req, hash, c.service, c.config.Region, time.Now()); err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.failure(ctx, err)
	}
	defer func() {
		// A body that is read to its end lets the connection be used again.
		_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
		_ = resp.Body.Close()
	}()
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		c.ahead.Store(int64(time.Until(date)))
	}
	if resp.StatusCode >= 300 {
		return c.refusal(resp)
	}
	return read(resp)
}

// now returns the service's time, to the second, as far as it has answered by now: what
// somebody's computer says may be off by minutes.
func (c *client) now() time.Time {
	ahead := time.Duration(c.ahead.Load())
	if ahead.Abs() <= 2*time.Second { // an answer's way, and its having no fractions
		ahead = 0
	}
	return time.Now().Add(ahead)
}

// failure is the error of a call that got no answer. It leaves out the URL: keys
// hold the names of players' files.
func (c *client) failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return &callError{service: c.service, cause: err}
}

// callError is the error of a call that was refused or went wrong on the way.
type callError struct {
	service string
	// status is the HTTP status, 0 without an answer.
	status int
	// code is AWS's word for what is wrong, as far as it said.
	code string
	// requestID is what AWS support asks for.
	requestID string
	// message is what AWS said to a program that may show it: it can hold keys.
	message string
	cause   error
}

func (e *callError) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %v", e.service, e.cause)
	}
	return fmt.Sprintf("%s: %d %s (request id %s)", e.service, e.status, e.code, e.requestID)
}

// Unwrap returns a refusal as the SDK has it, so that programs tell errors apart by one
// table.
func (e *callError) Unwrap() error {
	if e.cause == nil {
		return &smithy.GenericAPIError{Code: e.code, Message: e.message}
	}
	return e.cause
}

// refusal is the error of a call that was answered by an error.
func (c *client) refusal(resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 16<<10)) // half an answer still has its status
	e := &callError{service: c.service, status: resp.StatusCode}
	for _, h := range []string{"X-Amzn-Requestid", "X-Amz-Request-Id"} {
		if e.requestID == "" {
			e.requestID = resp.Header.Get(h)
		}
	}
	if c.service == "s3" {
		e.code, e.message = xmlText(body, "Code"), xmlText(body, "Message")
	} else {
		e.code, e.message = jsonError(body)
	}
	return e
}

// transient reports whether a call may succeed when it is made again.
func transient(err error) bool {
	e, ok := errors.AsType[*callError](err)
	if !ok {
		return true // the body broke off
	}
	if e.status == 0 || e.status >= 500 || e.status == http.StatusTooManyRequests {
		return true
	}
	switch e.code {
	case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded",
		"TransactionInProgressException", "RequestTimeout", "RequestTimeoutException", "SlowDown",
		"ConditionalRequestConflict", "OperationAborted", "InternalError", "ServiceUnavailable":
		return true
	}
	return false
}

// code returns AWS's word for what is wrong, "" if the error is not AWS's.
func code(err error) string {
	if e, ok := errors.AsType[*callError](err); ok {
		return e.code
	}
	return ""
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

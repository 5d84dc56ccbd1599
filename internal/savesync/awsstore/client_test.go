package awsstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/awsstore"
)

const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

func config(endpoint string) awsstore.Config {
	return awsstore.Config{
		Region:      "eu-central-1",
		Endpoint:    endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", secret, "the-session-token"),
		Table:       "table",
		Bucket:      "bucket",
	}
}

// answers serves one answer after another, the last one for ever, and counts the requests.
func answers(t *testing.T, list ...http.HandlerFunc) (endpoint string, requests *atomic.Int32) {
	t.Helper()
	requests = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(requests.Add(1))
		list[min(n, len(list))-1](w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

// status answers with a status, headers as "Name: value" and a body.
func status(code int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// broken promises three bytes and sends one.
func broken(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "3")
	_, _ = io.WriteString(w, "{")
}

// chunked does not say how long the object is.
func chunked(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "ab")
	w.(http.Flusher).Flush()
	_, _ = io.WriteString(w, "c")
}

func s3Error(code int, word string) http.HandlerFunc {
	return status(code, `<?xml version="1.0"?><Error><Code>`+word+`</Code><Message>m</Message></Error>`, "X-Amz-Request-Id: R1")
}

func ddbError(word string) http.HandlerFunc {
	return status(400, `{"__type":"com.amazonaws.dynamodb.v20120810#`+word+`","message":"m"}`, "X-Amzn-Requestid: R2")
}

// versions answers with a list of one version, of none if key is empty.
func versions(key string, latest bool) http.HandlerFunc {
	entry := fmt.Sprintf("<Version><Key>%s</Key><VersionId>v1</VersionId><IsLatest>%v</IsLatest></Version>", key, latest)
	if key == "" {
		entry = ""
	}
	return status(200, `<?xml version="1.0"?><ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`+entry+`</ListVersionsResult>`)
}

// TestWhatS3Says tells "it is not there" from every other answer.
func TestWhatS3Says(t *testing.T) {
	found := status(200, "abc", "X-Amz-Version-Id: v1")
	for _, c := range []struct {
		name     string
		answers  []http.HandlerFunc
		missing  bool
		fails    bool
		requests int32
	}{
		{"there", []http.HandlerFunc{found}, false, false, 1},
		{"no such key", []http.HandlerFunc{s3Error(404, "NoSuchKey")}, true, true, 1},
		{"no such bucket", []http.HandlerFunc{s3Error(404, "NoSuchBucket")}, false, true, 1},
		{"a delete marker", []http.HandlerFunc{s3Error(405, "MethodNotAllowed")}, true, true, 1},
		{"a 404 that is not S3's", []http.HandlerFunc{status(404, "<html>")}, false, true, 1},
		{"denied, and no list either", []http.HandlerFunc{s3Error(403, "AccessDenied")}, false, true, 2},
		{"denied, but the list has it", []http.HandlerFunc{s3Error(403, "AccessDenied"), versions("users/p/g/k", true)}, false, true, 2},
		{"denied, and the list has only an older version", []http.HandlerFunc{s3Error(403, "AccessDenied"), versions("users/p/g/k", false)}, true, true, 2},
		{"denied, and the list has only a longer key", []http.HandlerFunc{s3Error(403, "AccessDenied"), versions("users/p/g/k2", true)}, true, true, 2},
		{"denied, and the list goes on", []http.HandlerFunc{s3Error(403, "AccessDenied"), status(200, `<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>`)}, false, true, 2},
		{"denied, and the list is empty", []http.HandlerFunc{s3Error(403, "AccessDenied"), versions("", false)}, true, true, 2},
		{"slow down, then there", []http.HandlerFunc{s3Error(503, "SlowDown"), found}, false, false, 2},
		{"breaks off, then there", []http.HandlerFunc{broken, found}, false, false, 2},
		{"breaks off for ever", []http.HandlerFunc{broken}, false, true, 4},
		{"without a length, then there", []http.HandlerFunc{chunked, found}, false, false, 2},
		{"never well", []http.HandlerFunc{s3Error(500, "InternalError")}, false, true, 4},
		{"slow down, then not there", []http.HandlerFunc{s3Error(503, "SlowDown"), s3Error(404, "NoSuchKey")}, true, true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			endpoint, requests := answers(t, c.answers...)
			o, err := awsstore.NewObjects(config(endpoint)).Read(t.Context(), "users/p/g/k", "", 3)
			if (err != nil) != c.fails || errors.Is(err, savesync.ErrNotFound) != c.missing || requests.Load() != c.requests {
				t.Errorf("%+v, %v after %d requests", o, err, requests.Load())
			}
			if err == nil && (o.Version != "v1" || string(o.Data) != "abc") {
				t.Errorf("got %+v", o)
			}
		})
	}
}

// TestReadTakesOneVersionAndNoMoreThanItsSize holds what a read asks for and keeps.
func TestReadTakesOneVersionAndNoMoreThanItsSize(t *testing.T) {
	var query url.Values
	endpoint, requests := answers(t, func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Query()
		status(200, "abcd", "X-Amz-Version-Id: v+1")(w, r)
	})
	o := awsstore.NewObjects(config(endpoint))
	got, err := o.Read(t.Context(), "users/p/g/k", "v+1", 4)
	if err != nil || got.Version != "v+1" || got.Size != 4 || string(got.Data) != "abcd" || cap(got.Data) != 4 || query.Get("versionId") != "v+1" {
		t.Errorf("%+v, %v; asked for %v", got, err, query)
	}
	for _, size := range []int64{-1, 0, 3, 5} {
		got, err := o.Read(t.Context(), "users/p/g/k", "", size)
		if err != nil || got.Version != "v+1" || got.Size != 4 || got.Data != nil || query.Has("versionId") {
			t.Errorf("size %d: %+v, %v; asked for %v", size, got, err, query)
		}
	}
	if requests.Load() != 5 {
		t.Errorf("%d requests", requests.Load())
	}
}

func TestWhatStatAnswers(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []http.HandlerFunc
		size    int64
		missing bool
		fails   bool
	}{
		{"a range", []http.HandlerFunc{status(206, "a", "Content-Range: bytes 0-0/1234567890123")}, 1234567890123, false, false},
		{"the whole object", []http.HandlerFunc{status(200, "abc")}, 3, false, false},
		{"an empty object", []http.HandlerFunc{s3Error(416, "InvalidRange")}, 0, false, false},
		{"no such version", []http.HandlerFunc{s3Error(404, "NoSuchVersion")}, 0, true, true},
		{"a delete marker", []http.HandlerFunc{s3Error(405, "MethodNotAllowed")}, 0, true, true},
		{"a range that says nothing", []http.HandlerFunc{status(206, "a", "Content-Range: bytes 0-0/*")}, 0, false, true},
		{"denied", []http.HandlerFunc{s3Error(403, "AccessDenied")}, 0, false, true},
		{"slow down, then a range", []http.HandlerFunc{s3Error(503, "SlowDown"), status(206, "a", "Content-Range: bytes 0-0/5")}, 5, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			endpoint, _ := answers(t, c.answers...)
			size, err := awsstore.NewObjects(config(endpoint)).Stat(t.Context(), "users/p/g/k", "v1")
			if (err != nil) != c.fails || errors.Is(err, savesync.ErrNotFound) != c.missing || err == nil && size != c.size {
				t.Errorf("%d, %v", size, err)
			}
		})
	}
}

func TestWhatCopyAnswers(t *testing.T) {
	done := status(200, `<CopyObjectResult><ETag>e</ETag></CopyObjectResult>`, "X-Amz-Version-Id: v9")
	for _, c := range []struct {
		name    string
		answers []http.HandlerFunc
		want    error
	}{
		{"done", []http.HandlerFunc{done}, nil},
		{"the target exists", []http.HandlerFunc{s3Error(412, "PreconditionFailed")}, savesync.ErrExists},
		{"the source is gone", []http.HandlerFunc{s3Error(404, "NoSuchVersion")}, savesync.ErrNotFound},
		{"200 with an error, then done", []http.HandlerFunc{status(200, `<Error><Code>InternalError</Code></Error>`), done}, nil},
		{"two at once, then it exists", []http.HandlerFunc{s3Error(409, "ConditionalRequestConflict"), s3Error(412, "PreconditionFailed")}, savesync.ErrExists},
	} {
		t.Run(c.name, func(t *testing.T) {
			endpoint, _ := answers(t, c.answers...)
			version, err := awsstore.NewObjects(config(endpoint)).Copy(t.Context(), "users/p/g/a b", "v+1", "users/p/g/c")
			if !errors.Is(err, c.want) || (err == nil) != (version == "v9") {
				t.Errorf("%q, %v; want %v", version, err, c.want)
			}
		})
	}
}

func TestCopyNamesItsSourceAndItsCondition(t *testing.T) {
	var header http.Header
	endpoint, _ := answers(t, func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		status(200, "<CopyObjectResult/>", "X-Amz-Version-Id: v")(w, r)
	})
	if _, err := awsstore.NewObjects(config(endpoint)).Copy(t.Context(), "users/p/g/a (b).save", "v+/1", "users/p/g/c"); err != nil {
		t.Fatal(err)
	}
	if got, want := header.Get("X-Amz-Copy-Source"), "/bucket/users/p/g/a%20%28b%29.save?versionId=v%2B%2F1"; got != want {
		t.Errorf("the source is %s, want %s", got, want)
	}
	if header.Get("If-None-Match") != "*" || !strings.Contains(header.Get("Authorization"), "x-amz-copy-source") {
		t.Errorf("the copy has no condition, or does not sign its source: %v", header)
	}
}

func TestWhatDynamoDBSays(t *testing.T) {
	item := status(200, `{"Item":{"record":{"S":"{}"},"revision":{"N":"3"}}}`)
	for _, c := range []struct {
		name     string
		answers  []http.HandlerFunc
		revision int64
		fails    bool
	}{
		{"an item", []http.HandlerFunc{item}, 3, false},
		{"no item", []http.HandlerFunc{status(200, `{}`)}, 0, false},
		{"throttled, then an item", []http.HandlerFunc{ddbError("ProvisionedThroughputExceededException"), item}, 3, false},
		{"throttled for ever", []http.HandlerFunc{ddbError("ThrottlingException")}, 0, true},
		{"denied", []http.HandlerFunc{ddbError("AccessDeniedException")}, 0, true},
		{"no table", []http.HandlerFunc{ddbError("ResourceNotFoundException")}, 0, true},
		{"half an answer", []http.HandlerFunc{broken}, 0, true},
		{"no JSON", []http.HandlerFunc{status(200, `<html>`)}, 0, true},
		{"no item, but null", []http.HandlerFunc{status(200, `{"Item":null}`)}, 0, false},
		{"an item without a revision", []http.HandlerFunc{status(200, `{"Item":{"record":{"S":"{}"},"revision":{"N":"x"}}}`)}, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			endpoint, _ := answers(t, c.answers...)
			data, revision, err := awsstore.NewManifests(config(endpoint)).Load(t.Context(), "p")
			if revision != c.revision || (err != nil) != c.fails || (len(data) > 0) != (revision > 0) {
				t.Errorf("%q, %d, %v", data, revision, err)
			}
		})
	}
}

// TestAnItemWithoutARecordIsADamagedRecord never takes one for that of a new player.
func TestAnItemWithoutARecordIsADamagedRecord(t *testing.T) {
	for item, want := range map[string]int64{
		`{"user_id":{"S":"p"}}`:                                      0,
		`{"user_id":{"S":"p"},"revision":{"N":"3"}}`:                 3,
		`{"record":{"S":""},"revision":{"N":"3"}}`:                   3,
		`{"record":{"N":"7"},"revision":{"N":"3"}}`:                  3,
		`{"record":{"B":"e30="},"revision":{"N":"3"}}`:               3,
		`{"record":{"M":{"format":{"N":"1"}}},"revision":{"N":"3"}}`: 3,
		`{"record":{"NULL":true},"format":{"N":"1"}}`:                0,
	} {
		endpoint, _ := answers(t, status(200, `{"Item":`+item+`}`))
		data, revision, err := awsstore.NewManifests(config(endpoint)).Load(t.Context(), "p")
		if err != nil || revision != want || string(data) != item {
			t.Errorf("%s: %q, %d, %v", item, data, revision, err)
		}
		if _, err := savesync.DecodeRecord(data); err == nil {
			t.Errorf("%s passes for a record", item)
		}
	}
}

// TestReadsAreStronglyConsistent holds what no emulator shows: all its reads are.
func TestReadsAreStronglyConsistent(t *testing.T) {
	var bodies []string
	endpoint, _ := answers(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(b))
		status(200, "{}")(w, r)
	})
	m := awsstore.NewManifests(config(endpoint))
	if _, _, err := m.Load(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.LoadOld(t.Context(), "p", "g"); err != nil {
		t.Fatal(err)
	}
	for _, b := range bodies {
		if !strings.Contains(b, `"ConsistentRead":true`) {
			t.Errorf("asked for %s", b)
		}
	}
}

func TestAConflictIsToldFromAFailure(t *testing.T) {
	for word, want := range map[string]bool{"ConditionalCheckFailedException": true, "ValidationException": false} {
		endpoint, requests := answers(t, ddbError(word))
		err := awsstore.NewManifests(config(endpoint)).Save(t.Context(), "p", []byte("{}"), 1)
		if err == nil || errors.Is(err, savesync.ErrConflict) != want || requests.Load() != 1 {
			t.Errorf("%s: %v after %d requests", word, err, requests.Load())
		}
	}
}

func TestErrorsTellNoSecrets(t *testing.T) {
	endpoint, _ := answers(t, s3Error(403, "AccessDenied"))
	_, refused := awsstore.NewObjects(config(endpoint)).Read(t.Context(), "users/p/g/k", "", 3)
	_, unreachable := awsstore.NewObjects(config("http://127.0.0.1:1")).Read(t.Context(), "users/p/g/k", "", 3)
	for _, err := range []error{refused, unreachable} {
		for _, bad := range []string{secret, "session-token", "users/p", "Signature", "AKIA"} {
			if strings.Contains(fmt.Sprint(err), bad) {
				t.Errorf("the error %v tells %s", err, bad)
			}
		}
	}
	if !strings.Contains(refused.Error(), "AccessDenied") || !strings.Contains(refused.Error(), "R1") {
		t.Errorf("the error %v lacks the code or the request id", refused)
	}
}

func TestACancelledCallEnds(t *testing.T) {
	endpoint, _ := answers(t, s3Error(503, "SlowDown"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := awsstore.NewObjects(config(endpoint)).Read(ctx, "k", "", 3); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// TestUploadURLs holds what an upload URL binds the client to.
func TestUploadURLs(t *testing.T) {
	raw, err := awsstore.NewObjects(config("")).PresignPut(t.Context(), "users/p/g/inbox/1-1 (a).save/id", 1234, 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{
		"X-Amz-SignedHeaders": "content-length;content-type;host",
		"X-Amz-Expires":       "300",
		"X-Amz-Algorithm":     "AWS4-HMAC-SHA256",
	} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	if u.Scheme != "https" || u.Host != "bucket.s3.eu-central-1.amazonaws.com" || u.EscapedPath() != "/users/p/g/inbox/1-1%20%28a%29.save/id" {
		t.Errorf("the URL goes to %s://%s%s", u.Scheme, u.Host, u.EscapedPath())
	}
	other, err := awsstore.NewObjects(config("")).PresignPut(t.Context(), "users/p/g/inbox/1-1 (a).save/id", 1235, 5*time.Minute)
	if err != nil || signature(t, other) == q.Get("X-Amz-Signature") {
		t.Errorf("another length has the same signature: %v", err)
	}
}

func signature(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("X-Amz-Signature")
}

func TestWhereURLsGo(t *testing.T) {
	for _, c := range []struct{ region, suffix, endpoint, bucket, want string }{
		{"us-east-1", "", "", "saves", "https://saves.s3.us-east-1.amazonaws.com/users/k"},
		{"cn-north-1", "amazonaws.com.cn", "", "saves", "https://saves.s3.cn-north-1.amazonaws.com.cn/users/k"},
		{"us-east-1", "", "", "my.saves", "https://s3.us-east-1.amazonaws.com/my.saves/users/k"},
		{"us-east-1", "amazonaws.com", "http://127.0.0.1:4566/", "saves", "http://127.0.0.1:4566/saves/users/k"},
	} {
		cfg := config(c.endpoint)
		cfg.Region, cfg.URLSuffix, cfg.Bucket = c.region, c.suffix, c.bucket
		raw, err := awsstore.NewObjects(cfg).PresignGet(t.Context(), "users/k", "v1", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if got, query, _ := strings.Cut(raw, "?"); got != c.want || !strings.Contains(query, "versionId=v1") {
			t.Errorf("%+v: %s", c, raw)
		}
	}
}

func BenchmarkPresignPut(b *testing.B) {
	o := awsstore.NewObjects(config(""))
	for b.Loop() {
		if _, err := o.PresignPut(context.Background(), "users/p/g/inbox/1-1-LT1.save/id", 1234, time.Minute); err != nil {
			b.Fatal(err)
		}
	}
}

// TestTheStoresClockCounts has a computer's clock differ from the service's.
func TestTheStoresClockCounts(t *testing.T) {
	for _, ahead := range []time.Duration{0, 7 * time.Minute, -7 * time.Minute} {
		endpoint, _ := answers(t, func(w http.ResponseWriter, r *http.Request) {
			status(200, "{}", "Date: "+time.Now().Add(ahead).UTC().Format(http.TimeFormat))(w, r)
		})
		m := awsstore.NewManifests(config(endpoint))
		if _, _, err := m.Load(t.Context(), "p"); err != nil {
			t.Fatal(err)
		}
		if off := time.Until(m.Now().Add(-ahead)); off.Abs() > 2*time.Second {
			t.Errorf("the service's clock is %v ahead, and is taken %v wrong", ahead, off)
		}
	}
}

//go:build e2e && (linux || darwin)

package e2e

import (
	"bytes"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// recorder stands between renpyctl and the local cloud and writes down what is
// asked, in order. The emulator forgives what AWS does not, such as deleting a
// full bucket; what was asked shows it all the same.
type recorder struct {
	*httptest.Server
	target   *url.URL
	header   http.Header     // added to every request
	answered func(call) bool // as [record] says
	lies     lie             // answers in place of the local cloud; nil for the truth

	mu    sync.Mutex
	calls []call
}

// call is one request to AWS.
type call struct {
	operation string // "DeleteStack"; of S3 where its address alone tells: "PUT policy"
	bucket    string // of S3
	query     url.Values
	body      []byte
	givenUp   <-chan struct{} // closed when nobody waits for the answer any more
}

// record starts a recorder before the local cloud. If answered is not nil, it is
// told of every call that the local cloud has carried out; with false the answer
// is lost: the connection is cut.
func record(t *testing.T, answered func(call) bool) *recorder {
	return startRecorder(t, &recorder{answered: answered}, endpoint)
}

func startRecorder(t *testing.T, r *recorder, target string) *recorder {
	t.Helper()
	var err error
	if r.target, err = url.Parse(target); err != nil {
		t.Fatal(err)
	}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // net/http cuts the connection
	}
	c := identify(req, body)
	r.mu.Lock()
	r.calls = append(r.calls, c)
	r.mu.Unlock()

	truth := func() said { return r.forward(req, body) }
	var answer said
	if r.lies != nil {
		answer = r.lies(c, truth)
	} else {
		answer = truth()
	}
	if r.answered != nil && !r.answered(c) {
		panic(http.ErrAbortHandler)
	}
	answer.write(w)
}

// forward has the local cloud carry out a request.
func (r *recorder) forward(req *http.Request, body []byte) said {
	forward := req.Clone(req.Context())
	forward.URL.Scheme, forward.URL.Host = r.target.Scheme, r.target.Host // req.Host stays: it is signed
	forward.RequestURI = ""
	maps.Copy(forward.Header, r.header)
	forward.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := http.DefaultTransport.RoundTrip(forward)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return said{status: resp.StatusCode, header: resp.Header, body: answer}
}

// identify finds out what a request asks for: by its header for JSON services,
// by its form for query services, by method and address for S3 and Lambda.
func identify(req *http.Request, body []byte) call {
	c := call{body: body, query: req.URL.Query(), givenUp: req.Context().Done()}
	if target := req.Header.Get("X-Amz-Target"); target != "" {
		c.operation = target[strings.LastIndex(target, ".")+1:]
		return c
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		c.operation = form.Get("Action")
		return c
	}
	if !strings.Contains(req.Header.Get("Authorization"), "/s3/aws4_request") {
		c.operation = req.Method + " " + req.URL.Path
		return c
	}
	var key string
	c.bucket, key, _ = strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/")
	switch {
	case c.query.Has("x-id"): // the SDK's own word, where the address alone would not tell
		c.operation = c.query.Get("x-id")
	case req.Method == http.MethodPost && c.query.Has("delete"):
		c.operation = "DeleteObjects"
	case req.Method == http.MethodDelete && key == "":
		c.operation = "DeleteBucket"
	case req.Method == http.MethodGet && c.query.Has("versions"):
		c.operation = "ListObjectVersions"
	default:
		c.operation = strings.Join(append([]string{req.Method}, slices.Sorted(maps.Keys(c.query))...), " ")
	}
	return c
}

// changes tells whether a call may change something.
func (c call) changes() bool {
	for _, reading := range []string{"Get", "List", "Describe", "Head", "GET", "HEAD"} {
		if strings.HasPrefix(c.operation, reading) {
			return false
		}
	}
	return true
}

// recorded returns the calls so far.
func (r *recorder) recorded() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// emptiedBefore fails the test unless every version was deleted from the bucket,
// one by one, before that operation was first asked for.
func (r *recorder) emptiedBefore(t *testing.T, bucket string, versions []version, operation string) {
	t.Helper()
	left := map[version]bool{}
	for _, v := range versions {
		left[v] = true
	}
	for _, c := range r.recorded() {
		if c.operation == operation {
			if len(left) > 0 {
				t.Errorf("at the %s %d of %d versions in %s had not been deleted", operation, len(left), len(versions), bucket)
			}
			return
		}
		if c.operation != "DeleteObjects" || c.bucket != bucket {
			continue
		}
		var in struct {
			Object []struct{ Key, VersionId string }
		}
		if err := xml.Unmarshal(c.body, &in); err != nil {
			t.Fatal(err)
		}
		if len(in.Object) > 1000 {
			t.Errorf("one DeleteObjects names %d objects", len(in.Object))
		}
		for _, o := range in.Object {
			delete(left, version{o.Key, o.VersionId})
		}
	}
	t.Errorf("there was no %s", operation)
}

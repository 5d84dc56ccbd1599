package awsstore_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/savesync/awsstore"
)

func keyError(code string) string {
	return "<Error><Key>users/p/g/k</Key><Code>" + code + "</Code><Message>m</Message></Error>"
}

func TestWhatRetireAnswers(t *testing.T) {
	done := status(200, `<?xml version="1.0"?><DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>`)
	failed := func(codes ...string) http.HandlerFunc {
		text := ""
		for _, c := range codes {
			text += keyError(c)
		}
		return status(200, "<DeleteResult>"+text+"</DeleteResult>", "X-Amz-Request-Id: R1")
	}
	for _, c := range []struct {
		name     string
		answers  []http.HandlerFunc
		code     string // in the error, if any
		requests int32
	}{
		{"done", []http.HandlerFunc{done}, "", 1},
		{"one key is denied", []http.HandlerFunc{failed("AccessDenied")}, "AccessDenied", 1},
		{"one key fails, then done", []http.HandlerFunc{failed("InternalError"), done}, "", 2},
		{"one key fails for ever", []http.HandlerFunc{failed("SlowDown")}, "SlowDown", 4},
		{"one key fails and one is denied", []http.HandlerFunc{failed("InternalError", "AccessDenied", "SlowDown")}, "AccessDenied", 1},
		{"all are denied", []http.HandlerFunc{s3Error(403, "AccessDenied")}, "AccessDenied", 1},
		{"half an answer, then done", []http.HandlerFunc{status(200, "<DeleteResult>"), done}, "", 2},
		{"an error of status 200, then done", []http.HandlerFunc{status(200, "<Error><Code>InternalError</Code></Error>"), done}, "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			endpoint, requests := answers(t, c.answers...)
			err := awsstore.NewObjects(config(endpoint)).Retire(t.Context(), []string{"users/p/g/k"})
			if requests.Load() != c.requests || (err != nil) != (c.code != "") {
				t.Fatalf("%v after %d requests", err, requests.Load())
			}
			if err != nil && (!strings.Contains(err.Error(), c.code) || !strings.Contains(err.Error(), "R1") || strings.Contains(err.Error(), "users/p")) {
				t.Errorf("got %v, want %s, the request and no key", err, c.code)
			}
		})
	}
}

// TestRetireNamesKeysAndNoVersions holds the request: a version in it would be destroyed.
func TestRetireNamesKeysAndNoVersions(t *testing.T) {
	var body []byte
	var header http.Header
	endpoint, requests := answers(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		header = r.Header
		if r.Method != http.MethodPost || r.URL.Path != "/bucket/" || r.URL.RawQuery != "delete=" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		status(200, "<DeleteResult/>")(w, r)
	})
	o := awsstore.NewObjects(config(endpoint))
	keys := []string{"users/p/g/a (b).save", `users/p/g/<&>"'+é`}
	if err := o.Retire(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
	var sent struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ Delete"`
		Quiet   bool
		Object  []struct {
			Key  string
			Rest []struct{ XMLName xml.Name } `xml:",any"`
		}
	}
	if err := xml.Unmarshal(body, &sent); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, object := range sent.Object {
		got = append(got, object.Key)
		if len(object.Rest) > 0 {
			t.Errorf("%s is sent with %v", object.Key, object.Rest)
		}
	}
	if !slices.Equal(got, keys) || !sent.Quiet {
		t.Errorf("sent %s", body)
	}
	sum := sha256.Sum256(body)
	if header.Get("X-Amz-Checksum-Sha256") != base64.StdEncoding.EncodeToString(sum[:]) {
		t.Errorf("the checksum is %q", header.Get("X-Amz-Checksum-Sha256"))
	}
	if err := o.Retire(t.Context(), nil); err != nil || requests.Load() != 1 {
		t.Errorf("no keys: %v after %d requests", err, requests.Load())
	}
}

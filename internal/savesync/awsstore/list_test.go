package awsstore_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/awsstore"
)

// listPage answers with a page of a list; next is the key where the next one begins, if any.
func listPage(next string, entries ...string) http.HandlerFunc {
	more := ""
	if next != "" {
		more = "<NextKeyMarker>" + next + "</NextKeyMarker><NextVersionIdMarker>v+1</NextVersionIdMarker>"
	}
	return status(200, fmt.Sprintf(`<?xml version="1.0"?><ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`+
		`<IsTruncated>%v</IsTruncated>%s%s</ListVersionsResult>`, next != "", more, strings.Join(entries, "")))
}

func listVersion(key string, size int, latest bool) string {
	return fmt.Sprintf("<Version><Key>%s</Key><VersionId>v</VersionId><IsLatest>%v</IsLatest><Size>%d</Size></Version>", key, latest, size)
}

const listMarker = "<DeleteMarker><Key>u/b</Key><VersionId>v</VersionId><IsLatest>true</IsLatest></DeleteMarker>"

func TestWhatListAnswers(t *testing.T) {
	first := listPage("u/b", listVersion("u/a&amp;b", 3, true), listVersion("u/a&amp;b", 4, false), listMarker)
	last := listPage("", listVersion("u/b", 5, false))
	three := []savesync.Listed{{Key: "u/a&b", Size: 3, Current: true}, {Key: "u/a&b", Size: 4}, {Key: "u/b", Size: 5}}
	for _, c := range []struct {
		name     string
		answers  []http.HandlerFunc
		pages    int
		want     []savesync.Listed
		all      bool
		fails    bool
		requests int32
	}{
		{"two pages", []http.HandlerFunc{first, last}, 5, three, true, false, 2},
		{"two pages, which is just allowed", []http.HandlerFunc{first, last}, 2, three, true, false, 2},
		{"the first of two pages", []http.HandlerFunc{first, last}, 1, three[:2], false, false, 1},
		{"nothing", []http.HandlerFunc{listPage("")}, 1, nil, true, false, 1},
		{"slow down, then a page", []http.HandlerFunc{s3Error(503, "SlowDown"), last}, 1, three[2:], true, false, 2},
		{"half a page, then a whole one", []http.HandlerFunc{status(200, "<ListVersionsResult>"+listVersion("u/x", 1, true)), last}, 1, three[2:], true, false, 2},
		{"an error of status 200, then a page", []http.HandlerFunc{status(200, "<Error><Code>InternalError</Code></Error>"), last}, 1, three[2:], true, false, 2},
		{"denied", []http.HandlerFunc{s3Error(403, "AccessDenied")}, 1, nil, false, true, 1},
		{"the second page is denied", []http.HandlerFunc{first, s3Error(403, "AccessDenied")}, 2, nil, false, true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			endpoint, requests := answers(t, c.answers...)
			got, all, err := awsstore.NewObjects(config(endpoint)).List(t.Context(), "u/", c.pages)
			if !slices.Equal(got, c.want) || all != c.all || (err != nil) != c.fails || requests.Load() != c.requests {
				t.Errorf("%+v, %v, %v after %d requests", got, all, err, requests.Load())
			}
			if errors.Is(err, savesync.ErrNotFound) {
				t.Errorf("a list that failed says that nothing is there: %v", err)
			}
		})
	}
}

func TestListAsksForOnePageAfterAnother(t *testing.T) {
	var queries []url.Values
	page := listPage("u/a b&amp;c+d")
	endpoint, _ := answers(t, func(w http.ResponseWriter, r *http.Request) {
		queries = append(queries, r.URL.Query())
		page(w, r)
		page = listPage("")
	})
	if _, _, err := awsstore.NewObjects(config(endpoint)).List(t.Context(), "u/a b&c+", 3); err != nil {
		t.Fatal(err)
	}
	if len(queries) != 2 {
		t.Fatalf("%d requests", len(queries))
	}
	for i, q := range queries {
		if !q.Has("versions") || q.Get("prefix") != "u/a b&c+" || q.Get("max-keys") != "1000" || q.Has("key-marker") != (i == 1) {
			t.Errorf("request %d asks for %v", i, q)
		}
	}
	if q := queries[1]; q.Get("key-marker") != "u/a b&c+d" || q.Get("version-id-marker") != "v+1" {
		t.Errorf("the second page begins at %v", q)
	}
}

package awsstore

import (
	"cmp"
	"context"
	"encoding/xml"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// version is one version of an object in S3's list.
type version struct {
	XMLName      xml.Name
	Key          string
	VersionID    string `xml:"VersionId"`
	IsLatest     bool
	Size         int64
	LastModified time.Time
}

// page is one answer of ListObjectVersions.
type page struct {
	XMLName             xml.Name `xml:"ListVersionsResult"`
	IsTruncated         bool
	NextKeyMarker       string
	NextVersionIDMarker string `xml:"NextVersionIdMarker"`
	// Entries are the versions and delete markers in their order, and what else there is.
	Entries []version `xml:",any"`
}

// The names of a list's entries.
const versionEntry, markerEntry = "Version", "DeleteMarker"

// List asks for pages of 1,000 versions and markers, which is the most that S3 gives.
func (o *Objects) List(ctx context.Context, prefix string, pages int) ([]savesync.Listed, bool, error) {
	versions, all, err := o.versions(ctx, prefix, pages)
	if err != nil {
		return nil, false, err
	}
	list := make([]savesync.Listed, 0, len(versions))
	for _, v := range versions {
		list = append(list, savesync.Listed{Key: v.Key, Size: v.Size, Current: v.IsLatest})
	}
	return list, all, nil
}

// versions lists so many pages: by key, and the versions of a key from the newest to
// the oldest. Delete markers are left out, but take room on the pages.
func (o *Objects) versions(ctx context.Context, prefix string, pages int) (list []version, all bool, err error) {
	for p, err := range o.pages(ctx, prefix) {
		if err != nil {
			return nil, false, err
		}
		for _, v := range p.Entries {
			if v.XMLName.Local == versionEntry {
				list = append(list, v)
			}
		}
		if pages--; pages == 0 {
			return list, !p.IsTruncated, nil
		}
	}
	return list, true, nil
}

// History asks for page after page. When a version was replaced is when the one above it,
// or the delete marker, was written.
func (o *Objects) History(ctx context.Context, prefix string) iter.Seq2[savesync.Version, error] {
	return func(yield func(savesync.Version, error) bool) {
		var above version
		for p, err := range o.pages(ctx, prefix) {
			if err != nil {
				yield(savesync.Version{}, err)
				return
			}
			// Where versions and markers come apart, as the local cloud has them.
			slices.SortStableFunc(p.Entries, func(a, b version) int {
				return cmp.Or(strings.Compare(a.Key, b.Key), b.LastModified.Compare(a.LastModified), latestFirst(a, b))
			})
			for _, v := range p.Entries {
				listed := savesync.Version{Key: v.Key, ID: v.VersionID, Size: v.Size, Written: v.LastModified}
				if above.Key == v.Key {
					listed.Replaced = above.LastModified
				}
				switch v.XMLName.Local {
				case versionEntry:
					if !yield(listed, nil) {
						return
					}
					above = v
				case markerEntry:
					above = v
				}
			}
		}
	}
}

func latestFirst(a, b version) int {
	switch {
	case a.IsLatest == b.IsLatest:
		return 0
	case a.IsLatest:
		return -1
	default:
		return 1
	}
}

// pages lists with ListObjectVersions, page after page up to the first error.
func (o *Objects) pages(ctx context.Context, prefix string) iter.Seq2[page, error] {
	return func(yield func(page, error) bool) {
		query := url.Values{"versions": {""}, "prefix": {prefix}, "max-keys": {"1000"}}
		for {
			var p page
			err := o.call(ctx, http.MethodGet, "", query, nil, func(resp *http.Response) error {
				p = page{} // an attempt before may have broken off
				return xml.NewDecoder(resp.Body).Decode(&p)
			})
			if !yield(p, err) || err != nil || !p.IsTruncated {
				return
			}
			query.Set("key-marker", p.NextKeyMarker)
			query.Set("version-id-marker", p.NextVersionIDMarker)
		}
	}
}

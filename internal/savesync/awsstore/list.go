package awsstore

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// version is one version of an object in S3's list.
type version struct {
	Key       string
	VersionID string `xml:"VersionId"`
	IsLatest  bool
	Size      int64
}

// page is one answer of ListObjectVersions.
type page struct {
	XMLName             xml.Name `xml:"ListVersionsResult"`
	IsTruncated         bool
	NextKeyMarker       string
	NextVersionIDMarker string    `xml:"NextVersionIdMarker"`
	Versions            []version `xml:"Version"`
}

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

// versions lists with ListObjectVersions: by key, and the versions of a key from
// the newest to the oldest. Delete markers are left out, but take room on the pages.
func (o *Objects) versions(ctx context.Context, prefix string, pages int) (list []version, all bool, err error) {
	query := url.Values{"versions": {""}, "prefix": {prefix}, "max-keys": {"1000"}}
	for range pages {
		var p page
		err := o.call(ctx, http.MethodGet, "", query, nil, func(resp *http.Response) error {
			p = page{} // an attempt before may have broken off
			return xml.NewDecoder(resp.Body).Decode(&p)
		})
		if err != nil {
			return nil, false, err
		}
		list = append(list, p.Versions...)
		if !p.IsTruncated {
			return list, true, nil
		}
		query.Set("key-marker", p.NextKeyMarker)
		query.Set("version-id-marker", p.NextVersionIDMarker)
	}
	return list, false, nil
}

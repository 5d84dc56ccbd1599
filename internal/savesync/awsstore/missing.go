package awsstore

import (
	"context"
	"slices"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// missing turns the error of a read into [savesync.ErrNotFound] when the object is
// not there. Everything else stays a failure.
//
// Of a missing key S3 says "access denied" to those who may not list the bucket,
// and AWS does not document whether a right to list that is limited to prefixes
// counts. Then the key itself is listed, which is within that right.
func (o *Objects) missing(ctx context.Context, err error, key, version string) error {
	switch code(err) {
	case "NoSuchKey", "NoSuchVersion", "MethodNotAllowed": // the last is for a delete marker's version
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
func (o *Objects) listed(ctx context.Context, key, id string) (there bool, err error) {
	list, all, err := o.versions(ctx, key, 1)
	if err != nil {
		return false, err
	}
	there = slices.ContainsFunc(list, func(v version) bool {
		return v.Key == key && (v.VersionID == id || id == "" && v.IsLatest)
	})
	return there || !all, nil
}

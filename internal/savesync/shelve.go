package savesync

import (
	"context"
	"errors"
	"fmt"
)

// A place is where the content of an upload was put.
type place struct {
	// name is that of the file, id the end of the key, and version its version there.
	name, id, version string
	// made says that this request has put it there.
	made bool
}

// unversioned is the version of objects in a bucket whose versioning is suspended. A
// delete marker takes the place of such a version, which is then gone.
const unversioned = "null"

// shelve copies what has arrived to keys that no URL can write to, and returns by
// upload where it is. What lost is copied too: only there it is kept for the
// retention time, whatever comes over it in its inbox.
func (st *state) shelve(ctx context.Context) error {
	copies := st.game.copies(st.found)
	list := make([]place, len(copies))
	err := st.each(ctx, len(copies), func(ctx context.Context, i int) (err error) {
		list[i], err = st.copy(ctx, copies[i])
		return err
	})
	st.placed = make(map[string]place, len(copies))
	for i, u := range copies {
		st.placed[u.ID] = list[i]
	}
	return err
}

// copy copies a verified upload from its inbox to a content key. Its own key may
// be taken: by the same bytes, if a request before this one came as far as here
// and no further; else by a hand that is not ours, and a new key is as good.
func (st *state) copy(ctx context.Context, u Upload) (place, error) {
	u.Layout = st.found[u.ID].layout
	source, version := st.keys.inbox(u), st.found[u.ID].version
	at, err := st.place(ctx, source, version, u.Name, u.ID)
	if !errors.Is(err, ErrExists) {
		return at, err
	}
	o, err := st.Objects.Read(ctx, st.keys.content(u.Name, u.ID), "", u.Size)
	switch {
	case errors.Is(err, ErrNotFound):
		return place{}, fmt.Errorf("%w: content %s was replaced meanwhile", ErrConflict, u.ID)
	case err != nil:
		return place{}, err
	}
	if o.Data != nil && checksumOf(o.Data) == u.Checksum {
		return place{name: u.Name, id: u.ID, version: o.Version}, nil
	}
	return st.place(ctx, source, version, u.Name, st.newID())
}

// place copies one version to the content key that ends in id.
func (st *state) place(ctx context.Context, source, version, name, id string) (place, error) {
	copied, err := st.Objects.Copy(ctx, source, version, st.keys.content(name, id))
	if errors.Is(err, ErrNotFound) {
		return place{}, fmt.Errorf("%w: what it has of upload %s has expired", ErrConflict, id)
	}
	if err == nil {
		err = usable(id, copied)
	}
	return place{name: name, id: id, version: copied, made: err == nil}, err
}

// usable returns an error when the version of a content is none that can be pinned.
func usable(id, version string) error {
	if version == "" || version == unversioned || len(version) > maxVersion {
		return fmt.Errorf("content %s has the unusable version %.80q: is the bucket versioned?", id, version)
	}
	return nil
}

// strays retires what the try before this one has copied, only to find that another
// request had settled the uploads: in the record that is loaded now these contents
// are neither committed nor to be. One that was replaced meanwhile would otherwise be
// the current object of its key once more, for ever.
func (st *state) strays(ctx context.Context) {
	var list []string
	for upload, at := range st.before.placed {
		if at.made && st.game.Files[at.name].ID != at.id && !st.game.expects(upload) {
			list = append(list, st.keys.content(at.name, at.id))
		}
	}
	_ = st.putAway(ctx, list) // a sync is not refused for it
}

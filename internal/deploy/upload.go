package deploy

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// Supply is [stage.State.Inspect] for a target that is going to be prepared: what it
// needs is uploaded while the stage is compared, which takes about as long.
func Supply(ctx context.Context, s *stage.State, to *Target, o Observer) (*stage.Inspected, error) {
	in := &stage.Inspected{}
	err := cloud.Together(ctx, cloud.Into(&in.Compared, s.Compare), func(ctx context.Context) (err error) {
		if in.Contents, err = s.Store.Contents(ctx); err != nil {
			return err
		}
		return to.supply(ctx, s, in.Contents, o)
	})
	if err != nil {
		return nil, err
	}
	return in, nil
}

// supply uploads what the target needs, once, and has CloudFormation and Lambda take
// the code in the versions that were uploaded.
func (t *Target) supply(ctx context.Context, s *stage.State, contents release.Contents, o Observer) error {
	if t.supplied {
		return nil
	}
	versions, err := upload(ctx, s.Store, contents, s.Stack.Status.Uncreated(), t.Bodies, o)
	if err != nil {
		return err
	}
	for _, f := range stage.Functions() {
		if version := versions[t.Code[f.Name]]; version != "" {
			t.Parameters[f.PinParameter] = version
		}
	}
	t.supplied = true
	return nil
}

// upload puts into the artefact bucket what it does not hold yet, or holds
// something else in place of, and returns the version of each object by its key.
// Where one object fails the others still go to their end, so that the next run
// has less to send. Anew says that the bucket is to be set up whatever it holds.
func upload(ctx context.Context, store *release.Store, contents release.Contents, anew bool, bodies map[string]Body, o Observer) (versions map[string]string, err error) {
	o.Uploading()
	u := &uploading{o: o, sent: map[string]int64{}, versions: map[string]string{}}
	if err = store.Ensure(ctx, contents, anew); err == nil {
		var group errgroup.Group
		for key, body := range bodies {
			group.Go(func() error { return u.one(ctx, store, contents.Has(key), key, body) })
		}
		err = group.Wait()
	}
	u.end()
	o.Uploaded(len(u.sent), len(bodies), u.of, err)
	return u.versions, err
}

// uploading adds up what is sent of several objects at once.
type uploading struct {
	o Observer

	mu       sync.Mutex
	of       int64             // bytes in all
	sent     map[string]int64  // by key
	versions map[string]string // by key
	over     bool
}

// one sends an object, unless the bucket lists it and holds what it should be.
func (u *uploading) one(ctx context.Context, store *release.Store, listed bool, key string, body Body) (err error) {
	version := ""
	if listed {
		version, err = store.Held(ctx, key, "", body.SHA256)
	}
	if err == nil && version == "" {
		u.begin(key, body.Size)
		ctx := cloud.WithSent(ctx, func(bytes int64) { u.tell(key, min(bytes, body.Size)) })
		version, err = store.Upload(ctx, key, body.SHA256, body.Open(), body.Size)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.versions[key] = version
	return err
}

func (u *uploading) begin(key string, size int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.of += size
	u.sent[key] = 0
}

func (u *uploading) tell(key string, bytes int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.over {
		return
	}
	u.sent[key] = bytes
	sum := int64(0)
	for _, n := range u.sent {
		sum += n
	}
	u.o.Sent(sum, u.of)
}

// end is when nothing is told any more: the network may go on reading from a
// body whose call is over.
func (u *uploading) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.over = true
}

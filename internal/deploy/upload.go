package deploy

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
)

// upload puts into the artefact bucket what it does not hold yet. Where one
// object fails the others still go to their end, so that the next run has less
// to send.
func upload(ctx context.Context, store *release.Store, contents release.Contents, bodies map[string]Body, o Observer) error {
	o.Uploading()
	u := &uploading{o: o, sent: map[string]int64{}}
	missing := map[string]Body{}
	for key, body := range bodies {
		if !contents.Has(key) {
			missing[key] = body
			u.of += body.Size
		}
	}
	err := store.Ensure(ctx, contents)
	if err == nil {
		var group errgroup.Group
		for key, body := range missing {
			group.Go(func() error {
				return store.Upload(cloud.WithSent(ctx, func(bytes int64) { u.tell(key, min(bytes, body.Size)) }), key, body.Open(), body.Size)
			})
		}
		err = group.Wait()
	}
	u.end()
	o.Uploaded(len(missing), len(bodies), u.of, err)
	return err
}

// uploading adds up what is sent of several objects at once.
type uploading struct {
	o  Observer
	of int64 // bytes in all

	mu   sync.Mutex
	sent map[string]int64 // by key
	over bool
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

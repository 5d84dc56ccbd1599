package savesync

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"
)

// lookBytes is how much one request reads to verify uploads; what is beyond it
// waits for the next one. Tests make it smaller.
var lookBytes int64 = 64 << 20

const (
	// heldBytes is how much of it is in memory at once.
	heldBytes = 48 << 20
	// lookAlone is how many uploads are looked for one by one; for more, one list is
	// cheaper than as many reads.
	lookAlone = 12
	// lookPages bounds that list.
	lookPages = 2
	// lookUntil is how long before its deadline a request begins no more reads.
	lookUntil = 12 * time.Second
)

// look reads the inbox of every open upload, "persistent" and the small ones first,
// compares the bytes with what was announced and reads them as what they claim to be.
func (st *state) look(ctx context.Context) (map[string]arrival, error) {
	open := st.game.open()
	slices.SortStableFunc(open, func(a, b Upload) int {
		return cmp.Or(first(b.Name == persistent)-first(a.Name == persistent), cmp.Compare(a.Size, b.Size))
	})
	sizes, err := st.listed(ctx, open)
	if err != nil {
		return nil, err
	}
	found := make(map[string]arrival, len(open))
	var reads []Upload
	left := lookBytes
	for _, u := range open {
		size, known := sizes[u.ID]
		switch {
		case known && size < 0:
			found[u.ID] = arrival{presence: absent}
		case known && size != u.Size:
			found[u.ID] = arrival{presence: other}
		case u.Size <= left || len(reads) == 0:
			left -= u.Size
			reads = append(reads, u)
		}
	}
	arrivals := make([]arrival, len(reads))
	memory := semaphore.NewWeighted(max(heldBytes, st.Limits.FileBytes))
	err = st.each(ctx, len(reads), func(ctx context.Context, i int) (err error) {
		if deadline, ok := ctx.Deadline(); ok && i > 0 && time.Until(deadline) < lookUntil {
			return nil
		}
		hold := min(2*reads[i].Size, max(heldBytes, st.Limits.FileBytes)) // it may be read beside the committed one
		if err := memory.Acquire(ctx, hold); err != nil {
			return err
		}
		defer memory.Release(hold)
		arrivals[i], err = st.verify(ctx, reads[i])
		return err
	})
	for i, u := range reads {
		found[u.ID] = arrivals[i]
	}
	return found, err
}

// listed returns by upload the size of what lies in its inbox, -1 for nothing, as
// far as one list shows it. Few uploads are not worth a list.
func (st *state) listed(ctx context.Context, open []Upload) (map[string]int64, error) {
	total := int64(0)
	for _, u := range open {
		total += u.Size
	}
	if len(open) <= lookAlone && total <= lookBytes {
		return nil, nil
	}
	list, all, err := st.Objects.List(ctx, st.keys.inboxes(), lookPages)
	if err != nil {
		return nil, err
	}
	there := make(map[string]int64, len(list))
	last := ""
	for _, o := range list {
		last = o.Key
		if o.Current {
			there[o.Key] = o.Size
		}
	}
	sizes := make(map[string]int64, len(open))
	for _, u := range open {
		key := st.keys.inbox(u)
		size, ok := there[key]
		switch {
		case !strings.HasPrefix(key, st.keys.inboxes()) || !ok && !all && key >= last:
			continue // the list does not tell
		case !ok:
			size = -1
		}
		sizes[u.ID] = size
	}
	return sizes, nil
}

// verify reads one inbox.
func (st *state) verify(ctx context.Context, u Upload) (arrival, error) {
	o, err := st.Objects.Read(ctx, st.keys.inbox(u), "", u.Size)
	switch {
	case errors.Is(err, ErrNotFound):
		return arrival{presence: absent}, nil
	case err != nil:
		return arrival{}, err
	case o.Data == nil || checksumOf(o.Data) != u.Checksum:
		return arrival{presence: other}, nil
	}
	a := arrival{presence: arrived, version: o.Version}
	if f, ok := st.game.Files[u.Name]; !st.Unchecked && u.Checksum != f.Checksum {
		a.health = inspect(u.Name, o.Data)
		if ok {
			err = st.compare(ctx, u, f, o.Data, &a)
		}
	}
	return a, err
}

// compare reads the committed content where the order of the two depends on its
// bytes: when it was never read and the new one is damaged, and when the new one may
// be its beginning. A save that is readable is not the beginning of another one.
func (st *state) compare(ctx context.Context, u Upload, f File, data []byte, a *arrival) error {
	lost := a.health == Damaged && f.Health == Readable
	maybeCut := u.Size < f.Size && (a.health != Readable || !isSave(u.Name))
	if lost || !maybeCut && (a.health != Damaged || f.Health != Unread) {
		return nil
	}
	o, err := st.Objects.Read(ctx, st.keys.content(u.Name, f.ID), f.Version, f.Size)
	if errors.Is(err, ErrNotFound) || err == nil && o.Data == nil {
		return nil // someone deleted it: nothing is above the new one
	}
	if err != nil {
		return err
	}
	a.committed = inspect(u.Name, o.Data)
	a.cut = u.Size < f.Size && bytes.HasPrefix(o.Data, data)
	return nil
}

// audit returns how much lies in all of the player's inboxes, charges included: URLs
// that live can be used any number of times, and this shows it.
func (st *state) audit(ctx context.Context) (int64, error) {
	list, all, err := st.Objects.List(ctx, inboxesOf(st.keys.player), auditPages)
	if err != nil {
		return 0, err
	}
	if !all {
		return st.Limits.budget() + 7*st.Limits.PlayerBytesPerDay, nil // nothing for a week
	}
	total := int64(0)
	for _, o := range list {
		total += o.Size + uploadCharge
	}
	return total, nil
}

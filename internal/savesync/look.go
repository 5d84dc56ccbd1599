package savesync

import (
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
	// lookPages bounds that list, and lookBlind how many are looked for one by one all
	// the same, because it did not come to them.
	lookPages = 1
	lookBlind = 16
	// lookUntil is how long before its deadline a request begins no more reads, and
	// answering how long before it reads no more contents.
	lookUntil = 12 * time.Second
	answering = 8 * time.Second
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
	left, blind := lookBytes, lookBlind
	for _, u := range open {
		size, known := sizes[u.ID]
		if sizes != nil && !known {
			if blind--; blind < 0 {
				continue
			}
		}
		switch {
		case known && size < 0:
			found[u.ID] = arrival{presence: absent}
		case known && size != u.Size:
			found[u.ID] = arrival{presence: other}
		default:
			cost := u.Size + st.beside(u)
			if cost > left && len(reads) > 0 {
				continue
			}
			left -= cost
			reads = append(reads, u)
		}
	}
	arrivals := make([]arrival, len(reads))
	room := max(heldBytes, st.Limits.FileBytes)
	memory := semaphore.NewWeighted(room)
	err = st.each(ctx, len(reads), func(ctx context.Context, i int) (err error) {
		if deadline, ok := ctx.Deadline(); ok && i > 0 && time.Until(deadline) < lookUntil {
			return nil
		}
		hold := min(room, max(reads[i].Size, st.beside(reads[i]))) // one is read after the other
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
		total += u.Size + st.beside(u)
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

// verify looks for one upload. Where the order of what arrived and what is committed
// depends on the bytes of the latter, it reads that too.
func (st *state) verify(ctx context.Context, u Upload) (arrival, error) {
	a, err := st.arrival(ctx, u)
	f, ok := st.game.Files[u.Name]
	if err != nil || !ok || a.presence != arrived || st.Unchecked || u.Checksum == f.Checksum || !a.depends(u, f) {
		return a, err
	}
	o, err := st.Objects.Read(ctx, st.keys.content(u.Name, f.ID), f.Version, f.Size)
	if errors.Is(err, ErrNotFound) || err == nil && o.Data == nil {
		return a, nil // someone deleted it: nothing is above the new one
	}
	if err == nil {
		if a.committed = f.Health; a.committed == Unread {
			a.committed = inspect(u.Name, o.Data, until(ctx))
		}
		a.cut = u.Size < f.Size && checksumOf(o.Data[:u.Size]) == u.Checksum
	}
	return a, err
}

// arrival reads one inbox. A release before this one, which a rollback may have
// brought back for a while, keeps uploads without their layout.
func (st *state) arrival(ctx context.Context, u Upload) (arrival, error) {
	o, err := st.Objects.Read(ctx, st.keys.inbox(u), "", u.Size)
	if errors.Is(err, ErrNotFound) && u.Layout == layoutMixed && !u.Imported {
		u.Layout = layoutInbox
		o, err = st.Objects.Read(ctx, st.keys.inbox(u), "", u.Size)
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return arrival{presence: absent}, nil
	case err != nil:
		return arrival{}, err
	case o.Data == nil || checksumOf(o.Data) != u.Checksum:
		return arrival{presence: other}, nil
	}
	a := arrival{presence: arrived, layout: u.Layout, version: o.Version}
	if !st.Unchecked {
		a.health = inspect(u.Name, o.Data, until(ctx))
	}
	return a, nil
}

// until is when reading a content has to end, so that the request can still be answered.
func until(ctx context.Context) time.Time {
	end := time.Now().Add(maxInspection)
	if deadline, ok := ctx.Deadline(); ok && deadline.Add(-answering).Before(end) {
		return deadline.Add(-answering)
	}
	return end
}

// depends reports whether the committed content has to be read: when it was never
// read, and when the new one may be its beginning. A save that is readable is not the
// beginning of another one.
func (a arrival) depends(u Upload, f File) bool {
	lost := a.health == Damaged && f.Health == Readable
	return f.Health == Unread || u.Size < f.Size && !lost && (a.health != Readable || !isSave(u.Name))
}

// beside returns how much may have to be read of the committed content of an upload's
// file, in bytes.
func (st *state) beside(u Upload) int64 {
	f, ok := st.game.Files[u.Name]
	if !ok || st.Unchecked || u.Checksum == f.Checksum || f.Health != Unread && u.Size >= f.Size {
		return 0
	}
	return f.Size
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

package savesync

import (
	"context"
	"slices"
	"time"
)

// retireAtOnce is how many keys S3 takes in one deletion request.
const retireAtOnce = 1000

// spent returns the keys that a record as it was loaded leaves to be retired: what
// it says was replaced or lost, and the inboxes of settled uploads that nothing can
// write to any more. What a saved record says stays so, whatever happens to this
// request; and it was retired once, after that record was saved, if the request that
// saved it lived so long.
func (r *Record) spent(player string, now time.Time) []string {
	var list []string
	for id, g := range r.Games {
		k := keys{player, id}
		for _, c := range g.Retired {
			list = append(list, k.content(c.Name, c.ID))
		}
		for _, u := range g.Uploads {
			if u.Settled && u.over(now) {
				list = append(list, k.inbox(u))
			}
		}
	}
	slices.Sort(list)
	return list
}

// forget removes what has been retired for good from the record.
func (r *Record) forget(player string, retired []string) {
	gone := make(map[string]bool, len(retired))
	for _, key := range retired {
		gone[key] = true
	}
	for id, g := range r.Games {
		k := keys{player, id}
		g.Retired = slices.DeleteFunc(g.Retired, func(c Content) bool { return gone[k.content(c.Name, c.ID)] })
		g.Uploads = slices.DeleteFunc(g.Uploads, func(u Upload) bool { return u.Settled && gone[k.inbox(u)] })
	}
}

// retire retires what is spent. What fails stays in the record for the next
// request: a sync is not refused for it.
func (st *state) retire(ctx context.Context) {
	if st.putAway(ctx, st.spent) == nil {
		st.record.forget(st.keys.player, st.spent)
		st.spent = nil
	}
}

// sweep retires for the first time what the record, as it was just saved, says was
// replaced or lost, and the inboxes of the uploads that were settled: so their
// retention time begins even if the player never comes again. If that fails, or the
// process dies before, the next request that saves does it.
func (st *state) sweep(ctx context.Context, settled []Upload) {
	var list []string
	for _, u := range settled {
		if !u.Imported { // its object is not ours to retire
			list = append(list, st.keys.inbox(u))
		}
	}
	for _, c := range st.game.Retired {
		list = append(list, st.keys.content(c.Name, c.ID))
	}
	_ = st.putAway(ctx, list)
}

// putAway retires keys.
func (st *state) putAway(ctx context.Context, list []string) error {
	for chunk := range slices.Chunk(list, retireAtOnce) {
		if err := st.Objects.Retire(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

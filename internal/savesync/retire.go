package savesync

import (
	"context"
	"slices"
	"time"
)

// retireAtOnce bounds how many keys one call retires.
const retireAtOnce = 500

// spent returns the keys that a record as it was loaded leaves to be retired: what
// it says was replaced or lost, and the inboxes of settled uploads that nothing can
// write to any more. What a saved record says stays so, whatever happens to this
// request; and it was retired once, after that record was saved, if the request that
// saved it lived so long.
func (g *Game) spent(k keys, now time.Time) []string {
	var list []string
	for _, c := range g.Retired {
		list = append(list, k.content(c.Name, c.ID))
	}
	for _, u := range g.Uploads {
		if u.Settled && u.over(now) {
			list = append(list, k.inbox(u))
		}
	}
	return list[:min(len(list), retireAtOnce)]
}

// forget removes what has been retired for good from the game.
func (g *Game) forget(key string, k keys) {
	g.Retired = slices.DeleteFunc(g.Retired, func(c Content) bool { return k.content(c.Name, c.ID) == key })
	g.Uploads = slices.DeleteFunc(g.Uploads, func(u Upload) bool { return u.Settled && k.inbox(u) == key })
}

// retire retires what is spent. What fails stays in the record for the next
// request: a sync is not refused for it.
func (st *state) retire(ctx context.Context) {
	if len(st.spent) == 0 || st.Objects.Retire(ctx, st.spent) != nil {
		return
	}
	for _, key := range st.spent {
		st.game.forget(key, st.keys)
	}
	st.spent = nil
}

// sweep retires for the first time what the record, as it was just saved, says was
// replaced or lost, and the inboxes of the uploads that were settled: so their
// retention time begins even if the player never comes again. If that fails, or the
// process dies before, the next request that saves does it.
func (st *state) sweep(ctx context.Context, settled []Upload) {
	var list []string
	for _, c := range st.game.Retired {
		list = append(list, st.keys.content(c.Name, c.ID))
	}
	for _, u := range settled {
		if !u.Imported { // its object is not ours to retire
			list = append(list, st.keys.inbox(u))
		}
	}
	if len(list) > 0 {
		_ = st.Objects.Retire(ctx, list[:min(len(list), retireAtOnce)])
	}
}

package savesync

import (
	"context"
	"slices"
	"time"
)

// retireAtOnce bounds how much one request retires.
const retireAtOnce = 128

// spent returns the keys whose current object nothing needs any more, and which
// would never expire if they were left so: replaced contents, and inboxes of
// settled uploads that no URL can write to now. It must be asked of a record as
// it was loaded: what a saved record says was replaced stays replaced, whatever
// happens to this request.
func (g *Game) spent(k keys, now time.Time) []string {
	var list []string
	for _, c := range g.Retired {
		list = append(list, k.content(c.Name, c.ID))
	}
	for _, u := range g.Uploads {
		if u.Settled && u.Expires < now.Unix() {
			list = append(list, k.inbox(u))
		}
	}
	return list[:min(len(list), retireAtOnce)]
}

// forget removes what has been retired from the game.
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

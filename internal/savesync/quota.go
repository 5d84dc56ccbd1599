package savesync

import "time"

// What a player may take is bounded in two ways. The current files are counted as
// they are: their number, their bytes, their room in the record. What is sent is
// charged to a budget that refills slowly, since each content stays in the bucket
// for the retention time: the budget bounds what a player has there, older versions
// and uploads that never came to anything included, and the requests that it took.
const (
	// uploadCharge is charged for each upload besides its bytes, for the requests
	// that it takes.
	uploadCharge = 64 << 10
	// auditEvery is after how many plans with upload URLs the player's inboxes are
	// listed. A URL can be used any number of times while it lives, and only a list
	// shows it.
	auditEvery = 4
	// auditPages bounds such a list. No device that plays comes near it in the day or
	// two that what was settled stays in its inbox.
	auditPages = 12
)

// A room is what is left of a player's limits.
type room struct {
	limits        Limits
	sizes         map[string]int64 // of the game's files, as [Game.names] has them
	files, weight int
	bytes, level  int64
}

// room returns what is left of a player's limits for a game, with the budget filled
// up to a level.
func (r *Record) room(g *Game, limits Limits, level int64) *room {
	w := &room{limits: limits, sizes: g.names(), weight: r.weight(), level: level}
	for _, g := range r.Games {
		for _, size := range g.names() {
			w.files++
			w.bytes += size
		}
	}
	return w
}

// budget is how much a player may send at once, charges included: at least all the
// files that are allowed.
func (l Limits) budget() int64 { return l.PlayerBytes + int64(l.PlayerFiles)*uploadCharge }

// take takes the room of an upload, or says why there is none. One that was planned
// before has its room, but may be found to be failing.
func (w *room) take(u Upload, again bool) Bar {
	files, weight := 0, 0
	had, ok := w.sizes[u.Name]
	if !ok {
		files, weight = 1, fileWeight+len(u.Name)
	}
	if again {
		weight += failingWeight + len(u.Name) + failureWeight
	} else {
		weight += u.weight()
	}
	bytes, charge := max(0, u.Size-had), int64(uploadCharge)
	if !again {
		charge += u.Size
	}
	switch {
	case files > 0 && w.files+files > w.limits.PlayerFiles:
		return BarFiles
	case bytes > 0 && w.bytes+bytes > w.limits.PlayerBytes:
		return BarBytes
	case weight > 0 && w.weight+weight > maxRecordBytes:
		return BarRecord
	case w.level+charge > w.limits.budget():
		return BarBudget
	}
	w.files, w.weight, w.bytes, w.level = w.files+files, w.weight+weight, w.bytes+bytes, w.level+charge
	return ""
}

// level returns how full the upload budget is now.
func (use Usage) level(limits Limits, now time.Time) int64 {
	const day = 24 * 60 * 60
	idle := max(0, now.Unix()-use.At)
	if days := idle / day; limits.PlayerBytesPerDay > 0 && days > use.Level/limits.PlayerBytesPerDay {
		return 0 // so that the product below cannot overflow
	}
	regained := idle/day*limits.PlayerBytesPerDay + idle%day*limits.PlayerBytesPerDay/day
	return max(0, use.Level-regained)
}

// full returns an error when the hour has had enough plans that hand out a URL.
func (use Usage) full(limits Limits, now time.Time) error {
	if use.hour(now).Plans < limits.PlansPerHour {
		return nil
	}
	wait := time.Unix(use.Since, 0).Add(time.Hour).Sub(now)
	return tooMany(wait, "This player has synced a great deal in the last hour; please try again in %d minutes.", int(wait.Minutes())+1)
}

// count counts a plan that is written down.
func (use *Usage) count(d decision, audited bool, now time.Time) {
	*use = use.hour(now)
	use.Plans++
	use.Level, use.At = d.level, now.Unix()
	if audited {
		use.Unaudited = 0
	}
	if len(d.sends) > 0 {
		use.Unaudited++
	}
}

// hour returns the usage with the hour that now falls into.
func (use Usage) hour(now time.Time) Usage {
	if age := now.Unix() - use.Since; age < 0 || age >= int64(time.Hour/time.Second) {
		use.Since, use.Plans = now.Unix(), 0
	}
	return use
}

// waits are how long a content waits of which uploads do not come, by how many did
// not. The first time it is planned again at once, but after everything else.
var waits = []time.Duration{0, 0, 10 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour}

// waiting reports whether a content has to wait because uploads of it failed.
func (f Failure) waiting(now time.Time) bool {
	since := now.Sub(time.Unix(f.Last, 0))
	return since >= 0 && since < waits[min(f.Tries, len(waits)-1)]
}

package logs

import (
	"cmp"
	"slices"
	"time"
)

// Digest is what the lines of a period come to. It is a [Listener]: [Read] fills it.
// A request that a function has answered counts once, by the function's own line.
type Digest struct {
	Players    map[string]bool // the subs of those who were signed in
	Troubles   []Trouble       // requests that went wrong, by kind; the most frequent first once all is read
	ColdStarts []ColdStart     // in the order of time
	Reports    int             // invocations of which Lambda reports
	Failed     int             // those of them that did not end well
	Slowest    []Slow          // the requests that took longest, that one first
	Gaps       []Gap           // logs that could not be read, or not to their end
	Last       time.Time       // of the youngest line
}

// Trouble is a kind of errors: a status, and whose answer it was.
type Trouble struct {
	Source string // the function, or the API's log where no function was asked
	Status int
	Count  int
	Last   time.Time
	Cause  string // why, of the last one
}

// ColdStart is one of a function's.
type ColdStart struct {
	Time   time.Time
	Source string
	Took   time.Duration
}

// Slow is a request that took long.
type Slow struct {
	Time   time.Time
	Source string
	Record Record
}

// slowest is how many of the slowest requests are kept.
const slowest = 10

// Entry counts a line.
func (d *Digest) Entry(e Entry) error {
	r := Parse(e.Message)
	d.Last = e.Time
	switch r.Kind {
	case Report:
		d.report(e, r)
	case Access:
		d.player(r.Player)
		if !r.ByFunction {
			d.request(e, r)
		}
	case Request:
		d.player(r.Player)
		d.request(e, r)
	}
	return nil
}

func (d *Digest) player(sub string) {
	if sub == "" {
		return
	}
	if d.Players == nil {
		d.Players = map[string]bool{}
	}
	d.Players[sub] = true
}

func (d *Digest) report(e Entry, r Record) {
	d.Reports++
	if r.Failed() {
		d.Failed++
	}
	if r.Init > 0 {
		d.ColdStarts = append(d.ColdStarts, ColdStart{e.Time, e.Source, r.Init})
	}
}

func (d *Digest) request(e Entry, r Record) {
	if r.Failed() {
		d.trouble(e, r)
	}
	if len(d.Slowest) == slowest && r.Took <= d.Slowest[slowest-1].Record.Took {
		return
	}
	at, _ := slices.BinarySearchFunc(d.Slowest, r.Took, func(s Slow, took time.Duration) int { return cmp.Compare(took, s.Record.Took) })
	d.Slowest = slices.Insert(d.Slowest, at, Slow{e.Time, e.Source, r})
	d.Slowest = d.Slowest[:min(len(d.Slowest), slowest)]
}

func (d *Digest) trouble(e Entry, r Record) {
	i := slices.IndexFunc(d.Troubles, func(t Trouble) bool { return t.Source == e.Source && t.Status == r.Status })
	if i < 0 {
		i = len(d.Troubles)
		d.Troubles = append(d.Troubles, Trouble{Source: e.Source, Status: r.Status})
	}
	t := &d.Troubles[i]
	t.Count, t.Last, t.Cause = t.Count+1, e.Time, cmp.Or(r.Cause, t.Cause)
}

// Looked ends the digest.
func (d *Digest) Looked(gaps []Gap) error {
	d.Gaps = gaps
	slices.SortStableFunc(d.Troubles, func(a, b Trouble) int { return cmp.Compare(b.Count, a.Count) })
	return nil
}

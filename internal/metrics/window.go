package metrics

import "time"

// Window is a span that is cut into periods of one length.
type Window struct {
	Start  time.Time
	Period time.Duration
	Len    int // how many periods it has
	// Settled is how many periods are over, and all that was measured in them is in.
	// What there is of the others only grows: less there is no drop.
	Settled int
}

// End is where the last period ends, which may be yet to come.
func (w Window) End() time.Time { return w.At(w.Len) }

// At is where a period begins, the first being 0.
func (w Window) At(i int) time.Time { return w.Start.Add(time.Duration(i) * w.Period) }

// Index is the period that has an instant, and whether one has.
func (w Window) Index(t time.Time) (int, bool) {
	if t.Before(w.Start) || !t.Before(w.End()) {
		return 0, false
	}
	return int(t.Sub(w.Start) / w.Period), true
}

// settles is how long measurements may be on their way to CloudWatch.
const settles = 3 * time.Minute

// kept is for how long CloudWatch keeps which periods: of what is older there is no
// data in a finer one, and no error says so (API reference, GetMetricStatistics).
var kept = []struct {
	period time.Duration
	age    time.Duration
}{
	{time.Minute, 15 * day},
	{5 * time.Minute, 63 * day},
	{time.Hour, Kept},
}

const day = 24 * time.Hour

// Kept is for how long CloudWatch keeps metrics.
const Kept = 455 * day

// maxPoints is how many periods one call may ask for (API reference, GetMetricStatistics).
const maxPoints = 1440

var periods = []time.Duration{
	time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day, 28 * day,
}

// Over is the window that has a span of at most [Kept] in the shortest periods of
// which there is data and at most so many, 17 or more. Periods begin at whole
// multiples of their length in UTC, so that the window may begin and end a little
// outside of the span.
func Over(since, until, now time.Time, most int) Window {
	var w Window
	for _, p := range periods {
		w = cut(since, until, now, p)
		if w.Len <= min(most, maxPoints) && p >= finest(now.Sub(w.Start)) {
			break
		}
	}
	return w
}

// Last is the window of one period that ends now: "the last hour".
func Last(period time.Duration, now time.Time) Window {
	start := now.Add(-period).Truncate(finest(period))
	return Window{Start: start, Period: period, Len: 1}
}

func cut(since, until, now time.Time, period time.Duration) Window {
	w := Window{Start: since.UTC().Truncate(period), Period: period}
	w.Len = max(1, int((until.Sub(w.Start)+period-1)/period))
	w.Settled = min(max(0, int(now.Add(-settles).Sub(w.Start)/period)), w.Len)
	return w
}

// finest is the shortest period that is kept of measurements of an age.
func finest(age time.Duration) time.Duration {
	for _, k := range kept {
		if age < k.age {
			return k.period
		}
	}
	return time.Hour
}

// daily is the window in which to look for what is measured once a day, which is
// there a day later or two (S3 user guide, "Metrics and dimensions").
func (w Window) daily() Window {
	const late = 2 * day
	d := Window{Start: w.Start.UTC().Truncate(day).Add(-late), Period: day}
	d.Len = int((w.End().Sub(d.Start) + day - 1) / day)
	d.Settled = d.Len
	return d
}

package cost

import (
	"cmp"
	"slices"
	"time"
)

// Month is what is known of a month that has begun, all of it up to Now. What is not
// known has the basis Unknown.
type Month struct {
	Start, End, Now time.Time // the month's first instant, that of the next one, and between them

	Requests    Amount // to the API
	Invocations Amount // of all functions
	GBSeconds   Amount
	Completes   Amount // syncs that were completed
	ReadUnits   Amount
	WriteUnits  Amount
	Players     Amount // active in the month
	Accounts    Amount // in the user pool

	Stored []Stored // bytes in the bucket, older versions included, by day
	// Older is the share of the bytes that older versions have, nil if nobody has counted.
	Older *float64
}

// Stored is what the bucket held on a day.
type Stored struct {
	Day   time.Time // its first instant
	Bytes float64
}

// settledAfter is how much of a month has to be over before the rest is worth a guess.
const settledAfter = 24 * time.Hour

// SoFar is what was used up to now.
func (m Month) SoFar() Usage { return m.usage(func(a Amount) Amount { return a }, m.Now) }

// ByEnd is what will have been used when the month is over, if it goes on as it
// began. On its first day nobody can tell.
func (m Month) ByEnd() Usage {
	elapsed := m.Now.Sub(m.Start)
	grow := func(a Amount) Amount {
		if elapsed < settledAfter {
			return Amount{0, Unknown}
		}
		if a.Basis == Measured {
			a.Basis = Estimated
		}
		return a.Times(float64(m.End.Sub(m.Start)) / float64(elapsed))
	}
	u := m.usage(grow, m.End)
	for item, a := range u {
		if a.Basis == Measured {
			u[item] = Amount{a.Value, Estimated}
		}
	}
	return u
}

// usage is what is used up to an instant, where grow makes of an amount that was
// used up to now what is used up to then.
func (m Month) usage(grow func(Amount) Amount, until time.Time) Usage {
	u := Usage{
		Requests: grow(m.Requests), Invocations: grow(m.Invocations), GBSeconds: grow(m.GBSeconds),
		ReadUnits: grow(m.ReadUnits), WriteUnits: grow(m.WriteUnits),
		S3Writes: grow(estimate(m.Completes, s3Writes)), S3Reads: grow(estimate(m.Completes, s3Reads)),
		LogGB: grow(estimate(m.Requests, func(n float64) float64 { return GB(n * bytesPerRequest) })),
		// No service counts for nothing what players fetch.
		OutGB:         {0, Unknown},
		ActivePlayers: m.Players,
	}
	share := float64(until.Sub(m.Start)) / float64(m.End.Sub(m.Start))
	records := estimate(m.Accounts, func(n float64) float64 { return GB(n*recordBytes) * share })
	u[TableGB], u[BackupGB] = records, records
	stored := m.stored(until)
	if m.Older == nil {
		u[StoredGB] = stored
		return u
	}
	u[CurrentGB], u[OlderGB] = stored.Times(1-*m.Older), stored.Times(*m.Older)
	return u
}

func estimate(a Amount, of func(float64) float64) Amount {
	if a.Basis == Unknown {
		return a
	}
	return Amount{of(a.Value), Estimated}
}

// stored are the GB-months in the bucket up to an instant. A day of which there is no
// figure had what the day before it had.
func (m Month) stored(until time.Time) Amount {
	days := slices.Clone(m.Stored)
	if len(days) == 0 {
		return Amount{0, Unknown}
	}
	slices.SortFunc(days, func(a, b Stored) int { return cmp.Compare(a.Day.UnixNano(), b.Day.UnixNano()) })
	total := 0.0
	for i, d := range days {
		from, to := d.Day, until
		if i == 0 || from.Before(m.Start) {
			from = m.Start
		}
		if i+1 < len(days) && days[i+1].Day.Before(until) {
			to = days[i+1].Day
		}
		if to.After(from) {
			total += d.Bytes * float64(to.Sub(from))
		}
	}
	return Amount{GB(total / float64(m.End.Sub(m.Start))), Measured}
}

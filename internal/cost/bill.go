// Package cost computes what a stage costs: from what it has used ([Usage]) or will
// use ([Plan]), by the list prices of its region ([PricesOf]). It asks AWS for
// nothing but, on demand, for what has been billed ([AskBilled]).
package cost

import "math"

// Item is what AWS takes money for.
type Item string

// The items, in the order of a bill.
const (
	Requests      Item = "requests"
	Invocations   Item = "invocations"
	GBSeconds     Item = "computing" // GB-seconds
	ReadUnits     Item = "reads"
	WriteUnits    Item = "writes"
	TableGB       Item = "records"        // GB-months
	BackupGB      Item = "backup"         // GB-months
	CurrentGB     Item = "saves"          // GB-months
	OlderGB       Item = "older versions" // GB-months
	StoredGB      Item = "saves, old too" // GB-months; where the two cannot be told apart
	S3Writes      Item = "uploads, copies"
	S3Reads       Item = "downloads, looks"
	OutGB         Item = "data out" // GB
	LogGB         Item = "logs"     // GB written, and kept for a month
	ActivePlayers Item = "active players"
)

// Basis says how an amount is known.
type Basis string

// The bases.
const (
	Measured  Basis = "measured"
	Estimated Basis = "estimated"
	Unknown   Basis = "unknown"
)

// Amount is how much of an item was used, in the unit of the item.
type Amount struct {
	Value float64
	Basis Basis
}

// Times is an amount that many times; of what is unknown nothing is known.
func (a Amount) Times(n float64) Amount { return Amount{a.Value * n, a.Basis} }

// Usage is what a stage uses in a month. What is not in it is not on the bill; what
// is used, and cannot be known, is in it as Unknown.
type Usage map[Item]Amount

// Line is an item of a bill.
type Line struct {
	Service string // "S3"
	Item    Item
	Unit    string // of the amount, "" for a count
	Amount  Amount
	// Dollars is NaN where the amount or the price is unknown, never 0.
	Dollars float64
}

// Bill is what a month costs.
type Bill struct {
	Lines []Line
	// Dollars is the sum of the lines that are known.
	Dollars float64
	// AtLeast says that a line is unknown, and so the sum is a part.
	AtLeast bool
}

// Bill is what usage costs by the list, with a user pool of a feature plan ("LITE").
// Of the zero list nothing is known.
func (l List) Bill(u Usage, plan string) Bill {
	var b Bill
	for _, line := range l.lines(u, plan) {
		if line.Amount.Basis == "" {
			continue
		}
		if line.Amount.Basis == Unknown {
			line.Amount.Value, line.Dollars = math.NaN(), math.NaN()
		}
		if math.IsNaN(line.Dollars) {
			b.AtLeast = true
		} else {
			b.Dollars += line.Dollars
		}
		b.Lines = append(b.Lines, line)
	}
	return b
}

// lines are all lines that there could be.
func (l List) lines(u Usage, plan string) []Line {
	flat := func(service string, item Item, unit string, price float64) Line {
		a := u[item]
		if price == 0 {
			return Line{service, item, unit, a, math.NaN()}
		}
		return Line{service, item, unit, a, a.Value * price}
	}
	tiered := func(service string, item Item, unit string, tiers []Tier) Line {
		a := u[item]
		d, ok := dollars(tiers, a.Value)
		if !ok || tiers == nil {
			d = math.NaN()
		}
		return Line{service, item, unit, a, d}
	}
	const month, gb = "GB-month", "GB"
	return []Line{
		tiered("HTTP API", Requests, "", l.APIRequest),
		flat("Lambda", Invocations, "", l.Invocation),
		flat("Lambda", GBSeconds, "GB-s", l.GBSecond),
		flat("DynamoDB", ReadUnits, "units", l.ReadUnit),
		flat("DynamoDB", WriteUnits, "units", l.WriteUnit),
		flat("DynamoDB", TableGB, month, l.TableGB),
		flat("DynamoDB", BackupGB, month, l.BackupGB),
		flat("S3", CurrentGB, month, l.StoredGB),
		flat("S3", OlderGB, month, l.StoredGB),
		flat("S3", StoredGB, month, l.StoredGB),
		flat("S3", S3Writes, "", l.S3Write),
		flat("S3", S3Reads, "", l.S3Read),
		tiered("internet", OutGB, gb, l.Out),
		flat("CloudWatch", LogGB, gb, l.LogGB+l.LogKeptGB),
		tiered("Cognito", ActivePlayers, "", l.Players[plan]),
	}
}

// GB is a number of bytes in the GB that AWS bills, of 2³⁰.
func GB(bytes float64) float64 { return bytes / gigabyte }

// Plus adds what is known; with anything unknown the sum is.
func (a Amount) Plus(b Amount) Amount {
	if a.Basis == Unknown || b.Basis == Unknown {
		return Amount{0, Unknown}
	}
	if a.Basis == Estimated {
		b.Basis = Estimated
	}
	return Amount{a.Value + b.Value, b.Basis}
}

package cost

import (
	"maps"
	"math"
	"slices"
)

// Dated is the month that the prices are of. They are list prices: what an account
// has agreed with AWS, free tiers and taxes are not in them.
const Dated = "2026-11"

// A List has the prices of one region in dollars.
type List struct {
	APIRequest []Tier  // HTTP API, 512 KB each
	Invocation float64 // Lambda
	GBSecond   float64 // Lambda on arm64
	WriteUnit  float64 // DynamoDB on demand, 1 KB
	ReadUnit   float64 // DynamoDB on demand, 4 KB strongly consistent
	TableGB    float64 // DynamoDB, a month
	BackupGB   float64 // DynamoDB's point-in-time recovery, a month; by the size of the table
	StoredGB   float64 // S3 Standard, a month, older versions too; of the first 50 TB
	S3Write    float64 // PUT, COPY and LIST; DELETE is free
	S3Read     float64 // GET and HEAD
	LogGB      float64 // CloudWatch Logs, written
	LogKeptGB  float64 // CloudWatch Logs, kept, a month
	// Out are GB to the internet, from S3 and the API together.
	Out []Tier
	// Players are those active in a month, by the user pool's feature plan.
	Players map[string][]Tier
}

// A Tier is a price up to an amount, all amounts below it included. What is above
// the last tier has no price here.
type Tier struct {
	UpTo    float64
	Dollars float64
}

const gigabyte = 1 << 30

// lists are the prices of the regions that are known, from these sources:
//
//   - HTTP API, Lambda, DynamoDB, S3, CloudWatch Logs: the outputs against which the
//     estimates of infracost are tested (2024-07 to 2024-12, looked up 2026-11)
//   - Cognito: api-evangelist/amazon-cognito, copied from AWS's pricing page on
//     2026-09-20. Accounts with pools from before 2024-11-22 may have 50,000 free.
//   - that the first 100 GB to the internet are free: not looked up anew, as AWS
//     announced it in 2021-11; the price after them as above
//
// AWS's pages change: check them before you rely on a figure.
var lists = map[string]List{
	"us-east-1": {
		APIRequest: []Tier{{300e6, 1.00 / 1e6}, {math.Inf(1), 0.90 / 1e6}},
		Invocation: 0.20 / 1e6,
		GBSecond:   0.0000133334,
		WriteUnit:  0.625 / 1e6,
		ReadUnit:   0.125 / 1e6,
		TableGB:    0.25,
		BackupGB:   0.20,
		StoredGB:   0.023,
		S3Write:    0.005 / 1e3,
		S3Read:     0.0004 / 1e3,
		LogGB:      0.50,
		LogKeptGB:  0.03,
		Out:        []Tier{{100, 0}, {10_240, 0.09}},
		Players: map[string][]Tier{
			"LITE":       {{10_000, 0}, {100_000, 0.0055}, {1_000_000, 0.0046}},
			"ESSENTIALS": {{10_000, 0}, {1_000_000, 0.015}},
			"PLUS":       {{1_000_000, 0.020}},
		},
	},
}

// Free says which amounts a month AWS gives to every account for nothing, for ever,
// and that the lines of a bill do not take off: other parts of the account may use
// them up (AWS pricing pages).
const Free = "1 million invocations and 400,000 GB-seconds of Lambda, 25 GB of DynamoDB, 5 GB of logs"

// Regions are those whose prices are known, sorted.
func Regions() []string { return slices.Sorted(maps.Keys(lists)) }

// PricesOf are the prices of a region, and whether they are known.
func PricesOf(region string) (List, bool) {
	l, ok := lists[region]
	return l, ok
}

// dollars is what an amount costs by tiers, and whether all of it has a price.
func dollars(tiers []Tier, amount float64) (float64, bool) {
	total, from := 0.0, 0.0
	for _, t := range tiers {
		part := min(amount, t.UpTo) - from
		if part <= 0 {
			break
		}
		total, from = total+part*t.Dollars, t.UpTo
	}
	return total, amount <= from || amount == 0
}

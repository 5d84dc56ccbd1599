package cost_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ce "github.com/aws/aws-sdk-go-v2/service/costexplorer"
	"github.com/aws/aws-sdk-go-v2/service/costexplorer/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/cost"
)

func prices(t *testing.T) cost.List {
	t.Helper()
	l, ok := cost.PricesOf("us-east-1")
	if !ok {
		t.Fatal("no prices")
	}
	return l
}

func line(t *testing.T, b cost.Bill, item cost.Item) cost.Line {
	t.Helper()
	for _, l := range b.Lines {
		if l.Item == item {
			return l
		}
	}
	t.Fatalf("no line for %s", item)
	return cost.Line{}
}

// Active players are free up to a number, and the price of the plan counts above it.
func TestTiers(t *testing.T) {
	for _, c := range []struct {
		plan    string
		players int64
		dollars float64 // NaN for unknown
	}{
		{"LITE", 10_000, 0}, {"LITE", 10_001, 0.0055}, {"LITE", 20_000, 55}, {"LITE", 200_000, 495 + 460},
		{"ESSENTIALS", 20_000, 150}, {"PLUS", 20_000, 400}, {"LITE", 2_000_000, math.NaN()}, {"NEW", 5, math.NaN()},
	} {
		p := cost.Usual(c.players)
		p.Tier = c.plan
		b := prices(t).Bill(p.Usage(), c.plan)
		got := line(t, b, cost.ActivePlayers).Dollars
		if math.IsNaN(got) != math.IsNaN(c.dollars) || math.Abs(got-c.dollars) > 1e-6 {
			t.Errorf("%d players of %s: $%v, want $%v", c.players, c.plan, got, c.dollars)
		}
		if b.AtLeast != math.IsNaN(c.dollars) {
			t.Errorf("%d players of %s: at least %v", c.players, c.plan, b.AtLeast)
		}
	}
}

// What is not known, an amount or a price, is never $0, and the sum is a part then.
func TestUnknownIsNotNothing(t *testing.T) {
	u := cost.Usual(100).Usage()
	u[cost.S3Writes] = cost.Amount{Value: 0, Basis: cost.Unknown}
	b := prices(t).Bill(u, "LITE")
	if l := line(t, b, cost.S3Writes); !math.IsNaN(l.Dollars) || !math.IsNaN(l.Amount.Value) || !b.AtLeast || b.Dollars <= 0 || math.IsNaN(b.Dollars) {
		t.Errorf("%+v of %+v", l, b)
	}
	none, ok := cost.PricesOf("eu-central-1")
	if ok {
		t.Fatal("the prices of eu-central-1 are known")
	}
	for _, l := range none.Bill(cost.Usual(100).Usage(), "LITE").Lines {
		if !math.IsNaN(l.Dollars) {
			t.Errorf("%s costs $%v where no price is known", l.Item, l.Dollars)
		}
	}
}

// Twice the players cost twice as much, larger saves more to store and to read.
func TestPlans(t *testing.T) {
	of := func(change func(*cost.Plan)) cost.Bill {
		p := cost.Usual(1000)
		change(&p)
		return prices(t).Bill(p.Usage(), p.Tier)
	}
	one := of(func(*cost.Plan) {})
	if two := of(func(p *cost.Plan) { p.Players *= 2 }); math.Abs(two.Dollars-2*one.Dollars) > 1e-9 {
		t.Errorf("twice the players: $%v and $%v", one.Dollars, two.Dollars)
	}
	large := of(func(p *cost.Plan) { p.SaveBytes *= 10 })
	for item, more := range map[cost.Item]float64{cost.OlderGB: 10, cost.CurrentGB: 10, cost.OutGB: 10, cost.Requests: 1, cost.S3Writes: 1} {
		if a, b := line(t, one, item).Amount.Value, line(t, large, item).Amount.Value; math.Abs(b-more*a) > 1e-6*b {
			t.Errorf("saves of ten times the size: %s %v and %v", item, a, b)
		}
	}
	if a, b := line(t, one, cost.GBSeconds).Amount.Value, line(t, large, cost.GBSeconds).Amount.Value; b <= a {
		t.Errorf("saves of ten times the size take %v GB-seconds, and %v before", b, a)
	}
	if rare := of(func(p *cost.Plan) { p.Sessions = 0.1 }); line(t, rare, cost.OlderGB).Amount.Value < -1e-12 {
		t.Errorf("of a player who hardly plays there are %v GB of older versions", line(t, rare, cost.OlderGB).Amount.Value)
	}
}

// november is a month of which ten of thirty days are over.
func november() cost.Month {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	measured := func(v float64) cost.Amount { return cost.Amount{Value: v, Basis: cost.Measured} }
	return cost.Month{
		Start: start, End: start.AddDate(0, 1, 0), Now: start.AddDate(0, 0, 10),
		Requests: measured(3100), Invocations: measured(3100), GBSeconds: measured(50), Completes: measured(1100),
		ReadUnits: measured(5), WriteUnits: measured(6), Players: measured(40), Accounts: measured(80),
		Stored: []cost.Stored{{Day: start.AddDate(0, 0, 4), Bytes: 2 << 30}, {Day: start.AddDate(0, 0, -2), Bytes: 9 << 30}, {Day: start.AddDate(0, 0, -1), Bytes: 1 << 30}},
	}
}

// What flows goes on as it did; what is stored stays as it is, and is not counted twice.
func TestMonth(t *testing.T) {
	m := november()
	for _, c := range []struct {
		item        cost.Item
		sofar, ends float64
		basis       cost.Basis
	}{
		{cost.Requests, 3100, 9300, cost.Measured},
		{cost.S3Writes, 6250, 18750, cost.Estimated},
		{cost.ActivePlayers, 40, 40, cost.Measured},
		{cost.StoredGB, (4 + 2*6) / 30.0, (4 + 2*26) / 30.0, cost.Measured},
	} {
		a, b := m.SoFar()[c.item], m.ByEnd()[c.item]
		if math.Abs(a.Value-c.sofar) > 1e-9 || math.Abs(b.Value-c.ends) > 1e-9 || a.Basis != c.basis || b.Basis != cost.Estimated {
			t.Errorf("%s: %+v so far and %+v by the end, want %v and %v", c.item, a, b, c.sofar, c.ends)
		}
	}
	if a := m.SoFar()[cost.OutGB]; a.Basis != cost.Unknown {
		t.Errorf("what players fetch: %+v", a)
	}
	share := 0.75
	m.Older = &share
	u := m.SoFar()
	if _, both := u[cost.StoredGB]; both || math.Abs(u[cost.OlderGB].Value-3*u[cost.CurrentGB].Value) > 1e-9 {
		t.Errorf("current %+v, older %+v", u[cost.CurrentGB], u[cost.OlderGB])
	}
}

// On the first day nobody can tell how the month goes on; of a bucket that was never
// measured nobody can tell what it holds.
func TestYoungMonth(t *testing.T) {
	m := november()
	m.Now, m.Stored = m.Start.Add(23*time.Hour), nil
	for _, item := range []cost.Item{cost.Requests, cost.S3Writes, cost.StoredGB} {
		if a := m.ByEnd()[item]; a.Basis != cost.Unknown {
			t.Errorf("%s by the end: %+v", item, a)
		}
	}
	if a := m.SoFar()[cost.Requests]; a.Value != 3100 {
		t.Errorf("requests so far: %+v", a)
	}
}

func answered(t *testing.T, out *ce.GetCostAndUsageOutput, err error) (*awsfake.Fake, *ce.Client) {
	f := awsfake.New(t)
	awsfake.On(f, func(*ce.GetCostAndUsageInput) (*ce.GetCostAndUsageOutput, error) { return out, err })
	return f, ce.NewFromConfig(f.Config())
}

func group(amount string, keys ...string) types.Group {
	return types.Group{Keys: keys, Metrics: map[string]types.MetricValue{"UnblendedCost": {Amount: &amount, Unit: aws.String("USD")}}}
}

var now = time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)

// One question, for the month with today in it; what has the stage's tag is told apart.
func TestBilled(t *testing.T) {
	f, client := answered(t, &ce.GetCostAndUsageOutput{NextPageToken: aws.String("more"), ResultsByTime: []types.ResultByTime{{Estimated: true, Groups: []types.Group{
		group("1.5", "Amazon S3", "renpyctl:stage$prod"), group("2", "Amazon S3", "renpyctl:stage$"), group("0.25", "AWS Lambda", "renpyctl:stage$dev"),
	}}}}, nil)
	b, err := cost.AskBilled(t.Context(), client, now, "renpyctl:stage", "prod")
	if err != nil || len(b.Services) != 2 || b.Services[0] != (cost.BilledService{Name: "Amazon S3", Tagged: 1.5, Account: 3.5}) ||
		b.Services[1] != (cost.BilledService{Name: "AWS Lambda", Account: 0.25}) || !b.Estimated || !b.More || b.Unit != "USD" {
		t.Errorf("%+v, %v", b, err)
	}
	asked := awsfake.Inputs[ce.GetCostAndUsageInput](f)
	if len(asked) != 1 || *asked[0].TimePeriod.Start != "2026-11-01" || *asked[0].TimePeriod.End != "2026-12-01" {
		t.Errorf("asked %d times, for %+v", len(asked), asked[0].TimePeriod)
	}
}

// An amount that is none is no bill.
func TestBilledNonsense(t *testing.T) {
	for _, g := range []types.Group{group("much", "S3", "renpyctl:stage$"), group("1", "S3"), {Keys: []string{"S3", "x"}}} {
		_, client := answered(t, &ce.GetCostAndUsageOutput{ResultsByTime: []types.ResultByTime{{Groups: []types.Group{g}}}}, nil)
		if b, err := cost.AskBilled(t.Context(), client, now, "renpyctl:stage", "prod"); err == nil {
			t.Errorf("%v: %+v", g, b)
		}
	}
}

// Each try costs: one that fails is not made again, and one that is not answered ends.
func TestBilledOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		f := awsfake.New(t)
		awsfake.On(f, func(*ce.GetCostAndUsageInput) (*ce.GetCostAndUsageOutput, error) {
			tries++
			return nil, awsfake.Error{Code: "ThrottlingException", Message: "slow down", Status: 400}
		})
		cfg := cloud.Local("", cloud.Options{})
		cfg.APIOptions = append(cfg.APIOptions, f.AddToAttempts)
		_, err := cost.AskBilled(t.Context(), ce.NewFromConfig(cfg), now, "renpyctl:stage", "prod")
		if cloud.KindOf(err) != cloud.Throttled || tries != 1 {
			t.Errorf("%d tries, %v", tries, err)
		}
		f.SetLatency(time.Hour)
		start := time.Now()
		_, err = cost.AskBilled(context.Background(), ce.NewFromConfig(cfg), now, "renpyctl:stage", "prod")
		if cloud.KindOf(err) != cloud.Unreachable || time.Since(start) > time.Minute {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

package cli

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	ce "github.com/aws/aws-sdk-go-v2/service/costexplorer"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/bucket"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/cost"
	"github.com/renpy-cloud/renpyctl/internal/functions"
	"github.com/renpy-cloud/renpyctl/internal/metrics"
	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// cost says what the month has cost so far and will have cost by its end, or asks
// what was billed.
func (a *app) cost(ctx context.Context, o costOptions) error {
	if a.flags.local {
		return &hintedError{usagef("the local cloud costs nothing"), "renpyctl cost --players 1000 says what it would cost on AWS"}
	}
	if o.pricesOf != "" {
		if _, err := pricesOf(o.pricesOf); err != nil {
			return err
		}
	}
	if o.billed && (o.countVersions || o.pricesOf != "") {
		return usagef("--billed asks AWS: leave out --count-versions and --prices-of")
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	if o.billed {
		return s.billed(ctx)
	}
	m, err := s.month(ctx, o.countVersions, time.Now().UTC())
	if err != nil {
		return err
	}
	return a.printMonth(m, o.pricesOf)
}

// month is a month of a stage, with what could not be found out of it.
type month struct {
	cost.Month
	region  string
	plan    string // the user pool's feature plan
	counted *int64 // players, if the logs were read to their end
	missing []missing
}

// month finds out what the month has used.
func (s *session) month(ctx context.Context, countVersions bool, now time.Time) (*month, error) {
	st, err := s.at.Deployed(ctx)
	if err != nil {
		return nil, err
	}
	start := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	m := &month{region: s.region(), Month: cost.Month{Start: start, End: start.AddDate(0, 1, 0), Now: now}}
	m.plan = st.Parameters[cfn.ParamUserPoolTier]
	l := &look{session: s, stack: st, since: start, until: now, most: 24 * 31}
	seen := &seen{since: start, until: now}
	var reading metrics.Reading
	var memory map[string]int32
	var pool players.Plan
	var errs [2]error
	err = cloud.Together(ctx, func(ctx context.Context) (err error) {
		reading, err = metrics.Read(ctx, s.at.Metrics(), metrics.Over(start, now, now, l.most), metrics.All(s.at.Measured(st)))
		return err
	}, func(ctx context.Context) error {
		memory, errs[0] = s.memory(ctx)
		return nil
	}, func(ctx context.Context) error {
		pool, errs[1] = s.at.Pool(st.Outputs[cfn.OutputUserPoolID]).Plan(ctx)
		return nil
	}, func(ctx context.Context) error {
		if days, _ := strconv.Atoi(st.Parameters[cfn.ParamLogRetentionDays]); now.Sub(start) > time.Duration(days)*24*time.Hour {
			return nil // its first days are not there any more
		}
		return seen.readLogs(ctx, l)
	})
	if err != nil {
		return nil, err
	}
	if err := reading.Failed(); err != nil {
		return nil, err
	}
	m.note("functions", errs[0])
	m.note("user pool", errs[1])
	m.take(reading, memory, pool, errs[1] == nil)
	if n, ok := seen.activePlayers(); ok {
		m.counted, m.Players = &n, cost.Amount{Value: float64(n), Basis: cost.Measured}
	}
	if countVersions {
		err := m.countVersions(ctx, s, st.Outputs[cfn.OutputSaveFilesBucketName], st.Account())
		m.note("older versions", err)
	}
	return m, nil
}

func (m *month) note(what string, err error) {
	if err != nil {
		m.missing = append(m.missing, missing{what, err})
	}
}

// memory is the functions' memory in MB, by their short names.
func (s *session) memory(ctx context.Context) (map[string]int32, error) {
	all := map[string]int32{}
	for _, f := range stage.Functions() {
		found, err := functions.Read(ctx, s.at.Lambda(), s.at.Name.Function(f.Function))
		if err != nil {
			return nil, fmt.Errorf("read function %s: %w", f.Name, err)
		}
		all[f.Name] = found.MemoryMB
	}
	return all, nil
}

// take takes what was measured, and names what could not be. A metric without data is
// 0 if the stage was not used at all: beside others that have some it is unknown.
func (m *month) take(r metrics.Reading, memory map[string]int32, pool players.Plan, poolKnown bool) {
	// The bill needs these alone; another that is missing is no gap in it.
	needed := []string{metrics.Requests, metrics.ReadCapacity, metrics.WriteCapacity, metrics.StoredBytes}
	_, used := r.Of(metrics.Requests).Total()
	total := func(name string) cost.Amount {
		series := r.Of(name)
		v, ok := series.Total()
		if series.Err != nil || !ok && used {
			return cost.Amount{Basis: cost.Unknown}
		}
		return cost.Amount{Value: v, Basis: cost.Measured}
	}
	m.Requests, m.ReadUnits, m.WriteUnits = total(metrics.Requests), total(metrics.ReadCapacity), total(metrics.WriteCapacity)
	m.Invocations, m.GBSeconds = cost.Amount{Basis: cost.Measured}, cost.Amount{Basis: cost.Measured}
	for _, name := range stage.FunctionNames() {
		needed = append(needed, metrics.OfFunction(name, metrics.Invocations), metrics.OfFunction(name, metrics.Duration))
		m.Invocations = m.Invocations.Plus(total(metrics.OfFunction(name, metrics.Invocations)))
		worked := total(metrics.OfFunction(name, metrics.Duration)).Times(float64(memory[name]) / 1024 / 1000)
		if memory == nil {
			worked.Basis = cost.Unknown
		}
		m.GBSeconds = m.GBSeconds.Plus(worked)
	}
	m.Completes = total(metrics.OfFunction("syncComplete", metrics.Invocations))
	for i, v := range r.Of(metrics.StoredBytes).Points {
		if !math.IsNaN(v) {
			m.Stored = append(m.Stored, cost.Stored{Day: r.Of(metrics.StoredBytes).Window.At(i), Bytes: v})
		}
	}
	m.Accounts, m.Players = cost.Amount{Value: float64(pool.Accounts), Basis: cost.Measured}, cost.Amount{Basis: cost.Unknown}
	if !poolKnown {
		m.Accounts = cost.Amount{Basis: cost.Unknown}
		m.plan = ""
	} else if pool.Tier != "" {
		m.plan = pool.Tier
	}
	// Nobody is active without an account, or without signing in.
	most := pool.Accounts
	if signIns, ok := r.Of(metrics.SignIns).Total(); ok {
		most = min(most, int64(signIns))
	}
	if poolKnown && most <= freePlayers {
		m.Players = cost.Amount{Value: float64(most), Basis: cost.Estimated}
	}
	for _, g := range r.Gaps() {
		if slices.Contains(needed, g.Metric.Name) {
			m.note(g.Metric.Name, g.Err)
		}
	}
}

// freePlayers cost nothing, however many of them are active.
const freePlayers = 10_000

// countVersions lists the bucket, and tells what of it are older versions.
func (m *month) countVersions(ctx context.Context, s *session, name, account string) error {
	current := int64(0)
	stats, err := bucket.Count(ctx, cloud.S3(s.at.Config), bucket.Bucket{Name: name, Owner: account}, func(_ string, size int64) bool {
		current += size
		return true
	}, nil)
	if err != nil {
		return fmt.Errorf("list bucket %s: %w", name, err)
	}
	if stats.Bytes > 0 {
		share := 1 - float64(current)/float64(stats.Bytes)
		m.Older = &share
	}
	return nil
}

// view is what the month costs by the prices of a region, "" for its own.
func (m *month) view(pricesOf string) costView {
	region := cmp.Or(pricesOf, m.region)
	list, priced := cost.PricesOf(region)
	soFar, byEnd := list.Bill(m.SoFar(), m.plan), list.Bill(m.ByEnd(), m.plan)
	until := m.Now.Truncate(time.Second)
	v := costView{Month: m.Start.Format("2006-01"), Until: &until, Region: region, Prices: cost.Dated,
		Lines: viewLines(soFar, &byEnd), Total: known(soFar), ByEnd: known(byEnd), AtLeast: soFar.AtLeast || byEnd.AtLeast, Players: m.counted}
	if !priced {
		v.Prices = ""
	}
	v.perPlayer()
	return v
}

// printMonth prints what the month costs by the prices of its region or of another.
func (a *app) printMonth(m *month, pricesOf string) error {
	v := m.view(pricesOf)
	v.Stage = a.flags.stage
	if a.json() {
		if err := a.printJSON(v); err != nil {
			return err
		}
		return a.sayMissing(&seen{missing: m.missing})
	}
	if err := a.printCost(v, "SO FAR", "BY THE END"); err != nil {
		return err
	}
	a.sayMonth(m, v)
	return a.sayMissing(&seen{missing: m.missing})
}

// sayMonth says how the figures are to be taken.
func (a *app) sayMonth(m *month, v costView) {
	days := m.Now.Sub(m.Start).Hours() / 24
	a.say("%s", ui.Dim(fmt.Sprintf("%s %s: %.1f of %.0f days, UTC. Computed from metrics by list prices, not billed; not taken off: %s.",
		a.flags.stage, m.Start.Format("2006-01"), days, m.End.Sub(m.Start).Hours()/24, cost.Free)))
	if v.Prices != "" {
		a.say("%s", ui.Dim(fmt.Sprintf("Prices of %s, %s. %s asks AWS, for $%.2f.", v.Region, cost.Dated, a.command("cost --billed"), cost.AskPrice)))
	} else {
		other := cost.Regions()[0]
		list, _ := cost.PricesOf(other)
		a.say("%s", ui.Warning(fmt.Sprintf("The prices of %s are not known here. By those of %s it would be at least $%.2f so far: %s shows it.",
			v.Region, other, list.Bill(m.SoFar(), m.plan).Dollars, a.command("cost --prices-of "+other))))
	}
	if m.Older == nil && len(m.Stored) > 0 {
		a.hint("%s tells older versions from current saves", a.command("cost --count-versions"))
	}
}

// billedView is the JSON of what AWS has billed.
type billedView struct {
	Month     string          `json:"month"`
	Unit      string          `json:"unit"`
	Services  []billedService `json:"services"`
	Stage     float64         `json:"stage"`
	Account   float64         `json:"account"`
	Estimated bool            `json:"estimated"`
	Partial   bool            `json:"partial,omitempty"`
}

type billedService struct {
	Service string  `json:"service"`
	Stage   float64 `json:"stage"`
	Account float64 `json:"account"`
}

// billed asks Cost Explorer, after it has said what that costs.
func (s *session) billed(ctx context.Context) error {
	if p := cloud.Partition(s.region()); p != "aws" {
		return usagef("Cost Explorer is asked in AWS's own partition alone, and %s is in %s", s.region(), p)
	}
	if err := s.confirm(ctx, fmt.Sprintf("Cost Explorer takes $%.2f for this question. Ask it?", cost.AskPrice)); err != nil {
		return err
	}
	cfg := s.at.Config.Copy()
	cfg.Region = "us-east-1" // where it is, for all regions
	now := time.Now().UTC()
	b, err := cost.AskBilled(ctx, ce.NewFromConfig(cfg), now, stage.Tag, s.flags.stage)
	if err != nil {
		return err
	}
	v := billedView{Month: now.Format("2006-01"), Unit: b.Unit, Services: []billedService{}, Estimated: b.Estimated, Partial: b.More}
	for _, line := range b.Services {
		v.Services = append(v.Services, billedService{line.Name, line.Tagged, line.Account})
		v.Stage, v.Account = v.Stage+line.Tagged, v.Account+line.Account
	}
	if s.json() {
		return s.printJSON(v)
	}
	return s.printBilled(v)
}

func (a *app) printBilled(v billedView) error {
	money := func(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }
	t := ui.Table{Header: []string{"SERVICE", strings.ToUpper(a.flags.stage), "WHOLE ACCOUNT"}, Right: map[int]bool{1: true, 2: true}}
	for _, s := range v.Services {
		t.Rows = append(t.Rows, []string{ui.Fit(ui.Plain(s.Service), 50), money(s.Stage), money(s.Account)})
	}
	t.Rows = append(t.Rows, []string{"total", money(v.Stage), money(v.Account)})
	if err := a.printTable(t); err != nil {
		return err
	}
	a.say("%s", ui.Dim(fmt.Sprintf("%s in %s, as Cost Explorer has it, up to a day late.", v.Month, v.Unit)))
	if v.Partial {
		a.say("%s", ui.Warning(fmt.Sprintf("There is more, on a page that would take another $%.2f: the sums are at least that much.", cost.AskPrice)))
	}
	if v.Stage == 0 && v.Account > 0 {
		a.say("%s", ui.Warning("Nothing is billed as this stage's: activate the tag "+stage.Tag+" in the AWS console, Billing, Cost allocation tags; it counts from the day after."))
	}
	return nil
}

package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/metrics"
)

var parts = metrics.Parts{
	API: "a1b2", Table: "table", Bucket: "bucket", UserPool: "pool", Client: "client",
	Functions: []metrics.Function{{Name: "plan", InLambda: "renpy-cloud-dev-plan"}},
}

// noon is the time of a reading, in a place whose days do not begin with UTC's.
var noon = time.Date(2026, 11, 26, 12, 1, 30, 0, time.FixedZone("IST", 5*3600+1800))

// serve answers for metrics by name; those that it does not know have no data.
func serve(t *testing.T, answer func(*cw.GetMetricStatisticsInput) ([]types.Datapoint, error)) (*awsfake.Fake, *cw.Client) {
	f := awsfake.New(t)
	awsfake.On(f, func(in *cw.GetMetricStatisticsInput) (*cw.GetMetricStatisticsOutput, error) {
		points, err := answer(in)
		return &cw.GetMetricStatisticsOutput{Datapoints: points}, err
	})
	return f, cw.NewFromConfig(f.Config())
}

func sum(at time.Time, v float64) types.Datapoint { return types.Datapoint{Timestamp: &at, Sum: &v} }

func read(t *testing.T, client metrics.Client, w metrics.Window, names ...string) metrics.Reading {
	t.Helper()
	list := metrics.All(parts)
	if len(names) > 0 {
		list = metrics.Named(list, names...)
	}
	r, err := metrics.Read(t.Context(), client, w, list)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// points are a series' values, "-" for a gap.
func points(s metrics.Series) string {
	var list []string
	for _, v := range s.Points {
		if math.IsNaN(v) {
			list = append(list, "-")
		} else {
			list = append(list, fmt.Sprint(v))
		}
	}
	return strings.Join(list, " ")
}

// Points come in any order, and some of them never: a period without any is a gap.
func TestGapsAreNoZeros(t *testing.T) {
	w := metrics.Over(noon.Add(-5*time.Minute), noon, noon, 60)
	_, client := serve(t, func(in *cw.GetMetricStatisticsInput) ([]types.Datapoint, error) {
		return []types.Datapoint{
			sum(w.At(3), 0), sum(w.At(1), 7),
			sum(w.Start.Add(-time.Minute), 99), sum(w.End(), 99), // not asked for
			{Timestamp: aws.Time(w.At(0)), Average: aws.Float64(99)}, // of another statistic
			sum(w.At(2), math.Inf(1)), {Sum: aws.Float64(99)},
		}, nil
	})
	s := read(t, client, w, metrics.Requests).Of(metrics.Requests)
	if got := points(s); got != "- 7 - 0 - -" {
		t.Errorf("points %s", got)
	}
	total, ok := s.Total()
	peak, _ := s.Peak()
	last, at, _ := s.Last()
	if total != 7 || peak != 7 || last != 0 || !at.Equal(w.At(3)) || !ok {
		t.Errorf("total %v, peak %v, last %v at %s", total, peak, last, at)
	}
}

func TestNothingMeasuredIsNotZero(t *testing.T) {
	_, client := serve(t, func(*cw.GetMetricStatisticsInput) ([]types.Datapoint, error) { return nil, nil })
	s := read(t, client, metrics.Last(time.Hour, noon), metrics.Requests).Of(metrics.Requests)
	_, total := s.Total()
	_, peak := s.Peak()
	_, _, last := s.Last()
	if total || peak || last {
		t.Errorf("there is a total (%v), a peak (%v), a last value (%v)", total, peak, last)
	}
}

// A window is cut into the shortest periods of which CloudWatch has data, aligned as
// it aligns them.
func TestWindows(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		since, until  time.Duration // before now
		most          int
		period        time.Duration
		settled, more int // how many periods are over, how many are not
	}{
		{10 * time.Minute, 0, 60, time.Minute, 7, 4},
		{time.Hour, 0, 60, 5 * time.Minute, 11, 2},
		{day, 0, 50, 30 * time.Minute, 47, 2},
		{day, 12 * time.Hour, 50, 15 * time.Minute, 49, 0},
		{14 * day, 14*day - 10*time.Minute, 60, time.Minute, 11, 0},
		{16 * day, 16*day - 10*time.Minute, 60, 5 * time.Minute, 3, 0}, // no shorter ones are kept
		{70 * day, 70*day - 10*time.Minute, 60, time.Hour, 1, 0},
		{metrics.Kept, 0, 17, 28 * day, 16, 1},
	} {
		w := metrics.Over(noon.Add(-c.since), noon.Add(-c.until), noon, c.most)
		if w.Period != c.period || w.Settled != c.settled || w.Len != c.settled+c.more {
			t.Errorf("since %s until %s: %d periods of %s, %d of them settled", c.since, c.until, w.Len, w.Period, w.Settled)
		}
		if !w.Start.Equal(w.Start.UTC().Truncate(w.Period)) || w.Start.After(noon.Add(-c.since)) || w.End().Before(noon.Add(-c.until)) {
			t.Errorf("since %s until %s: from %s to %s", c.since, c.until, w.Start, w.End())
		}
	}
}

func TestOfAWholeHour(t *testing.T) {
	w := metrics.Last(time.Hour, noon)
	if w.Len != 1 || w.Period != time.Hour || noon.Sub(w.End()) > time.Minute || w.Settled != 0 {
		t.Errorf("%+v", w)
	}
}

// One call asks for all that may be asked for together; none asks for more points
// than CloudWatch answers, and only by names.
func TestCalls(t *testing.T) {
	f, client := serve(t, func(*cw.GetMetricStatisticsInput) ([]types.Datapoint, error) { return nil, nil })
	list := metrics.All(parts)
	for _, since := range []time.Duration{time.Hour, 30 * 24 * time.Hour, metrics.Kept} {
		read(t, client, metrics.Over(noon.Add(-since), noon, noon, 5000))
	}
	calls := awsfake.Inputs[cw.GetMetricStatisticsInput](f)
	if len(calls) != 3*21 {
		t.Errorf("%d calls for %d metrics", len(calls), len(list))
	}
	percentiles := 0
	for _, in := range calls {
		if n := int(in.EndTime.Sub(*in.StartTime) / time.Second / time.Duration(*in.Period)); n > 1440 {
			t.Errorf("%s: %d points", *in.MetricName, n)
		}
		if len(in.Statistics) > 0 == (len(in.ExtendedStatistics) > 0) {
			t.Errorf("%s: %v and %v", *in.MetricName, in.Statistics, in.ExtendedStatistics)
		}
		if slices.Equal(in.ExtendedStatistics, []string{"p50", "p95", "p99"}) {
			percentiles++
		}
		if len(in.Dimensions) == 0 {
			t.Errorf("%s: of the whole account", *in.MetricName)
		}
	}
	if percentiles != 3*2 {
		t.Errorf("%d calls for percentiles", percentiles)
	}
}

// Each statistic is taken from where CloudWatch puts it.
func TestStatistics(t *testing.T) {
	w := metrics.Last(time.Hour, noon)
	_, client := serve(t, func(in *cw.GetMetricStatisticsInput) ([]types.Datapoint, error) {
		return []types.Datapoint{{
			Timestamp: &w.Start, Sum: aws.Float64(1), SampleCount: aws.Float64(2), Maximum: aws.Float64(3),
			ExtendedStatistics: map[string]float64{"p50": 50, "p95": 95, "p99": 99},
		}}, nil
	})
	r := read(t, client, w)
	want := map[string]string{
		metrics.Requests: "1", metrics.LatencyP50: "50", metrics.LatencyP95: "95", metrics.LatencyP99: "99",
		metrics.OfFunction("plan", metrics.Concurrency): "3", metrics.SignUps: "1", metrics.SignUpAttempts: "2",
	}
	for name, v := range want {
		if got := points(r.Of(name)); got != v {
			t.Errorf("%s: %s, want %s", name, got, v)
		}
	}
}

// What S3 measures is a day old or two, and asked for by days, however short the window.
func TestOnceADay(t *testing.T) {
	yesterday := noon.UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour)
	_, client := serve(t, func(in *cw.GetMetricStatisticsInput) ([]types.Datapoint, error) {
		if *in.Period != 86400 || in.StartTime.After(yesterday.Add(-24*time.Hour)) {
			return nil, nil
		}
		return []types.Datapoint{{Timestamp: &yesterday, Average: aws.Float64(42)}}, nil
	})
	s := read(t, client, metrics.Last(time.Hour, noon), metrics.StoredBytes).Of(metrics.StoredBytes)
	if v, at, ok := s.Last(); v != 42 || !at.Equal(yesterday) || !ok {
		t.Errorf("%v at %s (%v)", v, at, ok)
	}
}

// A metric that cannot be read is named, and the others are there.
func TestPartialAnswer(t *testing.T) {
	w := metrics.Last(time.Hour, noon)
	_, client := serve(t, func(in *cw.GetMetricStatisticsInput) ([]types.Datapoint, error) {
		if *in.Namespace == "AWS/Lambda" {
			return nil, awsfake.Error{Code: "AccessDenied", Message: "not authorized to perform: cloudwatch:GetMetricStatistics", Status: 403}
		}
		return []types.Datapoint{sum(w.Start, 5)}, nil
	})
	r := read(t, client, w, metrics.Requests, metrics.OfFunction("plan", metrics.Errors))
	gaps := r.Gaps()
	if len(gaps) != 1 || gaps[0].Metric.Name != "plan-errors" || cloud.KindOf(gaps[0].Err) != cloud.Denied || !strings.Contains(gaps[0].Err.Error(), "plan-errors") {
		t.Errorf("gaps %+v", gaps)
	}
	if got := points(gaps[0]); got != "-" {
		t.Errorf("what could not be read has the points %s", got)
	}
	if total, _ := r.Of(metrics.Requests).Total(); total != 5 || r.Failed() != nil {
		t.Errorf("%v requests, %v", total, r.Failed())
	}
}

func TestNothingCanBeRead(t *testing.T) {
	_, client := serve(t, func(*cw.GetMetricStatisticsInput) ([]types.Datapoint, error) {
		return nil, awsfake.Error{Code: "AccessDenied", Message: "no", Status: 403}
	})
	if err := read(t, client, metrics.Last(time.Hour, noon)).Failed(); cloud.KindOf(err) != cloud.Denied {
		t.Errorf("failed: %v", err)
	}
}

// An endpoint that takes calls and never answers is waited for once, and not by
// every call in turn.
func TestNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, client := serve(t, nil)
		f.SetLatency(time.Hour)
		start := time.Now()
		r := read(t, client, metrics.Last(time.Hour, noon))
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("took %s", took)
		}
		if err := r.Failed(); cloud.KindOf(err) != cloud.Unreachable {
			t.Errorf("failed: %v", err)
		}
	})
}

// Calls are made at once, but not all.
func TestAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		add := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			now += n
			most = max(most, now)
		}
		_, client := serve(t, func(*cw.GetMetricStatisticsInput) ([]types.Datapoint, error) {
			add(1)
			time.Sleep(time.Second)
			add(-1)
			return nil, nil
		})
		read(t, client, metrics.Last(time.Hour, noon))
		if most != 8 {
			t.Errorf("%d calls at once", most)
		}
	})
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, client := serve(t, func(*cw.GetMetricStatisticsInput) ([]types.Datapoint, error) { cancel(); return nil, ctx.Err() })
	if _, err := metrics.Read(ctx, client, metrics.Last(time.Hour, noon), metrics.All(parts)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Names of metrics are what people type: each means one thing, and what a stage
// lacks has none.
func TestNamesAreTold(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range metrics.All(parts) {
		if seen[m.Name] || m.About == "" || m.Unit == "" {
			t.Errorf("%+v", m)
		}
		seen[m.Name] = true
	}
	if list := metrics.All(metrics.Parts{}); len(list) != 0 {
		t.Errorf("nothing has the metrics %v", list)
	}
	if got := metrics.Named(metrics.All(parts), metrics.ServerErrors, metrics.Requests); len(got) != 2 || got[0].Name != metrics.Requests {
		t.Errorf("%v of %v", got, slices.Sorted(maps.Keys(seen)))
	}
}

package metrics

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// Series is what was measured of a metric, by period.
type Series struct {
	Metric Metric
	Window Window    // of the reading; of a daily metric one of days that begins earlier
	Points []float64 // one for each period, in the metric's unit; NaN where there is no data, which is not 0
	Err    error     // why it could not be read; all points are NaN then
}

// Last is the youngest value, when its period begins, and whether there is any.
func (s Series) Last() (value float64, at time.Time, ok bool) {
	for i, v := range slices.Backward(s.Points) {
		if !math.IsNaN(v) {
			return v, s.Window.At(i), true
		}
	}
	return 0, time.Time{}, false
}

// Total adds all periods up, and tells whether there is any to add. It is for
// statistics that add up ([Statistic.Adds]).
func (s Series) Total() (total float64, ok bool) {
	for _, v := range s.Points {
		if !math.IsNaN(v) {
			total, ok = total+v, true
		}
	}
	return total, ok
}

// Peak is the largest value, and whether there is any.
func (s Series) Peak() (peak float64, ok bool) {
	for _, v := range s.Points {
		if !math.IsNaN(v) && (!ok || v > peak) {
			peak, ok = v, true
		}
	}
	return peak, ok
}

// Reading is the answer to [Read].
type Reading struct {
	Window Window
	Series []Series // of the metrics that were asked for, in their order
}

// Of is the series of the metric of a name. Of one that was not asked for it has no
// points.
func (r Reading) Of(name string) Series {
	for _, s := range r.Series {
		if s.Metric.Name == name {
			return s
		}
	}
	return Series{Window: r.Window}
}

// Gaps are the series that could not be read.
func (r Reading) Gaps() []Series {
	return slices.DeleteFunc(slices.Clone(r.Series), func(s Series) bool { return s.Err == nil })
}

// Failed is the error of the first series if none at all could be read, else nil.
func (r Reading) Failed() error {
	if gaps := r.Gaps(); len(gaps) > 0 && len(gaps) == len(r.Series) {
		return gaps[0].Err
	}
	return nil
}

const (
	// atOnce is how many calls are under way at a time.
	atOnce = 8
	// answerWithin is how long one call may take with all its retries.
	answerWithin = 15 * time.Second
)

// Read reads metrics in a window. Each that cannot be read says so in its series,
// and the others are there. When AWS cannot be reached at all, the rest is not
// asked for. The error is that of ctx alone.
func Read(ctx context.Context, client Client, w Window, list []Metric) (Reading, error) {
	r := Reading{Window: w, Series: make([]Series, len(list))}
	var unreachable atomic.Pointer[error]
	var group sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, q := range queries(w, list) {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			var points []types.Datapoint
			var err error
			if gone := unreachable.Load(); gone != nil {
				err = *gone
			} else if points, err = q.ask(ctx, client); cloud.KindOf(err) == cloud.Unreachable {
				unreachable.Store(&err)
			}
			for i, m := range q.metrics {
				r.Series[i] = q.series(m, points, err)
			}
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return r, context.Cause(ctx)
	}
	return r, nil
}

// Calls is how many calls [Read] makes for metrics.
func Calls(list []Metric) int { return len(queries(Window{}, list)) }

// query is one call, which answers for all metrics of a source whose statistics
// may be asked for together.
type query struct {
	source     Source
	window     Window
	statistics []types.Statistic
	extended   []string
	metrics    map[int]Metric // by their place in the answer
}

// queries puts together what one call can answer: percentiles may not be mixed
// with other statistics (API reference, GetMetricStatistics).
func queries(w Window, list []Metric) []*query {
	type call struct {
		source      Source
		percentiles bool
	}
	var all []*query
	known := map[call]*query{}
	for i, m := range list {
		c := call{m.Source, m.Statistic.percentile()}
		q := known[c]
		if q == nil {
			q = &query{source: m.Source, window: w, metrics: map[int]Metric{}}
			if m.Daily {
				q.window = w.daily()
			}
			known[c], all = q, append(all, q)
		}
		q.metrics[i] = m
		if c.percentiles {
			q.extended = append(q.extended, string(m.Statistic))
		} else {
			q.statistics = append(q.statistics, types.Statistic(m.Statistic))
		}
	}
	return all
}

func (q *query) ask(ctx context.Context, client Client) ([]types.Datapoint, error) {
	out, err := cloud.Within(ctx, answerWithin, func(ctx context.Context) (*cw.GetMetricStatisticsOutput, error) {
		return client.GetMetricStatistics(ctx, &cw.GetMetricStatisticsInput{
			Namespace: &q.source.Namespace, MetricName: &q.source.Name, Dimensions: q.source.dimensions(),
			StartTime: aws.Time(q.window.Start), EndTime: aws.Time(q.window.End()), Period: aws.Int32(int32(q.window.Period / time.Second)),
			Statistics: q.statistics, ExtendedStatistics: q.extended,
		})
	})
	if err != nil {
		return nil, err
	}
	return out.Datapoints, nil
}

// series puts points, which come in any order, into their periods.
func (q *query) series(m Metric, points []types.Datapoint, err error) Series {
	s := Series{Metric: m, Window: q.window, Points: slices.Repeat([]float64{math.NaN()}, q.window.Len)}
	if err != nil {
		s.Err = fmt.Errorf("read the metric %s: %w", m.Name, err)
		return s
	}
	for _, p := range points {
		v := m.Statistic.of(p)
		if i, ok := q.window.Index(aws.ToTime(p.Timestamp)); ok && v != nil && !math.IsInf(*v, 0) {
			s.Points[i] = *v
		}
	}
	return s
}

// of is the statistic's value in a point, nil if the point has none.
func (s Statistic) of(p types.Datapoint) *float64 {
	switch s {
	case Sum:
		return p.Sum
	case Average:
		return p.Average
	case Maximum:
		return p.Maximum
	case Samples:
		return p.SampleCount
	}
	if v, ok := p.ExtendedStatistics[string(s)]; ok {
		return &v
	}
	return nil
}

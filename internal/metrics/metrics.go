// Package metrics reads what AWS's services count of a stage: requests, errors,
// durations, capacity, bytes, sign-ups. [All] is the table of what there is to be
// read, [Read] reads it.
//
// A metric is asked for by its name and dimensions and never looked for: metrics
// that were silent for two weeks vanish from CloudWatch's lists, and are still
// there (CloudWatch user guide, "View available metrics"). It is asked by
// GetMetricStatistics, of which a million calls a month are free; GetMetricData is
// billed from the first (CloudWatch pricing), and is not used.
package metrics

import (
	"context"
	"strings"

	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Client is the part of the CloudWatch API that this package uses.
type Client interface {
	GetMetricStatistics(context.Context, *cw.GetMetricStatisticsInput, ...func(*cw.Options)) (*cw.GetMetricStatisticsOutput, error)
}

var _ Client = (*cw.Client)(nil)

// Unit is what a metric is counted in.
type Unit string

// The units.
const (
	Count         Unit = "count"
	Milliseconds  Unit = "ms"
	Bytes         Unit = "bytes"
	CapacityUnits Unit = "units" // of DynamoDB: 4 KB read, 1 KB written
)

// Statistic is what CloudWatch makes of all that was measured in a period. There
// are percentiles too: "p95".
type Statistic string

// The statistics. A sum adds up over periods; the others do not.
const (
	Sum     Statistic = "Sum"
	Average Statistic = "Average"
	Maximum Statistic = "Maximum"
	Samples Statistic = "SampleCount"
)

func (s Statistic) percentile() bool { return strings.HasPrefix(string(s), "p") }

// Adds tells whether the values of several periods add up.
func (s Statistic) Adds() bool { return s == Sum || s == Samples }

// Dimension tells metrics of one name apart: FunctionName, and which.
type Dimension struct{ Name, Value string }

// Source is what CloudWatch calls a metric.
type Source struct {
	Namespace, Name string
	Dimensions      [2]Dimension // the second may be empty
}

func (s Source) dimensions() []types.Dimension {
	var list []types.Dimension
	for _, d := range s.Dimensions {
		if d.Name != "" {
			list = append(list, types.Dimension{Name: &d.Name, Value: &d.Value})
		}
	}
	return list
}

// Metric is one statistic of one source.
type Metric struct {
	Name      string // what people type: "requests", "latency-p95"
	About     string // "requests to the API"
	Unit      Unit
	Statistic Statistic
	Source    Source
	Daily     bool // it is measured once a day, a day late or two
}

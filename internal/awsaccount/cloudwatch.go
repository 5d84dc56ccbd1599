package awsaccount

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

func (a *Account) cloudWatch() {
	awsfake.On(a.Fake, func(in *cw.GetMetricStatisticsInput) (*cw.GetMetricStatisticsOutput, error) {
		out := &cw.GetMetricStatisticsOutput{}
		v, ok := a.Measured[*in.Namespace+" "+*in.MetricName]
		for at := *in.StartTime; ok && at.Before(*in.EndTime); at = at.Add(time.Duration(*in.Period) * time.Second) {
			p := types.Datapoint{Timestamp: aws.Time(at), Sum: &v, Average: &v, Maximum: &v, SampleCount: &v, ExtendedStatistics: map[string]float64{}}
			for _, percentile := range in.ExtendedStatistics {
				p.ExtendedStatistics[percentile] = v
			}
			out.Datapoints = append(out.Datapoints, p)
		}
		return out, nil
	})
}

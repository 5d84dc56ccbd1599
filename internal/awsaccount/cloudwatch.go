package awsaccount

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cwltypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

// Line is a line that was logged.
type Line struct {
	Time time.Time
	Text string
}

func (a *Account) cloudWatch() {
	awsfake.On(a.Fake, func(in *cwl.FilterLogEventsInput) (*cwl.FilterLogEventsOutput, error) {
		lines, ok := a.Logged[*in.LogGroupName]
		if !ok {
			return nil, awsfake.Error{Code: "ResourceNotFoundException", Message: "The specified log group does not exist."}
		}
		out := &cwl.FilterLogEventsOutput{}
		for _, l := range lines {
			if at := l.Time.UnixMilli(); at >= *in.StartTime && (in.EndTime == nil || at <= *in.EndTime) {
				out.Events = append(out.Events, cwltypes.FilteredLogEvent{Timestamp: &at, Message: &l.Text, LogStreamName: aws.String("stream")})
			}
		}
		return out, nil
	})
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

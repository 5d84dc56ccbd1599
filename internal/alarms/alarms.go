// Package alarms reads the alarms of a stage, and whom they reach.
package alarms

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// The parts of the APIs that this package uses.
type (
	Client      interface{ cw.DescribeAlarmsAPIClient }
	TopicClient interface {
		sns.ListSubscriptionsByTopicAPIClient
	}
)

var (
	_ Client      = (*cw.Client)(nil)
	_ TopicClient = (*sns.Client)(nil)
)

// State is what an alarm says, as CloudWatch spells it.
type State string

// The states. Too little data is what a new alarm has, and one that treats missing
// data as a state of its own.
const (
	OK               State = "OK"
	Ringing          State = "ALARM"
	InsufficientData State = "INSUFFICIENT_DATA"
)

// Alarm is an alarm on one metric.
type Alarm struct {
	Name   string // in CloudWatch
	About  string // what it means, as its description says
	State  State
	Since  time.Time // when it came into that state
	Reason string    // CloudWatch's words on it
	Muted  bool      // somebody has switched off that it tells anybody
	Topics []string  // ARNs of whom it tells
}

// Read lists the alarms whose names begin so, by name.
func Read(ctx context.Context, client Client, prefix string) ([]Alarm, error) {
	var list []Alarm
	pages := cw.NewDescribeAlarmsPaginator(client, &cw.DescribeAlarmsInput{AlarmNamePrefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the alarms: %w", err)
		}
		for _, a := range page.MetricAlarms {
			list = append(list, Alarm{
				Name: aws.ToString(a.AlarmName), About: aws.ToString(a.AlarmDescription), State: State(a.StateValue),
				Since: aws.ToTime(a.StateUpdatedTimestamp), Reason: aws.ToString(a.StateReason),
				Muted: a.ActionsEnabled != nil && !*a.ActionsEnabled, Topics: a.AlarmActions,
			})
		}
	}
	slices.SortFunc(list, func(a, b Alarm) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// Subscription is whom a topic tells.
type Subscription struct {
	Protocol  string // "email"
	Endpoint  string // the address
	Confirmed bool   // the address has agreed to it; before, it is told nothing
}

// pending is what SNS gives as the ARN of a subscription that nobody has confirmed
// (SNS API reference, Subscribe).
const pending = "PendingConfirmation"

// Subscriptions lists whom a topic tells. One that somebody has ended is none.
func Subscriptions(ctx context.Context, client TopicClient, topicARN string) ([]Subscription, error) {
	var list []Subscription
	pages := sns.NewListSubscriptionsByTopicPaginator(client, &sns.ListSubscriptionsByTopicInput{TopicArn: &topicARN})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read whom the topic %s tells: %w", topicARN, err)
		}
		for _, s := range page.Subscriptions {
			arn := aws.ToString(s.SubscriptionArn)
			if arn != "Deleted" {
				list = append(list, Subscription{aws.ToString(s.Protocol), aws.ToString(s.Endpoint), arn != pending})
			}
		}
	}
	return list, nil
}

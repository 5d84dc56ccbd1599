package awsaccount

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

// Alarms are what has become of the alarms of an [Account]: its stack's settings say
// whether there are any.
type Alarms struct {
	Deleted     []string // logical ids
	Rings       string   // the logical id of one, "" for none
	Muted       bool     // all of them
	Unconfirmed bool     // the address has not agreed
}

const alarmTopic = "arn:aws:sns:" + Region + ":" + ID + ":renpy-cloud-dev-AlarmTopic-1X"

// alarms answers for the alarms that the stack has.
func (a *Account) alarms() {
	awsfake.On(a.Fake, func(*cw.DescribeAlarmsInput) (*cw.DescribeAlarmsOutput, error) {
		out := &cw.DescribeAlarmsOutput{}
		email, topic := a.Setting(cfn.ParamAlarmEmail), a.Setting(cfn.ParamAlarmTopicARN)
		var actions []string
		if email != "" {
			actions = append(actions, alarmTopic)
		}
		if topic != "" {
			actions = append(actions, topic)
		}
		for _, r := range cfn.Alarms() {
			if len(actions) == 0 || slices.Contains(a.Alarms.Deleted, r.LogicalID) || r.LogicalID == cfn.SignUpMailsAlarm && a.Setting(cfn.ParamEmailIdentity) != "" {
				continue
			}
			state := cwtypes.StateValueOk
			if r.LogicalID == a.Alarms.Rings {
				state = cwtypes.StateValueAlarm
			}
			out.MetricAlarms = append(out.MetricAlarms, cwtypes.MetricAlarm{
				AlarmName: aws.String("renpy-cloud/dev/" + r.LogicalID), AlarmDescription: aws.String("renpy-cloud dev: " + r.Purpose),
				StateValue: state, StateUpdatedTimestamp: aws.Time(time.Now()), AlarmActions: actions, ActionsEnabled: aws.Bool(!a.Alarms.Muted),
			})
		}
		return out, nil
	})
	awsfake.On(a.Fake, func(*sns.ListSubscriptionsByTopicInput) (*sns.ListSubscriptionsByTopicOutput, error) {
		arn := alarmTopic + ":1"
		if a.Alarms.Unconfirmed {
			arn = "PendingConfirmation"
		}
		return &sns.ListSubscriptionsByTopicOutput{Subscriptions: []snstypes.Subscription{
			{SubscriptionArn: &arn, Protocol: aws.String("email"), Endpoint: aws.String(a.Setting(cfn.ParamAlarmEmail))},
		}}, nil
	})
}

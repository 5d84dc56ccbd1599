package stage

import (
	"context"
	"slices"
	"strings"

	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/alarms"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// Alarm is an alarm of a stage.
type Alarm struct {
	LogicalID string
	alarms.Alarm
}

// Alarms are the alarms of a stage, and whom they reach.
type Alarms struct {
	List    []Alarm               // in the template's order
	Missing []string              // logical ids of those that somebody has deleted
	Email   string                // the address that they are to be sent to, "" for none …
	Told    []alarms.Subscription // … which stands here, unless somebody has ended the subscription
	ByMail  string                // ARN of the stage's own topic, "" where no alarm names it
	Unheard error                 // why it is not known whom they are sent to
	Topic   string                // ARN of the operator's own topic, "" for none
}

// AlarmsOn tells whether a stack has alarms.
func AlarmsOn(st stack.Stack) bool {
	return st.Parameters[cfn.ParamAlarmEmail] != "" || st.Parameters[cfn.ParamAlarmTopicARN] != ""
}

// Reaches tells whether the alarms reach anybody, as far as that is known: who
// listens to a topic of the operator's own is not looked at.
func (a Alarms) Reaches() bool {
	return a.Topic != "" || slices.ContainsFunc(a.Told, func(s alarms.Subscription) bool { return s.Confirmed })
}

// Alarms reads the alarms of a stack that has them ([AlarmsOn]).
func (s *Stage) Alarms(ctx context.Context, st stack.Stack) (Alarms, error) {
	found := Alarms{Email: st.Parameters[cfn.ParamAlarmEmail], Topic: st.Parameters[cfn.ParamAlarmTopicARN]}
	all, err := alarms.Read(ctx, cw.NewFromConfig(s.Config), s.Name.Alarm(""))
	if err != nil {
		return found, err
	}
	for _, id := range alarmsOf(st) {
		i := slices.IndexFunc(all, func(a alarms.Alarm) bool { return a.Name == s.Name.Alarm(id) })
		if i < 0 {
			found.Missing = append(found.Missing, id)
			continue
		}
		found.List = append(found.List, Alarm{id, all[i]})
	}
	if found.ByMail = s.mailTopic(found.List); found.ByMail != "" {
		found.Told, found.Unheard = alarms.Subscriptions(ctx, sns.NewFromConfig(s.Config), found.ByMail)
	}
	return found, nil
}

// alarmsOf are the logical ids of the alarms that a stack with alarms has: that on
// mails is for Cognito's own sender alone.
func alarmsOf(st stack.Stack) []string {
	var ids []string
	for _, r := range cfn.Alarms() {
		if r.LogicalID != cfn.SignUpMailsAlarm || st.Parameters[cfn.ParamEmailIdentity] == "" {
			ids = append(ids, r.LogicalID)
		}
	}
	return ids
}

// mailTopic is the ARN of the stage's own topic among those that its alarms tell.
func (s *Stage) mailTopic(list []Alarm) string {
	for _, a := range list {
		for _, arn := range a.Topics {
			if s.Name.Made(cfn.AlarmTopic, arn[strings.LastIndexByte(arn, ':')+1:]) {
				return arn
			}
		}
	}
	return ""
}

// lostAlarms looks for alarms that somebody has deleted.
func (s *State) lostAlarms(ctx context.Context) ([]Drifted, error) {
	all, err := alarms.Read(ctx, cw.NewFromConfig(s.Config), s.Name.Alarm(""))
	if err != nil {
		return nil, err
	}
	var list []Drifted
	for _, id := range alarmsOf(s.Stack) {
		if !slices.ContainsFunc(all, func(a alarms.Alarm) bool { return a.Name == s.Name.Alarm(id) }) {
			list = append(list, lost(id)...)
		}
	}
	return list, nil
}

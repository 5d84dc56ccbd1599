package health

import (
	"context"
	"fmt"
	"strings"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/alarms"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// alarms tells whether alarms ring, and whether anybody hears them.
func (p *patient) alarms(ctx context.Context) ([]Finding, error) {
	st, err := p.stack.get(ctx)
	if err != nil {
		return nil, err
	}
	if !stage.AlarmsOn(st) {
		return []Finding{{Grade: Well, Found: "no alarms are set; they are off unless somebody is to be told", Mend: ours(fmt.Sprintf("deploy --set %s=ADDRESS", cfn.ParamAlarmEmail))}}, nil
	}
	found, err := p.Alarms(ctx, st)
	if err != nil {
		return nil, err
	}
	return OfAlarms(found), nil
}

// OfAlarms grades the alarms of a stage: one that rings is a problem, and so are
// alarms that nobody hears.
func OfAlarms(a stage.Alarms) []Finding {
	var list []Finding
	add := func(g Grade, found, means string, mend Mend) {
		list = append(list, Finding{Check: "alarms", Grade: g, Found: found, Means: means, Mend: mend})
	}
	muted := 0
	for _, alarm := range a.List {
		if alarm.State == alarms.Ringing {
			add(Problem, alarm.LogicalID+" rings", alarm.About, ours("logs --errors --since 1h"))
		}
		if alarm.Muted {
			muted++
		}
	}
	if len(a.Missing) > 0 {
		add(Warning, "deleted: "+strings.Join(a.Missing, ", "), "of what they watch over nobody is told", ours("deploy"))
	}
	if muted > 0 {
		add(Warning, fmt.Sprintf("%d of %d alarms tell nobody: their actions are switched off", muted, len(a.List)), "you learn of trouble from players",
			advice("switch the actions on again: CloudWatch console, Alarms"))
	}
	switch {
	case a.Unheard != nil:
		list = append(list, Finding{Check: "alarms", Grade: Unchecked, Err: a.Unheard})
	case len(a.List) > 0 && !a.Reaches():
		add(Warning, "the alarms reach nobody: the address has not confirmed AWS's mail", "you learn of trouble from players",
			Mend{AWS: "aws sns subscribe --topic-arn " + a.ByMail + " --protocol email --notification-endpoint " + a.Email,
				Advice: "sends the mail again; its link has to be followed"})
	}
	if len(list) == 0 {
		add(Well, fmt.Sprintf("%d alarms are set, and none rings", len(a.List)), "", Mend{})
	}
	return list
}

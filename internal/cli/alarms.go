package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/alarms"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/health"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

func newAlarms(a *app) *cobra.Command {
	var strict bool
	cmd := &cobra.Command{
		Use:   "alarms",
		Short: "Show the stage's alarms, and whether anybody hears them",
		Long: `Show the alarms of the stage with their states, and whom they reach. They are
off until somebody is to be told: deploy --set AlarmEmail=ADDRESS makes them, on
failing functions and requests, calls refused for their number, slow answers,
and sign-ups near the 50 mails a day of Cognito's own sender. AWS sends the
address a mail first, whose link has to be followed. The setting AlarmTopicArn
names an SNS topic of yours instead, or beside it.

It exits with 8 if one rings; that nobody hears them is a warning.`,
		Example: `  renpyctl alarms --stage prod`,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.alarms(cmd.Context(), strict) },
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "exit with 8 for warnings, too")
	return cmd
}

// alarmsView is the JSON of `alarms`.
type alarmsView struct {
	Stage    string         `json:"stage"`
	On       bool           `json:"on"`
	Reaches  bool           `json:"reaches"` // somebody; of a topic of the operator's own that is taken for granted
	Topic    string         `json:"topic,omitempty"`
	Told     []receiverView `json:"told"`
	Alarms   []alarmView    `json:"alarms"`
	Findings []checkView    `json:"findings"`
}

// alarmView is one alarm.
type alarmView struct {
	Alarm  string    `json:"alarm"` // its logical id in the template
	Name   string    `json:"name"`  // in CloudWatch
	About  string    `json:"about"`
	State  string    `json:"state"` // OK, ALARM, INSUFFICIENT_DATA
	Since  time.Time `json:"since"`
	Reason string    `json:"reason,omitempty"`
}

// receiverView is an address that alarms are sent to.
type receiverView struct {
	Protocol  string `json:"protocol"`
	Endpoint  string `json:"endpoint"`
	Confirmed bool   `json:"confirmed"`
}

// alarmsWithin is how long AWS may take to answer.
const alarmsWithin = 15 * time.Second

func (a *app) alarms(ctx context.Context, strict bool) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	st, err := cloud.Within(ctx, alarmsWithin, s.at.Deployed)
	if err != nil {
		return a.unknowable(ctx, err)
	}
	if !stage.AlarmsOn(st) {
		return s.noAlarms()
	}
	found, err := cloud.Within(ctx, alarmsWithin, func(ctx context.Context) (stage.Alarms, error) { return s.at.Alarms(ctx, st) })
	if err != nil {
		return a.unknowable(ctx, err)
	}
	findings := health.OfAlarms(found)
	view := s.alarmsView(found, findings)
	if a.json() {
		err = a.printJSON(view)
	} else {
		err = s.printAlarms(view)
	}
	if err != nil {
		return err
	}
	return a.judge(findings, strict)
}

// noAlarms says that there are none.
func (s *session) noAlarms() error {
	if s.json() {
		return s.printJSON(alarmsView{Stage: s.flags.stage, Told: []receiverView{}, Alarms: []alarmView{}, Findings: []checkView{}})
	}
	s.say("No alarms are set: nobody is told when something fails.")
	s.hint("%s sets them", s.command("deploy --set "+cfn.ParamAlarmEmail+"=ADDRESS"))
	return nil
}

func (s *session) alarmsView(found stage.Alarms, findings []health.Finding) alarmsView {
	view := alarmsView{
		Stage: s.flags.stage, On: true, Reaches: found.Reaches(), Topic: found.Topic,
		Told: []receiverView{}, Alarms: []alarmView{}, Findings: s.findings(findings),
	}
	for _, t := range found.Told {
		view.Told = append(view.Told, receiverView(t))
	}
	for _, al := range found.List {
		view.Alarms = append(view.Alarms, alarmView{al.LogicalID, al.Name, al.About, string(al.State), al.Since, al.Reason})
	}
	return view
}

// printAlarms prints a line for each alarm, and for people whom they reach and what is
// not well with them.
func (s *session) printAlarms(v alarmsView) error {
	t := ui.Table{Header: []string{"", "ALARM", "SINCE", "WATCHES OVER"}}
	for _, al := range v.Alarms {
		t.Rows = append(t.Rows, s.alarmRow(al))
	}
	if err := s.printTable(t); err != nil || !s.streams.OutTerminal {
		s.sayFindings(v.Findings)
		return err
	}
	for _, r := range v.Told {
		confirmed := ui.Success("confirmed")
		if !r.Confirmed {
			confirmed = ui.Warning("not confirmed")
		}
		fmt.Fprintf(s.streams.Out, "told: %s %s, %s\n", r.Protocol, ui.SingleLine(r.Endpoint), confirmed)
	}
	if v.Topic != "" {
		fmt.Fprintf(s.streams.Out, "told: %s\n", v.Topic)
	}
	s.sayFindings(v.Findings)
	return nil
}

// alarmRow is an alarm in a line.
func (s *session) alarmRow(al alarmView) []string {
	about, _ := cfn.Describe(al.Alarm)
	if !s.streams.OutTerminal {
		return []string{al.State, al.Alarm, al.Since.UTC().Format(time.RFC3339), about.Purpose, al.Name}
	}
	mark := gradeMark(string(health.Well))
	if al.State == string(alarms.Ringing) {
		mark = gradeMark(string(health.Problem))
	}
	return []string{mark, ui.Accent(al.Alarm), ui.Ago(al.Since, time.Now()), about.Purpose}
}

// sayFindings tells beside the answer what is not well.
func (a *app) sayFindings(views []checkView) {
	width, _ := a.streams.Size()
	for _, v := range views {
		if v.Grade != string(health.Well) {
			fmt.Fprint(a.streams.Err, findingText(v, width))
		}
	}
}

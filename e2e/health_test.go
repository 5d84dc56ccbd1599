//go:build e2e && (linux || darwin)

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// grades are what doctor finds, by checks: the worst of each.
func (s *stage) grades(t *testing.T, code int) map[string]string {
	t.Helper()
	var answer struct {
		Findings []struct{ Check, Grade, Found string }
	}
	s.run(t, "doctor", "--output", "json").exits(t, code).json(t, &answer)
	grades := map[string]string{}
	for _, f := range answer.Findings {
		if grades[f.Check] == "" || f.Grade != "ok" {
			grades[f.Check] = f.Grade
		}
	}
	return grades
}

// TestHealth examines a stage whose table has lost its point-in-time recovery: it is found,
// and a deploy mends it, as is said.
func TestHealth(t *testing.T) {
	t.Parallel()
	s := deploy(t, "health")
	_, err := clients(publicAccount).dynamodb.UpdateContinuousBackups(t.Context(), &dynamodb.UpdateContinuousBackupsInput{
		TableName:                        &s.info.Outputs.ManifestTableName,
		PointInTimeRecoverySpecification: &ddb.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(false)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if g := s.grades(t, 8); g["table"] != "problem" {
		t.Errorf("found %v", g)
	}
	s.run(t, "status").exits(t, 8)
	s.run(t, "deploy", "--yes", "--arch", hostArch()).exits(t, 0)
	g := s.grades(t, 0)
	for check, grade := range g {
		// The emulator has a quota of its own, and its credentials are of a root user.
		if grade != "ok" && !(grade == "warning" && (check == "concurrency" || check == "credentials")) {
			t.Errorf("%s is %s", check, grade)
		}
	}
	if len(g) < 15 {
		t.Errorf("only %d checks were made: %v", len(g), g)
	}
	var status struct {
		Release int
		Drifted *int
	}
	s.run(t, "status", "--output", "json").exits(t, 0).json(t, &status)
	if status.Release != 1 || status.Drifted == nil || *status.Drifted != 0 {
		t.Errorf("the status is %+v", status)
	}
	var stages []struct{ Stage, Grade, Endpoint string }
	s.run(t, "stages", "--output", "json").exits(t, 0).json(t, &stages)
	if !slices.ContainsFunc(stages, func(l struct{ Stage, Grade, Endpoint string }) bool {
		return l.Stage == s.name && l.Grade == "ok" && l.Endpoint == strings.TrimSuffix(s.game.APIBaseURL, "/")
	}) {
		t.Errorf("the stages are %+v", stages)
	}
	s.run(t, "doctor", "--launch", "--players", "10000").exits(t, 8)
}

// TestAlarms has a stage watched over: alarms are made, ring, and go with their setting.
func TestAlarms(t *testing.T) {
	t.Parallel()
	s := deploy(t, "alarms", "--set", "AlarmEmail=ann@example.com")
	var answer struct {
		Reaches bool
		Alarms  []struct{ Alarm, Name, State string }
	}
	s.run(t, "alarms", "--output", "json").exits(t, 0).json(t, &answer)
	if !answer.Reaches || len(answer.Alarms) != 7 {
		t.Fatalf("the alarms are %+v", answer)
	}
	_, err := clients(publicAccount).cloudwatch.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: &answer.Alarms[0].Name, StateValue: cwtypes.StateValueAlarm, StateReason: aws.String("a test"),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.run(t, "alarms").exits(t, 8)
	s.run(t, "deploy", "--yes", "--arch", hostArch(), "--set", "AlarmEmail=").exits(t, 0)
	s.run(t, "alarms", "--output", "json").exits(t, 0).json(t, &answer)
	if len(answer.Alarms) != 0 {
		t.Errorf("the alarms are still %+v", answer)
	}
	left, err := clients(publicAccount).cloudwatch.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("renpy-cloud/alarms/")})
	if err != nil || len(left.MetricAlarms) > 0 {
		t.Errorf("left are %d alarms, %v", len(left.MetricAlarms), err)
	}
}

//go:build e2e && (linux || darwin)

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
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

// TestHealth examines a stage of the local cloud, whose CloudFormation leaves the
// table's point-in-time recovery off: it is found, and switched on it is not any more.
func TestHealth(t *testing.T) {
	t.Parallel()
	s := deploy(t, "health")
	recovery := func(on bool) {
		t.Helper()
		_, err := clients(publicAccount).dynamodb.UpdateContinuousBackups(t.Context(), &dynamodb.UpdateContinuousBackupsInput{
			TableName:                        &s.info.Outputs.ManifestTableName,
			PointInTimeRecoverySpecification: &ddb.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(on)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	recovery(false)
	if g := s.grades(t, 8); g["table"] != "problem" {
		t.Errorf("found %v", g)
	}
	s.run(t, "status").exits(t, 8)
	recovery(true)
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

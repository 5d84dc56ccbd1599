//go:build e2e && (linux || darwin)

package e2e

import (
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
	s.run(t, "doctor", "--launch", "--players", "10000").exits(t, 8)
}

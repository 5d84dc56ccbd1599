//go:build e2e && (linux || darwin)

package e2e

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// driftJSON is a function in the JSON of `drift` and `plan`.
type driftJSON struct {
	Name        string
	Differences []struct{ Setting, Want, Have string }
}

// drift looks with --exit-code and returns what differs in words: "syncPlan memoryMB 256 512".
// Hashes of code are left out.
func (s *stage) drift(t *testing.T, code int) []string {
	t.Helper()
	var list []driftJSON
	s.run(t, "drift", "--exit-code", "--output", "json").exits(t, code).json(t, &list)
	var words []string
	for _, f := range list {
		for _, d := range f.Differences {
			text := f.Name + " " + d.Setting
			if d.Setting != "codeSha256" {
				text += " " + d.Want + " " + d.Have
			}
			words = append(words, text)
		}
	}
	return words
}

// TestConsoleEdits: whatever somebody changes by hand is shown, and the next deploy takes it back.
func TestConsoleEdits(t *testing.T) {
	t.Parallel()
	s := deploy(t, "edited")
	c := clients(publicAccount).lambda
	functions := make([]*lambda.GetFunctionConfigurationOutput, 2)
	read := func(i int) *lambda.GetFunctionConfigurationOutput {
		t.Helper()
		f, err := c.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &s.info.Functions[i].Function})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for i := range functions {
		functions[i] = read(i)
	}
	if list := s.drift(t, 0); len(list) > 0 {
		t.Fatalf("right after the deploy there differs %q", list)
	}

	swapCode(t, endpoint, s) // of syncPlan
	env := maps.Clone(functions[1].Environment.Variables)
	env["EXTRA"] = "by hand"
	table := env["MANIFEST_TABLE"]
	delete(env, "MANIFEST_TABLE")
	_, err := c.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: functions[1].FunctionName, MemorySize: aws.Int32(512), Timeout: aws.Int32(3),
		Environment: &lambdatypes.Environment{Variables: env},
	})
	if err != nil {
		t.Fatal(err)
	}

	want := []string{
		"syncPlan codeSha256", "syncComplete memoryMB 256 512", "syncComplete timeoutSeconds 25 3",
		"syncComplete environment.EXTRA  by hand", "syncComplete environment.MANIFEST_TABLE " + table + " ",
	}
	if got := s.drift(t, 8); !slices.Equal(got, want) {
		t.Errorf("drift shows %q, want %q", got, want)
	}
	if r := s.run(t, "drift").exits(t, 0); !strings.Contains(r.out, "syncComplete\tmemoryMB\t256\t512\n") {
		t.Errorf("drift in a pipe prints\n%s", r.out)
	}
	if plan := s.plan(t, 8); len(plan.Functions) != 2 || len(plan.Changes) > 0 {
		t.Errorf("the plan is %+v", plan)
	}
	s.run(t, "deploy").exits(t, 2)
	s.run(t, "deploy", "--yes").exits(t, 0)
	if list := s.drift(t, 0); len(list) > 0 {
		t.Errorf("after the deploy there still differs %q", list)
	}
	for i, before := range functions {
		after := read(i)
		if *after.CodeSha256 != *before.CodeSha256 || *after.MemorySize != *before.MemorySize || *after.Timeout != *before.Timeout ||
			!maps.Equal(after.Environment.Variables, before.Environment.Variables) {
			t.Errorf("%s was not put right: %+v", *after.FunctionName, after)
		}
	}
	s.player(t).device(t, time.Now(), map[string]string{"persistent": "mine"}).sync(t, "persistent", "")
	s.upToDate(t)
}

// TestUnsafeSaves: what keeps players' saves safe and somebody has switched off is
// shown, and the next deploy switches it on again.
func TestUnsafeSaves(t *testing.T) {
	t.Parallel()
	s := deploy(t, "unsafe")
	ctx, c := t.Context(), clients(publicAccount)
	if list := s.drift(t, 0); len(list) > 0 {
		t.Fatalf("right after the deploy there differs %q", list)
	}
	_, err := c.dynamodb.UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{
		TableName:                        &s.info.Outputs.ManifestTableName,
		PointInTimeRecoverySpecification: &ddbtypes.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(false)},
	})
	bucket := &s.info.Outputs.SaveFilesBucketName
	_, versioning := c.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended},
	})
	_, block := c.s3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: bucket})
	_, policy := c.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String(`{"Version":"2012-10-17","Statement":[]}`)})
	if err := errors.Join(err, versioning, block, policy); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ManifestTable pointInTimeRecovery on off",
		"SaveFilesBucket versioning on off", "SaveFilesBucket publicAccessBlock on off", "SaveFilesBucket onlyTLS on off",
	}
	if got := s.drift(t, 8); !slices.Equal(got, want) {
		t.Errorf("drift shows %q, want %q", got, want)
	}
	s.run(t, "deploy", "--yes").exits(t, 0)
	if list := s.drift(t, 0); len(list) > 0 {
		t.Errorf("after the deploy there still differs %q", list)
	}
	s.upToDate(t)
}

// functionOnly gives syncPlan the newer code past CloudFormation, and takes it back.
func functionOnly(t *testing.T, newer string) {
	s := deploy(t, "fast")
	old := s.code(t)
	p := s.player(t)
	home := p.device(t, time.Now(), nil)
	// answers syncs and tells whether the newer code answered.
	answers := func(content string) (byNewer bool) {
		t.Helper()
		before := s.newerAnswers(t)
		home.save(t, time.Now(), "persistent", content)
		home.sync(t, "persistent", "")
		return s.newerAnswers(t) > before
	}
	if answers("one") {
		t.Fatal("the newer code answers before it was deployed")
	}

	kept := filepath.Join(t.TempDir(), "plan")
	s.run(t, "plan", "--set", "LogRetentionDays=7", "--out", kept).exits(t, 0)

	rec := record(t, nil)
	by := throughEndpoint(rec.URL, publicAccount)
	by.flags = []string{"--stage", s.name}
	begin := time.Now()
	by.runBy(t, newer, "deploy", "function", "syncPlan", "--yes").exits(t, 0)
	if took := time.Since(begin); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
	if got := changeSets(rec.recorded()); got != "" {
		t.Errorf("it went through CloudFormation: %s", got)
	}
	if code := s.code(t); code[0] == old[0] || code[1] != old[1] {
		t.Errorf("the functions run %q, before %q", code, old)
	}
	if !answers("two") {
		t.Error("the newer code does not answer")
	}
	s.runBy(t, newer, "deploy", "function", "syncPlan", "--yes").exits(t, 0)
	s.run(t, "deploy", "--plan", kept, "--yes").exits(t, 7) // CloudFormation would not mind
	if got, want := s.drift(t, 8), []string{"syncPlan codeSha256"}; !slices.Equal(got, want) {
		t.Errorf("drift shows %q, want %q", got, want)
	}

	// The old program takes it back, the newer one makes it the stack's.
	s.run(t, "deploy", "--yes").exits(t, 0)
	if code := s.code(t); !slices.Equal(code, old) || answers("three") {
		t.Errorf("it was not put right: the functions run %q, before %q", code, old)
	}
	s.runBy(t, newer, "deploy", "function", "syncPlan", "--yes").exits(t, 0)
	s.runBy(t, newer, "deploy", "--yes").exits(t, 0)
	if list := s.drift(t, 0); len(list) > 0 || !answers("four") {
		t.Errorf("stack and function are not together: %q", list)
	}
	if got, want := s.history(t), "4 deploy live, 3 function, 2 function, 1 deploy"; got != want {
		t.Errorf("the releases are %s, want %s", got, want)
	}
	s.run(t, "rollback", "2", "--yes").exits(t, 7)
	s.run(t, "rollback", "--yes").exits(t, 0)
	if answers("five") {
		t.Error("the newer code answers after the rollback")
	}
}

// newerAnswers counts in the log how often the newer code was started.
func (s *stage) newerAnswers(t *testing.T) int {
	t.Helper()
	return strings.Count(s.run(t, "logs", "syncPlan", "--since", "10m").exits(t, 0).out, newCode)
}

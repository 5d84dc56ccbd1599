package awsfake_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

// clients of the services in this file's scripts.
func clients() []any {
	return []any{(*cloudformation.Client)(nil), (*s3.Client)(nil), (*cwl.Client)(nil)}
}

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "aws.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func load(t *testing.T, text string) (*awsfake.Script, aws.Config) {
	t.Helper()
	s, err := awsfake.Load(map[string]string{"account": "123456789012"}, []string{write(t, text)}, clients()...)
	if err != nil {
		t.Fatal(err)
	}
	return s, aws.Config{Region: awsfake.Region, APIOptions: []func(*middleware.Stack) error{s.AddTo}}
}

func TestScriptAnswersInOrderOfEachOperation(t *testing.T) {
	script, cfg := load(t, `
- call: CloudFormation DescribeStacks
  in: {StackName: a}
  out:
    Stacks:
      - StackName: a-${account}
        StackStatus: CREATE_COMPLETE
        CreationTime: 2026-11-23T10:00:00Z
        Tags: [{Key: account, Value: "${account}"}]
- call: CloudFormation DescribeStacks
  times: 2
  error: {code: ValidationError, message: Stack with id b does not exist}
- call: S3 GetObject
  out: {Body: "the content of ${account}", ContentLength: 27}
- call: CloudWatch-Logs FilterLogEvents
  times: any
`)
	ctx, cfn := t.Context(), cloudformation.NewFromConfig(cfg)
	// Another operation may come first.
	object, err := s3.NewFromConfig(cfg).GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(object.Body); err != nil || string(body) != "the content of 123456789012" {
		t.Errorf("body %q, %v", body, err)
	}
	if _, err := cfn.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("b")}); err == nil {
		t.Error("stack b exists")
	}
	out, err := cfn.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("a")})
	if err != nil {
		t.Fatal(err)
	}
	st := out.Stacks[0]
	if *st.StackName != "a-123456789012" || *st.Tags[0].Value != "123456789012" || !st.CreationTime.Equal(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("stack %+v", st)
	}
	if err := script.Err(); err == nil || !strings.Contains(err.Error(), "no call met CloudFormation DescribeStacks") {
		t.Errorf("the second look for b is missing, but Err is %v", err)
	}
	if _, err := cfn.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("b")}); err == nil {
		t.Error("stack b exists")
	}
	if err := script.Err(); err != nil {
		t.Errorf("everything was met, and Err is %v", err)
	}
	if got := script.Calls()[0].String(); got != "S3 GetObject" {
		t.Errorf("the first call was %s", got)
	}
}

func TestScriptSaysWhyACallIsUnexpected(t *testing.T) {
	script, cfg := load(t, `
- call: CloudFormation CreateChangeSet
  in: {Parameters: [{ParameterKey: Stage, ParameterValue: prod}]}
`)
	_, err := cloudformation.NewFromConfig(cfg).CreateChangeSet(t.Context(), &cloudformation.CreateChangeSetInput{
		StackName: aws.String("s"), ChangeSetName: aws.String("c"),
	})
	if err == nil {
		t.Error("the call was answered")
	}
	if err := script.Err(); err == nil || !strings.Contains(err.Error(), `in.Parameters is null, not [{"ParameterKey":"Stage"`) {
		t.Errorf("Err does not name the difference: %v", err)
	}
}

func TestScriptMistakesAreFoundBeforeItRuns(t *testing.T) {
	for text, want := range map[string]string{
		"- call: DescribeStacks":                                             "not a service and an operation",
		"- call: CloudFormation DescribeStack":                               "CloudFormation has no operation DescribeStack",
		"- call: SQS SendMessage":                                            "there is no client of SQS",
		"- {call: CloudFormation DescribeStacks, out: {Stack: []}}":          `unknown field "Stack"`,
		"- {call: CloudFormation DescribeStacks, outt: {}}":                  "field outt not found",
		"- {call: CloudFormation DescribeStacks, times: some}":               "neither a number nor any",
		"- {call: CloudFormation DescribeStacks, signal: winch}":             `signal "winch" is not known`,
		"- {call: CloudFormation DescribeStacks, in: {StackName: \"${x}\"}}": "${x} is not defined",
	} {
		_, err := awsfake.Load(nil, []string{write(t, text)}, clients()...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n  gave %v, want %q", text, err, want)
		}
	}
}

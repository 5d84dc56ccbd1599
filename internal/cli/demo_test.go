package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// creates runs a deploy as a demo does, and tells whether it has created the stage.
func (a *awsAccount) creates(t *testing.T) bool {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	inner := &app{env: Env{
		Stdin: out, Stdout: out, Stderr: out, Getenv: func(string) string { return "" },
		LoadAWS: func(_ context.Context, o cloud.Options) (aws.Config, error) { return a.Config(o), nil },
	}}
	err = inner.execute(t.Context(), []string{"deploy", "--yes"})
	t.Logf("the deploy: %v", err)
	return inner.created
}

// A demo takes away what its own deploy has created, and nothing else.
func TestDemoOwnsWhatItHasCreated(t *testing.T) {
	story(t, "the first deploy", newAccount, func(t *testing.T, a *awsAccount) {
		if !a.creates(t) {
			t.Error("it has not created the stage")
		}
		if a.creates(t) {
			t.Error("the second one has created the stage")
		}
	})
	story(t, "beside one that is faster", newAccount, func(t *testing.T, a *awsAccount) {
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasPrefix(name, "CloudFormation-ExecuteChangeSet") {
				return awsaccount.Fault{Before: awsfake.Error{Code: "InvalidChangeSetStatus", Message: "ChangeSet cannot be executed in its current status"}}
			}
			return awsaccount.Fault{}
		}
		if a.creates(t) {
			t.Error("the slower one has created the stage")
		}
	})
}

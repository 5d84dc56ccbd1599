package cli

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// All stages are listed, those that cannot be read as well, and no stack of others.
func TestStages(t *testing.T) {
	other := func(name, tag string, status stack.Status) *awsaccount.Stack {
		s := &awsaccount.Stack{Name: "renpy-cloud-" + name, ID: "arn:aws:cloudformation:eu-west-1:123456789012:stack/renpy-cloud-" + name + "/1", Status: status,
			Policy: cfn.StackPolicy(), Parameters: []types.Parameter{
				{ParameterKey: aws.String(cfn.ParamRelease), ParameterValue: aws.String("7")},
				{ParameterKey: aws.String(cfn.ParamStage), ParameterValue: &name},
				{ParameterKey: aws.String(cfn.ParamArtifactsBucket), ParameterValue: aws.String("renpyctl-" + name + "-123456789012-eu-west-1")},
			}}
		if tag != "" {
			s.Tags = []types.Tag{{Key: aws.String(stage.Tag), Value: &tag}}
		}
		return s
	}
	foreign := other("site", "", "CREATE_COMPLETE")
	foreign.Parameters = nil
	story(t, "of several", twice, func(t *testing.T, a *awsAccount) {
		a.Neighbours = []*awsaccount.Stack{other("prod", "prod", "UPDATE_COMPLETE"), foreign, other("planned", "planned", stack.ReviewInProgress), other("Website", "", "CREATE_COMPLETE")}
		o := a.run("stages")
		o.wants(t, exitOK, "ok\tdev\t2\t", "ok\tprod\t7\t")
		if strings.Count(o.stdout, "\n") != 2 {
			t.Errorf("%s", o.stdout)
		}
		a.Neighbours = append(a.Neighbours, other("stuck", "stuck", stack.UpdateRollbackFailed), other("lost", "", "UPDATE_COMPLETE"))
		a.run("stages").wants(t, exitNotWell, "ok\tdev", "problem\tlost", "ok\tprod", "problem\tstuck")
	})
	story(t, "of which one cannot be read", twice, func(t *testing.T, a *awsAccount) {
		torn := other("torn", "torn", "UPDATE_COMPLETE")
		torn.Unreadable = denied
		a.Neighbours = []*awsaccount.Stack{torn, other("zoo", "zoo", "UPDATE_COMPLETE")}
		a.run("stages").wants(t, exitAccess, "ok\tdev", "unchecked\ttorn", "ok\tzoo")
		torn.Unreadable = awsfake.Error{Code: "InternalFailure", Message: "what", Status: 500}
		a.run("stages").wants(t, exitUnclear, "ok\tdev", "unchecked\ttorn", "ok\tzoo")
	})
	story(t, "of none", newAccount, func(t *testing.T, a *awsAccount) {
		o := a.run("stages")
		o.wants(t, exitOK, "There are no stages in eu-west-1")
		if o = a.run("stages", "--output", "json"); o.code != exitOK || strings.TrimSpace(o.stdout) != "[]" {
			t.Errorf("exit code %d: %s", o.code, o.stdout)
		}
		a.Fault = denying("CloudFormation-ListStacks")
		oneError(t, a.run("stages"), exitAccess)
	})
}

// What is never answered ends, and says so in words.
func TestLooksWithoutAnAnswer(t *testing.T) {
	for _, command := range []string{"status", "stages", "alarms", "doctor"} {
		story(t, command, alarmed, func(t *testing.T, a *awsAccount) {
			operation := map[string]string{"stages": "ListStacks", "alarms": "DescribeAlarms"}[command]
			a.Hang(cmp.Or(operation, "DescribeStacks"))
			began := time.Now()
			o := a.run(command)
			o.lacks(t, "context deadline exceeded")
			o.wants(t, exitUnclear, "no answer for 15 s")
			if took := time.Since(began); took > 35*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

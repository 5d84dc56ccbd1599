package deploy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
)

// A domain is never renamed: there would be no sign-up in between, and no way back.
func TestTheDomainKeepsItsName(t *testing.T) {
	story(t, "of a new stage", func(t *testing.T) {
		a := deployed(t)
		if got := a.Setting(cfn.ParamDomainSuffix); got != cfn.LongDomain {
			t.Errorf("the suffix is %s", got)
		}
		if err := change(t.Context(), a, settings, deploy.Execution{}, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
		if got := a.Setting(cfn.ParamDomainSuffix); got != cfn.LongDomain {
			t.Errorf("after an update the suffix is %s", got)
		}
	})
	story(t, "of a stage from before there was a choice", func(t *testing.T) {
		a := deployed(t)
		s := a.Current()
		s.Template = strings.ReplaceAll(s.Template, cfn.ParamDomainSuffix, "Nothing")
		s.Parameters = slices.DeleteFunc(s.Parameters, func(p types.Parameter) bool { return *p.ParameterKey == cfn.ParamDomainSuffix })
		if err := change(t.Context(), a, settings, deploy.Execution{}, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
		if got := a.Setting(cfn.ParamDomainSuffix); got != "(none)" { // so the template's default, which a test of cfn freezes
			t.Errorf("the suffix is %s", got)
		}
		s.Parameters = append(s.Parameters, types.Parameter{ParameterKey: aws.String(cfn.ParamDomainSuffix), ParameterValue: aws.String("SHORT")})
		if err := change(t.Context(), a, map[string]string{"GameIds": "another_game"}, deploy.Execution{}, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
		if got := a.Setting(cfn.ParamDomainSuffix); got != "SHORT" {
			t.Errorf("then the suffix is %s", got)
		}
	})
}

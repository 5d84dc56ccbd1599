package deploy_test

import (
	"slices"
	"testing"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
)

// forge writes an object into stage dev's artefact bucket, as somebody can who
// may do nothing else.
func forge(a *awsaccount.Account, key, body string) {
	a.Buckets["renpyctl-dev-123456789012-eu-west-1"][key] = []byte(body)
}

// No record in the bucket stands in the way of the next deploy.
func TestForgedNumbers(t *testing.T) {
	for _, key := range []string{"releases/999999.json", "releases/000002.json", "releases/-00001.json", "releases/99999999999999999999.json"} {
		for _, body := range []string{"{}", "[", `{"number":-1,"code":7}`} {
			story(t, key+" "+body, func(t *testing.T) {
				a := deployed(t)
				forge(a, key, body)
				if err := change(t.Context(), a, settings, deploy.Execution{}, &awsaccount.Listener{}); err != nil {
					t.Error(err)
				}
				if wrong := a.Whole(); wrong != "" || !slices.Contains([]string{"2", "3"}, a.Setting(cfn.ParamRelease)) {
					t.Errorf("%s; release %s", wrong, a.Setting(cfn.ParamRelease))
				}
			})
		}
	}
}

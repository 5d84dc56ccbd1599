package deploy_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/lambda"
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

// forgedResult is what releases/000001.result.json can be made to say.
const forgedResult = `{"result":"succeeded","functions":[{"name":"syncPlan","function":"payments","architecture":"x86_64",
	"runtime":"python3.13","handler":"evil","role":"arn:aws:iam::123456789012:role/Admin","memoryMB":10240,"timeoutSeconds":900,
	"logGroup":"/aws/lambda/payments","environment":{"SAVES_BUCKET":"evil","GAME_IDS":"evil","LD_PRELOAD":"/tmp/x"},"codeSha256":"b2xk"}]}`

// What a release's result says that the functions ran is believed by nobody:
// what they should be is in the stack and its template.
func TestForgedResult(t *testing.T) {
	for what, body := range map[string]string{
		"of another function, with all settings": forgedResult,
		"garbage":                                "[{",
		"numbers that do not fit":                strings.Replace(forgedResult, "10240", "99999999999999999999", 1),
		"no list":                                `{"result":"succeeded","functions":"x"}`,
	} {
		story(t, what, func(t *testing.T) {
			a := deployed(t)
			f := a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)]
			before := *f
			forge(a, "releases/000001.result.json", body)
			a.Functions["payments"] = &awsaccount.Function{Hash: "b2xk"}

			s, err := stage.At(a.Config(cloud.Options{}), "dev").Look(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if c, err := s.Compare(t.Context()); err != nil || len(c.Drift) > 0 {
				t.Errorf("drift %+v, %v", c.Drift, err)
			}
			f.Memory, f.Role = 1024, "arn:aws:iam::123456789012:role/Console" // somebody in the console
			u := keepUp(t, a)
			if len(u.Drift) > 0 {
				t.Errorf("drift %+v", u.Drift)
			}
			if got := a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)]; !reflect.DeepEqual(*got, before) {
				t.Errorf("the function is %+v, was %+v", *got, before)
			}
			if f := a.Functions["payments"]; !reflect.DeepEqual(*f, awsaccount.Function{Hash: "b2xk"}) {
				t.Errorf("another function became %+v", *f)
			}
		})
	}
}

// keepUp puts right what a stage without changes needs.
func keepUp(t *testing.T, a *awsaccount.Account) *deploy.Upkeep {
	t.Helper()
	s, err := stage.At(a.Config(cloud.Options{}), "dev").Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	to, err := deploy.Embedded(s, lambda.ARM64, nil, "", lambda.Zip)
	if err != nil {
		t.Fatal(err)
	}
	u, err := deploy.Keep(t.Context(), s, to)
	if err == nil {
		u, err = u.Restore(t.Context(), &awsaccount.Listener{})
	}
	if err == nil {
		err = u.Finish(t.Context(), false, &awsaccount.Listener{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

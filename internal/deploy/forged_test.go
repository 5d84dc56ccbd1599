package deploy_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// No record in the bucket stands in the way of the next deploy.
func TestForgedNumbers(t *testing.T) {
	for _, key := range []string{"releases/999999.json", "releases/000002.json", "releases/-00001.json", "releases/99999999999999999999.json"} {
		for _, body := range []string{"{}", "[", `{"number":-1,"code":7}`} {
			story(t, key+" "+body, func(t *testing.T) {
				a := deployed(t)
				a.Put(key, body)
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
			a.Put("releases/000001.result.json", body)
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

// codeKey is where the artefact bucket keeps this program's code of syncPlan.
func codeKey(t *testing.T) string {
	t.Helper()
	code, err := lambda.Zip(lambda.Functions()[0], lambda.ARM64)
	if err != nil {
		t.Fatal(err)
	}
	return stage.CodeKey(code)
}

// runs fails the test if syncPlan runs anything but this program's code.
func runs(t *testing.T, a *awsaccount.Account) {
	t.Helper()
	want := lambda.CodeSha256(stage.CodeHash(codeKey(t)))
	if f := a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)]; f.Hash != want {
		t.Errorf("syncPlan runs %s, not %s", f.Hash, want)
	}
}

// A zip under the key of trusted code is not deployed, whenever it is put there.
func TestForgedCode(t *testing.T) {
	const artefacts = "renpyctl-dev-123456789012-eu-west-1"
	// before something happens writes the zip as the call is made.
	before := func(a *awsaccount.Account, call, key string) {
		done := false
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasPrefix(name, call) && !done {
				done = true
				a.Put(key, "evil")
			}
			return awsaccount.Fault{}
		}
	}
	story(t, "before the first deploy", func(t *testing.T) {
		a := awsaccount.New(t)
		a.Buckets[artefacts] = map[string][]byte{}
		a.Put("renpyctl.json", "")
		a.Put(codeKey(t), "evil")
		since := a.Watch()
		if err := change(t.Context(), a, nil, deploy.Execution{}, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
		runs(t, a)
		if calls := since(); !slices.Contains(calls, "S3-PutBucketPolicy") || !slices.Contains(calls, "S3-PutBucketVersioning") {
			t.Error("the bucket was believed to be set up")
		}
	})
	story(t, "between the upload and CloudFormation", func(t *testing.T) {
		a := awsaccount.New(t)
		before(a, "CloudFormation-ExecuteChangeSet", codeKey(t))
		if err := change(t.Context(), a, nil, deploy.Execution{}, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
		runs(t, a)
		// The next change brings the code under its key again.
		if err := change(t.Context(), a, settings, deploy.Execution{}, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
		runs(t, a)
		if pin := a.Setting(cfn.ParamSyncPlanCodeVersion); pin != "v3" {
			t.Errorf("the stack takes version %s", pin)
		}
	})
	story(t, "before a function is put right", func(t *testing.T) {
		a := deployed(t)
		a.Put(codeKey(t), "evil")
		a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)].Hash = "b2xk"
		keepUp(t, a)
		runs(t, a)
	})
	story(t, "between the look and Lambda", func(t *testing.T) {
		a := deployed(t)
		a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)].Hash = "b2xk"
		before(a, "Lambda-UpdateFunctionCode", codeKey(t))
		keepUp(t, a)
		runs(t, a)
	})
	story(t, "between the look and Lambda, of one function", func(t *testing.T) {
		a := deployed(t)
		a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)].Hash = "b2xk"
		before(a, "Lambda-UpdateFunctionCode", codeKey(t))
		s, err := stage.At(a.Config(cloud.Options{}), "dev").Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		code, err := lambda.Zip(lambda.Functions()[0], lambda.ARM64)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := deploy.ReplaceCode(t.Context(), s, code, release.Record{}, &awsaccount.Listener{}); err != nil {
			t.Error(err)
		}
		runs(t, a)
	})
}

// What a function runs after a deploy is compared, whoever has seen to it that
// it is other code.
func TestOtherCodeIsNoSuccess(t *testing.T) {
	story(t, "somebody was there", func(t *testing.T) {
		a := deployed(t)
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasPrefix(name, "CloudFormation-DescribeStacks") && a.Setting(cfn.ParamRelease) == "2" {
				a.Functions[awsaccount.Physical(cfn.SyncPlanFunction)].Hash = "b2xk"
			}
			return awsaccount.Fault{}
		}
		err := change(t.Context(), a, settings, deploy.Execution{}, &awsaccount.Listener{})
		if e, ok := errors.AsType[*deploy.CodeError](err); !ok || e.Function != "syncPlan" || e.Have != "b2xk" {
			t.Errorf("the error is %v", err)
		}
	})
}

// rollBack goes back to a release, 0 for the newest before the live one, and
// tells which were passed over.
func rollBack(t *testing.T, a *awsaccount.Account, wanted int) (passedOver int, err error) {
	t.Helper()
	s, err := stage.At(a.Config(cloud.Options{}), "dev").Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	back, err := deploy.Choose(t.Context(), in, wanted)
	if err != nil {
		return len(back.PassedOver), err
	}
	how := deploy.How{Record: release.Record{Kind: release.Rollback, Origin: back.Origin}}
	p, err := deploy.Prepare(t.Context(), in, back.To, how, &awsaccount.Listener{})
	if err == nil {
		_, err = p.Execute(t.Context(), deploy.Execution{}, &awsaccount.Listener{})
	}
	return len(back.PassedOver), err
}

// A rollback goes back to what was deployed, or nowhere: what it was is not for
// the bucket to say.
func TestForgedRollback(t *testing.T) {
	const evil = "Resources: {Admin: {Type: AWS::IAM::Role}}"
	evilKey := fmt.Sprintf("template/%x.yaml", sha256.Sum256([]byte(evil)))
	evilCode := fmt.Sprintf("code/syncplan-%x.zip", sha256.Sum256([]byte("evil")))
	edited := func(a *awsaccount.Account, key string, pairs ...string) {
		body := string(a.Buckets["renpyctl-dev-123456789012-eu-west-1"][key])
		a.Put(key, strings.NewReplacer(pairs...).Replace(body))
	}
	template, code := release.TemplateKey(cfn.TemplateSHA256()), codeKey(t)
	for what, forge := range map[string]func(a *awsaccount.Account){
		"another template, under its own hash": func(a *awsaccount.Account) {
			a.Put(evilKey, evil)
			edited(a, "releases/000002.json", template, evilKey)
		},
		"other code, under its own hash": func(a *awsaccount.Account) {
			a.Put(evilCode, "evil")
			edited(a, "releases/000002.json", code, evilCode)
		},
		"another template, under the old one's": func(a *awsaccount.Account) { a.Put(template, evil) },
		"other settings":                        func(a *awsaccount.Account) { edited(a, "releases/000002.json", "my_game", "evil_game") },
		"another origin": func(a *awsaccount.Account) {
			edited(a, "releases/000002.json", `"kind": "deploy"`, `"kind": "rollback", "origin": -1`)
		},
		"another role": func(a *awsaccount.Account) { edited(a, "releases/000002.json", `"kind"`, `"roleArn": "arn:x", "kind"`) },
		"garbage":      func(a *awsaccount.Account) { a.Put("releases/000002.json", "[") },
		"a megabyte":   func(a *awsaccount.Account) { edited(a, "releases/000002.json", "{\n", "{"+strings.Repeat("\n", 1<<20)) },
	} {
		story(t, what, func(t *testing.T) {
			a := thrice(t)
			forge(a)
			before := *a.Current()
			if _, err := rollBack(t, a, 2); err == nil {
				t.Error("it was gone back to")
			}
			if after := *a.Current(); after.Template != before.Template || !reflect.DeepEqual(after.Parameters, before.Parameters) {
				t.Error("the stack was changed")
			}
			if what == "another template, under the old one's" { // which is the template of all of them
				return
			}
			if passedOver, err := rollBack(t, a, 0); err != nil || a.Setting("GameIds") != "" || passedOver != 1 {
				t.Errorf("gone back to GameIds %q, passed over %d, %v", a.Setting("GameIds"), passedOver, err)
			}
			if a.Current().Template != cfn.Template() {
				t.Error("the template is another")
			}
			runs(t, a)
		})
	}
	story(t, "a release that never was", func(t *testing.T) {
		a := thrice(t)
		edited(a, "releases/000002.json")
		a.Put("releases/000900.json", string(a.Buckets["renpyctl-dev-123456789012-eu-west-1"]["releases/000002.json"]))
		a.Put("releases/000900.result.json", `{"result":"succeeded"}`)
		if _, err := rollBack(t, a, 900); err == nil {
			t.Error("it was gone back to")
		}
	})
	story(t, "a result that says it failed", func(t *testing.T) {
		a := thrice(t)
		a.Put("releases/000002.result.json", `{"result":"failed"}`)
		if _, err := rollBack(t, a, 0); err != nil || a.Setting("GameIds") != "my_game" {
			t.Errorf("gone back to GameIds %q, %v", a.Setting("GameIds"), err)
		}
	})
	story(t, "the live release's record", func(t *testing.T) {
		a := thrice(t)
		edited(a, "releases/000003.json", `"kind": "deploy"`, `"kind": "rollback", "origin": 1`)
		if _, err := rollBack(t, a, 0); err != nil || a.Setting("GameIds") != "my_game" {
			t.Errorf("gone back to GameIds %q, %v", a.Setting("GameIds"), err)
		}
	})
	story(t, "its code, written over", func(t *testing.T) {
		a := thrice(t)
		a.Put(code, "evil")
		if _, err := rollBack(t, a, 2); err != nil || a.Setting("GameIds") != "my_game" {
			t.Errorf("gone back to GameIds %q, %v", a.Setting("GameIds"), err)
		}
		runs(t, a)
	})
}

// thrice is a stage with three releases: of every game, of my_game, of other_game.
func thrice(t *testing.T) *awsaccount.Account {
	t.Helper()
	a := deployed(t)
	for _, game := range []string{"my_game", "other_game"} {
		if err := change(t.Context(), a, map[string]string{"GameIds": game}, deploy.Execution{}, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// A stack that an earlier program deployed has no history: it proves by itself
// what it is, and nothing of what it was before.
func TestStackWithoutHistory(t *testing.T) {
	forget := func(a *awsaccount.Account) {
		for _, p := range a.Current().Parameters {
			if *p.ParameterKey == cfn.ParamHistory {
				*p.ParameterValue = ""
			}
		}
	}
	story(t, "with a record that leaves something out", func(t *testing.T) {
		a := thrice(t)
		forget(a)
		record := string(a.Buckets["renpyctl-dev-123456789012-eu-west-1"]["releases/000003.json"])
		a.Put("releases/000003.json", strings.Replace(record, `"GameIds": "other_game",`, "", 1))
		if err := change(t.Context(), a, map[string]string{"GameIds": "new"}, deploy.Execution{}, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
		if _, err := rollBack(t, a, 0); err == nil || a.Setting("GameIds") != "new" {
			t.Errorf("gone back to GameIds %q, %v", a.Setting("GameIds"), err)
		}
	})
	story(t, "rolled back", func(t *testing.T) {
		a := thrice(t)
		forget(a)
		if _, err := rollBack(t, a, 2); err == nil {
			t.Error("a release that nothing proves was gone back to")
		}
		if err := change(t.Context(), a, map[string]string{"GameIds": "new"}, deploy.Execution{}, &awsaccount.Listener{}); err != nil {
			t.Fatal(err)
		}
		if _, err := rollBack(t, a, 0); err != nil || a.Setting("GameIds") != "other_game" {
			t.Errorf("gone back to GameIds %q, %v", a.Setting("GameIds"), err)
		}
	})
}

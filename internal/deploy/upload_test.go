package deploy_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

// Where one artefact cannot be uploaded the others are all the same, and the
// next run sends that one alone.
func TestUploadGoesOnWithTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := awsaccount.New(t)
		seen := map[string]bool{}
		a.Fault = func(name string) awsaccount.Fault {
			switch {
			case strings.HasPrefix(name, "S3-PutObject template/"):
				return awsaccount.Fault{Before: awsfake.Error{Code: "InvalidRequest", Message: "no"}}
			case strings.HasPrefix(name, "S3-PutObject code/") && !seen[name]: // still under way when the template has failed
				seen[name] = true
				return awsaccount.Fault{Before: awsfake.ErrLost}
			}
			return awsaccount.Fault{}
		}
		l := &awsaccount.Listener{}
		if _, err := prepare(t.Context(), a, nil, l); err == nil {
			t.Fatal("nothing failed")
		}
		a.Fault = nil
		calls := a.Watch()
		p, err := prepare(t.Context(), a, nil, l)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Discard(t.Context())
		var sent []string
		for _, name := range calls() {
			if key, ok := strings.CutPrefix(name, "S3-PutObject "); ok && !strings.HasPrefix(key, "renpyctl.json") {
				sent = append(sent, key)
			}
		}
		if len(sent) != 1 || !strings.HasPrefix(sent[0], "template/") {
			t.Errorf("the second run sent %q", sent)
		}
	})
}

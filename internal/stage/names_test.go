package stage_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// Every function that the program carries has all its names.
func TestFunctions(t *testing.T) {
	if got, want := stage.FunctionNames(), []string{"syncPlan", "syncComplete"}; !slices.Equal(got, want) {
		t.Fatalf("functions %q, want %q", got, want)
	}
	for _, f := range stage.Functions() {
		if r, known := cfn.Describe(f.LogicalID); !known || r.Kind != "function" {
			t.Errorf("%s: the template has no function %q", f.Name, f.LogicalID)
		}
		if r, known := cfn.Describe(f.Role); !known || r.Kind != "role" {
			t.Errorf("%s: the template has no role %q", f.Name, f.Role)
		}
		if !strings.Contains(cfn.Template(), "\n  "+f.CodeParameter+":\n") || f.CodeParameter == "" {
			t.Errorf("%s: the template has no parameter %q", f.Name, f.CodeParameter)
		}
	}
}

func TestNames(t *testing.T) {
	for name, valid := range map[stage.Name]bool{
		"dev": true, "a": true, "prod-eu-2": true, strings20: true,
		"": false, "Dev": false, "2": false, "a-": false, "a_b": false, strings20 + "t": false,
	} {
		if got := name.Valid(); got != valid {
			t.Errorf("%q is valid: %v", name, got)
		}
	}
}

const strings20 = "abcdefghijklmnopqrst"

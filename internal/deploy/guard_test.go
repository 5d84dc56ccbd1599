package deploy

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// CloudFormation calls a replacement conditional where it cannot know a value
// before the update. Ruling out finds out which of them can happen at all.
func TestRuleOut(t *testing.T) {
	replace := func(id string, details ...stack.Detail) stack.Change {
		return stack.Change{Action: stack.Replace, Conditional: true, LogicalID: id, Details: details}
	}
	certain := func(id string) stack.Change { return stack.Change{Action: stack.Replace, LogicalID: id} }
	property := func(name string) stack.Detail {
		return stack.Detail{Property: name, Recreates: types.RequiresRecreationConditionally}
	}
	because := func(name, of string) stack.Detail {
		return stack.Detail{Property: name, Recreates: types.RequiresRecreationConditionally, Because: of}
	}
	for _, c := range []struct {
		what    string
		changes []stack.Change
		want    []string // the logical ids that still may be replaced
	}{
		{"nothing is told", []stack.Change{replace(cfn.ManifestTable)}, []string{cfn.ManifestTable}},
		{"a setting that never replaces", []stack.Change{replace(cfn.SaveFilesBucket, property("LifecycleConfiguration"))}, nil},
		{"tags alone", []stack.Change{replace(cfn.ManifestTable, stack.Detail{Path: "Tags"})}, nil},
		{"AWS itself says never", []stack.Change{replace(cfn.ManifestTable, stack.Detail{Property: "KeySchema", Recreates: types.RequiresRecreationNever})}, nil},
		{"a key of the table", []stack.Change{replace(cfn.ManifestTable, property("KeySchema"))}, []string{cfn.ManifestTable}},
		{"one of two properties", []stack.Change{replace(cfn.SaveFilesBucket, property("Tags"), property("BucketName"))}, []string{cfn.SaveFilesBucket}},
		{"a certain replacement stays", []stack.Change{certain(cfn.ManifestTable)}, []string{cfn.ManifestTable}},
		{"the id of a pool that only changes",
			[]stack.Change{{Action: stack.Modify, LogicalID: cfn.UserPool}, replace(cfn.UserPoolClient, because("UserPoolId", cfn.UserPool))}, nil},
		{"the id of a pool that is replaced",
			[]stack.Change{certain(cfn.UserPool), replace(cfn.UserPoolClient, because("UserPoolId", cfn.UserPool))}, []string{cfn.UserPool, cfn.UserPoolClient}},
		{"the id of a pool that is removed",
			[]stack.Change{{Action: stack.Remove, LogicalID: cfn.UserPool}, replace(cfn.UserPoolClient, because("UserPoolId", cfn.UserPool))}, []string{cfn.UserPoolClient}},
		{"a chain that ends in nothing", []stack.Change{
			replace("SyncPlanPermission", because("SourceArn", cfn.HTTPAPI)), replace("SyncPlanRoute", because("ApiId", cfn.HTTPAPI)), replace(cfn.HTTPAPI, property("CorsConfiguration")),
		}, nil},
		{"a resource without a list", []stack.Change{replace("SyncPlanRoute", property("RouteKey"))}, []string{"SyncPlanRoute"}},
	} {
		var got []string
		for _, s := range ruleOut(c.changes) {
			if s.Action == stack.Replace {
				got = append(got, s.LogicalID)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q may be replaced, want %q", c.what, got, c.want)
		}
	}
}

package cli

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
)

func changeOf(id string, action types.ChangeAction, replacement types.Replacement, policy types.PolicyAction) awsaccount.Change {
	return awsaccount.Change{
		LogicalResourceId: aws.String(id), ResourceType: aws.String(awsaccount.ResourceTypes[id]),
		Action: action, Replacement: replacement, PolicyAction: policy,
	}
}

// Each way in which CloudFormation announces that a resource goes (SDK, types
// ResourceChange and PolicyAction) stops a deploy, for each resource by which
// players would lose something. Only its own --allow-replace lets it pass.
func TestGuard(t *testing.T) {
	t.Parallel()
	modify, remove := types.ChangeActionModify, types.ChangeActionRemove
	ways := map[string]func(id string) awsaccount.Change{
		"replaced":             func(id string) awsaccount.Change { return changeOf(id, modify, types.ReplacementTrue, "") },
		"may be replaced":      func(id string) awsaccount.Change { return changeOf(id, modify, types.ReplacementConditional, "") },
		"removed":              func(id string) awsaccount.Change { return changeOf(id, remove, "", types.PolicyActionDelete) },
		"removed and retained": func(id string) awsaccount.Change { return changeOf(id, remove, "", types.PolicyActionRetain) },
		"told by its policy":   func(id string) awsaccount.Change { return changeOf(id, modify, "", types.PolicyActionReplaceAndDelete) },
		"retained beside it": func(id string) awsaccount.Change {
			return changeOf(id, modify, types.ReplacementTrue, types.PolicyActionReplaceAndRetain)
		},
		"not to be told": func(id string) awsaccount.Change { return changeOf(id, types.ChangeActionDynamic, "", "") },
	}
	for _, r := range cfn.Stateful() {
		for way, change := range ways {
			t.Run(r.LogicalID+" "+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := deployed(t)
					a.Changes = []awsaccount.Change{change(r.LogicalID)}
					guardStops(t, a, r)
					other := cfn.Stateful()[0].LogicalID
					if other == r.LogicalID {
						other = cfn.Stateful()[1].LogicalID
					}
					guardStops(t, a, r, "--allow-replace", other)
					guardPasses(t, a, r)
				})
			})
		}
	}
}

func guardStops(t *testing.T, a *awsAccount, r cfn.Resource, flags ...string) {
	t.Helper()
	o := a.run(append([]string{"deploy", "--yes", "--set", "GameIds=my_game"}, flags...)...)
	oneError(t, o, exitRefused)
	for _, part := range []string{r.LogicalID, "players would lose " + r.Loss, "add --allow-replace " + r.LogicalID} {
		if !strings.Contains(o.stderr, part) {
			t.Errorf("%q is not said:\n%s", part, o.stderr)
		}
	}
	if got, want := o.writes(), []string{"CreateChangeSet", "DeleteChangeSet"}; !slices.Equal(got, want) {
		t.Errorf("calls %q, want %q", got, want)
	}
}

func guardPasses(t *testing.T, a *awsAccount, r cfn.Resource) {
	t.Helper()
	before := len(a.Current().Policies)
	o := a.run("deploy", "--yes", "--set", "GameIds=my_game", "--allow-replace", r.LogicalID)
	check(t, o, exitOK, "")
	want := []string{cfn.StackPolicy(r.LogicalID), cfn.StackPolicy()} // opened for this one, and closed again
	if got := a.Current().Policies[before:]; !slices.Equal(got, want) {
		t.Errorf("stack policies %q, want %q", got, want)
	}
}

// However a deploy with --allow-replace fails, the stack policy is closed again.
func TestGuardClosesAfterFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := deployed(t)
		a.Changes = []awsaccount.Change{changeOf(cfn.ManifestTable, types.ChangeActionModify, types.ReplacementTrue, "")}
		a.Fails, a.Reason = cfn.ManifestTable, "Internal Failure"
		o := a.run("deploy", "--yes", "--set", "GameIds=my_game", "--allow-replace", cfn.ManifestTable)
		check(t, o, exitStack, a.Whole())
	})
}

func TestAllowReplaceOnlyForWhatIsGuarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := deployed(t)
		o := a.run("deploy", "--yes", "--set", "GameIds=my_game", "--allow-replace", "SyncPlanRole")
		oneError(t, o, exitUsage)
		if slices.Contains(o.writes(), "ExecuteChangeSet") {
			t.Errorf("executed all the same: %q", o.writes())
		}
	})
}

// A harmless change that CloudFormation calls conditional is no reason to stop.
func TestGuardIsNotAlarmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := deployed(t)
		c := changeOf(cfn.SaveFilesBucket, types.ChangeActionModify, types.ReplacementConditional, "")
		c.Details = []types.ResourceChangeDetail{{Target: &types.ResourceTargetDefinition{
			Attribute: types.ResourceAttributeProperties, Name: aws.String("LifecycleConfiguration"), RequiresRecreation: types.RequiresRecreationConditionally,
		}}}
		a.Changes = []awsaccount.Change{c}
		check(t, a.run("deploy", "--yes", "--set", "SaveRetentionDays=10"), exitOK, a.Whole())
	})
}

package cli

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/iam"
)

// policyApp is the program on a stage of that name in a region.
func policyApp(stage, region string) *app {
	a := &app{}
	a.flags.stage, a.flags.region, a.flags.local = stage, region, true
	return a
}

// The names in the policies are those that the template gives.
func TestPolicyNames(t *testing.T) {
	target, err := policyApp("dev", "").policyTarget(t.Context(), policyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	template := strings.ReplaceAll(cfn.Template(), "${Stage}", "dev")
	for property, want := range map[string][]string{
		"LogGroupName": append(slices.Clone(target.FunctionLogs), target.AccessLog),
		"FunctionName": target.Functions,
	} {
		var got []string
		for _, m := range regexp.MustCompile(`(?m)^      `+property+`: !Sub "(.*)"$`).FindAllStringSubmatch(template, -1) {
			got = append(got, m[1])
		}
		slices.Sort(got)
		slices.Sort(want)
		if len(got) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s: the template gives %q, the policies know %q", property, got, want)
		}
	}
	if want := []string{"renpy-cloud-dev-SyncPlanRole-*", "renpy-cloud-dev-SyncCompleteRole-*"}; !slices.Equal(target.Roles, want) {
		t.Errorf("roles %q, want %q", target.Roles, want)
	}
}

// CloudFormation cuts the stack's name out of generated names that would be too
// long (KensioSoftware/yulin#1113), and a policy by names would miss them.
func TestGeneratedNamesAreNotCut(t *testing.T) {
	target, err := policyApp(strings.Repeat("s", 20), "").policyTarget(t.Context(), policyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(slices.Clone(target.Roles), target.Saves, target.Table) {
		limit := 63 // of buckets; roles have 64, tables 255
		if n := len(name) - len("*") + 12; n > limit {
			t.Errorf("%s is up to %d characters long, more than %d", name, n, limit)
		}
	}
}

// A managed policy holds 6,144 characters, white space not counted (IAM quotas).
func TestPoliciesFit(t *testing.T) {
	longest := policyApp(strings.Repeat("s", 20), "us-gov-west-1")
	target, err := longest.policyTarget(t.Context(), policyOptions{account: "123456789012", userPools: []string{"us-gov-west-1_AbCdEf123", "us-gov-west-1_GhIjKl456"},
		boundary: "arn:aws-us-gov:iam::123456789012:policy/renpyctl-" + strings.Repeat("s", 20) + "-boundary"})
	if err != nil {
		t.Fatal(err)
	}
	target.ExecutionRole = "arn:aws-us-gov:iam::123456789012:role/" + strings.Repeat("r", 64)
	for name, policy := range map[string]func(iam.Target) iam.Document{"caller": iam.Caller, "execution": iam.Execution, "support": iam.Support, "boundary": iam.Boundary} {
		body, err := json.Marshal(policy(target))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(strings.Join(strings.Fields(string(body)), "")); n > 6144 {
			t.Errorf("%s has %d characters", name, n)
		} else {
			t.Logf("%s has %d characters", name, n)
		}
	}
}

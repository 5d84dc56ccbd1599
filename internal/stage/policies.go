package stage

import (
	"cmp"
	"strings"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/iam"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// Policies names everything that belongs to the stage for the policies of package
// iam, without asking AWS. Account is 12 digits, or "" for whatever account a policy
// is in.
func (n Name) Policies(region, account string) iam.Target {
	t := iam.Target{
		Partition: cloud.Partition(region), Region: region, Account: cmp.Or(account, "*"),
		Stack: n.Stack(),
		// Any 12 characters, and not *: that would reach the stage dev-2 from dev.
		Artifacts: n.Artifacts(cmp.Or(account, strings.Repeat("?", 12)), region),
		Saves:     strings.ToLower(n.Generated(cfn.SaveFilesBucket)),
		Table:     n.Generated(cfn.ManifestTable),
		AccessLog: n.AccessLog(), Alarms: n.Alarm("*"), AlarmTopic: n.Generated(cfn.AlarmTopic),
	}
	for _, f := range lambda.Functions() {
		t.Functions = append(t.Functions, n.Function(f))
		t.FunctionLogs = append(t.FunctionLogs, n.LogGroup(f))
	}
	for _, r := range cfn.Resources() {
		if r.Kind == "role" {
			t.Roles = append(t.Roles, n.Generated(r.LogicalID))
		}
	}
	return t
}

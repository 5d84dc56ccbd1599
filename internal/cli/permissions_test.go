package cli

import (
	"slices"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// A role as CloudFormation's BeforeContext and AfterContext give it (API
// reference, ResourceChange): JSON of the resource with its functions resolved
// where their values are known.
func role(statements string) string {
	return `{"Properties":{"AssumeRolePolicyDocument":{"Statement":[]},"Policies":[{"PolicyName":"sync","PolicyDocument":{"Version":"2012-10-17","Statement":[` + statements + `]}}]}}`
}

func TestPermissionChanges(t *testing.T) {
	const get = `{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"arn:aws:dynamodb:eu-west-1:1:table/t"}`
	const save = `{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::b/users/*"]}`
	const deny = `{"Effect":"Deny","Action":"s3:PutObject","Resource":"*"}`
	const unresolved = `{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":{"Fn::GetAtt":["SyncPlanLogGroup","Arn"]}}`
	for _, c := range []struct {
		what, before, after string
		want                []string
	}{
		{"nothing", role(get), role(get), nil},
		{"the same in another form", role(get), role(`{"Effect":"Allow","Action":["dynamodb:GetItem"],"Resource":["arn:aws:dynamodb:eu-west-1:1:table/t"]}`), nil},
		{"more", role(get), role(get + "," + save), []string{
			"syncPlan may from then on s3:GetObject on arn:aws:s3:::b/users/*", "syncPlan may from then on s3:PutObject on arn:aws:s3:::b/users/*"}},
		{"less", role(get + "," + save), role(save), []string{"syncPlan may no longer dynamodb:GetItem on arn:aws:dynamodb:eu-west-1:1:table/t"}},
		{"a denial more", role(get), role(get + "," + deny), []string{"syncPlan may from then on not s3:PutObject on *"}},
		{"a value that is not known yet", role(get), role(get + "," + unresolved), []string{
			`syncPlan may from then on logs:PutLogEvents on {"Fn::GetAtt":["SyncPlanLogGroup","Arn"]}`}},
		{"not told before", "", role(get), nil},
		{"not told after", role(get), "", nil},
		{"no JSON", role(get), "{{changeSet:KNOWN_AFTER_APPLY}}", nil},
	} {
		change := stack.Change{Action: stack.Modify, LogicalID: "SyncPlanRole", Type: "AWS::IAM::Role", Before: c.before, After: c.after}
		if got := permissionChanges(change); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	table := stack.Change{Action: stack.Modify, LogicalID: "ManifestTable", Type: "AWS::DynamoDB::Table", Before: role(get), After: role(save)}
	if got := permissionChanges(table); got != nil {
		t.Errorf("a table has permissions: %q", got)
	}
}

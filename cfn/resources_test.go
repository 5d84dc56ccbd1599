package cfn

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestEveryResourceIsDescribed(t *testing.T) {
	var described []string
	for _, r := range Resources() {
		described = append(described, r.LogicalID)
		if r.Kind == "" || r.Purpose == "" {
			t.Errorf("%s is not described", r.LogicalID)
		}
		if r.Protected && r.Loss == "" {
			t.Errorf("%s is protected although players would lose nothing", r.LogicalID)
		}
	}
	slices.Sort(described)
	if want := sorted(frozenResources); !slices.Equal(described, want) {
		t.Errorf("described:\ngot  %v\nwant %v", described, want)
	}
}

func TestDescribe(t *testing.T) {
	r, ok := Describe(ManifestTable)
	if want := (Resource{ManifestTable, "table", "which saves exist", "the record of their saves", true}); !ok || r != want {
		t.Errorf("got %+v, %v; want %+v", r, ok, want)
	}
	if r, ok := Describe("Nothing"); ok {
		t.Errorf("described Nothing as %+v", r)
	}
}

func TestStatefulIsWhatPlayersWouldMiss(t *testing.T) {
	var got []string
	for _, r := range Stateful() {
		got = append(got, r.LogicalID)
	}
	if want := []string{UserPool, UserPoolClient, ManifestTable, SaveFilesBucket, UserPoolDomain, HTTPAPI}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestStackPolicy(t *testing.T) {
	all := []any{
		"LogicalResourceId/CognitoUserPool", "LogicalResourceId/CognitoUserPoolClient",
		"LogicalResourceId/ManifestTable", "LogicalResourceId/SaveFilesBucket",
		"LogicalResourceId/CognitoUserPoolDomain", "LogicalResourceId/HttpApi",
	}
	for _, test := range []struct {
		name    string
		except  []string
		guarded []any
	}{
		{"guards every stateful resource", nil, all},
		{"lets one pass", []string{HTTPAPI}, all[:5]},
		{"ignores ids that are not guarded", []string{SyncPlanFunction}, all},
		{"lets all pass", []string{UserPool, UserPoolClient, ManifestTable, SaveFilesBucket, UserPoolDomain, HTTPAPI}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			policy := StackPolicy(test.except...)
			if len(policy) > 16_384 {
				t.Errorf("%d bytes, more than CloudFormation takes", len(policy))
			}
			var got any
			if err := json.Unmarshal([]byte(policy), &got); err != nil {
				t.Fatal(err)
			}
			statements := list(object{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"})
			if test.guarded != nil {
				statements = append(statements, object{
					"Effect": "Deny", "Action": list("Update:Replace", "Update:Delete"), "Principal": "*", "Resource": test.guarded,
				})
			}
			equal(t, "policy", got, object{"Statement": statements})
		})
	}
}

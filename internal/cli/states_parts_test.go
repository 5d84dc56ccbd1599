package cli

import (
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
)

// What a stage should have and has not is found and named by drift, shown by plan,
// and put right by a deploy.
func TestProtectionsArePutRight(t *testing.T) {
	saves := awsaccount.Physical(cfn.SaveFilesBucket)
	for _, c := range []struct {
		said  string // by drift
		wrong func(*awsAccount)
	}{
		{"CognitoUserPool\tdeletionProtection\ton\toff", func(a *awsAccount) { a.Pools[awsaccount.Physical(cfn.UserPool)].Protected = false }},
		{"ManifestTable\tdeletionProtection\ton\toff", func(a *awsAccount) { a.Tables[awsaccount.Physical(cfn.ManifestTable)] = false }},
		{"SaveFilesBucket\tuploads\tallowed\trefused", func(a *awsAccount) {
			a.Policies[saves] = strings.Replace(a.Policies[saves], "]", `,{"Sid":"Frozen"}]`, 1)
		}},
		{"SaveFilesBucket\tpublicPolicy\tnobody\teverybody", func(a *awsAccount) {
			a.Policies[saves] = strings.Replace(a.Policies[saves], "]", `,{"Sid":"Frozen"},{"Sid":"Open","Effect":"Allow","Principal":{"AWS":["*"]},"Action":"s3:GetObject"}]`, 1)
		}},
		{"SaveFilesBucket\tversioning\ton\toff", func(a *awsAccount) { a.Unsafe = map[string]bool{"versions": true} }},
		{"SaveFilesBucket\tpublicAccessBlock\ton\toff", func(a *awsAccount) { a.Unsafe = map[string]bool{"private": true} }},
		{"ManifestTable\tpointInTimeRecovery\ton\toff", func(a *awsAccount) { a.Unsafe = map[string]bool{"recovery": true} }},
		{"stack\tpolicy\tclosed\topen", func(a *awsAccount) { a.Current().Policy = "" }},
	} {
		name, _, _ := strings.Cut(c.said, "\t")
		for _, args := range [][]string{{"deploy", "--yes"}, change, {"rollback", "--yes"}} {
			story(t, name+", "+strings.Join(args, " "), twice, func(t *testing.T, a *awsAccount) {
				c.wrong(a)
				a.run("drift", "--exit-code").wants(t, exitChanges, c.said)
				a.run("plan", "--exit-code").wants(t, exitChanges, name)
				o := a.run("deploy")
				o.wants(t, exitUsage, name, "add --yes")
				o.changedNothing(t)
				o = a.run(args...)
				check(t, o, exitOK, a.Whole())
				o.wants(t, exitOK, name+"  put right")
				a.run("drift", "--exit-code").wants(t, exitOK, "No differences")
			})
		}
	}
}

// A bucket of saves that admits requests without TLS gets the statement back, and
// the rest of its policy stays.
func TestTLSIsPutRight(t *testing.T) {
	story(t, "deploy", twice, func(t *testing.T, a *awsAccount) {
		saves := awsaccount.Physical(cfn.SaveFilesBucket)
		a.Policies[saves] = `{"Version":"2012-10-17","Statement":[{"Sid":"OnlyFreshPresignedURLs"}]}`
		a.run("drift", "--exit-code").wants(t, exitChanges, "SaveFilesBucket\tonlyTLS\ton\toff")
		a.run("deploy", "--yes").wants(t, exitOK, "SaveFilesBucket  put right")
		a.run("drift", "--exit-code").wants(t, exitOK, "No differences")
		if !strings.Contains(a.Policies[saves], "OnlyFreshPresignedURLs") {
			t.Errorf("the policy is %s", a.Policies[saves])
		}
	})
}

// A stage that is protected by its name has termination protection, whoever has
// lifted it.
func TestTerminationProtectionOfAStageThatIsProtected(t *testing.T) {
	story(t, "after a removal that was killed", inUse, func(t *testing.T, a *awsAccount) {
		a.Fault = failsAt("CloudFormation-DeleteStack")
		a.run("remove", "--yes", "--confirm", "dev").wants(t, exitError)
		a.Fault = nil
		a.run("drift", "--exit-code").wants(t, exitChanges, "stack\tdeletionProtection\ton\toff")
		check(t, a.run(change...), exitOK, a.Whole())
		if !a.Current().Protected {
			t.Error("the stack is not protected")
		}
	})
}

// What somebody has deleted does not pass for what should be there: it is named,
// and CloudFormation is asked to bring it back.
func TestLostParts(t *testing.T) {
	for _, c := range []struct {
		lost, said string
		delete     func(*awsAccount)
	}{
		{cfn.UserPool, "user pool", func(a *awsAccount) { clear(a.Pools) }},
		{cfn.ManifestTable, "table", func(a *awsAccount) { clear(a.Tables) }},
		{cfn.SaveFilesBucket, "bucket", func(a *awsAccount) { delete(a.Buckets, awsaccount.Physical(cfn.SaveFilesBucket)) }},
		{cfn.HTTPAPI, "HTTP API", other(awsaccount.Physical(cfn.HTTPAPI))},
		{cfn.SyncPlanRole, "role", other(awsaccount.Physical(cfn.SyncPlanRole))},
		{cfn.SyncPlanLogGroup, "log group", other("/aws/lambda/renpy-cloud-dev-syncPlan")},
		{cfn.APIAccessLogGroup, "log group", other("/aws/vendedlogs/renpy-cloud/dev/api-access")},
		{cfn.SaveFilesBucketPolicy, "bucket policy", func(a *awsAccount) { delete(a.Policies, awsaccount.Physical(cfn.SaveFilesBucket)) }},
	} {
		story(t, c.lost+" is brought back", twice, func(t *testing.T, a *awsAccount) {
			c.delete(a)
			a.run("drift", "--exit-code").wants(t, exitChanges, c.lost+"\t"+c.said+"\tthere\tdeleted")
			a.Changes = []awsaccount.Change{changeOf(c.lost, "Add", "", "")}
			a.run("plan", "--exit-code").wants(t, exitChanges, "drift\t"+c.lost+"\t"+c.said+"\tthere\tdeleted")
			o := a.run("deploy", "--yes")
			o.lacks(t, "Nothing to do")
			check(t, o, exitOK, a.Whole())
			if !a.RevertsDrift {
				t.Error("CloudFormation compared with its template")
			}
		})
		story(t, c.lost+" is not brought back", twice, func(t *testing.T, a *awsAccount) {
			c.delete(a)
			a.Changes = []awsaccount.Change{}
			for _, args := range [][]string{{"plan"}, {"deploy", "--yes"}, change} {
				o := a.run(args...)
				oneError(t, o, exitStack)
				o.wants(t, exitStack, "somebody has deleted "+c.lost+", and CloudFormation does not bring it back")
			}
		})
	}
}

// other deletes what needs only be there.
func other(name string) func(*awsAccount) {
	return func(a *awsAccount) { delete(a.Others, name) }
}

package cli

import (
	"encoding/json"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
)

// alarmed is a stage whose alarms go to an address.
func alarmed(t *testing.T) *awsAccount {
	t.Helper()
	a := deployed(t)
	check(t, a.run("deploy", "--yes", "--set", "AlarmEmail=ann@example.com"), exitOK, a.Whole())
	return a
}

// Alarms are off until somebody is to be told. One that rings is a problem, and what
// nobody hears is a warning.
func TestAlarms(t *testing.T) {
	story(t, "that are off", twice, func(t *testing.T, a *awsAccount) {
		a.run("alarms").wants(t, exitOK, "nobody is told", "deploy --set AlarmEmail=")
		var v alarmsView
		if o := a.run("alarms", "--output", "json"); json.Unmarshal([]byte(o.stdout), &v) != nil || v.On || v.Alarms == nil {
			t.Errorf("%s", o.stdout)
		}
		a.run("doctor", "--strict").wants(t, exitOK, "ok\talarms\tno alarms are set")
	})
	story(t, "that are well", alarmed, func(t *testing.T, a *awsAccount) {
		o := a.run("alarms", "--strict")
		o.wants(t, exitOK, "OK\tSyncPlanErrorsAlarm\t", "OK\tSignUpMailsAlarm\t")
		o.changedNothing(t)
		a.run("doctor", "--strict").wants(t, exitOK, "ok\talarms\t7 alarms are set")
		a.run("drift", "--exit-code").wants(t, exitOK)
		a.run("deploy", "--yes", "--set", "AlarmEmail=").wants(t, exitOK)
		a.run("alarms").wants(t, exitOK, "nobody is told")
	})
	story(t, "with a sender and a topic of one's own", twice, func(t *testing.T, a *awsAccount) {
		check(t, a.run("deploy", "--yes", "--set", "AlarmTopicArn=arn:aws:sns:eu-west-1:123456789012:alerts",
			"--set", "EmailIdentity=arn:aws:ses:eu-west-1:123456789012:identity/a@example.com"), exitOK, "")
		o := a.run("alarms", "--strict")
		o.wants(t, exitOK, "SyncPlanErrorsAlarm")
		o.lacks(t, "SignUpMailsAlarm")
	})
	for _, c := range []struct {
		what, grade string
		fault       awsaccount.Alarms
	}{
		{"one that rings", "problem", awsaccount.Alarms{Rings: "ApiErrorsAlarm"}},
		{"an address that has not agreed", "warning", awsaccount.Alarms{Unconfirmed: true}},
		{"what tells nobody", "warning", awsaccount.Alarms{Muted: true}},
	} {
		story(t, c.what, alarmed, func(t *testing.T, a *awsAccount) {
			a.Alarms = c.fault
			code := map[string]int{"problem": exitNotWell, "warning": exitOK}[c.grade]
			var v alarmsView
			o := a.run("alarms", "--output", "json")
			if err := json.Unmarshal([]byte(o.stdout), &v); err != nil || o.code != code || len(v.Findings) != 1 || v.Findings[0].Grade != c.grade {
				t.Errorf("exit code %d, %v: %s", o.code, err, o.stdout)
			}
			if v.Reaches != (!c.fault.Unconfirmed) {
				t.Errorf("that they reach somebody is %v", v.Reaches)
			}
			canBeDone(t, v.Findings[0])
			a.run("alarms", "--strict").wants(t, exitNotWell)
			if found := examined(t, a.run("doctor", "--output", "json")); found["alarms"].Grade != c.grade {
				t.Errorf("doctor found %v", found)
			}
		})
	}
	story(t, "of which one is deleted", alarmed, func(t *testing.T, a *awsAccount) {
		a.Alarms.Deleted = []string{"ApiErrorsAlarm"}
		a.run("alarms").wants(t, exitOK, "deleted: ApiErrorsAlarm")
		if found := examined(t, a.run("doctor", "--output", "json")); found["alarms"].Grade != "warning" || len(found) != 1 {
			t.Errorf("doctor found %v", found)
		}
		a.run("drift", "--exit-code").wants(t, exitChanges, "ApiErrorsAlarm\talarm\tthere\tdeleted")
		a.run("deploy", "--yes").wants(t, exitOK)
		a.run("drift", "--exit-code").wants(t, exitOK)
	})
	story(t, "that may not be read", alarmed, func(t *testing.T, a *awsAccount) {
		a.Fault = denying("CloudWatch-DescribeAlarms")
		oneError(t, a.run("alarms"), exitAccess)
		a.Fault = denying("SNS-ListSubscriptionsByTopic")
		a.run("alarms").wants(t, exitAccess, "OK\tSyncPlanErrorsAlarm")
		if found := examined(t, a.run("doctor", "--output", "json")); found["alarms"].Grade != "unchecked" || len(found) != 1 {
			t.Errorf("found %v", found)
		}
	})
	story(t, "of no stage", newAccount, func(t *testing.T, a *awsAccount) { oneError(t, a.run("alarms"), exitNotFound) })
}

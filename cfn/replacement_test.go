package cfn

import "testing"

func TestMayReplace(t *testing.T) {
	for _, c := range []struct {
		id, property string
		want         bool
	}{
		{SaveFilesBucket, "LifecycleConfiguration", false},
		{SaveFilesBucket, "BucketName", true},
		{ManifestTable, "KeySchema", true},
		{ManifestTable, "PointInTimeRecoverySpecification", false},
		{UserPoolClient, "UserPoolId", true},
		{UserPoolClient, "AccessTokenValidity", false},
		{SignUpMailsAlarm, "AlarmActions", false},
		{SignUpMailsAlarm, "AlarmName", true},
		{SyncPlanLogGroup, "RetentionInDays", false},
		{"SyncPlanPermission", "FunctionName", true}, // has no list
	} {
		if got := MayReplace(c.id, c.property); got != c.want {
			t.Errorf("MayReplace(%s, %s) = %v, want %v", c.id, c.property, got, c.want)
		}
	}
}

// TestGuardedResourcesHaveLists keeps a new guarded resource from being
// refused every update: without a list nothing is ruled out.
func TestGuardedResourcesHaveLists(t *testing.T) {
	for _, r := range Stateful() {
		if MayReplace(r.LogicalID, "no such property") {
			t.Errorf("%s has no list of the properties that replace it", r.LogicalID)
		}
	}
}

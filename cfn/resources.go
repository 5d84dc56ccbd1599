package cfn

import (
	"slices"
	"strings"
)

// Resource describes one resource of the template to an operator.
type Resource struct {
	// LogicalID is its name in the template: "ManifestTable".
	LogicalID string
	// Kind says what it is: "table".
	Kind string
	// Purpose says what it is for: "which saves exist".
	Purpose string
	// Loss says what players would lose if it were removed or replaced:
	// "the record of their saves". It is empty where the next deploy makes good
	// whatever is lost.
	Loss string
	// Protected says that it outlives its stack, and a replacement of itself.
	Protected bool
}

// Resources describes every resource of the template, what matters most first.
func Resources() []Resource {
	return []Resource{
		{UserPool, "user pool", "players' accounts", "their accounts", true},
		{UserPoolClient, "app client", "sign-in from the game", "sign-in in every game already shipped", true},
		{ManifestTable, "table", "which saves exist", "the record of their saves", true},
		{SaveFilesBucket, "bucket", "the saves, versioned", "their saves", true},
		{UserPoolDomain, "domain", "the link in the sign-up e-mail", "the links in sign-up e-mails on their way", false},
		{HTTPAPI, "HTTP API", "2 routes, sign-in required", "sync in every game already shipped, as the API's address changes", false},

		{SyncPlanFunction, "function", "plans what a device transfers", "", false},
		{SyncCompleteFunction, "function", "settles finished uploads", "", false},
		{HTTPAPIStage, "API stage", "throttling and access log", "", false},
		{"HttpApiAuthorizer", "authorizer", "admits signed-in players only", "", false},
		{"SyncPlanRoute", "route", "POST /sync/plan", "", false},
		{"SyncCompleteRoute", "route", "POST /sync/complete", "", false},
		{"SyncPlanIntegration", "integration", "API to syncPlan", "", false},
		{"SyncCompleteIntegration", "integration", "API to syncComplete", "", false},
		{"SyncPlanPermission", "permission", "the API may call syncPlan", "", false},
		{"SyncCompletePermission", "permission", "the API may call syncComplete", "", false},
		{SyncPlanRole, "role", "what syncPlan may do", "", false},
		{SyncCompleteRole, "role", "what syncComplete may do", "", false},
		{SaveFilesBucketPolicy, "bucket policy", "TLS and fresh URLs only", "", false},
		{"PasswordPageClient", "app client", "the page to set a new password", "", false},
		{SyncPlanLogGroup, "log group", "syncPlan's log", "", false},
		{SyncCompleteLogGroup, "log group", "syncComplete's log", "", false},
		{APIAccessLogGroup, "log group", "the API's access log", "", false},
		{AlarmTopic, "topic", "where alarms go, to be mailed", "", false},
		{"AlarmTopicPolicy", "topic policy", "alarms of this account only", "", false},
		{"AlarmSubscription", "subscription", "the address that alarms go to", "", false},
		{"SyncPlanErrorsAlarm", alarm, "syncPlan fails", "", false},
		{"SyncCompleteErrorsAlarm", alarm, "syncComplete fails", "", false},
		{"SyncPlanThrottlesAlarm", alarm, "Lambda refuses syncPlan", "", false},
		{"SyncCompleteThrottlesAlarm", alarm, "Lambda refuses syncComplete", "", false},
		{"ApiErrorsAlarm", alarm, "requests fail", "", false},
		{"ApiLatencyAlarm", alarm, "requests take long", "", false},
		{SignUpMailsAlarm, alarm, "sign-ups near Cognito's 50 mails a day", "", false},
	}
}

// alarm is the kind of what watches over a metric.
const alarm = "alarm"

// Alarms describes the resources that watch over metrics, in the template's order.
func Alarms() []Resource {
	return slices.DeleteFunc(Resources(), func(r Resource) bool { return r.Kind != alarm })
}

// IsAlarm tells whether a resource is one of [Alarms].
func IsAlarm(logicalID string) bool {
	r, _ := Describe(logicalID)
	return r.Kind == alarm
}

// Stateful lists the resources whose removal or replacement costs players
// something, each with its Loss.
func Stateful() []Resource {
	return slices.DeleteFunc(Resources(), func(r Resource) bool { return r.Loss == "" })
}

// Describe returns the description of a resource, and whether the template has
// a resource of that logical id.
func Describe(logicalID string) (Resource, bool) {
	all := Resources()
	i := slices.IndexFunc(all, func(r Resource) bool { return r.LogicalID == logicalID })
	if i < 0 {
		return Resource{}, false
	}
	return all[i], true
}

// StackPolicy returns the stack policy, in JSON, under which CloudFormation
// itself refuses to replace or remove the [Stateful] resources, except those
// whose logical ids are given; it allows every other update. Only UpdateStack
// can override a policy for the time of one update, a change set cannot (SDK,
// UpdateStackInput.StackPolicyDuringUpdateBody): an exception is set with
// SetStackPolicy before and taken back after.
func StackPolicy(except ...string) string {
	const allow = `{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"}`
	var guarded []string
	for _, r := range Stateful() {
		if !slices.Contains(except, r.LogicalID) {
			guarded = append(guarded, "LogicalResourceId/"+r.LogicalID)
		}
	}
	if len(guarded) == 0 {
		return `{"Statement":[` + allow + `]}`
	}
	return `{"Statement":[` + allow + `,{"Effect":"Deny","Action":["Update:Replace","Update:Delete"],` +
		`"Principal":"*","Resource":["` + strings.Join(guarded, `","`) + `"]}]}`
}

// RemovalPolicy returns the stack policy, in JSON, of a stage that is being
// removed: CloudFormation refuses every update. It is the mark of a removal, set
// before anything else is changed: it outlives a run that is killed, and only who
// may change the stack can set it. Of the two ways to say "every update", the
// second one tells that the stage was protected before the removal.
func RemovalPolicy(protected bool) string {
	actions := `"Update:*"`
	if protected {
		actions = `["Update:Modify","Update:Replace","Update:Delete"]`
	}
	return `{"Statement":[{"Effect":"Deny","Action":` + actions + `,"Principal":"*","Resource":"*"}]}`
}

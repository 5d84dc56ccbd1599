package stage

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// Name is what a stage is called: "prod". What belongs to the stage is named
// after it.
type Name string

// namePattern is what a stage may be called: names of buckets, functions and
// log groups are made of it, and buckets take lower case only.
var namePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$`)

// Valid tells whether a stage may be called so.
func (n Name) Valid() bool { return namePattern.MatchString(string(n)) }

// Tag marks a stack as made by this program, with the stage as its value.
const Tag = "renpyctl:stage"

// stackPrefix is what the names of stages' stacks begin with.
const stackPrefix = "renpy-cloud-"

// Stack is the stage's stack.
func (n Name) Stack() string { return stackPrefix + string(n) }

// Function is the name that the template gives a function in Lambda.
func (n Name) Function(f lambda.Function) string { return n.Stack() + "-" + f.Name }

// LogGroup is the name that the template gives a function's log group.
func (n Name) LogGroup(f lambda.Function) string { return "/aws/lambda/" + n.Function(f) }

// AccessLog is the name that the template gives the log group of the API.
func (n Name) AccessLog() string { return "/aws/vendedlogs/renpy-cloud/" + string(n) + "/api-access" }

// Alarm is the name that the template gives an alarm, or with "" what those of the
// stage begin with: no other stage's do.
func (n Name) Alarm(logicalID string) string { return "renpy-cloud/" + string(n) + "/" + logicalID }

// Generated is the pattern of the name that CloudFormation makes for a resource
// without one: stack, logical id, and 12 random characters.
func (n Name) Generated(logicalID string) string { return n.Stack() + "-" + logicalID + "-*" }

// Made tells whether a resource is named as CloudFormation names those of the
// stage's stacks: a bucket in lower case. Another stage's name may begin with
// this one's, and no hyphen is in what follows.
func (n Name) Made(logicalID, physicalID string) bool {
	prefix := strings.TrimSuffix(n.Generated(logicalID), "*")
	rest, begins := strings.CutPrefix(strings.ToLower(physicalID), strings.ToLower(prefix))
	return begins && IsAlphanumeric(rest)
}

// IsStack tells whether an id is that of a stack of the stage, one that was
// deleted included.
func (n Name) IsStack(id, account, region string) bool {
	parts := strings.Split(id, ":")
	return len(parts) == 6 && slices.Equal(parts[2:5], []string{"cloudformation", region, account}) &&
		strings.HasPrefix(parts[5], "stack/"+n.Stack()+"/")
}

// IsAlphanumeric tells whether a text is one or more ASCII letters and digits.
func IsAlphanumeric(text string) bool { return alphanumeric.MatchString(text) }

var alphanumeric = regexp.MustCompile(`^[A-Za-z0-9]+$`)

// Artifacts is the name of the stage's artefact bucket.
func (n Name) Artifacts(account, region string) string {
	return release.NewStore(nil, string(n), account, region).Bucket
}

// Protected tells whether players rely on the stage: by its name, or because
// somebody has switched on the termination protection of its stack, which a
// removal may have lifted since.
func (n Name) Protected(st stack.Stack) bool {
	return n == "prod" || n == "production" || st.TerminationProtection || st.Policy == cfn.RemovalPolicy(true)
}

// Removing tells whether a removal of the stack has begun and was not taken back.
func Removing(st stack.Stack) bool {
	return st.Policy == cfn.RemovalPolicy(false) || st.Policy == cfn.RemovalPolicy(true)
}

// Function is one of the backend's functions, with the names by which the
// program, the template and Lambda know it.
type Function struct {
	lambda.Function        // what operators type, and what its zips are called
	LogicalID       string // in the template
	CodeParameter   string // of the template, that takes the key of its zip
	PinParameter    string // of the template, that takes the zip's version in the artefact bucket
	Role            string // logical id of the role that it works as
	Log             string // logical id of its log group
}

// Functions lists the backend's functions in the order a sync calls them.
func Functions() []Function {
	inTemplate := map[string]Function{
		"syncPlan":     {LogicalID: cfn.SyncPlanFunction, CodeParameter: cfn.ParamSyncPlanCodeKey, PinParameter: cfn.ParamSyncPlanCodeVersion, Role: cfn.SyncPlanRole, Log: cfn.SyncPlanLogGroup},
		"syncComplete": {LogicalID: cfn.SyncCompleteFunction, CodeParameter: cfn.ParamSyncCompleteCodeKey, PinParameter: cfn.ParamSyncCompleteCodeVersion, Role: cfn.SyncCompleteRole, Log: cfn.SyncCompleteLogGroup},
	}
	var list []Function
	for _, carried := range lambda.Functions() {
		f := inTemplate[carried.Name]
		f.Function = carried
		list = append(list, f)
	}
	return list
}

// FunctionNames lists the functions' short names.
func FunctionNames() []string {
	var names []string
	for _, f := range Functions() {
		names = append(names, f.Name)
	}
	return names
}

// FunctionNamed returns the function of a short name, and whether there is one.
func FunctionNamed(name string) (Function, bool) {
	all := Functions()
	i := slices.IndexFunc(all, func(f Function) bool { return f.Name == name })
	if i < 0 {
		return Function{}, false
	}
	return all[i], true
}

// CodeKey is where the artefact bucket keeps a zip.
func CodeKey(code lambda.Code) string {
	return fmt.Sprintf("code/%s-%s.zip", code.Function.Command, code.SHA256)
}

// CodeHash returns the SHA-256, in hex, that the key of a zip ends with: "code/syncplan-HASH.zip".
func CodeHash(key string) string {
	name := strings.TrimSuffix(path.Base(key), ".zip")
	if i := strings.LastIndexByte(name, '-'); i >= 0 {
		return name[i+1:]
	}
	return ""
}

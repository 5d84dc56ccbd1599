// Package awsaccount is an AWS account that exists in memory only, for tests of
// whatever changes a stage.
package awsaccount

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// Account is an AWS account with at most stage dev in it, as far as deploys
// look at it, for what neither the local cloud nor a fixed script can show:
// every state of the stack, and faults at every call. Operations on the stack
// take five seconds, which cost nothing in a synctest bubble.
//
// How CloudFormation behaves is from its user guide ("Stack status codes",
// "Delete a stack") and API reference; the wordings of its refusals are from
// public issues, named where they are used.
type Account struct {
	t  *testing.T
	mu sync.Mutex
	*awsfake.Fake

	Stacks     []*Stack // the last one has the name; those before are deleted
	Neighbours []*Stack // of other names, which nothing is done to
	ChangeSets map[string]*ChangeSet
	Buckets    map[string]map[string][]byte // bucket, key, body
	Versions   map[string][]Version         // of the objects, by bucket and key ("bucket/key"), oldest first
	Functions  map[string]*Function
	Pools      map[string]*Pool
	Tables     map[string]bool   // whether it is protected
	Records    map[string]string // of players, in the stack's table, by their ids
	Revisions  map[string]int64  // of the records, 1 where it is not said
	Items      map[string]Item   // what else is in the table, by hash and range key ("#forgotten key")
	Policies   map[string]string // of buckets
	Others     map[string]bool   // by name: API, roles and log groups
	// Measured is what CloudWatch has of each period asked for, in every statistic, by
	// namespace and name of the metric ("AWS/ApiGateway 5xx"). Of others it has no data.
	Measured map[string]float64
	Logged   map[string][]Line // by log group; others do not exist
	// Endpoint is what the configuration names in AWS's place, "" for AWS itself.
	Endpoint string
	// Caller is whose the credentials are, by account and ARN.
	Caller cloud.Identity

	Owners       map[string]string  // stacks of other stages, by the names of what belongs to them
	Players      int32              // of the stack's pool, as Cognito estimates
	Alarms       Alarms             // of a stage that has them
	Limits       Limits             // what bounds the account
	Unsafe       map[string]bool    // what somebody has switched off: "recovery", "versions", "private"
	Retention    map[string]int32   // days of log groups, where it is not the stack's 30
	Ahead        time.Duration      // how far AWS's clock is ahead of this computer's
	Directory    *Directory         // the accounts in the stack's pool
	RevertsDrift bool               // as the last change set was asked for
	Fails        string             // the operation that runs next fails at this resource …
	Reason       string             // … for this reason
	Skips        bool               // the deletion of a create that failed leaves what is protected, too
	Changes      []Change           // what the next change sets change, nil for what is different
	Stale        int                // how many looks still show an executed stack as it was before
	Refuses      string             // why the next change set cannot be made
	Created      map[string]int     // how many stacks and buckets were ever created
	Overwrote    []string           // keys of releases that were written twice
	Fault        func(string) Fault // by the call's name, as "S3-PutObject releases/000001.json"

	due    []func()       // what has happened in the background, in order
	at     []time.Time    // when
	names  map[any]string // calls by their inputs: all attempts of one have the same
	counts map[string]int
	order  []string // the names in the order of the calls
}

// Fault is what goes wrong with a call.
type Fault struct {
	Before error // answered in place of the service
	Lie    any   // an output, answered in place of the service, which does nothing
	After  error // arrives in place of the answer of a service that has done its work
}

// The account's number, and the region that the stage is in.
const ID, Region = "123456789012", "eu-west-1"

// New returns an account with nothing in it. The test is skipped where the
// program has no functions in it: nothing can be deployed then.
func New(t *testing.T) *Account {
	t.Helper()
	needZips(t)
	a := &Account{
		t: t, Fake: awsfake.New(t), ChangeSets: map[string]*ChangeSet{}, Buckets: map[string]map[string][]byte{}, Versions: map[string][]Version{},
		Functions: map[string]*Function{}, Pools: map[string]*Pool{}, Tables: map[string]bool{}, Policies: map[string]string{}, Others: map[string]bool{},
		Records: map[string]string{}, Revisions: map[string]int64{}, Items: map[string]Item{}, Measured: map[string]float64{}, Logged: map[string][]Line{},
		Caller:    cloud.Identity{Account: ID, ARN: "arn:aws:iam::" + ID + ":user/ann"},
		Directory: &Directory{}, Created: map[string]int{}, names: map[any]string{}, counts: map[string]int{},
	}
	a.Wrap(a.answer)
	a.cloudFormation()
	a.services()
	return a
}

// Config is the configuration of a program that works on the account, with the
// retries of the real one. Nothing is ever sent.
func (a *Account) Config(o cloud.Options) aws.Config {
	o.Region = Region
	cfg := cloud.Local("", o)
	cfg.BaseEndpoint = nil // as of AWS itself
	if a.Endpoint != "" {
		cfg.BaseEndpoint = &a.Endpoint
	}
	cfg.APIOptions = append(cfg.APIOptions, a.AddToAttempts)
	cfg.HTTPClient = clock{a.Wire(), a}
	return cfg
}

// Watch counts the calls anew, and returns what then names those since.
func (a *Account) Watch() func() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := len(a.order)
	clear(a.counts)
	return func() []string {
		a.mu.Lock()
		defer a.mu.Unlock()
		return slices.Clone(a.order[first:])
	}
}

// needZips skips a test of what only a program with the functions in it does.
func needZips(t *testing.T) {
	t.Helper()
	if _, err := lambda.Zip(lambda.Functions()[0], lambda.ARM64); err != nil {
		t.Skip("nothing can be deployed without the functions: ", err)
	}
}

// answer names a call, lets happen what was due, and answers it or fails.
func (a *Account) answer(c awsfake.Call, service func() (any, error)) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.catchUp()
	name, known := a.names[c.Input]
	if !known {
		name = strings.ReplaceAll(c.Service, " ", "-") + "-" + c.Operation + about(c.Input)
		if a.counts[name]++; a.counts[name] > 1 {
			name = fmt.Sprintf("%s #%d", name, a.counts[name])
		}
		a.names[c.Input] = name
		a.order = append(a.order, name)
	}
	var f Fault
	if a.Fault != nil {
		f = a.Fault(name)
	}
	if f.Before != nil || f.Lie != nil {
		return f.Lie, f.Before
	}
	out, err := service()
	if f.After != nil {
		return nil, f.After
	}
	return out, err
}

// about tells calls of the same operation apart: " releases/000001.json".
func about(input any) string {
	v := reflect.ValueOf(input).Elem()
	for _, field := range []string{"Key", "FunctionName", "RoleName", "MetricName", "LogGroupName"} {
		if f := v.FieldByName(field); f.Kind() == reflect.Pointer && !f.IsNil() {
			return " " + f.Elem().String()
		}
	}
	return ""
}

// Later lets something happen in the background.
func (a *Account) Later(d time.Duration, do func()) {
	a.due, a.at = append(a.due, do), append(a.at, time.Now().Add(d))
}

// Forget takes back what was to happen in the background.
func (a *Account) Forget() { a.due, a.at = nil, nil }

// catchUp lets happen what is due.
func (a *Account) catchUp() {
	for len(a.due) > 0 && !time.Now().Before(a.at[0]) {
		do := a.due[0]
		a.due, a.at = a.due[1:], a.at[1:]
		do()
	}
}

// body reads what is uploaded. An attempt that failed has read it before.
func body(t *testing.T, r io.Reader) []byte {
	if s, ok := r.(io.Seeker); ok {
		if _, err := s.Seek(0, io.SeekStart); err != nil {
			t.Error(err)
		}
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		t.Error(err)
	}
	return b.Bytes()
}

// Planned tells whether there is a change set that could be executed.
func (a *Account) Planned() bool {
	for _, cs := range a.ChangeSets {
		if cs.Stack == a.Current() && cs.Execution == "AVAILABLE" {
			return true
		}
	}
	return false
}

// Whole says what is wrong with the stage after a run that should have put it
// right: "" if it is deployed, once, with nothing beside it.
func (a *Account) Whole() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.catchUp()
	var wrong []string
	if s := a.Current(); s == nil || !s.Status.Updatable() {
		return "the stack is not deployed"
	}
	for name := range a.Functions {
		if f := a.Functions[name]; f.Hash == "" {
			wrong = append(wrong, name+" has no code")
		}
	}
	counts := map[string]int{"pools": len(a.Pools), "tables": len(a.Tables), "functions": len(a.Functions), "buckets": len(a.Buckets)}
	if want := map[string]int{"pools": 1, "tables": 1, "functions": 2, "buckets": 2}; !maps.Equal(counts, want) {
		wrong = append(wrong, fmt.Sprintf("there are %v, want %v", counts, want))
	}
	if a.Planned() {
		wrong = append(wrong, "a change set is left")
	}
	if len(a.Overwrote) > 0 {
		wrong = append(wrong, fmt.Sprintf("records were overwritten: %q", a.Overwrote))
	}
	for _, name := range parts() {
		if !a.Others[name] {
			wrong = append(wrong, name+" is missing")
		}
	}
	if pool := a.Pools[Physical(cfn.UserPool)]; pool == nil || !pool.Protected || !a.Tables[Physical(cfn.ManifestTable)] {
		wrong = append(wrong, "the pool or the table is not protected")
	}
	if p := a.Policies[Physical(cfn.SaveFilesBucket)]; p != savesPolicy {
		wrong = append(wrong, fmt.Sprintf("the policy of the bucket of saves is %q", p))
	}
	if p := a.Current().Policy; p != cfn.StackPolicy() {
		wrong = append(wrong, fmt.Sprintf("the stack policy is %q", p))
	}
	return strings.Join(wrong, "; ")
}

// Setting is the value of a setting that the stack has, "" without a stack.
func (a *Account) Setting(name string) string {
	if a.Current() == nil {
		return ""
	}
	for _, p := range a.Current().Parameters {
		if *p.ParameterKey == name {
			return *p.ParameterValue
		}
	}
	return "(none)"
}

package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
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

// awsAccount is an AWS account with at most stage dev in it, as far as deploys
// look at it, for what neither the local cloud nor a fixed script can show:
// every state of the stack, and faults at every call. Operations on the stack
// take five seconds, which cost nothing in a synctest bubble.
//
// How CloudFormation behaves is from its user guide ("Stack status codes",
// "Delete a stack") and API reference; the wordings of its refusals are from
// public issues, named where they are used.
type awsAccount struct {
	t  *testing.T
	mu sync.Mutex
	*awsfake.Fake

	stacks     []*fakeStack // the last one has the name; those before are deleted
	changeSets map[string]*changeSet
	buckets    map[string]map[string][]byte // bucket, key, body
	functions  map[string]*fakeFunction
	pools      map[string]*fakePool
	tables     map[string]bool // whether it is protected

	players      int32              // of the stack's pool
	revertsDrift bool               // as the last change set was asked for
	fails        string             // the operation that runs next fails at this resource …
	reason       string             // … for this reason
	changes      []fakeChange       // what the next change sets change, nil for what is different
	stale        int                // how many looks still show an executed stack as it was before
	refuses      string             // why the next change set cannot be made
	created      map[string]int     // how many stacks and buckets were ever created
	overwrote    []string           // keys of releases that were written twice
	due          []func()           // what has happened in the background, in order
	at           []time.Time        // when
	fault        func(string) fault // by the call's name, as "S3-PutObject releases/000001.json"
	names        map[any]string     // calls by their inputs: all attempts of one have the same
	counts       map[string]int
	order        []string // the names in the order of the calls
}

// fault is what goes wrong with a call.
type fault struct {
	before error // answered in place of the service
	after  error // arrives in place of the answer of a service that has done its work
}

const accountID, accountRegion = "123456789012", "eu-west-1"

func newAccount(t *testing.T) *awsAccount {
	t.Helper()
	needZips(t)
	a := &awsAccount{
		t: t, Fake: awsfake.New(t), changeSets: map[string]*changeSet{}, buckets: map[string]map[string][]byte{},
		functions: map[string]*fakeFunction{}, pools: map[string]*fakePool{}, tables: map[string]bool{},
		created: map[string]int{}, names: map[any]string{}, counts: map[string]int{},
	}
	a.Wrap(a.answer)
	a.cloudFormation()
	a.services()
	return a
}

// needZips skips a test of what only a program with the functions in it does.
func needZips(t *testing.T) {
	t.Helper()
	if _, err := lambda.Zip(lambda.Functions()[0], lambda.ARM64); err != nil {
		t.Skip("nothing can be deployed without the functions: ", err)
	}
}

// answer names a call, lets happen what was due, and answers it or fails.
func (a *awsAccount) answer(c awsfake.Call, service func() (any, error)) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	name, known := a.names[c.Input]
	if !known {
		name = strings.ReplaceAll(c.Service, " ", "-") + "-" + c.Operation + about(c.Input)
		if a.counts[name]++; a.counts[name] > 1 {
			name = fmt.Sprintf("%s #%d", name, a.counts[name])
		}
		a.names[c.Input] = name
		a.order = append(a.order, name)
	}
	var f fault
	if a.fault != nil {
		f = a.fault(name)
	}
	if f.before != nil {
		return nil, f.before
	}
	out, err := service()
	if f.after != nil {
		return nil, f.after
	}
	return out, err
}

// about tells calls of the same operation apart: " releases/000001.json".
func about(input any) string {
	v := reflect.ValueOf(input).Elem()
	for _, field := range []string{"Key", "FunctionName"} {
		if f := v.FieldByName(field); f.IsValid() && !f.IsNil() {
			return " " + f.Elem().String()
		}
	}
	return ""
}

// later lets something happen in the background.
func (a *awsAccount) later(d time.Duration, do func()) {
	a.due, a.at = append(a.due, do), append(a.at, time.Now().Add(d))
}

func (a *awsAccount) settle() {
	for len(a.due) > 0 && !time.Now().Before(a.at[0]) {
		do := a.due[0]
		a.due, a.at = a.due[1:], a.at[1:]
		do()
	}
}

// outcome is what a run of the program ended with.
type outcome struct {
	code           int
	stdout, stderr string
	calls          []string // by name
}

// writes are the operations that change something, in order.
func (o outcome) writes() []string {
	var list []string
	for _, name := range o.calls {
		_, operation, _ := strings.Cut(strings.Fields(name)[0], "-")
		operation = operation[strings.LastIndexByte(operation, '-')+1:]
		for _, reads := range []string{"Get", "Head", "Describe", "List"} {
			if strings.HasPrefix(operation, reads) {
				operation = ""
			}
		}
		if operation != "" {
			list = append(list, operation)
		}
	}
	return list
}

// changedNothing fails the test if a run has changed anything in AWS.
func (o outcome) changedNothing(t *testing.T) {
	t.Helper()
	if w := o.writes(); len(w) > 0 {
		t.Errorf("changed %q", w)
	}
}

// onStack are the operations on the stack that change something, in order: "20 CreateChangeSet".
func (o outcome) onStack() string {
	text := fmt.Sprint(o.code)
	for _, name := range (outcome{calls: o.calls}).writes() {
		if slices.Contains(o.calls, "CloudFormation-"+name) {
			text += " " + name
		}
	}
	return text
}

// run runs the program as somebody does who is not at a terminal.
func (a *awsAccount) run(args ...string) outcome { return a.runIn(a.t.Context(), nil, args...) }

func (a *awsAccount) runIn(ctx context.Context, environ map[string]string, args ...string) outcome {
	a.t.Helper()
	a.mu.Lock()
	first := len(a.order)
	clear(a.counts)
	a.mu.Unlock()
	dir := a.t.TempDir()
	file := func(name string) *os.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			a.t.Fatal(err)
		}
		return f
	}
	in, out, errs := file("in"), file("out"), file("err")
	defer in.Close()
	env := Env{
		Stdin: in, Stdout: out, Stderr: errs, Getenv: func(name string) string { return environ[name] },
		LoadAWS: func(_ context.Context, o cloud.Options) (aws.Config, error) {
			// Only what cloud.Load reads from the machine is missing; nothing is ever sent.
			o.Region = accountRegion
			cfg := cloud.Local("https://nowhere.invalid", o)
			cfg.APIOptions = append(cfg.APIOptions, a.AddToAttempts)
			return cfg, nil
		},
	}
	o := outcome{code: Run(ctx, env, args)}
	read := func(f *os.File) string {
		f.Close()
		text, err := os.ReadFile(f.Name())
		if err != nil {
			a.t.Fatal(err)
		}
		return string(text)
	}
	o.stdout, o.stderr = read(out), read(errs)
	a.mu.Lock()
	defer a.mu.Unlock()
	o.calls = slices.Clone(a.order[first:])
	return o
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

// deployed is an account with a stage that this program has deployed.
func deployed(t *testing.T) *awsAccount {
	t.Helper()
	a := newAccount(t)
	if o := a.run("deploy", "--yes"); o.code != 0 {
		t.Fatalf("the first deploy ended with %d:\n%s", o.code, o.stderr)
	}
	return a
}

// planned tells whether there is a change set that could be executed.
func (a *awsAccount) planned() bool {
	for _, cs := range a.changeSets {
		if cs.stack == a.current() && cs.execution == "AVAILABLE" {
			return true
		}
	}
	return false
}

// whole says what is wrong with the stage after a run that should have put it
// right: "" if it is deployed, once, with nothing beside it.
func (a *awsAccount) whole() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	var wrong []string
	if s := a.current(); s == nil || !s.status.Updatable() {
		return "the stack is not deployed"
	}
	for name := range a.functions {
		if f := a.functions[name]; f.hash == "" {
			wrong = append(wrong, name+" has no code")
		}
	}
	counts := map[string]int{"pools": len(a.pools), "tables": len(a.tables), "functions": len(a.functions), "buckets": len(a.buckets)}
	if want := map[string]int{"pools": 1, "tables": 1, "functions": 2, "buckets": 2}; !maps.Equal(counts, want) {
		wrong = append(wrong, fmt.Sprintf("there are %v, want %v", counts, want))
	}
	if a.planned() {
		wrong = append(wrong, "a change set is left")
	}
	if len(a.overwrote) > 0 {
		wrong = append(wrong, fmt.Sprintf("records were overwritten: %q", a.overwrote))
	}
	if p := a.current().policy; p != cfn.StackPolicy() {
		wrong = append(wrong, fmt.Sprintf("the stack policy is %q", p))
	}
	return strings.Join(wrong, "; ")
}

package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/support"
)

// awsAccount is an AWS account on which the program is run.
type awsAccount struct {
	*awsaccount.Account
	t      *testing.T
	stdin  string           // what is piped into the program
	stdout *os.File         // of the program; nil for one that is read
	kept   *support.Desk    // what is kept of players in other stores than the account, nil for none
	game   *awsaccount.Game // what games reach, nil for a test that has no use for it
}

func newAccount(t *testing.T) *awsAccount {
	t.Helper()
	return &awsAccount{Account: awsaccount.New(t), t: t}
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
		for _, reads := range []string{"Get", "Head", "Describe", "List", "Query", "Simulate", "Filter"} {
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
	calls := a.Watch()
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
	if _, err := in.WriteString(a.stdin); err != nil {
		a.t.Fatal(err)
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		a.t.Fatal(err)
	}
	env := Env{
		Stdin: in, Stdout: out, Stderr: errs, Getenv: func(name string) string { return environ[name] },
		LoadAWS: func(_ context.Context, o cloud.Options) (aws.Config, error) {
			// Only what cloud.Load reads from the machine is missing; nothing is ever sent.
			return a.Config(o), nil
		},
		OpenDesk: a.openDesk,
	}
	if a.stdout != nil {
		env.Stdout = a.stdout
	}
	if a.game != nil {
		env.GameTransport = a.game
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
	o.calls = calls()
	return o
}

// openDesk opens the account's desk, or the one over stores in memory if there is that.
func (a *awsAccount) openDesk(at *stage.Stage, st stack.Stack, account, by string) (*support.Desk, error) {
	if a.kept == nil {
		return support.Open(at, st, account, by)
	}
	desk, operator := *a.kept, *a.kept.Operator
	operator.By, desk.Operator = by, &operator
	return &desk, nil
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

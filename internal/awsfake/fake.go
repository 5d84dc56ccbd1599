// Package awsfake answers the calls of real SDK clients without a network, for
// tests of what the local cloud cannot do: throttling, missing permissions,
// stuck stacks, lost connections.
//
// A client made from a configuration with this package's middleware validates
// its input and then, in place of sending it, is given an answer. What comes
// after is the SDK's own, so errors reach the caller in their real shape. There
// are two ways to say the answers: [Fake], with Go functions, for the tests of
// one package; [Script], with a file of calls and answers, for the tests of the
// whole program.
package awsfake

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// Region is the region of [Fake.Config].
const Region = "eu-west-1"

// Call is a call that a client made.
type Call struct {
	Service   string // as the SDK calls it: "CloudFormation"
	Operation string // "DescribeStacks"
	Input     any    // a pointer to the operation's input
}

// String returns "CloudFormation DescribeStacks".
func (c Call) String() string { return c.Service + " " + c.Operation }

// Fake answers calls with functions. Its methods may be called from several
// goroutines, and so may the functions.
type Fake struct {
	t       testing.TB
	latency time.Duration
	hangs   string
	fault   func(c Call, answer func() (any, error)) (any, error)

	mu      sync.Mutex
	answers map[reflect.Type]func(any) (any, error)
	calls   []Call
}

// New returns a fake that has no answers yet. A call that it has no answer for
// fails the test.
func New(t testing.TB) *Fake {
	return &Fake{t: t, answers: map[reflect.Type]func(any) (any, error){}}
}

// On answers every call with an input of that type, and so one operation of one
// service. An error should be an [Error], [ErrLost] or one that the SDK makes.
// A later answer for the same operation replaces the earlier one.
func On[In, Out any](f *Fake, answer func(*In) (*Out, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[reflect.TypeFor[*In]()] = func(in any) (any, error) { return answer(in.(*In)) }
}

// SetLatency makes every call take that long. Inside of a synctest bubble it costs no real time.
func (f *Fake) SetLatency(d time.Duration) { f.latency = d }

// Hang makes calls of an operation ("DescribeTable") wait for an answer until their
// caller gives up.
func (f *Fake) Hang(operation string) { f.hangs = operation }

// Config returns a configuration whose clients this fake answers.
func (f *Fake) Config() aws.Config {
	return aws.Config{
		Region:      Region,
		Credentials: aws.AnonymousCredentials{},
		APIOptions:  []func(*middleware.Stack) error{f.AddTo},
	}
}

// Wrap puts a function around every answer: it may answer in its place, before
// it or after it, and so stand for faults of the way between. A call that the
// SDK tries again has the same Input, the pointer itself.
func (f *Fake) Wrap(fault func(c Call, answer func() (any, error)) (any, error)) { f.fault = fault }

// AddTo is an element of aws.Config.APIOptions. It goes last, so that the
// middleware of the configuration under test still sees each call.
func (f *Fake) AddTo(stack *middleware.Stack) error { return intercept(stack, f.answer) }

// AddToAttempts is AddTo for configurations whose retries are under test: each
// attempt of a call is answered, with all the pauses of the SDK between them.
// Inside of a synctest bubble these cost no real time.
func (f *Fake) AddToAttempts(stack *middleware.Stack) error {
	return interceptAttempts(stack, f.answer)
}

func (f *Fake) answer(ctx context.Context, c Call) (any, error) {
	f.mu.Lock()
	f.calls = append(f.calls, c)
	answer, ok := f.answers[reflect.TypeOf(c.Input)]
	f.mu.Unlock()
	if !ok {
		f.t.Errorf("awsfake: nobody answers %s %s", c, describe(c.Input))
		return nil, fmt.Errorf("awsfake: nobody answers %s", c)
	}
	if c.Operation == f.hangs {
		<-ctx.Done()
		return nil, &smithy.CanceledError{Err: ctx.Err()}
	}
	if err := pause(ctx, f.latency); err != nil {
		return nil, err
	}
	if f.fault != nil {
		return f.fault(c, func() (any, error) { return answer(c.Input) })
	}
	return answer(c.Input)
}

// Calls returns the calls so far, in the order in which they were made.
func (f *Fake) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Call(nil), f.calls...)
}

// Operations returns the names of the operations called so far: "DescribeStacks".
func (f *Fake) Operations() []string {
	var names []string
	for _, c := range f.Calls() {
		names = append(names, c.Operation)
	}
	return names
}

// Inputs returns the inputs of that type, in the order in which they were given.
func Inputs[In any](f *Fake) []*In {
	var list []*In
	for _, c := range f.Calls() {
		if in, ok := c.Input.(*In); ok {
			list = append(list, in)
		}
	}
	return list
}

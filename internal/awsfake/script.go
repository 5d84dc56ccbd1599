package awsfake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/smithy-go/middleware"
	"go.yaml.in/yaml/v3"
)

// Script answers calls from files. Each file is a YAML list of expected calls:
//
//	# AWS answers so while the stack does not exist (CloudFormation API reference, DescribeStacks).
//	- call: CloudFormation DescribeStacks
//	  in: {StackName: renpy-cloud-dev}
//	  error: {code: ValidationError, message: Stack with id renpy-cloud-dev does not exist}
//	- call: STS GetCallerIdentity
//	  out: {Account: "123456789012", Arn: "arn:aws:iam::123456789012:user/ann"}
//
// A call takes the first expectation of its operation that is not used up and
// whose `in`, where given, is part of its input. The order between different
// operations is free, since a program may make them at the same time. A call
// that nothing expects and an expectation that no call met are failures,
// reported by [Script.Err].
type Script struct {
	outputs func(service, operation string) (reflect.Type, error)

	mu       sync.Mutex
	expected []*expectation
	calls    []Call
	failures []error
}

// expectation is one element of a script's file, with one answer: out, error or
// lost. Names and shapes in and below `in` and `out` are those of the SDK's Go
// types. ${name} in a string stands for a variable.
type expectation struct {
	Call  string         `yaml:"call"`  // "CloudFormation DescribeStacks"
	In    map[string]any `yaml:"in"`    // part of the input
	Out   map[string]any `yaml:"out"`   // the output; nothing in it if left out
	Error *Error         `yaml:"error"` // the service says no
	Lost  bool           `yaml:"lost"`  // the connection breaks

	// Times is how often it is met: a number, once if empty; "any", never included.
	Times string `yaml:"times"`
	// Delay is how long the answer takes: "200ms".
	Delay time.Duration `yaml:"delay"`
	// Signal is sent to this process before the answer: "interrupt", "terminate"
	// or "kill". With After it is sent that long after the answer instead, when
	// the program has gone on, to a question perhaps.
	Signal string        `yaml:"signal"`
	After  time.Duration `yaml:"after"`

	file string
	left int // how often it may still be met
	any  bool
}

// Load reads a script. Clients are pointers to the SDK's clients that may be
// called, as (*cloudformation.Client)(nil): their methods tell the types of the
// answers. Vars are what ${name} in the files stands for.
func Load(vars map[string]string, files []string, clients ...any) (*Script, error) {
	s := &Script{outputs: outputsOf(clients)}
	for _, file := range files {
		if err := s.read(file, vars); err != nil {
			return nil, fmt.Errorf("awsfake: %s: %w", file, err)
		}
	}
	return s, nil
}

func (s *Script) read(file string, vars map[string]string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return err
	}
	if err := expand(&doc, vars); err != nil {
		return err
	}
	if text, err = yaml.Marshal(&doc); err != nil {
		return err
	}
	var list []*expectation
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&list); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for _, e := range list {
		e.file = file
		if err := e.check(s.outputs); err != nil {
			return err
		}
	}
	s.expected = append(s.expected, list...)
	return nil
}

// expand replaces ${name} in the strings of the document.
func expand(n *yaml.Node, vars map[string]string) error {
	if n.Kind == yaml.ScalarNode {
		before, rest, found := strings.Cut(n.Value, "${")
		for found {
			name, after, closed := strings.Cut(rest, "}")
			value, known := vars[name]
			if !closed || !known {
				return fmt.Errorf("line %d: ${%s} is not defined", n.Line, name)
			}
			var text string
			text, rest, found = strings.Cut(after, "${")
			before += value + text
		}
		n.Value = before
	}
	for _, child := range n.Content {
		if err := expand(child, vars); err != nil {
			return err
		}
	}
	return nil
}

// check finds mistakes in a script before it runs, so that they are not taken
// for the program's.
func (e *expectation) check(outputs func(service, operation string) (reflect.Type, error)) error {
	service, operation, ok := strings.Cut(e.Call, " ")
	if !ok {
		return fmt.Errorf("call %q is not a service and an operation", e.Call)
	}
	output, err := outputs(service, operation)
	if err != nil {
		return err
	}
	if _, err := e.answer(output); err != nil && e.Error == nil && !e.Lost {
		return fmt.Errorf("%s: %w", e.Call, err)
	}
	if e.Signal != "" && signals[e.Signal] == nil {
		return fmt.Errorf("%s: signal %q is not known", e.Call, e.Signal)
	}
	switch e.Times {
	case "":
		e.left = 1
	case "any":
		e.any = true
	default:
		if e.left, err = strconv.Atoi(e.Times); err != nil || e.left < 1 {
			return fmt.Errorf("%s: times %q is neither a number nor any", e.Call, e.Times)
		}
	}
	return nil
}

// answer makes the output, or the error.
func (e *expectation) answer(output reflect.Type) (any, error) {
	switch {
	case e.Error != nil:
		return nil, *e.Error
	case e.Lost:
		return nil, ErrLost
	}
	fields := maps.Clone(e.Out)
	body, isStream := fields["Body"].(string)
	item, hasItem := fields["Item"]
	for name, special := range map[string]bool{"Body": isStream, "Item": hasItem} { // what JSON does not tell the type of
		if special {
			delete(fields, name)
		}
	}
	out := reflect.New(output)
	if err := decode(fields, out.Interface()); err != nil {
		return nil, err
	}
	if isStream {
		out.Elem().FieldByName("Body").Set(reflect.ValueOf(io.NopCloser(strings.NewReader(body))))
	}
	if hasItem {
		var values map[string]value
		if err := decode(item, &values); err != nil {
			return nil, err
		}
		out.Elem().FieldByName("Item").Set(reflect.ValueOf(readValues(values)))
	}
	return out.Interface(), nil
}

// decode gives a part of a script the form of a Go value.
func decode(part, into any) error {
	text, err := json.Marshal(part)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// outputsOf returns a function that finds the type of an operation's output.
func outputsOf(clients []any) func(service, operation string) (reflect.Type, error) {
	return func(service, operation string) (reflect.Type, error) {
		// The service's SDK id is "Cognito Identity Provider" where the package is cognitoidentityprovider.
		name := strings.ToLower(strings.ReplaceAll(service, "-", ""))
		for _, client := range clients {
			t := reflect.TypeOf(client)
			path := t.Elem().PkgPath()
			if path[strings.LastIndexByte(path, '/')+1:] != name {
				continue
			}
			method, ok := t.MethodByName(operation)
			if !ok {
				return nil, fmt.Errorf("%s has no operation %s", service, operation)
			}
			return method.Type.Out(0).Elem(), nil
		}
		return nil, fmt.Errorf("there is no client of %s", service)
	}
}

// AddTo is an element of aws.Config.APIOptions, and goes last.
func (s *Script) AddTo(stack *middleware.Stack) error { return intercept(stack, s.answer) }

func (s *Script) answer(ctx context.Context, c Call) (any, error) {
	c.Service = strings.ReplaceAll(c.Service, " ", "-")
	e, err := s.take(c)
	if err != nil {
		return nil, err
	}
	if e.Signal != "" {
		if err := sendSelf(e.Signal, e.After); err != nil {
			return nil, err
		}
	}
	if err := pause(ctx, e.Delay); err != nil {
		return nil, err
	}
	output, err := s.outputs(c.Service, c.Operation)
	if err != nil {
		return nil, err
	}
	return e.answer(output)
}

// take finds the expectation that a call meets, and uses it.
func (s *Script) take(c Call) (*expectation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	var near []string
	for _, e := range s.expected {
		if e.Call != c.String() {
			continue
		}
		why := "it was met already"
		if e.any || e.left > 0 {
			if why = differs(e.In, c.Input); why == "" {
				e.left--
				return e, nil
			}
		}
		near = append(near, fmt.Sprintf("\n  not the one in %s: %s", e.file, why))
	}
	err := fmt.Errorf("awsfake: nothing expects %s %s%s", c, describe(c.Input), strings.Join(near, ""))
	s.failures = append(s.failures, err)
	return nil, asSDK(Error{Code: "NotInTheScript", Message: err.Error()}) // no reason to try again
}

// Calls returns the calls so far, in the order in which they were made.
func (s *Script) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// Err returns what went otherwise than the script says, nil if nothing did.
// It is asked when the program under test has ended.
func (s *Script) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	failures := s.failures
	for _, e := range s.expected {
		if !e.any && e.left > 0 {
			failures = append(failures, fmt.Errorf("awsfake: no call met %s in %s (%d left)", e.Call, e.file, e.left))
		}
	}
	return errors.Join(failures...)
}

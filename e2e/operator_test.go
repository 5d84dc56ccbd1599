//go:build e2e && (linux || darwin)

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// operator is somebody at a shell without a terminal.
type operator struct {
	env   []string // beside [environ]
	flags []string // on every command
}

// local works on the local cloud by --local, in its only account that games can reach.
var local = operator{flags: []string{"--local"}}

// throughEndpoint works on whatever is at url by the SDK's own means, in an account.
func throughEndpoint(url, account string) operator {
	return operator{env: []string{
		"AWS_ENDPOINT_URL=" + url, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=" + account, "AWS_SECRET_ACCESS_KEY=" + secret,
	}}
}

// publicAccount is the access key of the account that unsigned requests reach:
// MiniStack takes an access key of twelve digits for an account, any other for
// this one (core/responses.py).
const publicAccount = "test"

var accounts atomic.Int64

// newAccount returns the number of an account that nobody has used, and makes
// sure that nothing is left in it at the end.
func newAccount(t *testing.T) string {
	account := fmt.Sprintf("%012d", 100_000_000_000+accounts.Add(1))
	t.Cleanup(func() {
		if left := clients(account).inventory(t); len(left) > 0 && !t.Failed() {
			t.Errorf("left in the account:\n  %s", strings.Join(left, "\n  "))
		}
	})
	return account
}

// result is what a run of the program left.
type result struct {
	command     string
	out, stderr string
	code        int // -1 if it was killed
}

// run runs the program to its end.
func (o operator) run(t testing.TB, args ...string) result {
	t.Helper()
	cmd := o.command(args...)
	return o.finish(t, cmd, cmd.Start())
}

// runWith runs a command with something on its standard input.
func (o operator) runWith(t testing.TB, stdin string, args ...string) result {
	t.Helper()
	cmd := o.command(args...)
	cmd.Stdin = strings.NewReader(stdin)
	return o.finish(t, cmd, cmd.Start())
}

// command is the program, ready to start, with its streams caught.
func (o operator) command(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, slices.Concat(args, o.flags)...)
	cmd.Env = slices.Concat(environ, o.env)
	cmd.Stdout, cmd.Stderr = new(bytes.Buffer), new(bytes.Buffer)
	return cmd
}

// finish waits for a command of [operator.command] that was started.
func (o operator) finish(t testing.TB, cmd *exec.Cmd, err error) result {
	t.Helper()
	if err == nil {
		err = cmd.Wait()
	}
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	r := result{
		command: "renpyctl " + strings.Join(cmd.Args[1:], " "),
		out:     cmd.Stdout.(*bytes.Buffer).String(), stderr: cmd.Stderr.(*bytes.Buffer).String(),
		code: cmd.ProcessState.ExitCode(),
	}
	for _, sign := range []string{"panic:", "goroutine ", "DATA RACE"} {
		if strings.Contains(r.stderr, sign) {
			t.Fatalf("%s crashed:\n%s", r.command, r.stderr)
		}
	}
	return r
}

// exits fails the test unless the program ended with that code.
func (r result) exits(t testing.TB, code int) result {
	t.Helper()
	if r.code != code {
		t.Fatalf("%s: exit code %d, want %d\n%s%s", r.command, r.code, code, r.out, r.stderr)
	}
	return r
}

// says fails the test unless standard error has every text.
func (r result) says(t testing.TB, texts ...string) result {
	t.Helper()
	return r.has(t, "say", r.stderr, texts)
}

// prints fails the test unless standard output has every text.
func (r result) prints(t testing.TB, texts ...string) result {
	t.Helper()
	return r.has(t, "print", r.out, texts)
}

func (r result) has(t testing.TB, verb, stream string, texts []string) result {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(stream, text) {
			t.Errorf("%s does not %s %q:\n%s", r.command, verb, text, stream)
		}
	}
	return r
}

// json decodes standard output, which must hold one value and nothing else.
func (r result) json(t testing.TB, v any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(r.out))
	if err := dec.Decode(v); err != nil {
		t.Fatalf("%s: %v\n%s", r.command, err, r.out)
	}
	if dec.More() {
		t.Fatalf("%s prints more than one value:\n%s", r.command, r.out)
	}
}

// hostArch is what Lambda calls this computer's architecture. --local finds it
// by itself; an endpoint could be anything.
func hostArch() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

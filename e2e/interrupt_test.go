//go:build e2e && (linux || darwin)

package e2e

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestRemoveKilled kills the removal after each of its steps in turn, and runs
// it again: the end is the same each time.
func TestRemoveKilled(t *testing.T) {
	t.Parallel()
	remove := []string{"remove", "--stage", "killed", "--yes"}
	for i, step := range stepsOf(t, remove) {
		t.Run(fmt.Sprintf("%d %s", i, step), func(t *testing.T) {
			t.Parallel()
			account := newAccount(t)
			furnish(t, deployBy(t, throughEndpoint(endpoint, account), "killed"), account)
			killAfter(t, account, i, remove)
			again := throughEndpoint(endpoint, account).run(t, remove...)
			if again.code != 3 { // it was the last step
				again.exits(t, 0)
			}
		})
	}
}

// TestDeployKilled is the same for a first deploy. Another one brings it to its
// end, and nothing is there twice.
func TestDeployKilled(t *testing.T) {
	t.Parallel()
	deploy := []string{"deploy", "--stage", "killed", "--yes", "--arch", hostArch()}
	account := newAccount(t)
	by := throughEndpoint(endpoint, account)
	deployBy(t, by, "killed")
	whole := kinds(clients(account).inventory(t))
	by.run(t, "remove", "--stage", "killed", "--yes").exits(t, 0)

	for i, step := range stepsOf(t, deploy) {
		t.Run(fmt.Sprintf("%d %s", i, step), func(t *testing.T) {
			t.Parallel()
			account := newAccount(t)
			by := throughEndpoint(endpoint, account)
			killAfter(t, account, i, deploy)
			deployBy(t, by, "killed")
			if got := kinds(clients(account).inventory(t)); !slices.Equal(got, whole) {
				t.Errorf("there are %q, want %q", got, whole)
			}
			by.run(t, "deploy", "--stage", "killed", "--yes").exits(t, 0)
			by.run(t, "remove", "--stage", "killed", "--yes").exits(t, 0)
		})
	}
}

// kinds is an inventory without the names.
func kinds(inventory []string) []string {
	var list []string
	for _, entry := range inventory {
		kind, _, _ := strings.Cut(entry, " ")
		list = append(list, kind)
	}
	return list
}

// stepsOf runs a command once to its end and returns the calls by which it
// changes something.
func stepsOf(t *testing.T, command []string) []string {
	t.Helper()
	account := newAccount(t)
	by := throughEndpoint(endpoint, account)
	if command[0] == "remove" {
		furnish(t, deployBy(t, by, "killed"), account)
	}
	rec := record(t, nil)
	throughEndpoint(rec.URL, account).run(t, command...).exits(t, 0)
	if command[0] == "deploy" {
		by.run(t, "remove", "--stage", "killed", "--yes").exits(t, 0)
	}
	var steps []string
	for _, c := range rec.recorded() {
		if c.changes() {
			steps = append(steps, c.operation)
		}
	}
	return steps
}

// killAfter runs a command and kills it when the local cloud has carried out
// that many changes and one more, before the program hears of the last.
func killAfter(t *testing.T, account string, changes int, command []string) {
	t.Helper()
	var cmd *exec.Cmd
	var seen atomic.Int64
	started := make(chan struct{})
	rec := record(t, func(c call) bool {
		<-started
		if c.changes() && seen.Add(1) == int64(changes)+1 {
			cmd.Process.Kill()
		}
		return seen.Load() <= int64(changes)
	})
	o := throughEndpoint(rec.URL, account)
	cmd = o.command(command...)
	err := cmd.Start()
	close(started)
	if r := o.finish(t, cmd, err); r.code != -1 {
		t.Fatalf("%s ended with %d before it was killed\n%s", r.command, r.code, r.stderr)
	}
}

// TestInterrupted: Ctrl-C ends a removal in order, and it can be run again.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s := deployBy(t, throughEndpoint(endpoint, account), "interrupted")
	furnish(t, s, account)
	var cmd *exec.Cmd
	started := make(chan struct{})
	rec := record(t, func(c call) bool {
		<-started
		if c.operation == "DeleteObjects" {
			cmd.Process.Signal(syscall.SIGINT)
			select {
			case <-c.givenUp: // it has heard
			case <-time.After(10 * time.Second):
			}
		}
		return true
	})
	o := throughEndpoint(rec.URL, account)
	cmd = o.command("remove", "--stage", s.name, "--yes")
	err := cmd.Start()
	close(started)
	o.finish(t, cmd, err).exits(t, 130)
	if slices.ContainsFunc(rec.recorded(), func(c call) bool { return c.operation == "DeleteStack" }) {
		t.Error("it went on to delete the stack")
	}
	s.run(t, "remove", "--yes").exits(t, 0)
}

// TestAnswerLost: what was carried out without an answer is asked for again. A
// removal goes on as if nothing had been. The emulator knows no client tokens,
// by which AWS tells that a deploy asks for the same again; there it takes
// another deploy.
func TestAnswerLost(t *testing.T) {
	t.Parallel()
	for operation, inDeploy := range map[string]bool{
		"CreateChangeSet": true, "ExecuteChangeSet": true,
		"DeleteObjects": false, "DeleteStack": false, "DeleteTable": false, "DeleteUserPool": false,
	} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			account := newAccount(t)
			var lost atomic.Bool
			rec := record(t, func(c call) bool { return c.operation != operation || !lost.CompareAndSwap(false, true) })
			by := throughEndpoint(rec.URL, account)
			if inDeploy {
				by.run(t, "deploy", "--stage", "lost", "--yes", "--arch", hostArch())
			}
			s := deployBy(t, by, "lost")
			furnish(t, s, account)
			s.run(t, "remove", "--yes").exits(t, 0)
			if !lost.Load() {
				t.Errorf("there was no %s", operation)
			}
		})
	}
}

// TestConnectionLost: the network goes away for good in the middle.
func TestConnectionLost(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"UpdateTable", "DeleteStack"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			account := newAccount(t)
			s := deployBy(t, throughEndpoint(endpoint, account), "cut")
			furnish(t, s, account)
			var cut atomic.Bool
			rec := record(t, func(c call) bool {
				if c.operation == operation {
					cut.Store(true)
				}
				return !cut.Load()
			})
			r := throughEndpoint(rec.URL, account).run(t, "remove", "--stage", s.name, "--yes").exits(t, 1)
			if lines := strings.Count(r.stderr, "renpyctl: "); lines != 1 {
				t.Errorf("it says %d lines of errors:\n%s", lines, r.stderr)
			}
			s.run(t, "remove", "--yes").exits(t, 0)
		})
	}
}

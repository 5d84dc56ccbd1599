//go:build unix

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// closedPipe is a pipe whose reader has gone.
func closedPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	t.Cleanup(func() { w.Close() })
	return w
}

// A reader that goes away does not end the program on the spot, which would
// leave what it has made.
func TestNobodyReads(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = []string{"renpyctl", "version"} // see TestMain
	cmd.Stdout = closedPipe(t)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 100)
	n, _ := out.Read(said)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitNobodyReads || n > 0 {
		t.Errorf("ended with %s, and said %q", cmd.ProcessState, said[:n])
	}
}

// What was made for an answer that nobody reads is taken back.
func TestPlanThatNobodyReads(t *testing.T) {
	for what, prepare := range map[string]func(*testing.T) *awsAccount{"of a first deploy": newAccount, "of an update": deployed} {
		story(t, what, prepare, func(t *testing.T, a *awsAccount) {
			a.stdout = closedPipe(t)
			file := filepath.Join(t.TempDir(), "prod.plan")
			o := a.run("plan", "--set", "LogRetentionDays=90", "--out", file)
			o.wants(t, exitNobodyReads)
			if _, err := os.Stat(file); err == nil {
				t.Error("the file of a plan is left that was taken back")
			}
			o.lacks(t, "renpyctl: ")
			if a.Planned() || a.Current() != nil && a.Current().Status == stack.ReviewInProgress {
				t.Error("a change set is left")
			}
		})
	}
}

// Whoever ends a run may say so more than once.
func TestRunsEnd(t *testing.T) {
	ctx, stop := interruptible()
	stop()
	stop()
	if ctx.Err() == nil {
		t.Error("the run goes on")
	}
}

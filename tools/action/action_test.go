// Package action tests the scripts of action.yml, with programs in place of
// renpyctl and gh that write down how they were called.
package action

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// job is a job of GitHub Actions: a folder, and what its programs do.
type job struct {
	dir string
	env map[string]string
}

// newJob returns one in which renpyctl prints text and ends with a code.
func newJob(t *testing.T, printed, code string) *job {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the action is not for Windows")
	}
	j := &job{t.TempDir(), map[string]string{}}
	j.write(t, "printed", printed)
	j.program(t, "renpyctl", `printf '%s\n' "$@" >"$JOB/renpyctl.args"; cat "$JOB/printed"; exit `+code)
	j.program(t, "gh", `printf '%s\n' "$@" >>"$JOB/gh.args"
case "$*" in *--paginate*) cat "$JOB/comments" 2>/dev/null || true ;; esac`)
	j.env = map[string]string{
		"PATH": j.dir + ":" + os.Getenv("PATH"), "JOB": j.dir, "RUNNER_TEMP": j.dir, "RENPYCTL": j.dir + "/renpyctl",
		"GITHUB_OUTPUT": j.dir + "/output", "GITHUB_STEP_SUMMARY": j.dir + "/summary", "GITHUB_REPOSITORY": "studio/game",
		"STAGE": "prod", "ARGS": "", "PLAN": "", "COMMENT": "false", "PULL": "",
	}
	return j
}

func (j *job) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(j.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (j *job) program(t *testing.T, name, script string) {
	t.Helper()
	j.write(t, name, "#!/usr/bin/env bash\n"+script+"\n")
	if err := os.Chmod(filepath.Join(j.dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
}

// read returns a file of the job, "" if there is none.
func (j *job) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(j.dir, name))
	return string(text)
}

// run runs a script with NAME=VALUEs and returns its exit code.
func (j *job) run(t *testing.T, script string, vars ...string) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "./"+script)
	for name, value := range j.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, vars...)
	out, err := cmd.CombinedOutput()
	exit, failed := errors.AsType[*exec.ExitError](err)
	if err != nil && !failed {
		t.Fatal(err)
	}
	t.Logf("%s", out)
	if failed {
		return exit.ExitCode()
	}
	return 0
}

// A plan with changes succeeds, says so to the next step, and is shown in full
// and unfolded; what strangers wrote in it is text, not Markdown and no comment
// of the action's own.
func TestPlanIsShown(t *testing.T) {
	j := newJob(t, "Plan: update 1 resource\n```\n<details>\n<!-- renpyctl plan prod -->\n::error title=x::the program's own\n", "8")
	if code := j.run(t, "run.sh", "COMMAND=plan", "COMMENT=true", "PULL=7", "PLAN=my plan"); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if got, want := j.read("renpyctl.args"), "plan\n--stage\nprod\n--output\ntable\n--exit-code\n--out\nmy plan\n"; got != want {
		t.Errorf("renpyctl %q, want %q", got, want)
	}
	if got := j.read("output"); got != "changes=true\n" {
		t.Errorf("output %q", got)
	}
	const body = "<!-- renpyctl plan prod -->\n### Plan for `prod`\n\n    Plan: update 1 resource\n    ```\n    <details>\n    <!-- renpyctl plan prod -->\n"
	if got := j.read("summary"); got != body {
		t.Errorf("summary\n%s", got)
	}
	if got := j.read("gh.args"); !strings.Contains(got, "POST\nrepos/studio/game/issues/7/comments\n--raw-field\nbody="+body) {
		t.Errorf("gh was called with\n%s", got)
	}
	// The next push changes the comment that is there.
	j.write(t, "comments", "41\n42\n")
	j.run(t, "run.sh", "COMMAND=plan", "COMMENT=true", "PULL=7")
	if got := j.read("gh.args"); !strings.Contains(got, "PATCH\nrepos/studio/game/issues/comments/42\n") {
		t.Errorf("gh was called with\n%s", got)
	}
}

// The exit code of every command reaches the job, except that of a plan with changes.
func TestExitCodes(t *testing.T) {
	for _, test := range []struct{ command, code, changes string }{
		{"plan", "0", "false"}, {"plan", "5", "false"}, {"drift", "0", "false"}, {"drift", "8", "true"}, {"deploy", "7", "false"},
	} {
		j := newJob(t, "text\n", test.code)
		if code := j.run(t, "run.sh", "COMMAND="+test.command); code != int(test.code[0]-'0') {
			t.Errorf("%v: exit code %d", test, code)
		}
		if got := j.read("output"); got != "changes="+test.changes+"\n" {
			t.Errorf("%v: output %q", test, got)
		}
		if !strings.HasSuffix(j.read("summary"), "\n\n    text\n") || j.read("gh.args") != "" {
			t.Errorf("%v: summary %q, gh %q", test, j.read("summary"), j.read("gh.args"))
		}
	}
}

// Inputs are arguments, one a line, and never shell.
func TestInputsAreNoShell(t *testing.T) {
	j := newJob(t, "", "0")
	j.run(t, "run.sh", "COMMAND=deploy", "PLAN=$(touch owned)", "ARGS=--set\nEmailFrom=My Game <a@b.c>; touch owned\n\n*\n")
	want := "deploy\n--stage\nprod\n--yes\n--plan\n$(touch owned)\n--set\nEmailFrom=My Game <a@b.c>; touch owned\n*\n"
	if got := j.read("renpyctl.args"); got != want {
		t.Errorf("renpyctl %q, want %q", got, want)
	}
	for _, vars := range []string{"COMMAND=remove", "STAGE=a::b", "STAGE=--yes", "STAGE=a\nb", "STAGE="} {
		j := newJob(t, "", "0")
		if code := j.run(t, "run.sh", "COMMAND=plan", vars); code != 2 || j.read("renpyctl.args") != "" {
			t.Errorf("%q: exit code %d, renpyctl %q", vars, code, j.read("renpyctl.args"))
		}
	}
}

// Only a program that the release workflow has built is installed.
func TestInstallVerifies(t *testing.T) {
	for _, test := range []struct {
		version, verified string
		want              int
	}{
		{"v1.2.3", "0", 0}, {"v1.2.3", "1", 1}, {"main", "0", 2}, {"v1.2.3/../x", "0", 2},
	} {
		j := newJob(t, "", "0")
		j.program(t, "gh", `printf '%s\n' "$*" >>"$JOB/gh.args"
case "$1" in
release) cd "$JOB" && tar -czf renpyctl/renpyctl_1.2.3_linux_arm64.tar.gz --transform 's/printed/renpyctl/' printed ;;
attestation) exit `+test.verified+` ;;
esac`)
		if err := os.Remove(filepath.Join(j.dir, "renpyctl")); err != nil {
			t.Fatal(err)
		}
		code := j.run(t, "install.sh", "VERSION="+test.version, "RUNNER_OS=Linux", "RUNNER_ARCH=ARM64")
		_, err := os.Stat(filepath.Join(j.dir, "renpyctl", "renpyctl"))
		if code != test.want || (err == nil) != (test.want == 0) {
			t.Errorf("%v: exit code %d, %v", test, code, err)
		}
		if calls := j.read("gh.args"); test.want == 2 && calls != "" || test.want != 2 && !strings.Contains(calls, "--source-ref refs/tags/"+test.version) {
			t.Errorf("%v: gh %s", test, calls)
		}
	}
}

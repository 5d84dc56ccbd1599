//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/renpy-cloud/renpyctl/lambda"
)

// The operations that are compared, in the order in which a stage sees them.
const (
	firstDeploy    = "first deploy"
	noChanges      = "deploy without changes"
	info           = "info"
	codeUpdate     = "deploy of other code"
	rollback       = "rollback"
	functionUpdate = "deploy of one function"
	remove         = "remove"
)

// tool is a deploy tool as somebody at a shell uses it.
type tool interface {
	name() string

	// command is what to type for an operation, and words that it prints if it
	// has done that and nothing else.
	command(ctx context.Context, operation string) (cmd *exec.Cmd, says string, err error)
}

// renpyctl is this program in two versions that differ in the functions' code.
type renpyctl struct {
	binary, other string
	environ       []string
}

func (t renpyctl) name() string { return "renpyctl" }

func (t renpyctl) command(ctx context.Context, operation string) (*exec.Cmd, string, error) {
	binary, says := t.binary, ""
	var args []string
	switch operation {
	case firstDeploy:
		args, says = []string{"deploy", "--yes", "--arch", string(hostArch())}, "Deployed release 1 "
	case noChanges:
		args, says = []string{"deploy", "--yes"}, "Nothing to do"
	case info:
		args, says = []string{"info"}, "CREATE_COMPLETE"
	case codeUpdate:
		binary, args, says = t.other, []string{"deploy", "--yes"}, "Deployed release 2 "
	case rollback:
		args, says = []string{"rollback", "--yes"}, "Rolled back to release 1 "
	case functionUpdate:
		binary, args, says = t.other, []string{"deploy", "function", "syncPlan", "--yes"}, "Updated:"
	case remove:
		args, says = []string{"remove", "--yes"}, "Removed."
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = t.environ
	return cmd, says, nil
}

// osls is osls with serverless.yml, and the functions' code in two versions.
type osls struct {
	label      string
	program    string // JavaScript
	dir        string // where serverless.yml is
	zip, other string // of all functions
	environ    []string
}

func (t osls) name() string { return t.label }

func (t osls) command(ctx context.Context, operation string) (*exec.Cmd, string, error) {
	zip, says := t.zip, ""
	var args []string
	switch operation {
	case firstDeploy:
		args, says = []string{"deploy"}, "Service deployed"
	case noChanges:
		args, says = []string{"deploy"}, "No changes to deploy"
	case info:
		args, says = []string{"info"}, "endpoints:"
	case codeUpdate:
		zip, args, says = t.other, []string{"deploy"}, "Service deployed"
	case rollback:
		first, err := t.firstDeployment(ctx)
		if err != nil {
			return nil, "", err
		}
		args, says = []string{"rollback", "--timestamp", first}, "Service rolled back"
	case functionUpdate:
		zip, args, says = t.other, []string{"deploy", "function", "--function", "syncPlan"}, "Function code deployed"
	case remove:
		args, says = []string{"remove"}, "successfully removed"
	}
	return t.run(ctx, zip, args...), says, nil
}

func (t osls) run(ctx context.Context, zip string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "node", append([]string{t.program}, args...)...)
	cmd.Dir = t.dir
	cmd.Env = slices.Concat(t.environ, []string{"BENCH_ZIP=" + zip, "BENCH_ARCHITECTURE=" + string(hostArch())})
	return cmd
}

var deployment = regexp.MustCompile(`Timestamp: (\d+)`)

// firstDeployment is how osls calls the first deploy of those it can go back to.
func (t osls) firstDeployment(ctx context.Context) (timestamp string, err error) {
	output, err := t.run(ctx, t.zip, "deploy", "list").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("osls deploy list: %w\n%s", err, output)
	}
	match := deployment.FindSubmatch(output)
	if match == nil {
		return "", fmt.Errorf("osls deploy list names no deployment:\n%s", output)
	}
	return string(match[1]), nil
}

// hostArch is what this computer runs.
func hostArch() lambda.Arch {
	if runtime.GOARCH == "arm64" {
		return lambda.ARM64
	}
	return lambda.X8664
}

// environ is this environment with the cloud at endpoint and a home of its own,
// and without anybody's AWS account or settings of the tools.
func (b *bench) environ(endpoint string) []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AWS_") && !strings.HasPrefix(kv, "RENPYCTL_") && !strings.HasPrefix(kv, "SLS_") {
			env = append(env, kv)
		}
	}
	return append(env,
		"HOME="+filepath.Join(b.work, "home"),
		"AWS_ENDPOINT_URL="+endpoint, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY="+b.secret,
		"AWS_EC2_METADATA_DISABLED=true",
	)
}

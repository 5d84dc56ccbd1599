//go:build e2e && (linux || darwin)

package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestFirstDeployFails: somebody takes the user pool's domain between the plan
// and its execution. What was created by then is taken back.
func TestFirstDeployFails(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	by := throughEndpoint(endpoint, account)
	by.flags = []string{"--stage", "unlucky"}
	var free func()
	rec := record(t, func(c call) bool {
		if c.operation == "CreateChangeSet" {
			free = takeDomain(t, clients(account), "renpy-cloud-unlucky")
		}
		return true
	})
	unlucky := throughEndpoint(rec.URL, account)
	unlucky.flags = by.flags
	r := unlucky.run(t, "deploy", "--yes", "--arch", hostArch()).exits(t, 5)
	r.saysInOrder(t, "CognitoUserPoolDomain failed", "domain is taken", "AWS said: ", "Taken back: nothing is running.", "renpyctl: deploy unlucky", "hint: mend the cause")
	free()
	if got, want := clients(account).inventory(t), []string{"bucket renpyctl-unlucky-" + account + "-us-east-1"}; !slices.Equal(got, want) {
		t.Errorf("after the failure there is %q, want %q", got, want)
	}
	by.run(t, "info").exits(t, 3)

	s := deployBy(t, by, "unlucky")
	list := s.releases(t)
	if got, want := s.history(t), "2 deploy live, 1 deploy failed"; got != want || !strings.Contains(list[1].Outcome.Reason, "CognitoUserPoolDomain") {
		t.Errorf("the releases are %s, want %s: %+v", got, want, list)
	}
	s.run(t, "rollback", "1", "--yes").exits(t, 7)
	s.run(t, "remove", "--yes").exits(t, 0)
}

// takeDomain gives another user pool the domain that the stack would have, as
// the template makes it from the stack's id.
func takeDomain(t *testing.T, c sdk, stack string) (free func()) {
	ctx := t.Context()
	must := func(err error) {
		if err != nil {
			t.Errorf("take the domain: %v", err)
		}
	}
	found, err := c.cloudformation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	must(err)
	id := aws.ToString(found.Stacks[0].StackId)
	groups := strings.Split(id[strings.LastIndexByte(id, '/')+1:], "-")
	domain := "renpy-cloud-" + groups[0] + "-" + groups[4]
	pool, err := c.cognito.CreateUserPool(ctx, &idp.CreateUserPoolInput{PoolName: aws.String("of somebody else")})
	must(err)
	_, err = c.cognito.CreateUserPoolDomain(ctx, &idp.CreateUserPoolDomainInput{UserPoolId: pool.UserPool.Id, Domain: &domain})
	must(err)
	return func() {
		_, err := c.cognito.DeleteUserPoolDomain(ctx, &idp.DeleteUserPoolDomainInput{UserPoolId: pool.UserPool.Id, Domain: &domain})
		must(err)
		_, err = c.cognito.DeleteUserPool(ctx, &idp.DeleteUserPoolInput{UserPoolId: pool.UserPool.Id})
		must(err)
	}
}

// saysInOrder fails the test unless standard error has the texts, one after the other.
func (r result) saysInOrder(t *testing.T, texts ...string) {
	t.Helper()
	rest := r.stderr
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Errorf("%s does not say %q where it should:\n%s", r.command, text, r.stderr)
			return
		}
		rest = after
	}
}

// failedUpdate: somebody deletes the new code between the plan and its
// execution. The version before goes on serving.
func failedUpdate(t *testing.T, newer string) {
	s := deploy(t, "unlucky")
	p := s.player(t)
	home := p.device(t, time.Now(), map[string]string{"persistent": "mine"})
	home.sync(t, "persistent", "")
	old := s.code(t)

	rec := record(t, func(c call) bool {
		if c.operation == "CreateChangeSet" {
			deleteNewestCode(t, s.artefacts(), "code/syncplan-")
		}
		return true
	})
	by := throughEndpoint(rec.URL, publicAccount)
	by.flags = []string{"--stage", s.name}
	r := by.runBy(t, newer, "deploy", "--yes", "--set", "LogRetentionDays=7").exits(t, 5)
	r.saysInOrder(t, "SyncPlanLambdaFunction failed", "AWS said: ", "the version before still serves the players", "renpyctl: deploy unlucky")

	if code := s.code(t); !slices.Equal(code, old) {
		t.Errorf("after the failure the functions run %q, before %q", code, old)
	}
	home.save(t, time.Now(), "persistent", "mine, and more")
	home.sync(t, "persistent", "")
	if list := s.drift(t, 0); len(list) > 0 {
		t.Errorf("after the failure there differs %q", list)
	}
	s.upToDate(t)
	if got, want := s.history(t), "2 deploy failed, 1 deploy live"; got != want {
		t.Errorf("the releases are %s, want %s", got, want)
	}

	s.runBy(t, newer, "deploy", "--yes", "--set", "LogRetentionDays=7").exits(t, 0)
	home.save(t, time.Now(), "persistent", "mine, and still more")
	home.sync(t, "persistent", "")
	if s.newerAnswers(t) == 0 {
		t.Error("the newer code does not answer")
	}
}

// deleteNewestCode deletes the latest zip whose key begins so.
func deleteNewestCode(t *testing.T, bucket, prefix string) {
	c := clients(publicAccount).s3
	// The version, since the stack takes the code in exactly that.
	list, err := c.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &prefix})
	if err != nil || len(list.Versions) != 2 {
		t.Errorf("there is not the old and the new code: %v, %v", list, err)
		return
	}
	newest := list.Versions[0]
	if list.Versions[1].LastModified.After(*newest.LastModified) {
		newest = list.Versions[1]
	}
	if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: newest.Key, VersionId: newest.VersionId}); err != nil {
		t.Errorf("delete the new code: %v", err)
	}
}

// guard: a template that would replace what shipped games rely on is refused,
// by renpyctl and by the policy that it gave the stack.
func guard(t *testing.T, careless string) {
	account := newAccount(t)
	s := deployBy(t, throughEndpoint(endpoint, account), "guarded")
	policy := s.policyOfStack(t, account)
	for _, id := range []string{"CognitoUserPool", "CognitoUserPoolClient", "ManifestTable", "SaveFilesBucket", "HttpApi"} {
		if !strings.Contains(policy, `"LogicalResourceId/`+id+`"`) {
			t.Errorf("the stack's policy does not guard %s: %s", id, policy)
		}
	}

	var plan planJSON
	s.runBy(t, careless, "plan", "--exit-code", "--output", "json").exits(t, 8).json(t, &plan)
	if !slices.Contains(plan.Guarded, "CognitoUserPoolClient") {
		t.Errorf("the plan guards %q", plan.Guarded)
	}
	refused := s.runBy(t, careless, "deploy", "--yes").exits(t, 7)
	refused.says(t, "CognitoUserPoolClient")
	s.runBy(t, careless, "deploy", "--yes", "--allow-replace", "ManifestTable").exits(t, 7)
	s.runBy(t, careless, "deploy", "--yes", "--allow-replace", "SyncPlanRole").exits(t, 2)
	s.untouched(t, account)

	allow := []string{"deploy", "--yes"}
	for _, id := range plan.Guarded {
		allow = append(allow, "--allow-replace", id)
	}
	s.runBy(t, careless, allow...).exits(t, 0)
	var now info
	s.run(t, "info", "--output", "json").exits(t, 0).json(t, &now)
	if now.Outputs.CognitoAppClientId == s.info.Outputs.CognitoAppClientId || now.Outputs.CognitoUserPoolId != s.info.Outputs.CognitoUserPoolId {
		t.Errorf("what was allowed to be replaced: %+v, before %+v", now.Outputs, s.info.Outputs)
	}
	if after := s.policyOfStack(t, account); after != policy {
		t.Errorf("the stack's policy stays open: %s", after)
	}
	// Back is a replacement too.
	s.run(t, "rollback", "--yes").exits(t, 7).says(t, "CognitoUserPoolClient")
	s.run(t, "remove", "--yes").exits(t, 0)
}

func (s *stage) policyOfStack(t *testing.T, account string) string {
	t.Helper()
	out, err := clients(account).cloudformation.GetStackPolicy(t.Context(), &cloudformation.GetStackPolicyInput{StackName: &s.info.Stack.Name})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.StackPolicyBody)
}

// TestUpdateKilled kills a deploy over an existing stage after each of its
// steps in turn. The next one brings the stage there, and all releases are of use.
func TestUpdateKilled(t *testing.T) {
	t.Parallel()
	other := map[string]string{"x86_64": "arm64", "arm64": "x86_64"}[hostArch()] // has other code
	update := []string{"deploy", "--stage", "killed", "--yes", "--set", "LogRetentionDays=7", "--arch", other}
	account := newAccount(t)
	s := deployBy(t, throughEndpoint(endpoint, account), "killed")
	rec := record(t, nil)
	throughEndpoint(rec.URL, account).run(t, update...).exits(t, 0)
	s.run(t, "remove", "--yes").exits(t, 0)
	var steps []string
	for _, c := range rec.recorded() {
		if c.changes() {
			steps = append(steps, c.operation)
		}
	}
	for _, step := range []string{"PutObject", "CreateChangeSet", "SetStackPolicy", "ExecuteChangeSet"} {
		if !slices.Contains(steps, step) {
			t.Errorf("an update has no step %s, but %q", step, steps)
		}
	}

	for i, step := range steps {
		t.Run(fmt.Sprintf("%d %s", i, step), func(t *testing.T) {
			t.Parallel()
			account := newAccount(t)
			s := deployBy(t, throughEndpoint(endpoint, account), "killed")
			killAfter(t, account, i, update)
			throughEndpoint(endpoint, account).run(t, append(update, "--wait")...).exits(t, 0)
			s.run(t, "info", "--output", "json").exits(t, 0).json(t, &s.info)
			if arch := s.info.Functions[0].Architecture; arch != other {
				t.Errorf("the functions are for %s, want %s", arch, other)
			}
			if list := s.drift(t, 0); len(list) > 0 {
				t.Errorf("there differs %q", list)
			}
			s.upToDate(t)
			s.untouched(t, account)
			if got := s.history(t); !slices.Contains([]string{"2 deploy live, 1 deploy", "3 deploy live, 2 deploy unfinished, 1 deploy"}, got) {
				t.Errorf("the releases are %s", got)
			}
			s.run(t, "rollback", "--yes").exits(t, 0)
			s.run(t, "remove", "--yes").exits(t, 0)
		})
	}
}

// TestProtected: a stage that players rely on needs more than a slip of the hand.
func TestProtected(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s := deployBy(t, throughEndpoint(endpoint, account), "prod")
	c := clients(account).cloudformation
	found, err := c.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &s.info.Stack.Name})
	if err != nil {
		t.Fatal(err)
	}
	if !aws.ToBool(found.Stacks[0].EnableTerminationProtection) {
		t.Error("the stack can be deleted by anybody")
	}
	change := []string{"deploy", "--set", "LogRetentionDays=7"}
	s.run(t, change...).exits(t, 2)
	s.run(t, append(change, "--express", "--yes")...).exits(t, 2)
	for _, answer := range []string{"yes", "prd", ""} {
		s.onTerminal(t, answer, change...).exits(t, 1)
	}
	s.untouched(t, account)
	s.onTerminal(t, "prod", change...).exits(t, 0)

	for _, flags := range [][]string{{}, {"--yes"}, {"--yes", "--confirm", "dev"}} {
		s.run(t, append([]string{"remove"}, flags...)...).exits(t, 2)
	}
	s.run(t, "info").exits(t, 0)
	s.run(t, "remove", "--yes", "--confirm", "prod").exits(t, 0)
}

// onTerminal runs the program on a terminal of its own, where somebody answers
// the question for the stage's name. What the terminal showed is the result's
// standard error.
func (o operator) onTerminal(t *testing.T, answer string, args ...string) result {
	t.Helper()
	const terminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
	typed := o.command(args...)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "python3", slices.Concat([]string{"-c", terminal, binary}, typed.Args[1:])...)
	cmd.Env = append(typed.Env, "TERM=xterm")
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	shown := &screen{question: "Type the stage's name", answer: func() { fmt.Fprintln(input, answer) }}
	cmd.Stdout = shown
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return result{command: "renpyctl " + strings.Join(typed.Args[1:], " "), stderr: shown.text.String(), code: cmd.ProcessState.ExitCode()}
}

// screen collects what a terminal shows, and has a question answered once.
type screen struct {
	question string
	answer   func()
	once     sync.Once
	text     strings.Builder
}

func (s *screen) Write(p []byte) (int, error) {
	s.text.Write(p)
	if strings.Contains(s.text.String(), s.question) {
		s.once.Do(s.answer)
	}
	return len(p), nil
}

// TestInGitHub: a job's log folds and marks what matters, its record names the
// run, and a job that is cancelled leaves nothing that the next cannot handle.
func TestInGitHub(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	job := []string{"GITHUB_ACTIONS=true", "GITHUB_SERVER_URL=https://github.com", "GITHUB_REPOSITORY=ann/game", "GITHUB_RUN_ID=42", "CI=true"}
	in := func(url string) operator {
		o := throughEndpoint(url, account)
		o.env = append(o.env, job...)
		o.flags = []string{"--stage", "hub"}
		return o
	}
	by := in(endpoint)
	by.run(t, "deploy", "--arch", hostArch()).exits(t, 2).says(t, "::error ")
	r := by.run(t, "deploy", "--yes", "--arch", hostArch(), "--output", "json").exits(t, 0)
	var deployed info
	r.json(t, &deployed)
	if deployed.Stack.Status != "CREATE_COMPLETE" {
		t.Errorf("the deploy prints %+v", deployed)
	}
	r.saysInOrder(t, "Plan: create", "::group::stack events hub\n", "::endgroup::\n", "Deployed")
	if strings.Count(r.stderr, "::group::") != strings.Count(r.stderr, "::endgroup::") || strings.ContainsAny(r.stderr, "\x1b\r") {
		t.Errorf("the log is not for GitHub:\n%q", r.stderr)
	}
	s := &stage{operator: by, name: "hub", info: deployed}
	if ci, want := s.releases(t)[0].CI, "https://github.com/ann/game/actions/runs/42"; ci != want {
		t.Errorf("the release names the run %q, want %q", ci, want)
	}

	for operation, days := range map[string]string{"CreateChangeSet": "7", "ExecuteChangeSet": "14"} {
		change := []string{"deploy", "--yes", "--set", "LogRetentionDays=" + days}
		cancelAt(t, in, operation, change...).exits(t, 130)
		s.run(t, append(change, "--wait")...).exits(t, 0)
		s.upToDate(t)
		if newest, _, _ := strings.Cut(s.history(t), ","); !strings.HasSuffix(newest, " deploy live") {
			t.Errorf("after the cancellation at %s the newest release is %s", operation, newest)
		}
	}
	s.run(t, "remove", "--yes").exits(t, 0)
}

// cancelAt runs a command and ends it, as CI does with a job, when it asks for that operation.
func cancelAt(t *testing.T, by func(url string) operator, operation string, command ...string) result {
	t.Helper()
	var cmd *exec.Cmd
	started := make(chan struct{})
	rec := record(t, func(c call) bool {
		<-started
		if c.operation == operation {
			cmd.Process.Signal(syscall.SIGTERM)
			select {
			case <-c.givenUp: // it has heard
			case <-time.After(10 * time.Second):
			}
		}
		return true
	})
	o := by(rec.URL)
	cmd = o.command(command...)
	err := cmd.Start()
	close(started)
	return o.finish(t, cmd, err)
}

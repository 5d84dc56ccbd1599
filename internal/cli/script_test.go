package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	lambdaapi "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/release"
	"github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/support"
	"github.com/renpy-cloud/renpyctl/lambda"
)

// The scripts below testdata/script run the whole program, each command line in
// a process of its own, without a network. Besides testscript's own commands
// they have
//
//	aws FILE...              what AWS answers from now on: awsfake scripts, of this script or of testdata/aws
//	exits CODE renpyctl ARGS run it and check the exit code, and that AWS was called as its script says
//	called SERVICE-OPERATION... the last run made these calls in this order, perhaps with others between
//	oneline stderr           the last run's standard error is one line, perhaps with hints
//
// and the condition [zips]: the Lambda functions are built in. With -update,
// `cmp` writes what the program printed into the script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setupScript,
		Condition:           condition,
		UpdateScripts:       *update,
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"aws": cmdAWS, "exits": cmdExits, "called": cmdCalled, "oneline": cmdOneLine,
		},
	})
}

var update = flag.Bool("update", false, "write what the program prints into the scripts")

func TestMain(m *testing.M) {
	if signal.Ignored(syscall.SIGHUP) { // under nohup, which the program under test would inherit
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	testscript.Main(m, map[string]func(){"renpyctl": renpyctl})
}

// The variables by which scripts speak to the program under test.
const (
	answersVar = "TEST_AWS"   // the awsfake scripts, separated as in PATH
	callsVar   = "TEST_CALLS" // the file that takes the calls
)

// exitScript is the exit code for calls to AWS that the script did not foresee.
const exitScript = 99

// renpyctl is main with scripted answers in place of AWS. Where a script gives
// none it has the real configuration, of which [setupScript] leaves nothing
// that leads anywhere.
func renpyctl() {
	ctx, stop := interruptible()
	defer stop()
	env := Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ(), TypedAhead: true, CacheDir: os.UserCacheDir,
		LoadAWS: func(ctx context.Context, o cloud.Options) (aws.Config, error) {
			cfg, err := cloud.Load(ctx, o)
			cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} } // its pauses are real
			return cfg, err
		},
		OpenDesk: support.Open,
	}
	files := os.Getenv(answersVar)
	if files == "" {
		os.Exit(Run(ctx, env, os.Args[1:]))
	}
	script, err := awsfake.Load(scriptVars(), filepath.SplitList(files),
		(*cloudformation.Client)(nil), (*cw.Client)(nil), (*cwl.Client)(nil), (*idp.Client)(nil), (*dynamodb.Client)(nil),
		(*lambdaapi.Client)(nil), (*s3.Client)(nil), (*sts.Client)(nil), (*apigatewayv2.Client)(nil), (*iam.Client)(nil))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitScript)
	}
	env.LoadAWS = func(ctx context.Context, o cloud.Options) (aws.Config, error) {
		cfg, err := cloud.Load(ctx, o)
		cfg.APIOptions = append(cfg.APIOptions, script.AddTo)
		cfg.HTTPClient = script.Wire()
		return cfg, err
	}
	code := Run(ctx, env, os.Args[1:])
	if err := errors.Join(script.Err(), writeCalls(script.Calls())); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = exitScript
	}
	os.Exit(code)
}

func writeCalls(calls []awsfake.Call) error {
	var text strings.Builder
	for _, c := range calls {
		text.WriteString(c.Service + "-" + c.Operation + "\n")
	}
	return os.WriteFile(os.Getenv(callsVar), []byte(text.String()), 0o600)
}

// scriptVars are the ${names} in awsfake scripts: what depends on the build.
func scriptVars() map[string]string {
	vars := map[string]string{
		"template": cfn.Template(), "templateKey": release.TemplateKey(cfn.TemplateSHA256()),
		"templateSha256": lambda.CodeSha256(cfn.TemplateSHA256()), "stackPolicy": cfn.StackPolicy(),
	}
	for _, f := range lambda.Functions() {
		code, err := lambda.Zip(f, lambda.ARM64)
		if err != nil { // any code does for scripts that do not deploy
			code = lambda.NewCode(f, lambda.ARM64, []byte(f.Name))
		}
		vars[f.Name+"Key"], vars[f.Name+"Sha256"] = stage.CodeKey(code), lambda.CodeSha256(code.SHA256)
	}
	return vars
}

func setupScript(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	// For ttyin: someone who has typed something and not yet pressed Enter.
	if err := os.WriteFile(filepath.Join(env.WorkDir, "half-typed"), []byte("y"), 0o600); err != nil {
		return err
	}
	strange := httptest.NewTLSServer(http.NotFoundHandler()) // whose certificate nobody trusts
	strange.Config.ErrorLog = log.New(io.Discard, "", 0)
	env.Defer(strange.Close)
	free, taken, err := ports(env)
	if err != nil {
		return err
	}
	bin, _, _ := strings.Cut(env.Getenv("PATH"), string(filepath.ListSeparator)) // only the program under test
	for _, kv := range []string{
		"HOME=" + home, "XDG_CACHE_HOME=" + filepath.Join(home, ".cache"), "PATH=" + bin, "TZ=UTC",
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=not-a-secret",
		"AWS_EC2_METADATA_DISABLED=true",
		// Should anything ever be sent, it is refused on this computer.
		"AWS_ENDPOINT_URL=http://127.0.0.1:1",
		callsVar + "=" + filepath.Join(env.WorkDir, "calls"),
		"RENPYCTL_LOCAL_PORT=" + free, "TAKEN_PORT=" + taken, "UNTRUSTED_URL=" + strange.URL,
	} {
		name, value, _ := strings.Cut(kv, "=")
		env.Setenv(name, value)
	}
	return nil
}

// ports returns a port of this computer that is free, and one that something
// listens on which is no MiniStack.
func ports(env *testscript.Env) (free, taken string, err error) {
	listen := func() (net.Listener, string, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, "", err
		}
		_, port, err := net.SplitHostPort(l.Addr().String())
		return l, port, err
	}
	other, taken, err := listen()
	if err != nil {
		return "", "", err
	}
	go http.Serve(other, http.NotFoundHandler())
	env.Defer(func() { other.Close() })
	l, free, err := listen()
	if err != nil {
		return "", "", err
	}
	return free, taken, l.Close()
}

func condition(name string) (bool, error) {
	if name != "zips" {
		return false, fmt.Errorf("there is no condition %q", name)
	}
	_, err := lambda.Zip(lambda.Functions()[0], lambda.ARM64)
	return err == nil, nil
}

func cmdAWS(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: aws FILE...")
	}
	shared, err := filepath.Abs(filepath.Join("testdata", "aws"))
	ts.Check(err)
	for i, name := range args {
		args[i] = ts.MkAbs(name)
		if _, err := os.Stat(args[i]); errors.Is(err, os.ErrNotExist) {
			args[i] = filepath.Join(shared, name)
		}
	}
	ts.Setenv(answersVar, strings.Join(args, string(filepath.ListSeparator)))
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

func cmdCalled(ts *testscript.TestScript, neg bool, args []string) {
	calls := strings.Fields(ts.ReadFile("calls"))
	if neg {
		for _, name := range args {
			if slices.Contains(calls, name) {
				ts.Fatalf("%s was called:\n%s", name, strings.Join(calls, "\n"))
			}
		}
		return
	}
	rest := calls
	for _, name := range args {
		i := slices.Index(rest, name)
		if i < 0 {
			ts.Fatalf("no %s, or not in this order; the calls were\n%s", name, strings.Join(calls, "\n"))
		}
		rest = rest[i+1:]
	}
}

// cmdOneLine holds errors to one line of the program's own, beside hints.
func cmdOneLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: oneline stderr")
	}
	lines := 0
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if !strings.HasPrefix(line, "hint: ") {
			lines++
		}
	}
	if lines != 1 {
		ts.Fatalf("%d lines besides hints, want 1:\n%s", lines, ts.ReadFile(args[0]))
	}
}

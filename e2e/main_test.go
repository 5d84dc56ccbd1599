//go:build e2e

// Package e2e plays the whole way for real: the built program deploys to a
// local cloud, players sign up and sync by the wire contract of shipped games,
// operators look, and everything is taken down again.
//
//	go test -tags e2e ./e2e/...
//
// The program is RENPYCTL_BIN, or built anew. The local cloud is installed below
// RENPYCTL_E2E_DIR, which later runs use again, or below a folder that goes with
// the run. Each run has a cloud of its own on a free port, and all tests share it:
//
//   - Whoever plays does so in the cloud's only public account, on a stage with
//     a name of its own ([local]).
//   - Whoever only operates has an account of its own ([newAccount]), which must
//     be empty in the end.
package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// What TestMain has set up for all tests.
var (
	binary   string   // the program under test
	endpoint string   // of the local cloud: "http://127.0.0.1:45001"
	stateDir string   // where the local cloud keeps what it remembers
	environ  []string // for the program
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	work, err := os.MkdirTemp("", "renpyctl-e2e-")
	if err != nil {
		return failed(err)
	}
	defer os.RemoveAll(work)
	if binary, err = program(work); err != nil {
		return failed(err)
	}
	dir := os.Getenv("RENPYCTL_E2E_DIR")
	if dir == "" {
		dir = filepath.Join(work, "cloud")
	}
	port, err := freePort()
	if err != nil {
		return failed(err)
	}
	endpoint = "http://127.0.0.1:" + strconv.Itoa(port)
	stateDir = filepath.Join(dir, strconv.Itoa(port))
	environ = programEnviron(dir, port)

	if err := localCloud("up"); err != nil {
		return failed(err)
	}
	defer func() {
		if err := localCloud("reset", "--yes"); err != nil {
			code = failed(err)
		}
		if code == 0 {
			os.RemoveAll(stateDir)
			return
		}
		fmt.Fprintln(os.Stderr, "the local cloud's log:", filepath.Join(stateDir, "ministack.log"))
	}()
	return m.Run()
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "e2e:", err)
	return 1
}

// program returns the program under test, built if need be.
func program(work string) (string, error) {
	if path := os.Getenv("RENPYCTL_BIN"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(work, "renpyctl")
	if out, err := exec.Command("go", "build", "-o", path, "../cmd/renpyctl").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// programEnviron is this environment with a local cloud and without anybody's
// AWS account.
func programEnviron(dir string, port int) []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AWS_") && !strings.HasPrefix(kv, "RENPYCTL_") {
			env = append(env, kv)
		}
	}
	return append(env,
		"RENPYCTL_LOCAL_DIR="+dir, "RENPYCTL_LOCAL_PORT="+strconv.Itoa(port),
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
	)
}

func localCloud(args ...string) error {
	cmd := exec.Command(binary, append([]string{"local"}, args...)...)
	cmd.Env = environ
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("renpyctl local %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

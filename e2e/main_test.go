//go:build e2e && (linux || darwin)

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
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// What TestMain has set up for all tests.
var (
	binary   string   // the program under test
	endpoint string   // of the local cloud: "http://127.0.0.1:45001"
	stateDir string   // where the local cloud keeps what it remembers
	secret   string   // that calls to it are signed with, by whatever access key
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

	if out, err := localCloud("up").CombinedOutput(); err != nil {
		return failed(fmt.Errorf("start the local cloud: %w\n%s", err, out))
	}
	key, err := os.ReadFile(filepath.Join(stateDir, "secret"))
	if err != nil {
		return failed(err)
	}
	secret = string(key)
	reset, err := resetAtEnd()
	if err != nil {
		return failed(err)
	}
	defer func() {
		if err := reset(); err != nil {
			code = failed(err)
		}
		if code != 0 {
			fmt.Fprintln(os.Stderr, "the local cloud's log:", filepath.Join(stateDir, "ministack.log"))
			return
		}
		os.RemoveAll(stateDir)
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

func localCloud(command string, flags ...string) *exec.Cmd {
	cmd := exec.Command(binary, append([]string{"local", command}, flags...)...)
	cmd.Env = environ
	return cmd
}

// resetAtEnd sees to it that the local cloud is stopped and emptied when this
// process ends, however it does: nothing deferred runs when a test takes too
// long or at Ctrl-C. A shell waits for the end of its input, which comes in any case.
func resetAtEnd() (now func() error, err error) {
	cmd := localCloud("reset", "--yes")
	cmd.Args = append([]string{"sh", "-c", `cat; exec "$0" "$@"`}, cmd.Args...)
	cmd.Path = "/bin/sh"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() error {
		input.Close()
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("reset the local cloud: %w\n%s", err, out.String())
		}
		return nil
	}, nil
}

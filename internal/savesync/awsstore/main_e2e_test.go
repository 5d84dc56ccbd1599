//go:build e2e

package awsstore_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/local"
)

// endpoint is where the local cloud answers: the one that RENPYCTL_E2E_ENDPOINT
// names, or one of the tests' own, installed below RENPYCTL_E2E_DIR as e2e has it;
// accessSecret is what calls to it are signed with.
var endpoint, accessSecret string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	endpoint, accessSecret = os.Getenv("RENPYCTL_E2E_ENDPOINT"), "test"
	if endpoint == "" {
		down, err := up()
		if err != nil {
			fmt.Fprintln(os.Stderr, "awsstore: start a local cloud:", err)
			return 1
		}
		defer down()
	}
	return m.Run()
}

// up starts a local cloud on a free port.
func up() (down func(), err error) {
	ctx := context.Background()
	work, err := os.MkdirTemp("", "renpyctl-awsstore-")
	if err != nil {
		return nil, err
	}
	dir := os.Getenv("RENPYCTL_E2E_DIR")
	if dir == "" {
		dir = filepath.Join(work, "cloud")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, err
	}
	cloud, err := local.New(local.Config{Dir: dir, Port: port})
	if err != nil {
		return nil, err
	}
	if _, err := cloud.Up(ctx, func(string) {}); err != nil {
		return nil, err
	}
	if accessSecret, err = cloud.Secret(); err != nil {
		return nil, err
	}
	endpoint = cloud.Endpoint()
	return func() {
		_, _ = cloud.Down(ctx)
		_ = os.RemoveAll(filepath.Join(dir, fmt.Sprint(port)))
		_ = os.RemoveAll(work)
	}, nil
}

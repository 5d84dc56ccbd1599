//go:build e2e && (linux || darwin)

package e2e

import (
	"os/exec"
	"sync"
	"syscall"
	"testing"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// smokeAnswer is the JSON of `smoke`.
type smokeAnswer struct {
	Verdict string
	Steps   []struct{ Step string }
	Swept   int
	Left    []string
}

// accounts counts the accounts in the stage's pool, whoever made them.
func (s *stage) accounts(t *testing.T) int {
	t.Helper()
	users, err := clients(publicAccount).cognito.ListUsers(t.Context(), &idp.ListUsersInput{UserPoolId: &s.info.Outputs.CognitoUserPoolId})
	if err != nil {
		t.Fatal(err)
	}
	return len(users.Users)
}

// nothingIsLeft fails the test unless the stage holds nothing of any player.
func (s *stage) nothingIsLeft(t *testing.T) {
	t.Helper()
	items, err := clients(publicAccount).dynamodb.Scan(t.Context(), &dynamodb.ScanInput{TableName: &s.info.Outputs.ManifestTableName})
	if err != nil {
		t.Fatal(err)
	}
	versions := clients(publicAccount).versions(t, s.info.Outputs.SaveFilesBucketName)
	if n := s.accounts(t); n+len(items.Items)+len(versions) > 0 {
		t.Errorf("left are %d accounts, items %v, versions %v", n, items.Items, versions)
	}
}

// signalAt runs a test and sends it a signal when the local cloud has carried out an
// operation, before the program hears of it. It returns the exit code.
func (s *stage) signalAt(t *testing.T, operation string, signal syscall.Signal) int {
	t.Helper()
	var cmd *exec.Cmd
	var once sync.Once
	started := make(chan struct{})
	rec := record(t, func(c call) bool {
		<-started
		if c.operation == operation {
			once.Do(func() { cmd.Process.Signal(signal) })
		}
		return true
	})
	o := throughEndpoint(rec.URL, publicAccount)
	cmd = o.command("smoke", "--stage", s.name)
	err := cmd.Start()
	close(started)
	return o.finish(t, cmd, err).code
}

// TestSmoke: a save travels, and of whoever sent it nothing is left, also after Ctrl-C
// and when several try at once.
func TestSmoke(t *testing.T) {
	t.Parallel()
	s := deploy(t, "smoke", "--set", "GameIds=first_game,other_game")

	t.Run("well", func(t *testing.T) {
		var a smokeAnswer
		s.run(t, "smoke", "--output", "json").exits(t, 0).json(t, &a)
		if a.Verdict != "well" || len(a.Steps) != 9 || len(a.Left) > 0 {
			t.Errorf("%+v", a)
		}
		s.nothingIsLeft(t)
	})
	t.Run("several at once", func(t *testing.T) {
		codes := make(chan int)
		for range 3 {
			go func() { codes <- s.run(t, "smoke").code }()
		}
		for range 3 {
			if code := <-codes; code != 0 {
				t.Errorf("exit code %d", code)
			}
		}
		s.nothingIsLeft(t)
	})
	for operation, want := range map[string]int{"AdminCreateUser": 130, "InitiateAuth": 130, "DeleteObjects": 0} { // when the save has arrived
		t.Run("interrupted at "+operation, func(t *testing.T) {
			if code := s.signalAt(t, operation, syscall.SIGINT); code != want {
				t.Errorf("exit code %d, want %d", code, want)
			}
			s.nothingIsLeft(t)
		})
	}
	t.Run("killed", func(t *testing.T) {
		s.signalAt(t, "InitiateAuth", syscall.SIGKILL)
		s.run(t, "users", "list").exits(t, 0).says(t, "Nobody has signed up yet.")
		// It is too young for being swept: its test might still be at work.
		var a smokeAnswer
		s.run(t, "smoke", "--output", "json").exits(t, 0).json(t, &a)
		if n := s.accounts(t); a.Swept != 0 || n != 1 {
			t.Errorf("%+v, and %d accounts", a, n)
		}
	})
	t.Run("broken", func(t *testing.T) {
		swapCode(t, endpoint, s) // of syncPlan
		var a smokeAnswer
		s.run(t, "smoke", "--output", "json").exits(t, 8).json(t, &a)
		if n := len(a.Steps); a.Verdict != "failed" || n < 2 || a.Steps[n-2].Step != "plan" {
			t.Errorf("%+v", a)
		}
	})
}

// TestDeploySmoke: a release with which no save fits is taken back by itself; a first
// one stays.
func TestDeploySmoke(t *testing.T) {
	t.Parallel()
	s := deploy(t, "tried")
	var live info
	s.run(t, "deploy", "--yes", "--smoke", "--set", "MaxFileBytes=1024", "--output", "json").exits(t, 5).
		says(t, "release 2 was taken back", "a save travels again").json(t, &live)
	if live.Stack.Status != "UPDATE_COMPLETE" {
		t.Errorf("the stack is %s", live.Stack.Status)
	}
	s.run(t, "releases").exits(t, 0).prints(t, "live\t3\t")
	s.run(t, "smoke").exits(t, 0)
	s.nothingIsLeft(t)
	s.run(t, "deploy", "--yes", "--smoke", "--set", "LogRetentionDays=90").exits(t, 0)

	first := local
	first.flags = append([]string{"--stage", "tried-first"}, local.flags...)
	t.Cleanup(func() { first.run(t, "remove", "--yes").exits(t, 0) })
	first.run(t, "deploy", "--yes", "--smoke", "--arch", hostArch(), "--set", "MaxFileBytes=1024").exits(t, 8).says(t, "release 1 stays")
	first.run(t, "info").exits(t, 0)
}

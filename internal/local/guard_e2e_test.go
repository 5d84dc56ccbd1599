//go:build e2e && (linux || darwin)

package local

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// TestGuard asks the real MiniStack for things as all kinds of callers.
func TestGuard(t *testing.T) {
	c := newReal(t, realDir(t))
	up(t, c)
	fill(t, c)
	ours := "http://localhost:8042" // a web build
	if err := c.AllowOrigins(t.Context(), []string{ours}); err != nil {
		t.Fatal(err)
	}
	presign := s3.NewPresignClient(clients(c, "test").s3)
	get, err := presign.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")})
	if err != nil {
		t.Fatal(err)
	}
	object := strings.TrimPrefix(get.URL, c.Endpoint())
	const (
		target   = "X-Amz-Target"
		cognito  = "AWSCognitoIdentityProviderService."
		listing  = "DynamoDB_20120810.ListTables"
		form     = "application/x-www-form-urlencoded"
		makeRole = "Action=CreateRole&Version=2010-05-08&RoleName=strange&AssumeRolePolicyDocument=%7B%7D"
	)
	refused := http.StatusForbidden
	for _, x := range []struct {
		who, method, path string
		header            []string
		body              string
		want              int
	}{
		// Players, who sign nothing.
		{"a game signs up", "POST", "/", []string{target, cognito + "SignUp"}, "{}", 400},
		{"a game asks its API", "POST", "/_aws/execute-api/0123abcd/$default/sync/plan", nil, "{}", 404},
		{"a game asks it by its other name", "POST", "/sync/plan", []string{"Host", "0123abcd.execute-api.localhost"}, "{}", 404},
		{"a game fetches a save", "GET", object, nil, "", 200},
		{"a function fetches keys", "GET", "/us-east-1_x/.well-known/jwks.json", nil, "", 404},
		{"renpyctl looks", "GET", "/_ministack/health", nil, "", 200},

		// Strangers.
		{"a stranger lists functions", "GET", "/2015-03-31/functions", nil, "", refused},
		{"a stranger lists tables", "POST", "/", []string{target, listing}, "{}", refused},
		{"a stranger runs Cognito", "POST", "/", []string{target, cognito + "AdminCreateUser"}, "{}", refused},
		{"a stranger makes a role", "POST", "/", []string{"Content-Type", form}, makeRole, refused},
		{"a stranger makes a role by an address", "GET", "/?" + makeRole, nil, "", refused},
		{"a stranger makes a role as a player", "POST", "/?" + makeRole, []string{target, cognito + "SignUp"}, "{}", refused},
		{"a stranger makes a role by an API", "POST", "/_aws/execute-api/0123abcd", []string{"Content-Type", form}, makeRole, refused},
		{"a stranger makes a role by keys", "GET", "/us-east-1_x/.well-known/jwks.json?" + makeRole, nil, "", refused},
		{"a stranger uploads to a bucket as a player", "POST", "/", []string{"Host", "bucket.localhost", target, cognito + "SignUp", "Content-Type", form}, "key=x&file=y", refused},
		{"a stranger reads a bucket of that name", "GET", "/x/.well-known/jwks.json", []string{"Host", "bucket.localhost"}, "", refused},
		{"a stranger has the API of an address send e-mail", "POST", "/v2/email/outbound-emails", []string{"Host", "0123abcd.execute-api.localhost"}, "{}", refused},
		{"a stranger asks for keys of Lambda", "GET", "/us-east-1_x/.well-known/jwks.json", []string{"Authorization", "x Credential=a/b/c/lambda/d"}, "", refused},
		{"a stranger resets", "POST", "/_ministack/reset", nil, "", refused},
		{"a stranger configures", "POST", "/_ministack/config", nil, "{}", refused},
		{"a stranger saves", "PUT", "/_renpyctl/save", nil, "", refused},
		{"a stranger reads an object", "GET", "/bucket/key", nil, "", refused},
		{"a stranger has another's URL", "GET", strings.Replace(object, "/key?", "/other?", 1), nil, "", refused},
		{"a URL leads to a table", "GET", object, []string{target, listing}, "", refused},
		{"a URL leads to IAM", "GET", object, []string{"Content-Type", form}, makeRole, refused},
		{"a stranger uses WebSockets", "GET", "/", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}, "", refused},

		// By another name: DNS rebinding.
		{"a game under another name", "GET", "/_ministack/health", []string{"Host", "evil.test"}, "", refused},
		{"a name that looks like ours", "GET", "/_ministack/health", []string{"Host", "localhost.evil.test"}, "", refused},
		{"our other names", "GET", "/_ministack/health", []string{"Host", "localhost:" + strconv.Itoa(c.cfg.Port)}, "", 200},

		// Pages.
		{"a page signs up", "POST", "/", []string{target, cognito + "SignUp", "Origin", "http://evil.test"}, "{}", refused},
		{"a page without an origin", "GET", object, []string{"Origin", "null"}, "", refused},
		{"a picture", "GET", object, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, "", refused},
		{"a page of the cloud's own", "GET", object, []string{"Sec-Fetch-Site", "same-origin"}, "", refused},
		{"a page asks before", "OPTIONS", "/", []string{"Origin", "http://evil.test", "Access-Control-Request-Method", "POST"}, "", refused},
		{"our page asks before", "OPTIONS", "/", []string{"Origin", ours, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-amz-target"}, "", 204},
		{"our page signs up", "POST", "/", []string{"Origin", ours, "Sec-Fetch-Site", "cross-site", target, cognito + "SignUp"}, "{}", 400},
		{"our page fetches a save", "GET", object, []string{"Origin", ours}, "", 200},
		{"our page lists tables", "POST", "/", []string{"Origin", ours, target, listing}, "{}", refused},
	} {
		t.Run(x.who, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), x.method, c.Endpoint()+x.path, strings.NewReader(x.body))
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(x.header); i += 2 {
				req.Header.Set(x.header[i], x.header[i+1])
			}
			req.Host = req.Header.Get("Host")
			resp, err := roundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != x.want {
				t.Errorf("%d %.200s, want %d", resp.StatusCode, body, x.want)
			}
			readable := ""
			if req.Header.Get("Origin") == ours {
				readable = ours
			}
			if got := resp.Header.Get("Access-Control-Allow-Origin"); got != readable {
				t.Errorf("the answer may be read by %q, want %q", got, readable)
			}
		})
	}
	if got := kept(t, c); got != "an item, an object" {
		t.Errorf("there is %q", got)
	}
}

// TestRuntimeAPIGuarded: the port that a function fetches its work from is no way in either.
func TestRuntimeAPIGuarded(t *testing.T) {
	c := newReal(t, realDir(t))
	up(t, c)
	fill(t, c)
	api := ""
	for _, kv := range invoke(t, c).Environ {
		if address, ok := strings.CutPrefix(kv, "AWS_LAMBDA_RUNTIME_API="); ok {
			api = address
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+api+"/2018-06-01/runtime/init/error", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "http://evil.test")
	resp, err := roundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a page gets %s", resp.Status)
	}
	invoke(t, c)
}

// TestStopsWhenUnused: in order, so that everything stays.
func TestStopsWhenUnused(t *testing.T) {
	c := newReal(t, realDir(t))
	c.unusedTimeout = 2 * time.Second
	up(t, c)
	fill(t, c)
	// Being looked at is not being used.
	eventually(t, "it stops", func() bool { return !status(t, c).Running })
	c.unusedTimeout = unusedTimeout
	up(t, c)
	if got := kept(t, c); got != "an item, an object" {
		t.Errorf("after the end there is %q", got)
	}
}

// TestKilledAtRest: what was done some seconds before a kill -9 stays.
func TestKilledAtRest(t *testing.T) {
	c := newReal(t, realDir(t))
	s := up(t, c)
	fill(t, c)
	eventually(t, "it is written down", func() bool {
		files, err := filepath.Glob(filepath.Join(c.dir, "state", "*dynamodb*"))
		return err == nil && len(files) > 0
	})
	time.Sleep(time.Second) // the files of the other services follow
	if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the killed process is noticed", func() bool { return !status(t, c).Running })
	up(t, c)
	if got := kept(t, c); got != "an item, an object" {
		t.Errorf("after kill -9 there is %q", got)
	}
}

// TestDiskFull: what cannot be written is refused or said, and nothing that was
// deployed is lost. A folder in place of the file stands for a full disk.
func TestDiskFull(t *testing.T) {
	c := newReal(t, realDir(t))
	s := up(t, c)
	fill(t, c)
	block := func(path string) (unblock func()) {
		blocker := filepath.Join(path, "x")
		// The file may have been written at rest.
		if err := errors.Join(os.RemoveAll(path), os.MkdirAll(blocker, 0o700)); err != nil {
			t.Fatal(err)
		}
		return func() { os.RemoveAll(path) }
	}

	unblock := block(c.file("state/dynamodb.json"))
	_, err := c.Down(t.Context())
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != NotSaved || !strings.Contains(strings.Join(e.Output, "\n"), "dynamodb") {
		t.Fatalf("Down: %v, want an error of kind NotSaved", explain(err))
	}
	if after := status(t, c); after.PID != s.PID || !after.Healthy {
		t.Errorf("after a Down that failed: %+v, was %+v", after, s)
	}
	unblock()

	unblock = block(c.file("s3/000000000000/bucket/unlucky.meta.json"))
	_, err = clients(c, "test").s3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("bucket"), Key: aws.String("unlucky"), Body: strings.NewReader("an object"),
	})
	if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "InternalError" {
		t.Errorf("an object that cannot be written: %v, want an InternalError", err)
	}
	unblock()

	// Ended from outside, it cannot be held up; the next start says so.
	unblock = block(c.file("state/dynamodb.json"))
	if err := syscall.Kill(s.PID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it ends", func() bool { return !status(t, c).Running })
	unblock()
	var steps []string
	if _, err := c.Up(t.Context(), func(step string) { steps = append(steps, step) }); err != nil {
		t.Fatal(explain(err))
	}
	if len(steps) != 2 || !strings.Contains(steps[0], "is lost") {
		t.Errorf("the next start says %q", steps)
	}
	down(t, c)

	// What cannot be read would be written over at the end.
	unblock = block(c.file("state/cognito.json"))
	_, err = c.Up(context.Background(), func(string) {})
	if !isKind(err, StartFailed) {
		t.Errorf("Up with a state that cannot be read: %v, want an error of kind StartFailed", err)
	}
	unblock()
	up(t, c)
}

// realDir is a folder of the test's own that uses the installation below
// RENPYCTL_E2E_DIR, if there is one.
func realDir(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("RENPYCTL_E2E_DIR"); dir != "" {
		return dir
	}
	return filepath.Join(t.TempDir(), "a cache")
}

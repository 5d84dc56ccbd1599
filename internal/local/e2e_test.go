//go:build e2e && (linux || darwin)

package local

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestMiniStack installs the real thing from PyPI and lives with it.
func TestMiniStack(t *testing.T) {
	c := newReal(t, filepath.Join(t.TempDir(), "a cache"))

	// From nothing, by two at once: one installation, one process.
	var all sync.WaitGroup
	var both [2]Status
	for i := range both {
		all.Go(func() {
			s, err := c.Up(t.Context(), func(step string) { t.Logf("%d: %s", i, step) })
			if err != nil {
				t.Error(explain(err))
			}
			both[i] = s
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	s := both[0]
	if !reflect.DeepEqual(s, both[1]) || !s.Healthy || s.Version != Version || s.PID == 0 || !fits(s.Python) {
		t.Fatalf("two Ups at once: %+v\n%+v", both[0], both[1])
	}
	listensOnlyHere(t, c)

	begin := time.Now()
	if again := up(t, c); !reflect.DeepEqual(again, s) {
		t.Errorf("Up again: %+v, want %+v", again, s)
	}
	t.Logf("Up when it runs: %s", time.Since(begin))

	fill(t, c)
	first := invoke(t, c)
	if warm := invoke(t, c); warm.PID != first.PID {
		t.Errorf("the function was started anew for its second call: %d, %d", first.PID, warm.PID)
	}
	if first.Function != "syncPlan" || !slices.Contains(first.Environ, "AWS_ENDPOINT_URL="+c.Endpoint()) {
		t.Errorf("the function %q got %q", first.Function, first.Environ)
	}
	if leaked := slices.DeleteFunc(first.Environ, func(kv string) bool { return !strings.Contains(kv, "the user's") }); len(leaked) > 0 {
		t.Errorf("the function sees %q", leaked)
	}

	// An orderly end keeps everything, and leaves no function running.
	begin = time.Now()
	down(t, c)
	t.Logf("Down: %s", time.Since(begin))
	eventually(t, "the function ends with MiniStack", func() bool { return syscall.Kill(first.PID, 0) != nil })
	begin = time.Now()
	s = up(t, c)
	t.Logf("Up when it is installed: %s", time.Since(begin))
	if got := kept(t, c); got != "an item, an object" {
		t.Errorf("after Down and Up there is %q", got)
	}
	invoke(t, c)

	// A kill -9 is survived with what the last orderly end had written.
	if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the killed process is noticed", func() bool { return !status(t, c).Running })
	if killed := s.PID; up(t, c).PID == killed {
		t.Error("Up returned the killed process")
	}
	if got := kept(t, c); got != "an item, an object" {
		t.Errorf("after kill -9 and Up there is %q", got)
	}

	// With IAM enforced an unknown key is turned away, which otherwise is let in.
	stranger := clients(c, "AKIAUNKNOWN").dynamodb
	if _, err := stranger.ListTables(t.Context(), &dynamodb.ListTablesInput{}); err != nil {
		t.Errorf("an unknown key is refused: %v", err)
	}
	cfg := c.cfg
	cfg.EnforceIAM = true
	strict, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	up(t, strict)
	if _, err := stranger.ListTables(t.Context(), &dynamodb.ListTablesInput{}); err == nil {
		t.Error("an unknown key is let in although IAM is enforced")
	}
	if got := kept(t, strict); got != "an item, an object" {
		t.Errorf("after a restart with other settings there is %q", got)
	}

	if err := strict.Reset(t.Context()); err != nil {
		t.Fatal(explain(err))
	}
	up(t, c)
	if got := kept(t, c); got != "" {
		t.Errorf("after Reset there is %q", got)
	}
	down(t, c)
	listener, err := net.Listen("tcp", c.address())
	if err != nil {
		t.Fatalf("after Down the port is not free: %v", err)
	}
	listener.Close()
}

// TestInstallWithoutUV installs by Python's own venv and pip, whatever else is here.
func TestInstallWithoutUV(t *testing.T) {
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Skipf("no python3: %v", err)
	}
	dir := t.TempDir()
	if err := os.Symlink(strings.TrimSpace(string(out)), filepath.Join(dir, "python3")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	c := newReal(t, filepath.Join(t.TempDir(), "a cache"))
	if s := up(t, c); !s.Healthy {
		t.Errorf("%+v", s)
	}
	down(t, c)
}

func newReal(t *testing.T, dir string) *Cloud {
	t.Helper()
	c, err := New(Config{
		Dir: dir, Port: realPort(t),
		Environ: append(os.Environ(), "AWS_PROFILE=the user's", "AWS_ACCESS_KEY_ID=the user's", "AWS_SECRET_ACCESS_KEY=the user's"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.Down(context.Background()); err != nil {
			t.Error(explain(err))
		}
		if !t.Failed() {
			os.RemoveAll(c.dir) // the folder above it may be shared
		}
	})
	return c
}

// realPort is RENPYCTL_E2E_PORT, or a free one.
func realPort(t *testing.T) int {
	t.Helper()
	text := os.Getenv("RENPYCTL_E2E_PORT")
	if text == "" {
		return freePort(t)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func down(t *testing.T, c *Cloud) {
	t.Helper()
	if wasRunning, err := c.Down(t.Context()); err != nil || !wasRunning {
		t.Fatalf("Down: %v, %v", wasRunning, explain(err))
	}
}

// explain is an error with everything that a user would be shown.
func explain(err error) string {
	text := fmt.Sprint(err)
	for e, ok := err.(*Error); ok; ok = false {
		text += "\n" + strings.Join(e.Output, "\n") + "\nhint: " + e.Hint
	}
	return text
}

// listensOnlyHere: nobody else on the network may reach the emulator.
func listensOnlyHere(t *testing.T, c *Cloud) {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		ip, _, err := net.ParseCIDR(address.String())
		if err != nil || ip.IsLoopback() || ip.To4() == nil {
			continue
		}
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(ip.String(), strconv.Itoa(c.cfg.Port)), time.Second)
		if err == nil {
			conn.Close()
			t.Errorf("MiniStack answers on %s", ip)
		}
	}
}

type awsClients struct {
	dynamodb *dynamodb.Client
	lambda   *lambda.Client
	s3       *s3.Client
	iam      *iam.Client
}

func clients(c *Cloud, key string) awsClients {
	secret, _ := c.Secret()
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(c.Endpoint()),
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, ""),
	}
	return awsClients{
		dynamodb: dynamodb.NewFromConfig(cfg),
		lambda:   lambda.NewFromConfig(cfg),
		iam:      iam.NewFromConfig(cfg),
		s3:       s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
	}
}

// fill makes a table with an item, a bucket with an object, and a function
// that hands over to this test program.
func fill(t *testing.T, c *Cloud) {
	t.Helper()
	a := clients(c, "test")
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(a.dynamodb.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            aws.String("table"),
		BillingMode:          dynamodbtypes.BillingModePayPerRequest,
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}},
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
	}))
	must(a.dynamodb.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: aws.String("table"),
		Item:      map[string]dynamodbtypes.AttributeValue{"id": &dynamodbtypes.AttributeValueMemberS{Value: "an item"}},
	}))
	must(a.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")}))
	must(a.s3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("bucket"), Key: aws.String("key"), Body: strings.NewReader("an object"),
	}))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	code, err := HandoverZip(self, "syncPlan", "")
	if err != nil {
		t.Fatal(err)
	}
	must(a.lambda.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("function"), Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Role: aws.String("arn:aws:iam::000000000000:role/any"), Code: &lambdatypes.FunctionCode{ZipFile: code},
	}))
}

// kept is what fill made and is still there.
func kept(t *testing.T, c *Cloud) string {
	t.Helper()
	a := clients(c, "test")
	var found []string
	if out, err := a.dynamodb.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("table")}); err == nil {
		for _, item := range out.Items {
			found = append(found, item["id"].(*dynamodbtypes.AttributeValueMemberS).Value)
		}
	}
	if out, err := a.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")}); err == nil {
		body, err := io.ReadAll(out.Body)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, string(body))
	}
	return strings.Join(found, ", ")
}

func invoke(t *testing.T, c *Cloud) invocation {
	t.Helper()
	begin := time.Now()
	out, err := clients(c, "test").lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("function"), Payload: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("invocation: %s", time.Since(begin))
	var answer invocation
	if err := json.Unmarshal(out.Payload, &answer); err != nil || out.FunctionError != nil {
		t.Fatalf("the function answered %s (%s, %v)", out.Payload, aws.ToString(out.FunctionError), err)
	}
	return answer
}

//go:build e2e && (linux || darwin)

package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/renpy-cloud/renpyctl/internal/gameclient"
)

// TestLeastPrivilege plays where IAM and the bucket's policy are enforced: the
// functions get along with what their roles allow, and nobody gets in without
// a signature or without TLS.
func TestLeastPrivilege(t *testing.T) {
	t.Parallel()
	direct, behindTLS := strictCloud(t)
	s := deployBy(t, throughEndpoint(behindTLS, publicAccount), "strict")
	s.game.CognitoEndpoint = behindTLS
	p := s.player(t)

	saved := map[string]string{"persistent": "mine", "1-1-LT1.save": "chapter one"}
	p.device(t, time.Now(), saved).sync(t, "persistent 1-1-LT1.save", "")
	d := p.device(t, time.Unix(1, 0), map[string]string{"persistent": "new"})
	d.sync(t, "persistent", "1-1-LT1.save persistent")
	d.holds(t, saved)
	d.save(t, time.Now(), "persistent", "more")
	d.sync(t, "persistent", "")
	d.sync(t, "", "")

	bucket := s.info.Outputs.SaveFilesBucketName
	versions := clientsAt(behindTLS, publicAccount).versions(t, bucket)
	if len(versions) == 0 {
		t.Error("the bucket is empty")
	}
	for _, v := range versions {
		address := behindTLS + "/" + bucket + "/" + v.key
		if body, err := s.client().Get(t.Context(), gameclient.Download{URL: address}); status(err) != http.StatusForbidden {
			t.Errorf("GET %s without a signature: %q, %v", v.key, body, err)
		}
		if err := s.client().Put(t.Context(), gameclient.Upload{URL: address}, []byte("x")); status(err) != http.StatusForbidden {
			t.Errorf("PUT %s without a signature: %v", v.key, err)
		}
	}

	// The very URL that works with TLS does not without.
	upload := p.wants(t, "persistent", "without TLS", time.Now()).Uploads[0]
	plain := strings.Replace(upload.URL, behindTLS, direct, 1)
	if status := putAs(t, plain, behindTLS, string(form("persistent", "without TLS"))); status != http.StatusForbidden {
		t.Errorf("an upload without TLS: %d", status)
	}
	if err := s.client().Put(t.Context(), upload, form("persistent", "without TLS")); err != nil {
		t.Errorf("the same upload with TLS: %v", err)
	}

	// All that the function could do it could by its role.
	dropPolicy(t, clientsAt(behindTLS, publicAccount), "SyncPlanRole", "sync-plan")
	if _, err := d.Sync(t.Context()); status(err) != http.StatusServiceUnavailable {
		t.Errorf("a plan by a function without permissions: %v", err)
	}

	s.run(t, "remove", "--yes").exits(t, 0)
	if left := clientsAt(behindTLS, publicAccount).inventory(t); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

// dropPolicy takes its policy from the role with that logical id.
func dropPolicy(t *testing.T, c sdk, logicalID, policy string) {
	t.Helper()
	roles, err := c.iam.ListRoles(t.Context(), &iam.ListRolesInput{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(roles.Roles, func(r iamtypes.Role) bool { return strings.Contains(*r.RoleName, logicalID) })
	if i < 0 {
		t.Fatalf("there is no %s", logicalID)
	}
	_, err = c.iam.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: roles.Roles[i].RoleName, PolicyName: &policy})
	if err != nil {
		t.Fatal(err)
	}
}

// putAs uploads with the Host of another address, which the signature covers.
func putAs(t *testing.T, address, host, body string) (status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = strings.TrimPrefix(host, "http://")
	req.Header.Set("Content-Type", "application/octet-stream")
	return send(t, req).status
}

// strictCloud starts a local cloud that enforces IAM, and a front for it that
// passes for one that ends TLS: the emulator believes X-Forwarded-Proto (app.py,
// pin_request_origin). RENPYCTL_LOCAL_ENFORCE_IAM alone is not enough to play:
// the bucket refuses whatever comes without TLS, the functions' own calls included,
// so they have to be sent through the front from the beginning.
func strictCloud(t *testing.T) (direct, behindTLS string) {
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	direct = "http://127.0.0.1:" + strconv.Itoa(port)
	front := startRecorder(t, &recorder{header: http.Header{"X-Forwarded-Proto": {"https"}}}, direct)

	dir := t.TempDir()
	installed, err := filepath.Glob(filepath.Join(filepath.Dir(stateDir), "ministack-*", "complete"))
	if err != nil || len(installed) == 0 {
		t.Fatalf("the local cloud is not installed beside %s (%v)", stateDir, err)
	}
	python := filepath.Join(filepath.Dir(installed[len(installed)-1]), "bin", "python")
	// The shell ends it when its input ends, which comes even if this process is killed.
	cmd := exec.Command("/bin/sh", "-c", `"$0" "$@" </dev/null & cat; kill $!; wait`,
		python, "-I", "-X", "utf8", filepath.Join(stateDir, "guard.py"), dir, "3600")
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir,
		"BIND_HOST=127.0.0.1", "GATEWAY_PORT=" + strconv.Itoa(port), "AUTH=true",
		"AWS_ENDPOINT_URL=" + front.URL, "AWS_SECRET_ACCESS_KEY=" + secret, // for the functions
		"IOT_MTLS_ENABLED=0", "SFTP_ENABLED=0", "NO_PROXY=*",
	}
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("end the strict local cloud: %v", err)
		}
		if t.Failed() {
			t.Logf("the strict local cloud's log:\n%s", log.String())
		}
	})
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		resp, err := http.Get(direct + "/_ministack/health")
		if err == nil {
			resp.Body.Close()
			return direct, front.URL
		}
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("the strict local cloud does not answer: %v", err)
		}
	}
}

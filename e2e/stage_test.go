//go:build e2e && (linux || darwin)

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/gameclient"
)

// stage is a deployed stage and who operates it.
type stage struct {
	operator
	name string
	info info
	game gameclient.Config
}

// info is the JSON of `info`, which scripts rely on.
type info struct {
	Service, Stage, Region, Account string
	Stack                           struct {
		Name, ID, Status, Reason string
		Created, Updated         time.Time
	}
	Endpoints []struct{ Method, URL string }
	Functions []struct {
		Name, Function, LogGroup, Architecture, CodeSha256 string
		CodeSize                                           int64
		Modified                                           string
	}
	Outputs struct {
		ApiEndpoint, CognitoUserPoolId, CognitoAppClientId, Region, ManifestTableName, SaveFilesBucketName string
	}
}

// deploy deploys a stage by --local and removes it at the end, unless the test did.
func deploy(t *testing.T, name string, flags ...string) *stage {
	t.Helper()
	s := deployBy(t, local, name, flags...)
	t.Cleanup(func() {
		if r := s.run(t, "remove", "--yes"); r.code != 0 && r.code != 3 {
			r.exits(t, 0)
		}
	})
	return s
}

// deployBy deploys a stage and leaves it to the test to remove it.
func deployBy(t *testing.T, o operator, name string, flags ...string) *stage {
	t.Helper()
	o.flags = append([]string{"--stage", name}, o.flags...)
	s := &stage{operator: o, name: name}
	s.run(t, append([]string{"deploy", "--yes", "--arch", hostArch()}, flags...)...).exits(t, 0)
	s.run(t, "info", "--output", "json").exits(t, 0).json(t, &s.info)
	s.run(t, "config", "renpy", "--game-id", "my_game", "--output", "json").exits(t, 0).json(t, &s.game)
	if s.game.CognitoEndpoint == "" { // which --local alone gives
		s.game.CognitoEndpoint = endpoint
	}
	return s
}

// transport reaches the local cloud's names (ID.execute-api.localhost:PORT),
// which few programs can resolve.
var transport = gameclient.NewTransport()

func (s *stage) client() *gameclient.Client { return gameclient.New(s.game, transport) }

const password = "Correct-Horse-7"

var players atomic.Int64

// player signs somebody new up, has the operator confirm, and signs them in.
func (s *stage) player(t *testing.T) *player {
	t.Helper()
	p := &player{email: fmt.Sprintf("player%d@example.com", players.Add(1))}
	if err := s.client().SignUp(t.Context(), p.email, password); err != nil {
		t.Fatalf("sign up: %v", err)
	}
	s.run(t, "users", "confirm", p.email).exits(t, 0)
	p.signIn(t, s)
	return p
}

// player is somebody who plays.
type player struct {
	*gameclient.Session
	email string
	sub   string
}

func (p *player) signIn(t *testing.T, s *stage) {
	t.Helper()
	session, err := s.client().SignIn(t.Context(), p.email, password)
	if err != nil {
		t.Fatalf("sign in: %v", err)
	}
	p.Session = session
	p.sub = claims(t, p.token(t))["sub"].(string)
}

func (p *player) token(t *testing.T) string {
	t.Helper()
	token, err := p.AccessToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// device is one of the player's machines.
type device struct {
	*gameclient.Device
	dir string
}

// device sets up a machine with files, all last changed at that time. Like save and
// holds it takes what is in them, and gives the files the forms that the engine writes.
func (p *player) device(t *testing.T, changed time.Time, files map[string]string) device {
	t.Helper()
	d := device{dir: t.TempDir()}
	d.Device = p.Session.Device(d.dir)
	for name, content := range files {
		d.save(t, changed, name, content)
	}
	return d
}

// form is what the engine writes into a file of that name.
func form(name, content string) []byte {
	switch {
	case name == "persistent":
		return gameclient.Persistent(content)
	case strings.HasSuffix(name, ".save"):
		return gameclient.Save(content)
	default:
		return []byte(content)
	}
}

func (d device) save(t *testing.T, changed time.Time, name, content string) {
	t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, form(name, content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, changed, changed); err != nil {
		t.Fatal(err)
	}
}

// holds fails the test unless the folder has exactly these files.
func (d device) holds(t *testing.T, files map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		if e.IsDir() {
			continue // the backups
		}
		content, err := os.ReadFile(filepath.Join(d.dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(content)
	}
	if len(got) != len(files) {
		t.Errorf("the device has %q, want %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(files)))
	}
	for name, content := range files {
		want := string(form(name, content))
		if have, ok := got[name]; !ok || have != want {
			t.Errorf("%s holds %.120q (%d bytes), want %.120q (%d bytes)", name, have, len(have), want, len(want))
		}
	}
}

// sync syncs and fails the test unless exactly this was uploaded and downloaded.
func (d device) sync(t *testing.T, uploaded, downloaded string) {
	t.Helper()
	report, err := d.Sync(t.Context())
	if err != nil {
		t.Fatalf("sync: %v", err)
	}
	for _, f := range report.Failed {
		t.Errorf("transfer of %s: %v", f.Filename, f.Err)
	}
	if got := strings.Join(report.Uploaded, " "); got != uploaded {
		t.Errorf("uploaded %q, want %q", got, uploaded)
	}
	if got := strings.Join(report.Downloaded, " "); got != downloaded {
		t.Errorf("downloaded %q, want %q", got, downloaded)
	}
}

// answer is a raw answer of the API.
type answer struct {
	status int
	body   []byte
}

// post sends any body to the API with any Authorization header, "" for none.
func (s *stage) post(t *testing.T, path, authorization string, body []byte) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.game.APIBaseURL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	return send(t, req)
}

func send(t *testing.T, req *http.Request) answer {
	t.Helper()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, body}
}

// message is the field "message" of a JSON answer, "" without one.
func (a answer) message() string {
	var fields struct{ Message string }
	if json.Unmarshal(a.body, &fields) != nil {
		return ""
	}
	return fields.Message
}

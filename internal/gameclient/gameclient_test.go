package gameclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// backend plays Cognito, the API and S3, and writes down what it is asked.
type backend struct {
	*httptest.Server
	plan    string            // the answer to every /sync/plan; URL stands for the server's own address
	objects map[string]string // what GET /s3/NAME answers

	mu    sync.Mutex
	asked []request
}

type request struct {
	what   string // "POST /sync/plan", "SignUp"
	header http.Header
	body   string
}

func newBackend(t *testing.T) *backend {
	b := &backend{plan: `{"uploads":[],"downloads":[],"conflicts":[],"deletes":[]}`, objects: map[string]string{}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	what := r.Method + " " + r.URL.Path
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		what = strings.TrimPrefix(target, "AWSCognitoIdentityProviderService.")
	}
	b.mu.Lock()
	b.asked = append(b.asked, request{what, r.Header, string(body)})
	b.mu.Unlock()
	name, s3 := strings.CutPrefix(r.URL.Path, "/s3/")
	object, stored := b.objects[name]
	switch {
	case what == "SignUp":
		io.WriteString(w, `{"UserConfirmed":false,"UserSub":"sub"}`)
	case what == "InitiateAuth":
		io.WriteString(w, `{"AuthenticationResult":{"AccessToken":"access","IdToken":"id","RefreshToken":"refresh","ExpiresIn":3600}}`)
	case what == "POST /sync/plan":
		io.WriteString(w, strings.ReplaceAll(b.plan, "URL", b.URL))
	case what == "POST /sync/complete":
		io.WriteString(w, `{"acknowledged":true}`)
	case what == "GET /half":
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "half")
	case s3 && r.Method == http.MethodPut:
	case s3 && stored:
		io.WriteString(w, object)
	default:
		http.Error(w, "<Error><Code>NoSuchKey</Code></Error>", http.StatusNotFound)
	}
}

// calls lists what was asked since the sign-in.
func (b *backend) calls() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var calls []string
	for _, r := range b.asked {
		if r.what != "InitiateAuth" {
			calls = append(calls, r.what)
		}
	}
	return calls
}

func (b *backend) last(t *testing.T, what string) request {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range slices.Backward(b.asked) {
		if r.what == what {
			return r
		}
	}
	t.Fatalf("there was no %s", what)
	return request{}
}

func (b *backend) config() Config {
	return Config{APIBaseURL: b.URL + "/", GameID: "my_game", Region: "eu-west-1", ClientID: "client", CognitoEndpoint: b.URL}
}

// device is a signed-in device with files.
func (b *backend) device(t *testing.T, files map[string]string) (*Device, string) {
	t.Helper()
	session, err := New(b.config(), nil).SignIn(t.Context(), "ann@example.com", "Passw0rd")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return session.Device(dir), dir
}

func TestCognito(t *testing.T) {
	b := newBackend(t)
	c := New(b.config(), nil)
	if err := c.SignUp(t.Context(), "ann@example.com", "Passw0rd"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SignIn(t.Context(), "ann@example.com", "Passw0rd"); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"SignUp":       `{"ClientId":"client","Username":"ann@example.com","Password":"Passw0rd","UserAttributes":[{"Name":"email","Value":"ann@example.com"}]}`,
		"InitiateAuth": `{"ClientId":"client","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"PASSWORD":"Passw0rd","USERNAME":"ann@example.com"}}`,
	}
	for action, body := range want {
		r := b.last(t, action)
		if r.body != body {
			t.Errorf("%s sent\n%s\nwant\n%s", action, r.body, body)
		}
		if got := r.header.Get("Content-Type"); got != "application/x-amz-json-1.1" || r.header.Get("Authorization") != "" {
			t.Errorf("%s has the headers %v", action, r.header)
		}
	}
}

func TestCognitoAddressOnAWS(t *testing.T) {
	var asked string
	c := New(Config{Region: "eu-west-1"}, roundTrip(func(r *http.Request) *http.Response {
		asked = r.URL.String()
		return answer(r, http.StatusBadRequest, `{"__type":"com.amazonaws#NotAuthorizedException","message":"Incorrect username or password."}`)
	}))
	_, err := c.SignIn(t.Context(), "ann@example.com", "wrong")
	if asked != "https://cognito-idp.eu-west-1.amazonaws.com/" {
		t.Errorf("asked %s", asked)
	}
	if want := (Error{400, "NotAuthorizedException", "Incorrect username or password."}); err == nil || *err.(*Error) != want {
		t.Errorf("the error is %v, want %v", err, &want)
	}
}

// TestRefresh: the token is renewed five minutes before it ends, by the refresh token.
func TestRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bodies []string
		c := New(Config{Region: "eu-west-1", ClientID: "client"}, roundTrip(func(r *http.Request) *http.Response {
			body, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(body))
			refresh := `,"RefreshToken":"refresh"`
			if len(bodies) > 1 {
				refresh = ""
			}
			return answer(r, 200, fmt.Sprintf(`{"AuthenticationResult":{"AccessToken":"access%d"%s,"ExpiresIn":3600}}`, len(bodies), refresh))
		}))
		s, err := c.SignIn(t.Context(), "ann@example.com", "Passw0rd")
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{54 * time.Minute, "access1"}, {2 * time.Minute, "access2"}, {56 * time.Minute, "access3"}} {
			time.Sleep(step.after)
			if got, err := s.AccessToken(t.Context()); got != step.want || err != nil {
				t.Errorf("after %s more the token is %q (%v), want %q", step.after, got, err, step.want)
			}
		}
		const want = `{"ClientId":"client","AuthFlow":"REFRESH_TOKEN_AUTH","AuthParameters":{"REFRESH_TOKEN":"refresh"}}`
		if len(bodies) != 3 || bodies[1] != want || bodies[2] != want {
			t.Errorf("the requests were %q", bodies)
		}
	})
}

// TestSync is one sync with everything in it: what is sent, in which order,
// and what lies in the folder afterwards.
func TestSync(t *testing.T) {
	b := newBackend(t)
	b.plan = `{"uploads":[{"filename":"persistent","upload_url":"URL/s3/persistent"}],
		"downloads":[{"filename":"missing","download_url":"URL/s3/missing"},{"filename":"1-1-LT1.save","download_url":"URL/s3/save"}],
		"conflicts":[{"filename":"1-2-LT1.save","action":"upload","upload_url":"URL/s3/large"},{"filename":"persistent","action":"ask"},
			{"filename":"persistent","action":"download","download_url":"URL/s3/other"},
			{"filename":"1-1-LT1.save","action":"upload","upload_url":"URL/s3/last"}],
		"deletes":[{"filename":"persistent"}]}`
	b.objects["save"], b.objects["other"] = "from the other device", "other"
	d, dir := b.device(t, map[string]string{"persistent": "persistent bytes", "1-1-LT1.save": "old", "1-2-LT1.save": "large"})
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "1-1-LT1.save"), long, long); err != nil {
		t.Fatal(err)
	}

	report, err := d.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	want := []string{"POST /sync/plan", "PUT /s3/persistent", "GET /s3/missing", "GET /s3/save", "PUT /s3/large", "GET /s3/other", "PUT /s3/last", "POST /sync/complete"}
	if !slices.Equal(b.calls(), want) {
		t.Errorf("asked %q, want %q", b.calls(), want)
	}
	var failed []string
	for _, f := range report.Failed {
		failed = append(failed, f.Filename)
	}
	got := fmt.Sprint(report.Uploaded, report.Downloaded, failed, report.Ended)
	if want := "[persistent 1-2-LT1.save 1-1-LT1.save] [1-1-LT1.save persistent] [missing] false"; got != want {
		t.Errorf("uploaded, downloaded, failed and ended %s, want %s", got, want)
	}
	if complete := b.last(t, "POST /sync/complete"); complete.body != `{"game_id":"my_game","success":true,"error":null}` {
		t.Errorf("the completion says %s", complete.body)
	}
	plan := b.last(t, "POST /sync/plan")
	if plan.header.Get("Authorization") != "Bearer access" || plan.header.Get("Content-Type") != "application/json" {
		t.Errorf("the plan is asked for with %v", plan.header)
	}
	var sent struct {
		GameID   string `json:"game_id"`
		Manifest map[string]struct {
			Path     string
			Size     int64
			Checksum string
		}
	}
	if err := json.Unmarshal([]byte(plan.body), &sent); err != nil {
		t.Fatal(err)
	}
	// printf 'persistent bytes' | sha256sum
	const sum = "13036225e20aaf2aca437a9bca611d6048b503cd499ec7dafb3d09fb9cd293e2"
	if p := sent.Manifest["persistent"]; sent.GameID != "my_game" || p.Path != "persistent" || p.Size != 16 || p.Checksum != sum {
		t.Errorf("sent %s", plan.body)
	}
	// What is sent after a download is the file as it is then.
	for object, body := range map[string]string{"persistent": "persistent bytes", "large": "large", "last": "from the other device"} {
		if put := b.last(t, "PUT /s3/"+object); put.body != body {
			t.Errorf("uploaded %q as %s, want %q", put.body, object, body)
		}
	}

	save, err := os.ReadFile(filepath.Join(dir, "1-1-LT1.save"))
	if string(save) != "from the other device" || err != nil {
		t.Errorf("the downloaded file holds %q (%v)", save, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "1-1-LT1.save")); err != nil || time.Since(info.ModTime()) > time.Minute {
		t.Errorf("the downloaded file is not changed now (%v)", err)
	}
	kept, err := filepath.Glob(filepath.Join(dir, ".renpy_cloud_backups", "1-1-LT1.save.*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("the backups are %q (%v)", kept, err)
	}
	if old, err := os.ReadFile(kept[0]); string(old) != "old" || err != nil {
		t.Errorf("the backup holds %q (%v)", old, err)
	}
}

// TestATransferWithoutAnAnswerEndsTheSync: nothing after it is tried, and nothing completed.
func TestATransferWithoutAnAnswerEndsTheSync(t *testing.T) {
	for _, tc := range []struct {
		name, plan string
		want       string // what is asked for after the plan
		failed     int
	}{
		{"an upload", `{"uploads":[{"filename":"persistent","upload_url":"URL/refused"},{"filename":"persistent","upload_url":"DEAD"},
			{"filename":"persistent","upload_url":"URL/s3/a"}],"downloads":[{"filename":"x","download_url":"URL/s3/b"}]}`, "PUT /refused", 2},
		{"a download", `{"uploads":[{"filename":"persistent","upload_url":"URL/s3/a"}],"downloads":[{"filename":"x","download_url":"DEAD"},
			{"filename":"x","download_url":"URL/s3/b"}],"conflicts":[{"filename":"persistent","action":"upload","upload_url":"URL/s3/c"}]}`, "PUT /s3/a", 1},
		{"a conflict", `{"downloads":[{"filename":"x","download_url":"URL/s3/b"}],"conflicts":[{"filename":"persistent","action":"upload","upload_url":"DEAD"},
			{"filename":"x","action":"download","download_url":"URL/s3/b"}]}`, "GET /s3/b", 1},
		{"half an answer", `{"downloads":[{"filename":"persistent","download_url":"URL/half"},{"filename":"x","download_url":"URL/s3/b"}]}`, "GET /half", 1},
		{"a file that is gone", `{"uploads":[{"filename":"gone","upload_url":"URL/s3/gone"},{"filename":"persistent","upload_url":"URL/s3/a"}]}`, "", 1},
		{"a name above the folder", `{"downloads":[{"filename":"../x","download_url":"URL/s3/b"},{"filename":"x","download_url":"URL/s3/b"}]}`, "", 1},
		{"an absolute name", `{"downloads":[{"filename":"/tmp/x","download_url":"URL/s3/b"},{"filename":"x","download_url":"URL/s3/b"}]}`, "", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBackend(t)
			dead := httptest.NewServer(nil)
			dead.Close()
			b.plan, b.objects["b"] = strings.ReplaceAll(tc.plan, "DEAD", dead.URL), "bytes"
			d, dir := b.device(t, map[string]string{"persistent": "p"})
			report, err := d.Sync(t.Context())
			if err != nil || !report.Ended || len(report.Failed) != tc.failed {
				t.Errorf("the sync reports %+v (%v), want an end after %d failures", report, err, tc.failed)
			}
			want := strings.TrimSuffix("POST /sync/plan, "+tc.want, ", ")
			if got := strings.Join(b.calls(), ", "); got != want {
				t.Errorf("asked %s, want %s", got, want)
			}
			if p, err := os.ReadFile(filepath.Join(dir, "persistent")); string(p) != "p" || err != nil {
				t.Errorf("the file holds %q (%v)", p, err)
			}
		})
	}
}

// TestUploadHeaders: a signature may cover only what every shipped game sends.
func TestUploadHeaders(t *testing.T) {
	b := newBackend(t)
	for _, body := range []string{"four", ""} {
		if err := New(b.config(), nil).Put(t.Context(), Upload{"persistent", b.URL + "/s3/persistent"}, []byte(body)); err != nil {
			t.Fatal(err)
		}
		header := b.last(t, "PUT /s3/persistent").header
		// Go's server takes the Host out of the header.
		want := []string{"Accept-Encoding", "Connection", "Content-Length", "Content-Type", "User-Agent"}
		if got := slices.Sorted(maps.Keys(header)); !slices.Equal(got, want) {
			t.Errorf("the headers are %q, want %q", got, want)
		}
		if header.Get("Content-Type") != "application/octet-stream" || header.Get("Content-Length") != fmt.Sprint(len(body)) {
			t.Errorf("the headers are %v", header)
		}
	}
}

// TestNothingToDo: when the API is not called, or not told that it is over.
func TestNothingToDo(t *testing.T) {
	for _, tc := range []struct {
		name, plan string
		files      map[string]string
		want       []string
	}{
		{"no file", `{}`, nil, nil},
		{"only automatic saves", `{}`, map[string]string{"auto-1-LT1.save": "a"}, nil},
		{"conflicts alone", `{"uploads":[],"downloads":[],"conflicts":[{"filename":"persistent","action":"upload","upload_url":"URL/s3/a"}],"deletes":[]}`,
			map[string]string{"persistent": "p"}, []string{"POST /sync/plan"}},
		{"deletes alone", `{"uploads":[],"downloads":[],"conflicts":[],"deletes":[{"filename":"persistent"}]}`,
			map[string]string{"persistent": "p"}, []string{"POST /sync/plan", "POST /sync/complete"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBackend(t)
			b.plan = tc.plan
			d, dir := b.device(t, tc.files)
			if _, err := d.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := b.calls(); !slices.Equal(got, tc.want) {
				t.Errorf("asked %q, want %q", got, tc.want)
			}
			for name := range tc.files {
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestManifestNamesOneSlot: the other saves are on the device and go untold.
func TestManifestNamesOneSlot(t *testing.T) {
	b := newBackend(t)
	// In the order in which they were changed, newest last.
	for _, tc := range []struct{ files, want string }{
		{"1-1-LT1.save 2-1-LT1.save", "2-1-LT1.save"},
		{"persistent 2-1-LT1.save 1-9-LT1.save 1-1-LT1.save", "1-1-LT1.save 1-9-LT1.save persistent"},
		{"1-1-LT1.save 12-1-LT1.save 1-2-LT1.save", "1-1-LT1.save 1-2-LT1.save"},
		{"1-1-LT1.save auto-1-LT1.save quick-1-LT1.save persistent", "1-1-LT1.save persistent"},
		{"1-1-LT1.save 1-note.txt 2-note.txt", "1-1-LT1.save 1-note.txt"},
		{"navigation.json persistent.bak", ""},
	} {
		d, dir := b.device(t, nil)
		changed := time.Now().Add(-time.Hour)
		for name := range strings.FieldsSeq(tc.files) {
			changed = changed.Add(time.Second)
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, changed, changed); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Mkdir(filepath.Join(dir, "1-folder"), 0o700); err != nil {
			t.Fatal(err)
		}
		m, err := d.Manifest()
		if got := strings.Join(slices.Sorted(maps.Keys(m)), " "); got != tc.want || err != nil {
			t.Errorf("with %q the manifest names %q (%v), want %q", tc.files, got, err, tc.want)
		}
	}
}

// TestPythonTime holds what Python 3.11 printed for os.stat(...).st_mtime.
func TestPythonTime(t *testing.T) {
	for _, tc := range []struct {
		seconds, nanoseconds int64
		want                 json.Number
	}{
		{1732345678, 123456700, "1732345678.1234567"},
		{1732345678, 0, "1732345678.0"},
		{1732345678, 1, "1732345678.0"},
		{1732345678, 123, "1732345678.0000002"},
		{1732345678, 999999999, "1732345679.0"},
		{1732345678, 100000000, "1732345678.1"},
		{1763890000, 123456789, "1763890000.1234567"},
		{1, 500000000, "1.5"},
	} {
		if got := pythonTime(time.Unix(tc.seconds, tc.nanoseconds)); got != tc.want {
			t.Errorf("%d.%09d is written %s, want %s", tc.seconds, tc.nanoseconds, got, tc.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		want   Error
	}{
		{400, `{"__type":"UserNotConfirmedException","message":"User is not confirmed."}`, Error{400, "UserNotConfirmedException", "User is not confirmed."}},
		{413, `{"error":"too_large","message":"Too much."}`, Error{413, "too_large", "Too much."}},
		{401, `{"message":"Unauthorized"}`, Error{401, "", "Unauthorized"}},
		{403, `<Error><Code>SignatureDoesNotMatch</Code></Error>`, Error{403, "", "Forbidden"}},
		{500, `null`, Error{500, "", "Internal Server Error"}},
	} {
		c := New(Config{}, roundTrip(func(r *http.Request) *http.Response { return answer(r, tc.status, tc.body) }))
		err := c.SignUp(t.Context(), "ann@example.com", "Passw0rd")
		if e, ok := err.(*Error); !ok || *e != tc.want {
			t.Errorf("%d %s is %v, want %v", tc.status, tc.body, err, &tc.want)
		}
	}
}

// TestErrorsKeepURLsSecret: who has a pre-signed URL has the save.
func TestErrorsKeepURLsSecret(t *testing.T) {
	b := newBackend(t)
	b.Close()
	c := New(b.config(), nil)
	for _, address := range []string{b.URL + "/s3/persistent?X-Amz-Signature=secret", "http://[secret"} {
		_, get := c.Get(t.Context(), Download{"persistent", address})
		put := c.Put(t.Context(), Upload{"persistent", address}, nil)
		for _, err := range []error{get, put} {
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("the error says %q", err)
			}
		}
	}
}

type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

func answer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

// Without a whole answer nobody knows what was done; what was answered is known.
func TestNoAnswer(t *testing.T) {
	b := newBackend(t)
	c := New(b.config(), nil)
	_, err := c.Get(t.Context(), Download{"x", b.URL + "/half"})
	if _, none := errors.AsType[*NoAnswerError](err); !none {
		t.Errorf("half an answer: %v", err)
	}
	dead := httptest.NewServer(nil)
	dead.Close()
	_, err = c.Get(t.Context(), Download{"x", dead.URL})
	if _, none := errors.AsType[*NoAnswerError](err); !none || strings.Contains(err.Error(), dead.URL+"/") {
		t.Errorf("nobody listens: %v", err)
	}
	_, err = c.Get(t.Context(), Download{"x", b.URL + "/s3/none"})
	if _, none := errors.AsType[*NoAnswerError](err); none || err == nil {
		t.Errorf("a refusal: %v", err)
	}
}

// Whoever answers cannot fill the memory.
func TestAnswersHaveABound(t *testing.T) {
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for block := make([]byte, 1<<20); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	if _, err := New(Config{}, nil).Get(t.Context(), Download{"x", endless.URL}); err == nil || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Errorf("an endless answer: %v", err)
	}
}

// What is below .localhost is here, whether the system knows it or not.
func TestLocalhost(t *testing.T) {
	b := newBackend(t)
	b.objects["x"] = "here"
	address := strings.Replace(b.URL, "127.0.0.1", "api.localhost", 1)
	if got, err := New(b.config(), nil).Get(t.Context(), Download{"x", address + "/s3/x"}); err != nil || string(got) != "here" {
		t.Errorf("%q, %v", got, err)
	}
}

package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

const sub = "0f2b4c6e-aaaa-bbbb-cccc-0123456789ab"

// awsEvent is an event as API Gateway sends it: claims as strings, scopes apart.
const awsEvent = `{
	"version": "2.0", "routeKey": "POST /sync/plan", "rawPath": "/sync/plan",
	"headers": {"authorization": "Bearer eyJhbGciOi.secret.token", "content-type": "application/json"},
	"requestContext": {
		"requestId": "api-1", "http": {"method": "POST"},
		"authorizer": {"jwt": {"claims": {"sub": "` + sub + `", "exp": "1732345678", "token_use": "access"}, "scopes": ["aws.cognito.signin.user.admin"]}}
	},
	"body": "{\"game_id\": \"my_game\", \"manifest\": {}}", "isBase64Encoded": false}`

// parse reads an event and changes it.
func parse(t *testing.T, change func(*event)) event {
	t.Helper()
	var e event
	if err := json.Unmarshal([]byte(awsEvent), &e); err != nil {
		t.Fatal(err)
	}
	change(&e)
	return e
}

// recorder answers everything alike and keeps what it was asked.
type recorder struct {
	reply        savesync.Reply
	player, body string
}

func (r *recorder) serve(_ context.Context, player string, body []byte) savesync.Reply {
	r.player, r.body = player, string(body)
	return r.reply
}

func TestEventsBecomeCalls(t *testing.T) {
	for _, c := range []struct {
		name         string
		change       func(*event)
		player, body string
	}{
		{"plain", func(e *event) { e.Body = "{}" }, sub, "{}"},
		{"base64", func(e *event) { e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(`{"a":1}`)), true }, sub, `{"a":1}`},
		{"bad base64", func(e *event) { e.Body, e.IsBase64Encoded = "%%%", true }, sub, ""},
		{"no claims", func(e *event) { e.RequestContext.Authorizer.JWT.Claims = nil }, "", `{"game_id": "my_game", "manifest": {}}`},
		{"a claim that is no text", func(e *event) { e.RequestContext.Authorizer.JWT.Claims["sub"] = 7.0 }, "", `{"game_id": "my_game", "manifest": {}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{reply: savesync.Reply{Status: 200}}
			h := handler("plan", r.serve, slog.New(slog.DiscardHandler))
			if _, err := h(t.Context(), parse(t, c.change)); err != nil {
				t.Fatal(err)
			}
			if r.player != c.player || r.body != c.body {
				t.Errorf("called with %q, %q; want %q, %q", r.player, r.body, c.player, c.body)
			}
		})
	}
}

// TestClaimsOfTheLocalCloud reads numeric claims, which AWS sends as strings.
func TestClaimsOfTheLocalCloud(t *testing.T) {
	var e event
	local := strings.NewReplacer(`"exp": "1732345678"`, `"exp": 1732345678, "groups": ["a"], "verified": true`).Replace(awsEvent)
	if err := json.Unmarshal([]byte(local), &e); err != nil {
		t.Fatal(err)
	}
	if e.RequestContext.Authorizer.JWT.Claims["sub"] != sub {
		t.Errorf("claims are %v", e.RequestContext.Authorizer.JWT.Claims)
	}
}

func TestRepliesBecomeAnswers(t *testing.T) {
	r := &recorder{reply: savesync.Reply{Status: 429, Body: []byte(`{"message":"m"}`), RetryAfter: 1500 * time.Millisecond}}
	got, err := handler("plan", r.serve, slog.New(slog.DiscardHandler))(t.Context(), parse(t, func(*event) {}))
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != 429 || got.Body != `{"message":"m"}` || got.Headers["Retry-After"] != "2" || got.Headers["Content-Type"] != "application/json" {
		t.Errorf("got %+v", got)
	}
}

// TestLogLinesTellNoSecrets plays a whole plan and reads the log.
func TestLogLinesTellNoSecrets(t *testing.T) {
	store := memstore.New(time.Now, time.Hour)
	service := &savesync.Service{
		Limits:    savesync.Limits{FileBytes: 100, PlayerBytes: 100, PlayerFiles: 10, PlansPerHour: 10},
		Manifests: store, Objects: store,
	}
	var log bytes.Buffer
	h := handler("syncplan", service.ServePlan, slog.New(slog.NewJSONHandler(&log, nil)))
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "lambda-1"})
	checksum := memstore.Checksum("abc")
	got, err := h(ctx, parse(t, func(e *event) {
		e.Body = `{"game_id": "my_game", "manifest": {"persistent": {"size": 3, "modified_timestamp": 1.5, "checksum": "` + checksum + `"}}}`
	}))
	if err != nil || got.StatusCode != http.StatusOK || !strings.Contains(got.Body, "put|") {
		t.Fatalf("%+v, %v", got, err)
	}
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatalf("%s: %v", log.String(), err)
	}
	for key, want := range map[string]any{
		"msg": "syncplan", "level": "INFO", "request_id": "lambda-1", "api_request_id": "api-1", "player": sub,
		"status": 200.0, "game": "my_game", "listed": 1.0, "uploads": 1.0, "downloads": 0.0,
	} {
		if line[key] != want {
			t.Errorf("%s is %v, want %v", key, line[key], want)
		}
	}
	for _, bad := range []string{"put|", "token", "Bearer", checksum, "persistent"} {
		if strings.Contains(log.String(), bad) {
			t.Errorf("the log line tells %q: %s", bad, log.String())
		}
	}
}

func TestFailuresAreLoggedWithTheirCause(t *testing.T) {
	var log bytes.Buffer
	r := &recorder{reply: savesync.Reply{Status: 503, Cause: errors.New("dynamodb: 400 ThrottlingException")}}
	if _, err := handler("plan", r.serve, slog.New(slog.NewJSONHandler(&log, nil)))(t.Context(), parse(t, func(*event) {})); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), `"level":"ERROR"`) || !strings.Contains(log.String(), "ThrottlingException") {
		t.Errorf("the line is %s", log.String())
	}
}

// Why a request was refused is in the log, and short, whatever the device has sent.
func TestRefusalsAreLoggedWithTheirReason(t *testing.T) {
	var log bytes.Buffer
	service := &savesync.Service{Limits: savesync.Limits{FileBytes: 100, PlayerBytes: 100, PlayerFiles: 10, PlansPerHour: 10}}
	h := handler("syncplan", service.ServePlan, slog.New(slog.NewJSONHandler(&log, nil)))
	if _, err := h(t.Context(), parse(t, func(e *event) {
		e.Body = `{"game_id": "` + strings.Repeat("é", 10_000) + `", "manifest": {}}`
	})); err != nil {
		t.Fatal(err)
	}
	var line struct{ Reason, Refusal string }
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line.Reason != "invalid_request" || line.Refusal == "" || len(line.Refusal) > 300 {
		t.Errorf("the line is %.500s", log.String())
	}
}

// stalled is a store that never answers.
type stalled struct {
	savesync.ManifestStore
	savesync.ObjectStore
}

func (stalled) Load(ctx context.Context, _ string) ([]byte, int64, error) {
	<-ctx.Done()
	return nil, 0, ctx.Err()
}

// The function's own 503 must leave before Lambda kills the function.
func TestA503LeavesBeforeTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		service := &savesync.Service{Limits: savesync.Limits{PlansPerHour: 10}, Manifests: stalled{}, Objects: stalled{}}
		got, err := handler("plan", service.ServePlan, slog.New(slog.DiscardHandler))(ctx, parse(t, func(*event) {}))
		if err != nil || got.StatusCode != http.StatusServiceUnavailable || got.Headers["Retry-After"] == "" {
			t.Errorf("answered %+v, %v", got, err)
		}
		if deadline, _ := ctx.Deadline(); time.Until(deadline) < 2*time.Second {
			t.Errorf("answered %s before the deadline", time.Until(deadline))
		}
	})
}

// environ is a complete environment.
func environ(change map[string]string) func(string) string {
	env := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s",
		"MANIFEST_TABLE": "t", "SAVES_BUCKET": "b", "GAME_IDS": "one, two", "MAX_FILE_BYTES": "10",
	}
	for k, v := range change {
		env[k] = v
	}
	return func(name string) string { return env[name] }
}

func TestTheEnvironment(t *testing.T) {
	s, err := newService(environ(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := savesync.Limits{Games: []string{"one", "two"}, FileBytes: 10, PlayerBytes: 512 << 20, PlayerFiles: 500, PlansPerHour: 120, PlayerBytesPerDay: 256 << 20, RequestsPerMinute: 120}
	if got := s.Limits; len(got.Games) != 2 || got.Games[0] != "one" || got.Games[1] != "two" ||
		got.FileBytes != want.FileBytes || got.PlayerBytes != want.PlayerBytes || got.PlayerFiles != want.PlayerFiles || got.PlansPerHour != want.PlansPerHour ||
		got.PlayerBytesPerDay != want.PlayerBytesPerDay || got.RequestsPerMinute != want.RequestsPerMinute || s.Unchecked {
		t.Errorf("limits are %+v, want %+v", got, want)
	}
	if s, err := newService(environ(map[string]string{"GAME_IDS": ""})); err != nil || len(s.Limits.Games) != 0 {
		t.Errorf("without GAME_IDS: %v, %v", s.Limits.Games, err)
	}
	if s, err := newService(environ(map[string]string{"CHECK_SAVES": "false"})); err != nil || !s.Unchecked {
		t.Errorf("with CHECK_SAVES=false: %v, %v", s.Unchecked, err)
	}
	for name, bad := range map[string]string{"MANIFEST_TABLE": "", "SAVES_BUCKET": "", "AWS_REGION": "", "MAX_PLAYER_FILES": "0", "MAX_PLANS_PER_HOUR": "many", "CHECK_SAVES": "no"} {
		if _, err := newService(environ(map[string]string{name: bad})); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%q: %v, want an error that names it", name, bad, err)
		}
	}
	if err := Run("other"); err == nil {
		t.Error("there is a function of any name")
	}
}

// TestAFunctionsStoreIsAsked takes an event as far as the store at AWS_ENDPOINT_URL.
func TestAFunctionsStoreIsAsked(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if target := r.Header.Get("X-Amz-Target"); target != "DynamoDB_20120810.GetItem" {
			t.Errorf("the store was asked for %q", target)
		}
		_, _ = io.WriteString(w, "{}")
	}))
	defer server.Close()
	s, err := newService(environ(map[string]string{"AWS_ENDPOINT_URL": server.URL, "GAME_IDS": ""}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := handler("plan", s.ServePlan, slog.New(slog.DiscardHandler))(t.Context(), parse(t, func(*event) {}))
	if err != nil || got.StatusCode != http.StatusOK || asked != 2 {
		t.Errorf("%+v, %v after %d calls", got, err, asked)
	}
}

package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// build compiles syncplan as it is shipped.
func build(tb testing.TB) string {
	tb.Helper()
	bin := filepath.Join(tb.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags=-s -w -buildid=", "-o", bin, "../syncplan")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// cloud is what a function's process sees of Lambda: the runtime API, which gives
// it one event, and the stores behind AWS_ENDPOINT_URL.
type cloud struct {
	*httptest.Server
	event   string
	polls   chan struct{}
	answers chan []byte
}

// newCloud returns a cloud whose stores are served by stores.
func newCloud(tb testing.TB, event string, stores http.HandlerFunc) *cloud {
	c := &cloud{event: event, polls: make(chan struct{}, 2), answers: make(chan []byte, 1)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/invocation/next"):
			c.polls <- struct{}{}
			if len(c.polls) > 1 {
				<-r.Context().Done() // the one event was given
				return
			}
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "request-1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(25*time.Second).UnixMilli(), 10))
			_, _ = io.WriteString(w, c.event)
		case strings.Contains(r.URL.Path, "/runtime/"):
			b, _ := io.ReadAll(r.Body)
			w.WriteHeader(http.StatusAccepted)
			c.answers <- b
		default:
			stores(w, r)
		}
	}))
	tb.Cleanup(c.Close)
	return c
}

// start starts the function's process.
func (c *cloud) start(tb testing.TB, bin string) *exec.Cmd {
	tb.Helper()
	cmd := exec.Command(bin)
	cmd.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(c.URL, "http://"), "AWS_ENDPOINT_URL=" + c.URL,
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=s",
		"AWS_SESSION_TOKEN=" + strings.Repeat("t", 1500), "MANIFEST_TABLE=t", "SAVES_BUCKET=b",
	}
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if !testing.Verbose() {
		cmd.Stdout, cmd.Stderr = nil, nil
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// BenchmarkStart measures from the start of a function's process to its first
// request for an event.
func BenchmarkStart(b *testing.B) {
	bin := build(b)
	var times []time.Duration
	for b.Loop() {
		c := newCloud(b, `{}`, http.NotFound)
		start := time.Now()
		cmd := c.start(b, bin)
		<-c.polls
		times = append(times, time.Since(start))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		c.CloseClientConnections()
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "median-ms/start")
	b.ReportMetric(float64(times[len(times)*95/100].Microseconds())/1000, "p95-ms/start")
}

// TestMemoryAtTheLargestRequest has a function take a request of the largest size
// that is admitted, with a record of the largest size, and read the largest files
// that are to be settled. It must stay within what Lambda's smallest functions have.
func TestMemoryAtTheLargestRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a function and moves 256 MB")
	}
	record, body, inboxes := largest(t)
	event, err := json.Marshal(map[string]any{
		"body":           string(body),
		"requestContext": map[string]any{"authorizer": map[string]any{"jwt": map[string]any{"claims": map[string]any{"sub": sub}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	megabyte := make([]byte, 1<<20)
	c := newCloud(t, string(event), func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetItem"):
			_ = json.NewEncoder(w).Encode(map[string]any{"Item": map[string]any{
				"record": map[string]string{"S": string(record)}, "revision": map[string]string{"N": "7"},
			}})
		case r.Header.Get("X-Amz-Target") != "":
			_, _ = io.WriteString(w, "{}")
		case r.URL.Query().Has("versions"):
			_, _ = io.WriteString(w, "<ListVersionsResult>")
			for _, key := range inboxes {
				_, _ = fmt.Fprintf(w, "<Version><Key>%s</Key><Size>%d</Size><IsLatest>true</IsLatest></Version>", key, 16<<20)
			}
			_, _ = io.WriteString(w, "<IsTruncated>false</IsTruncated></ListVersionsResult>")
		case strings.HasPrefix(r.URL.Path, "/b/inbox/"):
			w.Header().Set("Content-Length", strconv.Itoa(16<<20))
			w.Header().Set("X-Amz-Version-Id", "v")
			for range 16 {
				if _, err := w.Write(megabyte); err != nil {
					return
				}
			}
		default:
			w.Header().Set("Content-Range", "bytes 0-0/200000")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, "x")
		}
	})
	cmd := c.start(t, build(t))
	answer := <-c.answers
	var got struct {
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal(answer, &got); err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("%.300s, %v", answer, err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		t.Fatalf("no peak memory in %s", status)
	}
	peak, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("request %d bytes, record %d bytes, answer %d bytes, peak memory %d kB", len(body), len(record), len(answer), peak)
	if peak > 128<<10 {
		t.Errorf("the peak memory is %d kB", peak)
	}
}

// largest returns a record near the limit, with 16 uploads of the largest size to
// be read, and a request near the limit that lists every file as changed.
func largest(t *testing.T) (record, body []byte, inboxes []string) {
	t.Helper()
	g := &savesync.Game{Files: map[string]savesync.File{}}
	manifest := map[string]any{}
	var modified savesync.Timestamp
	if err := modified.UnmarshalJSON([]byte("1732345678.1234567")); err != nil {
		t.Fatal(err)
	}
	for i := range 484 {
		name := fmt.Sprintf("1-%d-%s.save", i, strings.Repeat("x", 30))
		g.Files[name] = savesync.File{ID: savesync.NewID(), Version: "v", Size: 200_000, Modified: modified, Checksum: memstore.Checksum(name)}
		manifest[name] = map[string]any{"path": strings.Repeat("p", 1500), "size": 200_000, "modified_timestamp": 1, "checksum": memstore.Checksum("old " + name)}
	}
	for i := range 16 {
		name := fmt.Sprintf("2-%d-LT1.save", i)
		u := savesync.Upload{
			ID: savesync.NewID(), Name: name, Size: 16 << 20, Modified: modified, Layout: 1,
			Checksum: memstore.Checksum(name), Expires: time.Now().Unix(),
		}
		g.Uploads = append(g.Uploads, u)
		inboxes = append(inboxes, "inbox/"+sub+"/my_game/"+name+"/"+u.ID)
	}
	record, err := json.Marshal(savesync.Record{Format: 1, Games: map[string]*savesync.Game{"my_game": g}})
	if err != nil {
		t.Fatal(err)
	}
	body, err = json.Marshal(map[string]any{"game_id": "my_game", "manifest": manifest})
	if err != nil {
		t.Fatal(err)
	}
	return record, bytes.TrimSpace(body), inboxes
}

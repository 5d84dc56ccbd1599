package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/renpy-cloud/renpyctl/internal/logs"
	"github.com/renpy-cloud/renpyctl/internal/ui"
)

// On a narrow terminal a line keeps the player and the status, and nothing is cut in its middle.
func TestLogLinesOnANarrowTerminal(t *testing.T) {
	l := newLogListener(&app{streams: &ui.Streams{}}, logsOptions{}, nil)
	item := logItem{
		Entry:  logs.Entry{Source: "syncPlan"},
		record: logs.Parse(`{"msg":"plan","player":"8bb0ed4e-96e4-407f-8863-d2557cfe4dc4","status":200,"took_ms":12,"game":"my_game"}`),
	}
	for width, want := range map[int]string{
		15: "8bb0ed4e    200",
		24: "8bb0ed4e    200",
		25: "10:06:42  8bb0ed4e    200",
		34: "10:06:42  8bb0ed4e    200",
		40: "10:06:42  plan      8bb0ed4e    200",
		42: "10:06:42  plan      8bb0ed4e    200  12 ms",
		48: "10:06:42  plan      8bb0ed4e    200  12 ms   my…",
	} {
		if got := strings.TrimRight(ui.Fit(ansi.Strip(l.request("10:06:42  ", item, width)), width), " "); got != want {
			t.Errorf("%d cells: %q, want %q", width, got, want)
		}
	}
}

// On a terminal a request is one line of 80 columns at most, whatever it holds.
func TestLogLinesOnATerminal(t *testing.T) {
	var out bytes.Buffer
	a := &app{streams: &ui.Streams{Out: &out, Err: &out, OutTerminal: true}}
	l := newLogListener(a, logsOptions{}, []logs.Source{{Name: "syncPlan"}, {Name: "syncComplete"}, {Name: accessLog}})
	l.names["8bb0ed4e-96e4-407f-8863-d2557cfe4dc4"] = "ann.lee@example.com"
	at := time.Date(2026, 11, 26, 10, 6, 41, 0, time.Local)
	for i, e := range []logs.Entry{
		{Source: "syncPlan", Message: `{"type":"platform.start","record":{"requestId":"1"}}`},
		{Source: "syncPlan", Message: `{"msg":"plan","player":"8bb0ed4e-96e4-407f-8863-d2557cfe4dc4","status":200,"took_ms":12,"game":"my_game","uploads":2,"downloads":0}`},
		{Source: "api", Message: `{"requestId":"JKJa","user":"8bb0ed4e","route":"POST /sync/plan","status":"200","latencyMs":"14","authError":"-","error":"-","integrationError":"-"}`},
		{Source: "syncComplete", Message: `{"msg":"complete","player":"c1b0ed4e-96e4-407f-8863-d2557cfe4dc4","status":200,"took_ms":48,"game":"my_game","damaged":["a","b"]}`},
		{Source: "syncPlan", Message: `{"msg":"plan","player":"c1b0ed4e","status":413,"took_ms":3,"game":"my_game"}`},
		{Source: "syncPlan", Message: `{"msg":"plan","player":"c1b0ed4e","status":403,"took_ms":3,"game":"my_game","reason":"banned","refusal":"This account is banned."}`},
		{Source: "syncPlan", Message: `{"msg":"plan","player":"c1b0ed4e","status":200,"took_ms":3,"game":"g","uploads":0,"downloads":0,"left_alone":2,"left_alone_files":{"1-4-LT1.save":"size","x":"name"}}`},
		{Source: "api", Message: `{"requestId":"JKJb","user":"-","route":"POST /sync/plan","status":"401","latencyMs":"-","authError":"token expired","error":"Unauthorized","integrationError":"-"}`},
		{Source: "syncPlan", Message: `{"type":"platform.report","record":{"requestId":"1","status":"success","metrics":{"durationMs":13,"initDurationMs":61.4}}}`},
		{Source: "syncPlan", Message: `{"msg":"plan","player":"c1b0ed4e","status":503,"took_ms":23041,"game":"my_game","cause":"` + strings.Repeat("DynamoDB throttled ", 20) + `"}`},
		{Source: "syncPlan", Message: "REPORT RequestId: 1\tDuration: 25000 ms\tStatus: timeout", Late: true},
		{Source: "syncPlan", Message: "panic: no such thing\ngoroutine 1"},
	} {
		e.Time = at.Add(time.Duration(i) * time.Second)
		if err := l.Entry(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Looked(nil); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(ansi.Strip(out.String()), "\n") // the day and the zone
	want := `10:06:42  plan      ann.lee@e…  200  12 ms   my_game  2 up  0 down
10:06:44  complete  c1b0ed4e    200  48 ms   my_game  2 damaged
10:06:45  plan      c1b0ed4e    413  3 ms    my_game  too_large
10:06:46  plan      c1b0ed4e    403  3 ms    my_game  banned: This account is b…
10:06:47  plan      c1b0ed4e    200  3 ms    g  0 up  0 down  2 left alone: 1-4…
10:06:48  plan      –           401          unauthorized: token expired
10:06:49  ! syncPlan cold start 61 ms
10:06:50  ✗ plan    c1b0ed4e    503  23 s    my_game  unavailable: DynamoDB thr…
10:06:51  late  ✗ syncPlan ended with timeout after 25 s
10:06:52  plan      panic: no such thing
    goroutine 1
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

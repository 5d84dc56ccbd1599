package logs_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/logs"
)

func TestParse(t *testing.T) {
	const id = "6f2dc61e-0000-4000-8000-000000000001"
	for message, want := range map[string]logs.Record{
		`{"level":"INFO","msg":"syncplan","api_request_id":"JKJa=","request_id":"` + id + `","player":"p","status":200,"took_ms":0,"game":"g","uploads":2,"downloads":1,"conflicts":3,"left_alone":4,"left_alone_files":{"a \"b":"size","c":"name"},"damaged":{"a":"cut"}}`: {
			Kind: logs.Request, Level: "INFO", IDs: []string{"JKJa=", id}, Player: "p", Status: 200, Game: "g", Uploads: 2, Downloads: 1, Conflicts: 3, LeftAlone: 4, LeftFile: `a "b`, LeftWhy: "size", Damaged: 1},
		`{"level":"ERROR","msg":"syncplan","request_id":"` + id + `","player":"p","status":503,"took_ms":23041,"cause":"throttled"}`: {
			Kind: logs.Request, Level: "ERROR", IDs: []string{id}, Player: "p", Status: 503, Took: 23041 * time.Millisecond, Cause: "throttled"},
		`{"level":"WARN","msg":"plan","request_id":"` + id + `","player":"p","status":403,"took_ms":1,"reason":"banned","refusal":"This account is banned."}`: {
			Kind: logs.Request, Level: "WARN", IDs: []string{id}, Player: "p", Status: 403, Took: time.Millisecond, Reason: "banned", Cause: "This account is banned."},
		`{"requestId":"JKJa=","user":"p","route":"POST /sync/plan","status":"200","latencyMs":"14","authError":"-","error":"-","integrationError":"-"}`: {
			Kind: logs.Access, IDs: []string{"JKJa="}, Player: "p", Route: "POST /sync/plan", Status: 200, Took: 14 * time.Millisecond, ByFunction: true},
		// The function was killed: the API answers in its place.
		`{"requestId":"JKJa=","user":"p","route":"POST /sync/plan","status":"504","latencyMs":"30000","authError":"-","error":"Gateway Timeout","integrationError":"timed out"}`: {
			Kind: logs.Access, IDs: []string{"JKJa="}, Player: "p", Route: "POST /sync/plan", Status: 504, Took: 30 * time.Second, Cause: "timed out"},
		`{"requestId":"JKJa=","user":"-","route":"-","status":"404","latencyMs":"-","authError":"-","error":"Not Found","integrationError":"-"}`: {
			Kind: logs.Access, IDs: []string{"JKJa="}, Route: "-", Status: 404, Cause: "Not Found"},
		`{"time":"x","type":"platform.start","record":{"requestId":"` + id + `"}}`: {Kind: logs.Platform, IDs: []string{id}},
		`{"time":"x","type":"platform.report","record":{"requestId":"` + id + `","status":"timeout","metrics":{"durationMs":25000,"initDurationMs":61.5}}}`: {
			Kind: logs.Report, IDs: []string{id}, Outcome: "timeout", Took: 25 * time.Second, Init: 61500 * time.Microsecond},
		"START RequestId: " + id + " Version: $LATEST": {Kind: logs.Platform, IDs: []string{id}},
		"REPORT RequestId: " + id + "\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 256 MB\tInit Duration: 61.00 ms\t": {
			Kind: logs.Report, IDs: []string{id}, Took: 12500 * time.Microsecond, Init: 61 * time.Millisecond},
		"2026-11-26T10:00:00Z " + id + " Task timed out after 25.00 seconds": {Level: "ERROR"},
		"panic: no such thing":        {Level: "ERROR"},
		`{"msg":"half of`:             {},
		`{"status":{"a":1}}`:          {},
		`{"level":"warn","msg":"hm"}`: {Level: "WARN"},
		"\xff\x1b[31m":                {},
		strings.Repeat("x", 1<<20):    {},
		"":                            {},
	} {
		if got := logs.Parse(message); !reflect.DeepEqual(got, want) {
			t.Errorf("%.200q:\ngot  %+v\nwant %+v", message, got, want)
		}
	}
}

func TestWanted(t *testing.T) {
	request := logs.Record{Kind: logs.Request, Player: "p", Status: 200, IDs: []string{"a", "b"}}
	for w, want := range map[logs.Wanted]bool{
		{}: true, {Player: "p"}: true, {Player: "q"}: false, {Request: "b"}: true, {Request: "c"}: false, {Errors: true}: false, {Player: "p", Request: "a"}: true,
	} {
		if w.Match(request) != want {
			t.Errorf("%+v: %v", w, !want)
		}
	}
	for want, list := range map[bool][]logs.Record{
		true:  {{Kind: logs.Request, Status: 429}, {Kind: logs.Access, Status: 401}, {Kind: logs.Report, Outcome: "error"}, {Level: "ERROR"}},
		false: {{Kind: logs.Report, Outcome: "success"}, {Kind: logs.Report}, {Kind: logs.Platform}, {Level: "INFO"}, {}},
	} {
		for _, r := range list {
			if r.Failed() != want {
				t.Errorf("%+v failed: %v", r, !want)
			}
		}
	}
}

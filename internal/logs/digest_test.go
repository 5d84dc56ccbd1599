package logs_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/logs"
)

// Each request counts once, whichever logs tell of it, and by its kind.
func TestDigest(t *testing.T) {
	g := newGroups(t)
	all := append(slices.Clone(sources), logs.Source{Name: "api", Group: "/api"}, logs.Source{Name: "gone", Group: "/gone"})
	start := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	n := 0
	line := func(group, format string, args ...any) {
		n++
		g.log(group, fmt.Sprint(n), start.Add(time.Duration(n)*time.Second), fmt.Sprintf(format, args...))
	}
	for took := range 15 {
		line(plan, `{"request_id":"r","player":"p%d","status":200,"took_ms":%d}`, took%4, 100+took)
	}
	line(plan, `{"request_id":"r","player":"p1","status":413,"took_ms":1,"cause":"too large"}`)
	line(complete, `{"request_id":"r","player":"p1","status":503,"took_ms":23000,"cause":"throttled"}`)
	line(complete, `{"request_id":"r","player":"p1","status":503,"took_ms":3}`)
	line(complete, `{"request_id":"r","player":"p1","status":413,"took_ms":3,"cause":"too many"}`)
	line("/api", `{"requestId":"x","user":"p9","route":"POST /sync/plan","status":"413","latencyMs":"1","authError":"-","error":"-","integrationError":"-"}`)
	line("/api", `{"requestId":"y","user":"-","route":"POST /sync/plan","status":"401","latencyMs":"1","authError":"expired","error":"-","integrationError":"-"}`)
	line(plan, `{"type":"platform.report","record":{"requestId":"r","status":"timeout","metrics":{"durationMs":25000,"initDurationMs":61}}}`)
	line(plan, `{"type":"platform.report","record":{"requestId":"r","status":"success","metrics":{"durationMs":25}}}`)
	line(plan, `{"half":`)

	var d logs.Digest
	if err := logs.Read(t.Context(), g.client, all, logs.Query{Since: start}, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Players) != 5 || !d.Players["p9"] || d.Players[""] {
		t.Errorf("players %v", d.Players)
	}
	if got := fmt.Sprint(d.Troubles); got != fmt.Sprint([]logs.Trouble{
		{"complete", 503, 2, start.Add(18 * time.Second).Local(), "throttled"},
		{"plan", 413, 1, start.Add(16 * time.Second).Local(), "too large"},
		{"complete", 413, 1, start.Add(19 * time.Second).Local(), "too many"},
		{"api", 401, 1, start.Add(21 * time.Second).Local(), "expired"},
	}) {
		t.Errorf("troubles %s", got)
	}
	if d.Reports != 2 || d.Failed != 1 || len(d.ColdStarts) != 1 || d.ColdStarts[0].Took != 61*time.Millisecond {
		t.Errorf("%d reports, %d failed, cold starts %v", d.Reports, d.Failed, d.ColdStarts)
	}
	var slow []int64
	for _, s := range d.Slowest {
		slow = append(slow, s.Record.Took.Milliseconds())
	}
	if !slices.Equal(slow, []int64{23000, 114, 113, 112, 111, 110, 109, 108, 107, 106}) {
		t.Errorf("slowest %v", slow)
	}
	if len(d.Gaps) != 1 || d.Gaps[0].Source != "gone" || !d.Last.Equal(start.Add(time.Duration(n)*time.Second)) {
		t.Errorf("gaps %v, last %s", d.Gaps, d.Last)
	}
}

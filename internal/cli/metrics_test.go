package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/logs"
)

const (
	planGroup     = "/aws/lambda/renpy-cloud-dev-syncPlan"
	completeGroup = "/aws/lambda/renpy-cloud-dev-syncComplete"
	accessGroup   = "/aws/vendedlogs/renpy-cloud/dev/api-access"
)

// measured is a deployed stage of which something was measured and logged.
func measured(t *testing.T) *awsAccount {
	t.Helper()
	a := deployed(t)
	a.Measured["AWS/ApiGateway Count"], a.Measured["AWS/ApiGateway 5xx"] = 7, 0
	a.Measured["AWS/ApiGateway Latency"], a.Measured["AWS/S3 BucketSizeBytes"] = 12.5, 4e9
	at := time.Now().Add(-time.Hour)
	line := func(group, text string) {
		a.Logged[group] = append(a.Logged[group], awsaccount.Line{Time: at, Text: text})
	}
	line(planGroup, `{"request_id":"1","player":"ann","status":200,"took_ms":12,"game":"g"}`)
	line(planGroup, `{"request_id":"2","player":"bob","status":503,"took_ms":23000,"game":"g","cause":"dynamodb: \u001b[31mThrottlingException"}`)
	line(planGroup, `{"request_id":"3","player":"bob","status":503,"took_ms":9,"game":"g"}`)
	line(planGroup, `{"type":"platform.report","record":{"requestId":"1","status":"success","metrics":{"durationMs":12,"initDurationMs":61}}}`)
	line(accessGroup, `{"requestId":"x","user":"ann","route":"POST /sync/plan","status":"200","latencyMs":"14","authError":"-","error":"-","integrationError":"-"}`)
	line(accessGroup, `{"requestId":"y","user":"-","route":"POST /sync/plan","status":"401","latencyMs":"1","authError":"token expired","error":"Unauthorized","integrationError":"-"}`)
	a.Logged[completeGroup] = nil
	return a
}

// seenMetrics runs `metrics --output json` and decodes what it prints.
func (a *awsAccount) seenMetrics(code int, args ...string) (outcome, metricsView) {
	a.t.Helper()
	o := a.run(append([]string{"metrics", "--output", "json"}, args...)...)
	if o.code != code {
		a.t.Fatalf("exit code %d, want %d\n%s", o.code, code, o.stderr)
	}
	var v metricsView
	if err := json.Unmarshal([]byte(o.stdout), &v); err != nil {
		a.t.Fatalf("%v\n%s", err, o.stdout)
	}
	return o, v
}

func (v metricsView) named(name string) *metricView {
	for i := range v.Metrics {
		if v.Metrics[i].Name == name {
			return &v.Metrics[i]
		}
	}
	return nil
}

// Metrics, releases, and what the logs come to, in one answer; nothing is changed,
// and nothing is looked for in AWS's lists.
func TestMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := measured(t)
		o, v := a.seenMetrics(exitOK, "--since", "3h")
		o.changedNothing(t)
		if r := v.named("requests"); r == nil || *r.Peak != 7 || *r.Total != float64(7*len(r.Points)) || !r.Points[len(r.Points)-1].Running || r.Points[0].Running {
			t.Errorf("requests %+v", r)
		}
		if r := v.named("5xx"); r == nil || *r.Total != 0 {
			t.Errorf("5xx %+v: what was counted as 0 is 0", r)
		}
		if r := v.named("4xx"); r == nil || len(r.Points) != 0 || r.Total != nil || r.Peak != nil {
			t.Errorf("4xx %+v: there is no data", r)
		}
		if r := v.named("latency-p95"); r == nil || r.Total != nil || *r.Peak != 12.5 {
			t.Errorf("latency %+v", r)
		}
		if len(v.Releases) != 1 || v.Releases[0].Number != 1 {
			t.Errorf("releases %+v", v.Releases)
		}
		if v.ActivePlayers == nil || *v.ActivePlayers != 2 || v.ColdStarts.Count != 1 || v.ColdStarts.LongestMS != 61 {
			t.Errorf("players %v, cold starts %+v", v.ActivePlayers, v.ColdStarts)
		}
		if len(v.Errors) != 2 || v.Errors[0].Status != 503 || v.Errors[0].Count != 2 || v.Errors[0].Source != "syncPlan" || !strings.Contains(v.Errors[0].Cause, "Throttling") ||
			v.Errors[1].Status != 401 || v.Errors[1].Source != "api" {
			t.Errorf("errors %+v", v.Errors)
		}
		if len(v.Missing) > 0 || o.stderr != "" {
			t.Errorf("missing %+v\n%s", v.Missing, o.stderr)
		}
	})
}

// Where nothing is counted a line says why, in place of all the names without data.
func TestMetricsOfNothing(t *testing.T) {
	t.Parallel()
	for endpoint, why := range map[string]string{"": "some minutes after", "http://127.0.0.1:4566": "http://127.0.0.1:4566, counts none"} {
		synctest.Test(t, func(t *testing.T) {
			a := deployed(t)
			a.Endpoint = endpoint
			if o := a.run("metrics"); o.code != exitOK || !strings.Contains(o.stderr, why) || !strings.Contains(o.stderr, "renpyctl logs") {
				t.Errorf("nothing at %q: exit code %d\n%s", endpoint, o.code, o.stderr)
			}
			if o := a.run("metrics", "4xx"); strings.Contains(o.stderr, why) {
				t.Errorf("there need not have been an error:\n%s", o.stderr)
			}
			a.Measured["AWS/ApiGateway Count"] = 7
			if o := a.run("metrics"); strings.Contains(o.stderr, why) {
				t.Errorf("requests were counted:\n%s", o.stderr)
			}
		})
	}
}

// A kind of errors is its status, the reason if there is one for it, and whose answer it was.
func TestTroubleRow(t *testing.T) {
	for status, want := range map[int]string{503: "503 unavailable, plan", 403: "403, plan"} {
		if got := ansi.Strip(troubleRow(logs.Trouble{Source: "syncPlan", Status: status})[0]); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A release is in the time that is looked at, or is not shown.
func TestMetricsOfAnEarlierTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := measured(t)
		time.Sleep(24 * time.Hour)
		_, v := a.seenMetrics(exitOK, "--since", "3h", "--until", "2h")
		if len(v.Releases) > 0 || len(v.Errors) > 0 || *v.ActivePlayers != 0 {
			t.Errorf("%+v", v)
		}
		if r := v.named("requests"); r.Points[len(r.Points)-1].Running {
			t.Error("what is long over is said to run")
		}
	})
}

// What cannot be read is named, and the rest is there.
func TestMetricsInPart(t *testing.T) {
	t.Parallel()
	denied := func(action string) error {
		return awsfake.Error{Code: "AccessDenied", Message: "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: " + action, Status: 403}
	}
	for _, c := range []struct {
		what    string
		call    string // that fails, by the beginning of its name
		err     error
		code    int
		missing []string
	}{
		{"a metric is denied", "CloudWatch-GetMetricStatistics 5xx", denied("cloudwatch:GetMetricStatistics"), exitAccess, []string{"5xx"}},
		{"a metric is throttled for good", "CloudWatch-GetMetricStatistics 4xx", awsfake.Error{Code: "Throttling", Message: "Rate exceeded", Status: 400}, exitError, []string{"4xx"}},
		{"a log is denied", "CloudWatch-Logs-FilterLogEvents " + accessGroup, denied("logs:FilterLogEvents"), exitAccess, []string{"logs of api"}},
		{"the releases are denied", "S3-GetObject releases/", denied("s3:GetObject"), exitAccess, []string{"releases"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := measured(t)
				a.Fault = func(name string) awsaccount.Fault {
					if strings.HasPrefix(name, c.call) {
						return awsaccount.Fault{Before: c.err}
					}
					return awsaccount.Fault{}
				}
				o, v := a.seenMetrics(c.code, "--since", "3h")
				var missing []string
				for _, m := range v.Missing {
					missing = append(missing, m.What)
				}
				if !slices.Equal(missing, c.missing) {
					t.Errorf("missing %q, want %q", missing, c.missing)
				}
				if v.named("requests") == nil || len(v.named("requests").Points) == 0 {
					t.Error("the rest is not there")
				}
				for _, name := range c.missing {
					if !strings.Contains(o.stderr, name) || v.named(name) != nil {
						t.Errorf("%s is not said to be missing:\n%s", name, o.stderr)
					}
				}
				if strings.HasPrefix(c.missing[0], "logs") != (v.ActivePlayers == nil) {
					t.Errorf("active players %v", v.ActivePlayers)
				}
			})
		})
	}
}

// A stage of which no metric can be read has no metrics that could be printed.
func TestMetricsNotAtAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := measured(t)
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasPrefix(name, "CloudWatch-Get") {
				return awsaccount.Fault{Before: awsfake.ErrLost}
			}
			return awsaccount.Fault{}
		}
		o := a.run("metrics")
		oneError(t, o, exitError)
		if o.stdout != "" {
			t.Errorf("printed %q", o.stdout)
		}
	})
}

// Logs that take longer than a look has are counted as far as they were read, which is
// said, and nobody is told a number of players that is none.
func TestMetricsOfLongLogs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := measured(t)
		line := a.Logged[planGroup][0]
		for range 10_000 { // a full page
			line.Time = line.Time.Add(time.Millisecond)
			a.Logged[planGroup] = append(a.Logged[planGroup], line)
		}
		a.SetLatency(logsWithin * 2 / 3) // of a call: the first page comes in time, the second too late
		o, v := a.seenMetrics(exitOK, "--since", "3h")
		if v.ActivePlayers != nil || v.LogsReadUntil == nil || v.LogsReadUntil.IsZero() || len(v.Missing) > 0 {
			t.Errorf("players %v, read until %v, missing %v", v.ActivePlayers, v.LogsReadUntil, v.Missing)
		}
		o.wants(t, exitOK, "longer than can be read")
	})
}

// Logs of which nothing comes are missing, which is not that there is nothing in them.
func TestMetricsWithoutLogs(t *testing.T) {
	t.Parallel()
	fault := awsfake.Error{Code: "InternalFailure", Message: "We encountered an internal error.", Status: 500}
	for what, breaks := range map[string]func(a *awsAccount){
		"hang":       func(a *awsAccount) { a.SetLatency(11 * time.Second) },
		"have fault": func(a *awsAccount) { a.fails("CloudWatch-Logs-FilterLogEvents", fault) },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := measured(t)
				breaks(a)
				o, v := a.seenMetrics(exitError, "--since", "3h")
				if v.ColdStarts != nil || v.LogsReadUntil != nil || v.ActivePlayers != nil || len(v.Missing) != 3 || !strings.HasPrefix(v.Missing[0].What, "logs of ") {
					t.Errorf("cold starts %v, read until %v, missing %v", v.ColdStarts, v.LogsReadUntil, v.Missing)
				}
				o.wants(t, exitError, "not known: logs of ")
				a.run("metrics", "--since", "3h").lacks(t, "cold-starts")
				file := filepath.Join(t.TempDir(), "page.html")
				a.run("metrics", "--since", "3h", "--out", file).wants(t, exitError, "logs of ")
				page, err := os.ReadFile(file)
				if err != nil || strings.Contains(string(page), "None in the logs") || !strings.Contains(string(page), "Not known: logs of ") {
					t.Errorf("the page (%v) does not say what is missing", err)
				}
			})
		})
	}
}

func TestMetricsAsCSV(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := measured(t)
		o := a.run("metrics", "requests", "--csv", "--since", "1h")
		rows, err := csv.NewReader(strings.NewReader(o.stdout)).ReadAll()
		if err != nil || o.code != exitOK || len(rows) < 60 {
			t.Fatalf("exit code %d, %d rows, %v\n%s", o.code, len(rows), err, o.stderr)
		}
		if got := fmt.Sprint(rows[1][0], rows[1][3:]); got != "requests[60 7 false]" || rows[len(rows)-1][5] != "true" {
			t.Errorf("%q … %q", rows[1], rows[len(rows)-1])
		}
		if o := a.run("metrics", "4xx", "--csv", "--since", "1h"); !strings.Contains(o.stdout, ",60,,false\n") {
			t.Errorf("where there is no data:\n%s", o.stdout)
		}
	})
}

// In a pipe a row has the same cells whatever is known, and no colour of others' making.
func TestMetricsInAPipe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := measured(t)
		o := a.run("metrics", "--since", "3h")
		o.wants(t, exitOK, "errors-503-syncPlan\tcount\t2\t\t\t\n")
		for line := range strings.Lines(o.stdout) {
			if strings.Count(line, "\t") != 5 {
				t.Errorf("%q has not six cells", line)
			}
		}
		table := a.run("metrics", "--since", "3h", "-o", "table")
		if strings.Contains(table.stdout, "\x1b[31mThrottling") || !strings.Contains(table.stdout, "Throttling") {
			t.Errorf("the cause of an error:\n%q", table.stdout)
		}
	})
}

// A watch goes on until it is interrupted, over trouble that passes, without reading
// the logs, and never more often than once a minute.
func TestWatchMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := measured(t)
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
		defer cancel()
		begin := time.Now()
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasPrefix(name, "CloudWatch-Get") && time.Since(begin) < 30*time.Second {
				return awsaccount.Fault{Before: awsfake.ErrLost}
			}
			return awsaccount.Fault{}
		}
		o := a.runIn(ctx, nil, "metrics", "--watch", "--output", "json")
		looks := strings.Count(o.stdout, "\n")
		if o.code != exitOK || looks < 1 || looks > 2 {
			t.Errorf("exit code %d, %d looks in 150 s\n%s", o.code, looks, o.stderr)
		}
		for _, call := range o.calls {
			if strings.Contains(call, "FilterLogEvents") || strings.Contains(call, "GetMetricData") {
				t.Errorf("a watch calls %s", call)
			}
		}
		if !strings.Contains(o.stderr, "first 1,000,000 a month are free") || !strings.Contains(o.stderr, "no news") {
			t.Errorf("said:\n%s", o.stderr)
		}
	})
}

// A watch of a stage that is taken down meanwhile ends.
func TestWatchMetricsOfARemovedStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := measured(t)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		begin := time.Now()
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasPrefix(name, "CloudFormation-DescribeStacks") && time.Since(begin) > 90*time.Second {
				a.Stacks = nil
			}
			return awsaccount.Fault{}
		}
		o := a.runIn(ctx, nil, "metrics", "requests", "--watch", "--output", "json")
		if looks := strings.Count(o.stdout, "\n"); o.code != exitNotFound || looks != 2 {
			t.Errorf("exit code %d after %d looks\n%s", o.code, looks, o.stderr)
		}
	})
}

// What makes no sense is refused before anything is asked.
func TestMetricsUsage(t *testing.T) {
	t.Parallel()
	for args, said := range map[string]string{
		"latncy":                   "did you mean latency-p50",
		"errors":                   "did you mean syncPlan-errors, or syncComplete-errors?",
		"nothing-such":             "--help",
		"--since 500d":             "455 days",
		"--since 1h --until 2h":    "before",
		"--watch --until 1h":       "leave out --until",
		"--csv --watch":            "leave out",
		"--csv --output json":      "leave out",
		"requests latency-p95":     "takes one argument",
		"requests --out x.html":    "leave out METRIC",
		"--csv --out x.html":       "leave out METRIC",
		"--out=":                   "--out needs a file",
		"--since tomorrow":         "no time",
		"requests --until 31:00":   "not on the clock",
		"REQUESTS --since 1x":      "no time",
		"--since 10m --until 2100": "no time",
	} {
		a := newAccount(t)
		o := a.run(append([]string{"metrics"}, strings.Fields(args)...)...)
		if o.code != exitUsage || !strings.Contains(o.stderr, said) || len(o.calls) > 0 {
			t.Errorf("%s: exit code %d after %q\n%s", args, o.code, o.calls, o.stderr)
		}
	}
}

func TestMetricsOfNoStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { oneError(t, newAccount(t).run("metrics"), exitNotFound) })
}

// The page has all of it, of hostile players' making too, and is there whole or not at all.
func TestMetricsPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := measured(t)
		a.Logged[planGroup] = append(a.Logged[planGroup], awsaccount.Line{Time: time.Now().Add(-time.Minute),
			Text: `{"request_id":"9","player":"<img src=x>","status":500,"took_ms":24000,"game":"<script>alert(1)</script>","cause":"<b>\u202eboom"}`})
		dir := t.TempDir()
		file := filepath.Join(dir, "page.html")
		o := a.run("metrics", "--since", "3h", "--out", file)
		o.wants(t, exitOK, "")
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, wanted := range []string{"500 internal", "503 unavailable", "&lt;script&gt;alert(1)", "24 s", "the prices of eu-west-1 are not known", "Worst p95", "<path class=\"l l0\"", "user/ann"} {
			if !strings.Contains(string(page), wanted) {
				t.Errorf("the page has no %q", wanted)
			}
		}
		if strings.Contains(string(page), "<script") || strings.Contains(string(page), "<img") || strings.Contains(string(page), "<b>b") || strings.Contains(string(page), "\u202e") {
			t.Error("a hostile name is part of the page")
		}
		if o := a.run("metrics", "--out", filepath.Join(dir, "none", "page.html")); o.code != exitError || !strings.Contains(o.stderr, "write the page") {
			t.Errorf("no such folder: exit code %d\n%s", o.code, o.stderr)
		}
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasPrefix(name, "CloudWatch-GetMetricStatistics 5xx") {
				return awsaccount.Fault{Before: awsfake.Error{Code: "AccessDenied", Message: "not authorized to perform: cloudwatch:GetMetricStatistics", Status: 403}}
			}
			return awsaccount.Fault{}
		}
		o = a.run("metrics", "--since", "3h", "--out", file)
		page, _ = os.ReadFile(file)
		if o.code != exitAccess || !strings.Contains(string(page), "Not known: 5xx") {
			t.Errorf("in part: exit code %d\n%s", o.code, o.stderr)
		}
		if files, _ := os.ReadDir(dir); len(files) != 1 {
			t.Errorf("beside the page there is %v", files)
		}
	})
}

//go:build e2e && (linux || darwin)

package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/renpy-cloud/renpyctl/internal/metrics"
	deployed "github.com/renpy-cloud/renpyctl/internal/stage"
)

// count puts values of a metric into CloudWatch, as its service would.
func count(t *testing.T, client *cw.Client, m metrics.Metric, at time.Time, values ...float64) {
	t.Helper()
	var dimensions []types.Dimension
	for _, d := range m.Source.Dimensions {
		if d.Name != "" {
			dimensions = append(dimensions, types.Dimension{Name: &d.Name, Value: &d.Value})
		}
	}
	var data []types.MetricDatum
	for _, v := range values {
		data = append(data, types.MetricDatum{MetricName: &m.Source.Name, Dimensions: dimensions, Timestamp: &at, Value: aws.Float64(v)})
	}
	if _, err := client.PutMetricData(t.Context(), &cw.PutMetricDataInput{Namespace: &m.Source.Namespace, MetricData: data}); err != nil {
		t.Fatal(err)
	}
}

// counted is what `metrics --output json` prints of a metric.
type counted struct {
	Name   string
	Total  *float64
	Peak   *float64
	Points []struct {
		Time    time.Time
		Value   float64
		Running bool
	}
}

func (s *stage) counted(t *testing.T, args ...string) map[string]counted {
	t.Helper()
	var v struct{ Metrics []counted }
	s.run(t, append([]string{"metrics", "--output", "json"}, args...)...).exits(t, 0).json(t, &v)
	all := map[string]counted{}
	for _, m := range v.Metrics {
		all[m.Name] = m
	}
	return all
}

// TestMetrics reads, through CloudWatch's own protocol, what was put there for the
// stage's API, functions, table, bucket and user pool.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s := deploy(t, "metrics")
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("test", secret, "")}
	at := deployed.At(cfg, deployed.Name(s.name))
	st, err := at.Deployed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]metrics.Metric{}
	for _, m := range metrics.All(at.Measured(st)) {
		byName[m.Name] = m
	}
	client := cw.NewFromConfig(cfg)
	early := time.Now().Add(-100 * time.Minute).Truncate(10 * time.Minute)
	count(t, client, byName[metrics.Requests], early, 5, 7)
	count(t, client, byName[metrics.ServerErrors], early, 0)
	count(t, client, byName[metrics.LatencyP95], early, 10, 20, 30, 40, 1000)
	count(t, client, byName[metrics.SignUps], early, 1, 0, 1)
	count(t, client, byName[metrics.WriteCapacity], early, 12)
	count(t, client, byName[metrics.OfFunction("syncPlan", metrics.Concurrency)], time.Now(), 2, 4)
	count(t, client, byName[metrics.StoredBytes], time.Now().UTC().Truncate(24*time.Hour).Add(-24*time.Hour), 4.1e9)

	all := s.counted(t, "--since", "3h")
	for name, want := range map[string]float64{metrics.Requests: 12, metrics.ServerErrors: 0, metrics.SignUps: 2, metrics.SignUpAttempts: 3, metrics.WriteCapacity: 12} {
		if m := all[name]; m.Total == nil || *m.Total != want || len(m.Points) != 1 || m.Points[0].Running {
			t.Errorf("%s: %+v, want %v once", name, m, want)
		}
	}
	if m := all[metrics.LatencyP95]; m.Total != nil || m.Peak == nil || *m.Peak <= 40 || *m.Peak > 1000 || *all[metrics.LatencyP50].Peak != 30 {
		t.Errorf("latency: p95 %+v, p50 %+v", m, all[metrics.LatencyP50])
	}
	if m := all[metrics.StoredBytes]; m.Peak == nil || *m.Peak != 4.1e9 {
		t.Errorf("bytes: %+v", m)
	}
	if m := all[metrics.ClientErrors]; m.Total != nil || len(m.Points) > 0 {
		t.Errorf("of what nobody has counted there is %+v", m)
	}
	if m := all[metrics.OfFunction("syncPlan", metrics.Concurrency)]; m.Peak == nil || *m.Peak != 4 || !m.Points[0].Running {
		t.Errorf("what is measured now: %+v", m)
	}

	chart := s.run(t, "metrics", "requests", "--since", "3h", "--output", "table").exits(t, 0).out
	if !strings.Contains(chart, "12 ┤") || !regexp.MustCompile(`(?m)^ +▾$`).MatchString(chart) {
		t.Errorf("the chart has no axis or no release:\n%s", chart)
	}
	for i, line := range strings.Split(chart, "\n") {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("line %d has %d cells", i, n)
		}
	}
	if rows := s.run(t, "metrics", "--since", "3h", "--csv").exits(t, 0).out; !strings.Contains(rows, fmt.Sprintf("requests,count,%s,60,12,false\n", early.UTC().Format(time.RFC3339))) {
		t.Errorf("no such row in\n%.2000s", rows)
	}
}

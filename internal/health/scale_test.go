package health_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/health"
)

// count writes a whole number as docs/scale.md does: 10,000.
func count(n float64) string {
	text := fmt.Sprintf("%.0f", math.Ceil(n-1e-9))
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// The figures of docs/scale.md are the program's.
func TestScaleIsWhatTheDocumentSays(t *testing.T) {
	text, err := os.ReadFile("../../docs/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	says := func(format string, args ...any) {
		t.Helper()
		if line := fmt.Sprintf(format, args...); !strings.Contains(string(text), line+"\n") {
			t.Errorf("docs/scale.md does not say\n%s", line)
		}
	}
	usual := health.NewAccount()
	usual.Concurrency, usual.OwnSender, usual.Mails = 1000, true, 50_000
	for players := int64(10); players <= 10_000_000; players *= 10 {
		l, d := health.Launch(players), health.EveryDay(players)
		says("| %s | %s | %s | %s | %s | %s | %s |", count(float64(players)), count(l.SignUps), count(l.Requests), count(l.AtOnce),
			count(d.SignUps), count(d.Requests), count(d.AtOnce))
		says("| %s | %s | %s |", count(float64(players)), broken(l, health.NewAccount()), broken(l, usual))
	}
	for _, q := range health.Quotas(health.Launch(1_000_000), usual) {
		every := health.Quotas(health.EveryDay(1_000_000), usual)
		for _, e := range every {
			if e.Name == q.Name {
				says("| %s, %s | %s | %s | %s | %s |", q.Name, q.Unit, count(q.Limit), count(float64(q.Breaks)), count(float64(e.Breaks)), orNothing(q.Cost))
			}
		}
	}
}

// broken names what a load breaks, the first one first.
func broken(l health.Load, limits health.Limits) string {
	var names []string
	for _, q := range health.Quotas(l, limits) {
		if !q.Enough() {
			names = append(names, q.Name)
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

func orNothing(cost string) string {
	if cost == "" {
		return "not needed"
	}
	return cost
}

// Of two loads the larger one never breaks less, and what is enough is enough.
func TestQuotasAgreeWithThemselves(t *testing.T) {
	for _, load := range []func(int64) health.Load{health.Launch, health.EveryDay} {
		for players := int64(1); players <= 10_000_000; players *= 3 {
			for _, q := range health.Quotas(load(players), health.NewAccount()) {
				if q.Enough() != (players <= q.Breaks) {
					t.Errorf("%s of %d players: enough is %v, and it is said to be enough for %d", q.Name, players, q.Enough(), q.Breaks)
				}
				if again := health.Quotas(load(q.Breaks), health.NewAccount()); q.Breaks > 0 && again[0].Breaks > q.Breaks {
					t.Errorf("%s: what breaks first is said differently for %d players", q.Name, q.Breaks)
				}
			}
		}
	}
}

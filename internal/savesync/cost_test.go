package savesync_test

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/cost"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// The prices are those that `renpyctl cost` computes with.
var (
	prices, _     = cost.PricesOf("us-east-1")
	priceAPI      = prices.APIRequest[0].Dollars
	priceInvoke   = prices.Invocation
	priceGBSecond = prices.GBSecond
	priceWrite    = prices.WriteUnit
	priceRead     = prices.ReadUnit
	priceS3Write  = prices.S3Write
	priceS3Read   = prices.S3Read
	priceStoredGB = prices.StoredGB
	priceLogsGB   = prices.LogGB + prices.LogKeptGB // written, and kept for a month
)

const (
	gigabyte        = 1 << 30
	functionMemory  = 0.25 // GB
	logBytesRequest = 900  // the function's line and the API's
)

// A bill is what one player cost.
type bill struct{ api, lambda, table, requests, storage, logs float64 }

func (b bill) total() float64 { return b.api + b.lambda + b.table + b.requests + b.storage + b.logs }

// charge adds what a call to a store costs.
func (b *bill) charge(s *scene, c memstore.Call) {
	size := func() float64 {
		data, _ := s.store.Record(c.Key)
		return float64(len(data)) + 100 // the item's other attributes and names
	}
	switch c.Op {
	case "Load", "LoadOld":
		b.table += priceRead * math.Ceil(size()/4096)
	case "Save":
		b.table += priceWrite * math.Ceil(size()/1024)
	case "Copy", "List":
		b.requests += priceS3Write
	case "Read", "Stat":
		b.requests += priceS3Read
	case "Retire": // a DELETE
	default:
		panic(c.Op)
	}
}

// TestWhatAPlayerCosts plays the player of AWS-FACTS: 40 sessions a month, in each a
// sync when the game starts and one at its end with three uploads of 0.2 MB, and one
// download in four sessions. Every call is counted as the functions make it. It holds
// the README to the figure, and stored bytes to what was uploaded.
func TestWhatAPlayerCosts(t *testing.T) {
	savesync.Shrink(1<<20, 64<<20) // as it is
	defer savesync.Shrink(largeSize, 3*largeSize)
	s := newRealScene(t)
	s.service.Limits.FileBytes = 1 << 20
	const sessions, days, size = 40, 30, 200_000
	var b bill
	counting := false
	hook := s.store.Hook
	s.store.Hook = func(c memstore.Call) memstore.Fault {
		if counting {
			b.charge(s, c)
		}
		return hook(c)
	}
	request := func(duration time.Duration) {
		if counting {
			b.api += priceAPI
			b.lambda += priceInvoke + duration.Seconds()*functionMemory*priceGBSecond
			b.logs += logBytesRequest * priceLogsGB / gigabyte
		}
	}
	sync := func(d *device) {
		s.ask(d)
		s.exhaust(d)
		request(30 * time.Millisecond)
		uploads := 0
		for len(d.todo) > 0 {
			if d.todo[0].upload {
				uploads++
			}
			s.transfer(d, arrives)
		}
		if counting {
			b.requests += float64(uploads) * priceS3Write
		}
		if d.answered {
			s.finish(d)
			s.exhaust(d)
			request(120 * time.Millisecond) // three saves are read, on a seventh of a processor
		}
	}
	uploaded, stored := 0.0, 0.0
	for session := range 5 * sessions { // until the first contents have expired
		counting = session >= 4*sessions
		s.tick(days * 24 * time.Hour / sessions)
		d := s.a
		if session%24 == 23 {
			d = s.b // and fetches three files, as the other device does after that
		}
		sync(d)
		s.tick(40 * time.Minute)
		for _, name := range []string{"persistent", slot1, "1-2-LT1.save"} {
			s.write(d, name, s.make(name, longer(s.next(), size/entriesOf(name))))
		}
		sync(d)
		s.history = s.history[:0]
		total, kept := 0.0, 0.0
		s.store.Versions(func(_ string, v memstore.Version) { total += float64(len(v.Data)) })
		for _, l := range s.watcher.landings {
			if s.now.Sub(l.at) < retention {
				kept += float64(len(l.data))
			}
		}
		if counting {
			stored += total / sessions
			uploaded += kept / sessions
		}
	}
	b.storage = stored / gigabyte * priceStoredGB
	for players, said := range readmeFigures(t) {
		if got := b.total() * float64(players); math.Abs(got-said) > 0.05*said {
			t.Errorf("%d players cost $%.2f a month, the README says $%.2f", players, got, said)
		}
	}
	if b.total()*10_000 > 35 {
		t.Errorf("10,000 players cost $%.2f", b.total()*10_000)
	}
	if stored > 1.05*uploaded {
		t.Errorf("%.1f MB are stored, %.1f MB are to be kept", stored/1e6, uploaded/1e6)
	}
	t.Logf("10,000 players a month: $%.2f = API %.2f, Lambda %.2f, table %.2f, S3 requests %.2f, S3 storage %.2f, logs %.2f; stored/uploaded %.3f",
		b.total()*1e4, b.api*1e4, b.lambda*1e4, b.table*1e4, b.requests*1e4, b.storage*1e4, b.logs*1e4, stored/uploaded)
}

// entriesOf is how often a form has its label.
func entriesOf(name string) int { return strings.Count(form(name, "a label"), "a label") }

// readmeFigures returns what the README says that so many players cost.
func readmeFigures(t *testing.T) map[int]float64 {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	figures := map[int]float64{}
	for _, m := range regexp.MustCompile(`\$([0-9.]+) a month for ([0-9,]+) players|\$([0-9.]+) for ([0-9,]+)`).FindAllStringSubmatch(string(readme), -1) {
		dollars, err := strconv.ParseFloat(strings.TrimSuffix(m[1]+m[3], "."), 64)
		if err != nil {
			t.Fatal(err)
		}
		players, err := strconv.Atoi(strings.ReplaceAll(m[2]+m[4], ",", ""))
		if err != nil {
			t.Fatal(err)
		}
		figures[players] = dollars
	}
	if len(figures) < 2 {
		t.Fatal(fmt.Sprint("the README has no figures: ", figures))
	}
	return figures
}

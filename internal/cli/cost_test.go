package cli

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ce "github.com/aws/aws-sdk-go-v2/service/costexplorer"
	"github.com/aws/aws-sdk-go-v2/service/costexplorer/types"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

// reckoned decodes what `cost --output json` prints.
func (o outcome) reckoned(t *testing.T, code int) costView {
	t.Helper()
	if o.code != code {
		t.Fatalf("exit code %d, want %d\n%s", o.code, code, o.stderr)
	}
	var v costView
	if err := json.Unmarshal([]byte(o.stdout), &v); err != nil {
		t.Fatalf("%v\n%s", err, o.stdout)
	}
	return v
}

func (v costView) item(t *testing.T, name string) costLine {
	t.Helper()
	i := slices.IndexFunc(v.Lines, func(l costLine) bool { return l.Item == name })
	if i < 0 {
		t.Fatalf("no line for %s", name)
	}
	return v.Lines[i]
}

// The README's table is what the command prints, which asks nobody.
func TestCostInTheReadme(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	o := a.run("cost", "--players", "10000", "--save-size", "200KB", "--sessions", "40", "-o", "table")
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	table := ""
	for line := range strings.Lines(o.stdout) {
		table += "    " + line
	}
	if o.code != exitOK || len(o.calls) > 0 || strings.Count(table, "\n") < 10 || !strings.Contains(string(readme), table) {
		t.Errorf("exit code %d after %q; the README has not\n%s", o.code, o.calls, table)
	}
	for players, want := range map[string]string{"100": "$0.34 a month for 100 players", "10000": "$34.41 for 10,000"} {
		v := a.run("cost", "--players", players, "-o", "json").reckoned(t, exitOK)
		if said := dollars(v.Total); !strings.Contains(want, said) || !strings.Contains(string(readme), want) {
			t.Errorf("%s players cost %s, the README says %s", players, said, want)
		}
	}
}

// The month so far and by its end, of what was measured; nothing is changed, and
// nothing asked that costs.
func TestCostOfTheMonth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(9 * 24 * time.Hour) // of the month, with which a bubble begins
		a := measured(t)
		a.Measured["AWS/Lambda Duration"], a.Measured["AWS/Cognito SignInSuccesses"] = 40, 1
		o := a.run("cost", "--prices-of", "us-east-1", "-o", "json")
		o.changedNothing(t)
		v := o.reckoned(t, exitOK)
		for _, call := range o.calls {
			if strings.Contains(call, "GetCostAndUsage") || strings.Contains(call, "ListObjectVersions") || strings.Contains(call, "GetMetricData") {
				t.Errorf("%s was called unasked", call)
			}
		}
		requests := v.item(t, "requests")
		if requests.Basis != "measured" || *requests.Amount <= 0 || *requests.ByEnd <= *requests.Dollars {
			t.Errorf("requests %+v", requests)
		}
		if l := v.item(t, "data out"); l.Amount != nil || l.Dollars != nil || l.Basis != "unknown" || !v.AtLeast {
			t.Errorf("what nobody knows: %+v, at least %v", l, v.AtLeast)
		}
		if l := v.item(t, "writes"); l.Dollars != nil || l.Basis != "unknown" {
			t.Errorf("of a table that was used, and of which there is no data: %+v", l)
		}
		if l := v.item(t, "saves, old too"); l.Dollars == nil || *l.Dollars <= 0 {
			t.Errorf("what is stored: %+v", l)
		}
		if v.Players == nil || *v.Players != 2 || v.PerPlayer == nil || *v.PerPlayer*2 != *v.Total {
			t.Errorf("players %v, a player $%v of $%v", v.Players, v.PerPlayer, *v.Total)
		}
	})
}

// A stage that nobody has used costs nothing that is counted by use.
func TestCostOfAnUnusedStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(9 * 24 * time.Hour)
		v := deployed(t).run("cost", "--prices-of", "us-east-1", "-o", "json").reckoned(t, exitOK)
		for _, name := range []string{"requests", "writes", "computing", "uploads, copies", "active players"} {
			if l := v.item(t, name); l.Dollars == nil || *l.Dollars != 0 {
				t.Errorf("%+v", l)
			}
		}
		if l := v.item(t, "saves, old too"); l.Dollars != nil {
			t.Errorf("nobody has measured the bucket: %+v", l)
		}
	})
}

// Of a region without a list nothing is $0: amounts are there, and prices unknown.
func TestCostOfAnotherRegion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := measured(t)
		o := a.run("cost", "-o", "json")
		v := o.reckoned(t, exitOK)
		if v.Total != nil || v.ByEnd != nil || v.Prices != "" || !v.AtLeast || v.Region != "eu-west-1" {
			t.Errorf("%+v", v)
		}
		for _, l := range v.Lines {
			if l.Dollars != nil || l.ByEnd != nil {
				t.Errorf("%+v", l)
			}
		}
		table := a.run("cost", "-o", "table")
		table.wants(t, exitOK, "unknown")
		if strings.Contains(table.stdout, "$") || strings.Contains(table.stdout, "free") || !strings.Contains(table.stderr, "--prices-of us-east-1") {
			t.Errorf("printed\n%s%s", table.stdout, table.stderr)
		}
	})
}

// What may not be read is unknown in its lines, and named; the rest is reckoned.
func TestCostInPart(t *testing.T) {
	t.Parallel()
	denied := awsfake.Error{Code: "AccessDenied", Message: "User: ann is not authorized to perform: it", Status: 403}
	for _, c := range []struct{ call, item, named string }{
		{"CloudWatch-GetMetricStatistics ConsumedWriteCapacityUnits", "writes", "write-capacity"},
		{"CloudWatch-GetMetricStatistics BucketSizeBytes", "saves, old too", "stored-bytes"},
		{"Lambda-GetFunctionConfiguration", "computing", "functions"},
		{"Cognito-Identity-Provider-DescribeUserPool", "records", "user pool"},
	} {
		t.Run(c.named, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := measured(t)
				a.Fault = func(name string) awsaccount.Fault {
					if strings.HasPrefix(name, c.call) {
						return awsaccount.Fault{Before: denied}
					}
					return awsaccount.Fault{}
				}
				o := a.run("cost", "--prices-of", "us-east-1", "-o", "json")
				v := o.reckoned(t, exitAccess)
				if l := v.item(t, c.item); l.Dollars != nil || l.Basis != "unknown" || !v.AtLeast || v.Total == nil {
					t.Errorf("%+v of %v", l, v.Total)
				}
				if !strings.Contains(o.stderr, c.named) {
					t.Errorf("%s is not named:\n%s", c.named, o.stderr)
				}
			})
		})
	}
}

// Versions are listed when somebody wants to know, and then told apart.
func TestCostCountsVersions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := measured(t)
		for name, objects := range a.Buckets {
			if strings.Contains(strings.ToLower(name), "savefiles") {
				objects["users/ann/g/1-1-LT1.save"] = make([]byte, 1000)
			}
		}
		v := a.run("cost", "--count-versions", "--prices-of", "us-east-1", "-o", "json").reckoned(t, exitOK)
		if l := v.item(t, "saves"); l.Dollars == nil || *l.Dollars <= 0 {
			t.Errorf("current: %+v", l)
		}
		if l := v.item(t, "older versions"); l.Dollars == nil || *l.Dollars != 0 {
			t.Errorf("older: %+v", l)
		}
	})
}

// Cost Explorer is asked by those alone who have agreed to its price.
func TestCostBilled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := measured(t)
		var fault error
		awsfake.On(a.Fake, func(*ce.GetCostAndUsageInput) (*ce.GetCostAndUsageOutput, error) {
			return &ce.GetCostAndUsageOutput{ResultsByTime: []types.ResultByTime{{Groups: []types.Group{{
				Keys: []string{"Amazon S3\x1b[2J", "renpyctl:stage$"}, Metrics: map[string]types.MetricValue{"UnblendedCost": {Amount: aws.String("3.5"), Unit: aws.String("USD")}},
			}}}}}, fault
		})
		o := a.run("cost", "--billed")
		if o.code != exitUsage || !strings.Contains(o.stderr, "--yes") || len(o.calls) > 0 {
			t.Errorf("nobody was asked: exit code %d after %q\n%s", o.code, o.calls, o.stderr)
		}
		o = a.run("cost", "--billed", "--yes")
		o.wants(t, exitOK, "total\t0.00\t3.50")
		if strings.Contains(o.stdout, "\x1b") || !strings.Contains(o.stderr, "renpyctl:stage") {
			t.Errorf("printed %q\n%s", o.stdout, o.stderr)
		}
		var v billedView
		if err := json.Unmarshal([]byte(a.run("cost", "--billed", "--yes", "-o", "json").stdout), &v); err != nil || v.Account != 3.5 || v.Stage != 0 {
			t.Errorf("%+v, %v", v, err)
		}
		fault = awsfake.Error{Code: "AccessDeniedException", Message: "User: ann is not authorized to perform: ce:GetCostAndUsage on resource: x", Status: 400}
		o = a.run("cost", "--billed", "--yes")
		oneError(t, o, exitAccess)
		if !strings.Contains(o.stderr, "ce:GetCostAndUsage") {
			t.Errorf("said\n%s", o.stderr)
		}
	})
}

func TestCostUsage(t *testing.T) {
	t.Parallel()
	for args, said := range map[string]string{
		"--players 0":                                "1 to",
		"--players 5 --save-size huge":               "no size",
		"--players 5 --save-size 0":                  "1 byte",
		"--players 5 --sessions 0":                   "more than 0",
		"--players 5 --sessions NaN":                 "more than 0",
		"--save-size 1MB":                            "add --players",
		"--sessions 3":                               "add --players",
		"--players 5 --billed":                       "leave out",
		"--billed --count-versions --yes":            "leave out",
		"--players 5 --region eu-north-1":            "us-east-1",
		"--prices-of mars":                           "us-east-1",
		"--local":                                    "costs nothing",
		"prod":                                       "takes no argument",
		"--players 5 --save-size 9999999999999999GB": "no size",
	} {
		a := newAccount(t)
		o := a.run(append([]string{"cost"}, strings.Fields(args)...)...)
		if o.code != exitUsage || !strings.Contains(o.stderr, said) || len(o.calls) > 0 || o.stdout != "" {
			t.Errorf("%s: exit code %d after %q\n%s", args, o.code, o.calls, o.stderr)
		}
	}
}

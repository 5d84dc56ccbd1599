// Command logcloud answers as CloudWatch Logs does that holds a great many lines,
// or gets some all the time: no emulator has a million of them, or pages with a
// token. It makes each page when it is asked for, of at most 1 MB as CloudWatch's,
// and has one stack, dev, to whose functions the logs belong. It prints its
// address and serves until it is killed.
//
// With -bare it reads all three groups of such a server, page after page, and
// prints a line of JSON: what the server takes when nothing is done with the lines.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

func main() {
	events := flag.Int("events", 0, "how many `lines` each log has, of the last hours")
	rate := flag.Int("rate", 0, "how many `lines` a second the log of syncPlan gets from now on; the others get none")
	bare := flag.String("bare", "", "read all logs of the server at this `URL`")
	flag.Parse()
	err := func() error {
		if *bare != "" {
			return readAll(*bare)
		}
		return serve(server{begin: time.Now().Add(-12 * time.Hour), step: 12 * time.Hour / time.Duration(max(*events, 1)), total: *events, rate: *rate})
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "logcloud:", err)
		os.Exit(1)
	}
}

// groups are the logs of the stage dev.
func groups() []string {
	list := []string{stage.Name("dev").AccessLog()}
	for _, f := range stage.Functions() {
		list = append(list, stage.Name("dev").LogGroup(f.Function))
	}
	return list
}

func readAll(endpoint string) error {
	client := cwl.NewFromConfig(cloud.Local(endpoint, cloud.Options{}))
	start, lines := time.Now(), 0
	since := start.Add(-24 * time.Hour).UnixMilli()
	for _, group := range groups() {
		pages := cwl.NewFilterLogEventsPaginator(client, &cwl.FilterLogEventsInput{LogGroupName: &group, StartTime: &since})
		for pages.HasMorePages() {
			page, err := pages.NextPage(context.Background())
			if err != nil {
				return err
			}
			lines += len(page.Events)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"count": lines, "seconds": time.Since(start).Seconds()})
}

// server has lines that are step apart, the first of them at begin.
type server struct {
	begin time.Time
	step  time.Duration
	total int
	rate  int // with one, lines come all the time, and total grows
}

// lag is how long a line of a rate takes until it can be read.
const lag = 500 * time.Millisecond

func serve(s server) error {
	if s.rate > 0 {
		s.begin, s.step = time.Now(), time.Second/time.Duration(s.rate)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	return http.Serve(listener, s)
}

// stack is CloudFormation's answer, with what renpyctl looks for in it.
const stack = `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>` +
	`<StackName>renpy-cloud-dev</StackName><StackId>arn:aws:cloudformation:us-east-1:000000000000:stack/renpy-cloud-dev/1</StackId>` +
	`<StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-20T09:00:00Z</CreationTime>` +
	`<Tags><member><Key>renpyctl:stage</Key><Value>dev</Value></member></Tags>` +
	`</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`

func (s server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", "logcloud") // without one the answer would not be AWS's
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".FilterLogEvents") {
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, stack)
		return
	}
	var in struct {
		LogGroupName       string
		StartTime, EndTime int64
		NextToken          string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Write(s.page(in.LogGroupName, in.StartTime, in.NextToken))
}

const (
	pageEvents = 10_000
	pageBytes  = 1 << 20 // of messages
)

func (s server) page(group string, since int64, token string) []byte {
	total, first := s.total, 0
	if s.rate > 0 {
		total = 0
		if strings.HasSuffix(group, "syncPlan") {
			total = max(int(time.Since(s.begin.Add(lag))/s.step), 0)
		}
	}
	if token != "" {
		first, _ = strconv.Atoi(token)
	} else if wait := time.UnixMilli(since).Sub(s.begin); wait > 0 {
		first = int(wait / s.step)
	}
	page, n, messages := []byte(`{"events":[`), first, 0
	for ; n < total && n-first < pageEvents && messages < pageBytes; n++ {
		if n > first {
			page = append(page, ',')
		}
		at, before := s.begin.Add(time.Duration(n)*s.step).UnixMilli(), len(page)
		page = fmt.Appendf(page, `{"eventId":"%s%d","ingestionTime":%d,"timestamp":%d,"logStreamName":"2026/11/26/[$LATEST]0123456789abcdef","message":"%s"}`,
			group, n, at, at, message(group, n))
		messages += len(page) - before
	}
	page = append(page, `]`...)
	if n < total {
		page = fmt.Appendf(page, `,"nextToken":"%d"`, n)
	}
	return append(page, '}')
}

// message is a line of a function or of the API in JSON, as text in JSON.
func message(group string, n int) string {
	if strings.HasPrefix(group, "/aws/lambda/") {
		return fmt.Sprintf(`{\"time\":\"2026-11-26T10:06:41.123456789Z\",\"level\":\"INFO\",\"msg\":\"syncplan\",\"api_request_id\":\"JKJaXm%08d=\",\"request_id\":\"6f2dc61e-0000-4000-8000-%012d\",\"player\":\"8bb0ed4e-96e4-407f-8863-d2557cfe4dc4\",\"status\":200,\"took_ms\":12,\"game\":\"my_game\",\"listed\":12,\"uploads\":2,\"downloads\":0}\n`, n, n)
	}
	return fmt.Sprintf(`{\"requestId\":\"JKJaXm%08d=\",\"time\":\"26/Nov/2026:10:06:41 +0000\",\"ip\":\"192.0.2.7\", \"user\":\"8bb0ed4e-96e4-407f-8863-d2557cfe4dc4\",\"route\":\"POST /sync/plan\",\"status\":\"200\", \"latencyMs\":\"14\",\"bytes\":\"900\", \"authError\":\"-\",\"error\":\"-\", \"integrationError\":\"-\"}`, n)
}

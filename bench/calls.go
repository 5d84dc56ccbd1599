//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

// latency is what the way to AWS and back is made to take, so that calls which
// wait for each other and calls which do not show as such, whatever else the
// computer does.
const latency = 250 * time.Millisecond

// calls prints what renpyctl asks AWS, and what it asks together.
func (b *bench) calls(ctx context.Context) error {
	if err := b.freshCloud(ctx); err != nil {
		return err
	}
	endpoint, stop, err := b.distantCloud()
	if err != nil {
		return err
	}
	defer stop()
	us := renpyctl{binary: b.renpyctl, environ: b.environ(endpoint)}
	b.print("| operation | step | calls that run together |\n|---|---|---|\n")
	for _, operation := range []string{firstDeploy, noChanges, info, remove} {
		cmd, _, err := us.command(ctx, operation)
		if err != nil {
			return err
		}
		list, err := trace(cmd)
		if err != nil {
			return err
		}
		for i, step := range steps(list) {
			name := ""
			if i == 0 {
				name = fmt.Sprintf("%s (%d calls)", operation, len(list))
			}
			b.print("| %s | %d | %s |\n", name, i+1, strings.Join(step, ", "))
		}
	}
	b.print("\n")
	return nil
}

// distantCloud puts the local cloud at a distance: every call takes [latency] longer.
func (b *bench) distantCloud() (endpoint string, stop func() error, err error) {
	target, err := url.Parse(b.cloud.Endpoint())
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(latency)
		proxy.ServeHTTP(w, r)
	})}
	go server.Serve(listener)
	return "http://" + listener.Addr().String(), server.Close, nil
}

// call is one call to AWS.
type call struct {
	name       string // "S3 PutObject"
	start, end time.Time
}

// trace runs renpyctl and returns the calls it makes, as --debug tells them.
func trace(cmd *exec.Cmd) ([]call, error) {
	cmd.Args = append(cmd.Args, "--debug")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	list, err := readCalls(stderr, time.Now)
	if waitErr := cmd.Wait(); err == nil && waitErr != nil {
		err = fmt.Errorf("%s: %w", cmd, waitErr)
	}
	return list, err
}

// debugLine is what --debug prints when a call has ended.
var debugLine = regexp.MustCompile(`^debug: (.+?) (\d[0-9a-zµ.]*): `)

// readCalls reads the calls from what renpyctl prints, as it prints it.
func readCalls(r io.Reader, now func() time.Time) ([]call, error) {
	var list []call
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		match := debugLine.FindStringSubmatch(lines.Text())
		if match == nil {
			continue
		}
		took, err := time.ParseDuration(match[2])
		if err != nil {
			return nil, fmt.Errorf("%q: %w", lines.Text(), err)
		}
		end := now()
		list = append(list, call{match[1], end.Add(-took), end})
	}
	return list, lines.Err()
}

// steps groups calls: those of a step had all begun well before the first of
// them ended. Equal ones are counted: "S3 PutObject ×3".
func steps(list []call) [][]string {
	list = slices.SortedFunc(slices.Values(list), func(a, b call) int { return a.start.Compare(b.start) })
	var all [][]string
	for len(list) > 0 {
		firstEnd := list[0].end
		n := 0
		for n < len(list) && list[n].start.Before(firstEnd.Add(-latency/2)) {
			firstEnd = earlier(firstEnd, list[n].end)
			n++
		}
		all = append(all, tally(list[:n]))
		list = list[n:]
	}
	return all
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// tally names each call once, with how many there are.
func tally(list []call) []string {
	count := map[string]int{}
	for _, c := range list {
		count[c.name]++
	}
	var names []string
	for name, n := range count {
		if n > 1 {
			name = fmt.Sprintf("%s ×%d", name, n)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

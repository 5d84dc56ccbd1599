//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	logLines = 1_000_000 // of all three logs
	// logShare is the part of the bare calls' rate that reading is to reach.
	logShare = 0.8
	// logMemory is what reading may need, however many lines there are.
	logMemory = 48_000_000

	followRate = 2_000 // lines a second
	followTime = 20 * time.Second
	// followDelay is how much later than the server has it a line may be printed.
	followDelay = time.Second
)

// logs prints how fast a day of logs is read beside the bare calls for the same
// pages, and whether following keeps up on one processor.
func (b *bench) logs(ctx context.Context) error {
	program := filepath.Join(b.work, "logcloud")
	if err := run(ctx, "", "go", "build", "-o", program, "./bench/logcloud"); err != nil {
		return err
	}
	if err := b.readingLogs(ctx, program); err != nil {
		return err
	}
	return b.followingLogs(ctx, program)
}

// anySecret is one that our servers take, as they take all.
const anySecret = "AWS_SECRET_ACCESS_KEY=test"

// serving starts a server that prints its address.
func serving(ctx context.Context, program string, flags ...string) (endpoint string, stop func(), err error) {
	cmd := exec.CommandContext(ctx, program, flags...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	endpoint, err = bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(endpoint), func() { cmd.Process.Kill(); cmd.Wait() }, err
}

func (b *bench) readingLogs(ctx context.Context, program string) error {
	endpoint, stop, err := serving(ctx, program, "-events", strconv.Itoa((logLines+2)/3))
	if err != nil {
		return err
	}
	defer stop()
	command := func() *exec.Cmd { // its lines go nowhere
		cmd := exec.CommandContext(ctx, b.renpyctl, "logs", "--since", "1d")
		cmd.Env = append(b.environ(endpoint), anySecret)
		return cmd
	}
	ours, bare, peaks, err := rates(ctx, "reading lines of logs", logLines, command, program, endpoint)
	if err != nil {
		return err
	}
	part := median(ours) / median(bare)
	b.print("| lines | logs | bare FilterLogEvents | share | target | met | peak memory | target | met |\n|---|---|---|---|---|---|---|---|---|\n")
	b.print("| %d | %s | %s | %.0f %% | ≥ %.0f %% | %s | %s | ≤ %s | %s |\n\n", logLines, spread(ours, perSecond), spread(bare, perSecond),
		part*100, logShare*100, yes(part >= logShare), spread(peaks, megabytes), megabytes(logMemory), yes(median(peaks) <= logMemory))
	return nil
}

// followingLogs follows for a while and looks at when each line came, and that
// every one came once.
func (b *bench) followingLogs(ctx context.Context, program string) error {
	log.Printf("following %d lines a second for %s", followRate, followTime)
	endpoint, stop, err := serving(ctx, program, "-rate", strconv.Itoa(followRate))
	if err != nil {
		return err
	}
	defer stop()
	cmd := exec.CommandContext(ctx, b.renpyctl, "logs", "--follow", "--output", "json")
	cmd.Env = append(b.environ(endpoint), anySecret, "GOMAXPROCS=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	stopAt := time.AfterFunc(followTime, func() { cmd.Process.Signal(os.Interrupt) })
	defer stopAt.Stop()
	delays, err := readFollowed(out)
	if waitErr := cmd.Wait(); err == nil {
		err = waitErr
	}
	if err != nil {
		return err
	}
	slices.Sort(delays)
	p99 := delays[len(delays)*99/100]
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	b.print("| followed, %d lines a second | median delay | 99 %% below | target | met | processor | peak memory |\n|---|---|---|---|---|---|---|\n", followRate)
	b.print("| %d lines, each once | %s | %s | ≤ %s | %s | %.0f %% of one | %s |\n\n", len(delays), seconds(median(delays)), seconds(p99), seconds(followDelay), yes(p99 <= followDelay),
		100*(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()).Seconds()/followTime.Seconds(), megabytes(peak(usage)))
	return nil
}

// readFollowed returns how much later than the server had them the lines came. The
// error says that one was left out or came twice.
func readFollowed(r io.Reader) (delays []time.Duration, err error) {
	lines := bufio.NewScanner(r)
	last := int64(-1)
	for lines.Scan() {
		var line struct {
			Time    time.Time
			Message string
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, err
		}
		_, number, _ := strings.Cut(line.Message, `"api_request_id":"JKJaXm`)
		n, err := strconv.ParseInt(number[:max(strings.IndexByte(number, '='), 0)], 10, 64)
		if err != nil || last >= 0 && n != last+1 {
			return nil, fmt.Errorf("line %d came after line %d (%v)", n, last, err)
		}
		last = n
		delays = append(delays, time.Since(line.Time.Add(logLag)))
	}
	if len(delays) == 0 {
		return nil, fmt.Errorf("nothing was followed")
	}
	return delays, lines.Err()
}

// logLag is how long a line takes until logcloud has it.
const logLag = 500 * time.Millisecond

//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	manyAccounts = 100_000
	// firstRow is how soon the first of them is to be printed, accountPace how many pages
	// of them may be asked for in a second (Cognito developer guide, "Quotas", UserList).
	firstRow    = time.Second
	accountPace = 30

	manyVersions = 10_000
	// flat is how much more memory more versions may need.
	flat = 1.25

	manyRecords = 10_000
	// near is how long an answer takes where records are compared: less than any of AWS's.
	near = 10 * time.Millisecond
	// verifyShare is the part of the bare calls' rate that a comparison is to reach.
	verifyShare = 0.8

	playerRounds = 3
	// playersMemory is what listing them may need, however many there are.
	playersMemory = 40_000_000

	// far is how much longer each answer takes where calls are counted by the clock, and
	// chain how much longer than its longest chain of calls a command may take.
	far   = 250 * time.Millisecond
	chain = 1.3
)

// players prints how players are looked after of whom there are a great many.
func (b *bench) players(ctx context.Context) error {
	program := filepath.Join(b.work, "playercloud")
	if err := run(ctx, "", "go", "build", "-o", program, "./bench/playercloud"); err != nil {
		return err
	}
	b.print("| what | time | target | met | peak memory | target | met |\n|---|---|---|---|---|---|---|\n")
	for _, part := range []func(context.Context, string) error{b.listing, b.versionHistory, b.oneByID} {
		if err := part(ctx, program); err != nil {
			return err
		}
	}
	b.print("\n")
	return b.verifying(ctx, program)
}

// at is a command on a server of players.
func (b *bench) at(ctx context.Context, endpoint string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.renpyctl, args...)
	cmd.Env = append(b.environ(endpoint), anySecret)
	return cmd
}

// streamed runs a command and returns when it began to print, how long it took and what
// memory it needed.
func streamed(cmd *exec.Cmd) (first, whole time.Duration, memory int64, err error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, 0, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, 0, err
	}
	lines := bufio.NewReader(out)
	_, err = lines.ReadString('\n')
	first = time.Since(start)
	if err == nil {
		_, err = io.Copy(io.Discard, lines)
	}
	if waitErr := cmd.Wait(); waitErr != nil {
		err = waitErr
	}
	return first, time.Since(start), peak(cmd.ProcessState.SysUsage().(*syscall.Rusage)), err
}

// listing lists all accounts once: the pace makes it take what it takes.
func (b *bench) listing(ctx context.Context, program string) error {
	log.Printf("listing %d accounts", manyAccounts)
	endpoint, stop, err := serving(ctx, program, "-players", strconv.Itoa(manyAccounts))
	if err != nil {
		return err
	}
	defer stop()
	first, whole, memory, err := streamed(b.at(ctx, endpoint, "users", "list"))
	if err != nil {
		return err
	}
	pace, err := pages(endpoint)
	if err != nil {
		return err
	}
	b.print("| `users list` of %d: the first row | %s | ≤ %s | %s | %s | ≤ %s | %s |\n", manyAccounts, seconds(first), seconds(firstRow), yes(first <= firstRow),
		megabytes(memory), megabytes(playersMemory), yes(memory <= playersMemory))
	b.print("| all of it, %d pages in the fullest second | %s | < %d pages | %s | | | |\n", pace, seconds(whole), accountPace, yes(pace < accountPace))
	return nil
}

// pages asks a server how many pages of accounts it gave in the fullest second.
func pages(endpoint string) (n int, err error) {
	answer, err := http.Get(endpoint + "/pace")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = fmt.Fscan(answer.Body, &n)
	return n, err
}

// versionHistory shows a save of a great many versions, with and without their contents,
// and one of fewer, of which there are enough that the heap is as large as it gets: what
// streams needs no more for the former.
func (b *bench) versionHistory(ctx context.Context, program string) error {
	for _, how := range []struct {
		flags     []string
		few, most int
	}{{nil, manyVersions / 10, manyVersions}, {[]string{"--brief"}, 10 * manyVersions, 30 * manyVersions}} {
		var memory [2]int64
		var first, whole time.Duration
		for i, n := range []int{how.few, how.most} {
			log.Printf("a history of %d versions", n)
			endpoint, stop, err := serving(ctx, program, "-versions", strconv.Itoa(n))
			if err != nil {
				return err
			}
			args := append([]string{"saves", "history", fmt.Sprintf(playerID, 0), "my_game", "2-1-LT1.save"}, how.flags...)
			first, whole, memory[i], err = streamed(b.at(ctx, endpoint, args...))
			stop()
			if err != nil {
				return err
			}
		}
		command := strings.TrimSpace("saves history " + strings.Join(how.flags, " "))
		b.print("| `%s` of %d versions: the first row | %s | ≤ %s | %s | %s, of %d %s | ≤ %.2f × | %s |\n", command, how.most, seconds(first), seconds(firstRow),
			yes(first <= firstRow), megabytes(memory[1]), how.few, megabytes(memory[0]), flat, yes(float64(memory[1]) <= flat*float64(memory[0])))
		b.print("| all of it | %s | | | | | |\n", seconds(whole))
	}
	return nil
}

// playerID is the id of a player of playercloud, by a number.
const playerID = "%08x-96e4-407f-8863-d2557cfe4dc4"

// oneByID shows a player, and lists the saves, where every answer comes from afar: who is
// named by the id is read while the account is looked for.
func (b *bench) oneByID(ctx context.Context, program string) error {
	endpoint, stop, err := serving(ctx, program, "-players", "100", "-latency", far.String())
	if err != nil {
		return err
	}
	defer stop()
	const calls = 2 // the stack, and then all that is known
	for _, command := range []string{"users show", "saves list"} {
		var took []time.Duration
		for range playerRounds {
			start := time.Now()
			words := append(strings.Fields(command), fmt.Sprintf(playerID, 1))
			if err := b.at(ctx, endpoint, words...).Run(); err != nil {
				return err
			}
			took = append(took, time.Since(start))
		}
		times := float64(median(took)) / float64(calls*far)
		b.print("| `%s ID`, each answer after %s: %.2f × its longest chain | %s | ≤ %.1f × | %s | | | |\n", command, seconds(far), times, spread(took, seconds), chain, yes(times <= chain))
	}
	return nil
}

// verifying compares all records with the bucket, beside the calls alone, in turns.
func (b *bench) verifying(ctx context.Context, program string) error {
	endpoint, stop, err := serving(ctx, program, "-players", strconv.Itoa(manyRecords), "-latency", near.String())
	if err != nil {
		return err
	}
	defer stop()
	command := func() *exec.Cmd { return b.at(ctx, endpoint, "saves", "verify") }
	ours, bare, peaks, err := rates(ctx, "verifying players", manyRecords, command, program, endpoint)
	if err != nil {
		return err
	}
	part := median(ours) / median(bare)
	b.print("| players, each answer after %s | saves verify | bare GetItem and ListObjectVersions | share | target | met | peak memory |\n|---|---|---|---|---|---|---|\n", seconds(near))
	b.print("| %d | %s | %s | %.0f %% | ≥ %.0f %% | %s | %s |\n\n", manyRecords, spread(ours, perSecond), spread(bare, perSecond),
		part*100, verifyShare*100, yes(part >= verifyShare), spread(peaks, megabytes))
	return nil
}

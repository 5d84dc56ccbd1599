package ui

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

// boardTasks is a deploy in the middle of its work, with a failure and long words.
func boardTasks(now time.Time) []Task {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	task := func(name string, state State, text string, began, changed time.Duration) Task {
		return Task{Key: name, Name: name, State: state, Text: text, started: ago(began), At: ago(changed)}
	}
	return []Task{
		task("CognitoUserPool", Done, "created", 95*time.Second, 92*time.Second),
		task("SyncPlanLogGroup", Done, "created", 95*time.Second, 94*time.Second),
		task("SyncCompleteLogGroup", Done, "created", 95*time.Second, 94*time.Second),
		task("ManifestTable", Running, "creating", 95*time.Second, 95*time.Second),
		task("SaveFilesBucket", Failed, "renpy-cloud-prod-saves-123456789012 already exists in stack arn:aws:cloudformation:eu-west-1:123456789012:stack/other/1", 95*time.Second, 91*time.Second),
		task("SyncPlanRole", Running, "creating", 24*time.Second, 24*time.Second),
		task("セーブ-of-a-name-in-wide-runes-that-goes-on", Running, "creating", 11*time.Second, 11*time.Second),
		task("SyncCompleteRole", Done, "created", 24*time.Second, 6*time.Second),
	}
}

func TestBoard(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	var got strings.Builder
	for _, size := range []struct{ width, height, expected int }{
		{40, 24, 22}, {80, 24, 22}, {200, 24, 22},
		{80, 6, 22},  // failures and what runs, then the latest done
		{80, 4, 0},   // nothing is expected any more
		{80, 1, 22},  // room for the counts alone
		{20, 24, 22}, // no room for words
	} {
		lines := frame(boardTasks(now), size.expected, now, size.width, size.height)
		if len(lines) > size.height {
			t.Errorf("%d×%d: %d lines", size.width, size.height, len(lines))
		}
		fmt.Fprintf(&got, "== %d×%d, %d expected\n", size.width, size.height, size.expected)
		for _, line := range lines {
			if w := ansi.StringWidth(line); w > size.width {
				t.Errorf("%d×%d: a line of %d cells: %q", size.width, size.height, w, line)
			}
			got.WriteString(ansi.Strip(line) + "\n")
		}
	}
	golden(t, "testdata/board.golden", got.String())
}

func TestBoardMarksStatesByShapeAndColour(t *testing.T) {
	now := time.Now()
	for state, want := range map[State]string{Done: Success("✓"), Failed: Failure("✗")} {
		if got := frame([]Task{{Name: "x", State: state, started: now, At: now}}, 0, now, 80, 24)[0]; !strings.Contains(got, want) {
			t.Errorf("state %d: %q has no %q", state, got, want)
		}
	}
	running := Task{Name: "x", State: Running, started: now}
	if a, b := frame([]Task{running}, 0, now, 80, 24)[0], frame([]Task{running}, 0, now.Add(spinnerPeriod), 80, 24)[0]; a == b {
		t.Error("the spinner stands still")
	}
}

// golden compares text with a file, or writes the file with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (rewrite it with -update):\n%s\nwant\n%s", file, got, want)
	}
}

package release_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/release"
)

// history writes releases from a short form, oldest first as they happened:
// "1", "2 failed", "3 rollback 1", "4 function", "5 damaged", "6 unknown",
// "7 live".
func history(t *testing.T, short ...string) (list []release.Release, live release.Release) {
	t.Helper()
	for _, line := range short {
		r := release.Release{Record: release.Record{Kind: release.Deploy}, Outcome: release.Outcome{Result: release.Succeeded}, Proven: true}
		words := strings.Fields(line)
		fmt.Sscan(words[0], &r.Number)
		for i, word := range words[1:] {
			switch word {
			case "failed":
				r.Outcome.Result, r.Proven = release.Failed, false
			case "unknown":
				r.Outcome.Result, r.Proven = release.Unknown, false
			case "rollback":
				r.Kind = release.Rollback
				fmt.Sscan(words[i+2], &r.Origin)
			case "function":
				r.Kind, r.Proven = release.FunctionOnly, false
			case "forged":
				r.Proven = false
			case "damaged":
				r = release.Release{Record: release.Record{Number: r.Number}, Damaged: "not JSON"}
			case "live":
				live = r
			}
		}
		list = append([]release.Release{r}, list...)
	}
	return list, live
}

func TestPick(t *testing.T) {
	for _, c := range []struct {
		what    string
		history []string
		wanted  int
		want    int    // the release gone back to, or
		refused string // why there is none
	}{
		{"the one before", []string{"1", "2", "3 live"}, 0, 2, ""},
		{"not one that failed", []string{"1", "2 failed", "3 live"}, 0, 1, ""},
		{"not one whose end nobody knows", []string{"1", "2 unknown", "3 live"}, 0, 1, ""},
		{"not one of a single function", []string{"1", "2 function", "3 live"}, 0, 1, ""},
		{"not a damaged one", []string{"1", "2 damaged", "3 live"}, 0, 1, ""},
		{"not one that nothing proves", []string{"1", "2 forged", "3 live"}, 0, 1, ""},
		{"not what a live one that nothing proves says", []string{"1", "2", "3 rollback 1 forged live"}, 0, 2, ""},
		{"a failed one after the live one does not count", []string{"1", "2 live", "3 failed"}, 0, 1, ""},
		{"after a rollback, further back", []string{"1", "2", "3", "4 rollback 2 live"}, 0, 1, ""},
		{"after two rollbacks, no further", []string{"1", "2", "3", "4 rollback 2", "5 rollback 1 live"}, 0, 0, "no such release: release 1 is live, and none before it has succeeded"},
		{"a deploy after a rollback: to what was live then", []string{"1", "2", "3 rollback 1", "4 live"}, 0, 3, ""},
		{"the first", []string{"1 live"}, 0, 0, "no such release: release 1 is live"},
		{"none is live", []string{"1", "2"}, 0, 0, "no such release: the stack does not say"},
		{"by its number", []string{"1", "2", "3 live"}, 1, 1, ""},
		{"by its number, a later one", []string{"1", "2", "3 rollback 1 live"}, 2, 2, ""},
		{"a rollback by its number", []string{"1", "2", "3 rollback 1", "4 live"}, 3, 3, ""},
		{"one that never was", []string{"1 live"}, 41, 0, "no such release: 41"},
		{"a failed one by its number", []string{"1 failed", "2 live"}, 1, 0, "release 1 did not succeed"},
		{"a function's by its number", []string{"1 function", "2 live"}, 1, 0, "release 1 changed the code of single functions only"},
		{"a forged one by its number", []string{"1 forged", "2 live"}, 1, 0, "release 1 cannot be used: the stack does not say"},
		{"a damaged one by its number", []string{"1 damaged", "2 live"}, 1, 0, "release 1 cannot be used: not JSON"},
	} {
		list, live := history(t, c.history...)
		var numbers []int
		for _, r := range list {
			numbers = append(numbers, r.Number)
		}
		got, err := release.Pick(numbers, live.Source(), c.wanted, func(n int) (release.Release, error) {
			for _, r := range list {
				if r.Number == n {
					return r, nil
				}
			}
			return release.Release{}, fmt.Errorf("%w: %d", release.ErrNoRelease, n)
		})
		switch {
		case c.refused == "" && (err != nil || got.Number != c.want):
			t.Errorf("%s: release %d, error %v, want release %d", c.what, got.Number, err, c.want)
		case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)):
			t.Errorf("%s: error %v, want %q", c.what, err, c.refused)
		}
		if strings.HasPrefix(c.refused, "no") && !errors.Is(err, release.ErrNoRelease) {
			t.Errorf("%s: %v is no ErrNoRelease", c.what, err)
		}
	}
}

func TestOld(t *testing.T) {
	for _, c := range []struct {
		what    string
		history []string
		keep    int
		want    []int // newest first
	}{
		{"the latest are kept", []string{"1", "2", "3", "4 live"}, 1, []int{2, 1}},
		{"the live one does not count", []string{"1", "2", "3 live"}, 2, []int{}},
		{"failures do not count", []string{"1", "2", "3 failed", "4 failed", "5 live"}, 1, []int{1}},
		{"what was gone back to stays", []string{"1", "2", "3", "4", "5 rollback 2 live"}, 1, []int{1}},
		{"a live one that is old stays, and all since", []string{"1", "2 live", "3 failed", "4 failed"}, 1, []int{}},
		{"what nothing proves does not count", []string{"1", "2 forged", "3 live", "999999 forged"}, 1, []int{}},
		{"nor does what a live one says that nothing proves", []string{"1", "2", "3", "4 rollback -7 forged live"}, 1, []int{2, 1}},
		{"damaged ones go with their age", []string{"1 damaged", "2", "3", "4 live"}, 1, []int{2, 1}},
		{"nothing to go", []string{"1 live"}, 10, []int{}},
		{"nothing at all", nil, 10, []int{}},
		{"nothing succeeded yet", []string{"1 failed", "2 failed"}, 1, []int{}},
	} {
		list, live := history(t, c.history...)
		if got := release.Old(list, live.Number, c.keep); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

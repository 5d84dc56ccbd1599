package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
)

// A ban is in the record before the sessions end, list and show tell it, and it can be lifted.
func TestUsersBan(t *testing.T) {
	story(t, "and unban", withPlayers, func(t *testing.T, a *awsAccount) {
		o := a.run("users", "ban", "ann", "bea", "--yes", "--reason", "Shared the beta", "--until", "2d", "--output", "json")
		list := jsonLines[banned](t, o.stdout)
		if o.code != 0 || len(list) != 2 || list[0].Reason != "Shared the beta" || time.Until(list[0].Until).Round(time.Hour) != 48*time.Hour {
			t.Fatalf("%d, %s%s", o.code, o.stdout, o.stderr)
		}
		if w := strings.Join(o.writes(), " "); w != "UpdateItem AdminUserGlobalSignOut UpdateItem AdminUserGlobalSignOut" {
			t.Errorf("the calls were %s", w)
		}
		var s playerView
		o = a.run("users", "show", "ann", "--output", "json")
		if err := json.Unmarshal([]byte(o.stdout), &s); err != nil || s.Ban == nil || s.Ban.Reason != "Shared the beta" || s.Ban.By != "user/ann" ||
			!s.Ban.Until.Equal(list[0].Until) || s.Games[0].Files != 2 || s.Support[1].What != "ban" {
			t.Errorf("%v: %s%s", err, o.stdout, o.stderr)
		}
		if o := a.run("users", "list", "--wide"); strings.Count(o.stdout, "\tbanned\t") != 2 || !strings.Contains(o.stderr, "3 players: 1 disabled, 2 banned") {
			t.Errorf("the list: %s%s", o.stdout, o.stderr)
		}
		if o := a.run("users", "unban", "ann", "cy", "--yes"); o.code != 0 || strings.Contains(a.Records[a.Directory.Users[0].Sub], `"ban":`) || a.Records[a.Directory.Users[2].Sub] != "" {
			t.Errorf("unban: %d, %s", o.code, o.stderr)
		}
		if o := a.run("users", "list", "--wide"); strings.Count(o.stdout, "\tbanned\t") != 1 {
			t.Errorf("the list: %s%s", o.stdout, o.stderr)
		}
	})
	story(t, "whom only a beginning names", withPlayers, func(t *testing.T, a *awsAccount) {
		// Quotes that were forgotten: a reason of two words is a reason and a player.
		for _, args := range []string{"ban ann@example.com --reason shared be", "unban b", "disable a", "enable a", "confirm a", "resend a", "set-email a other@example.com"} {
			o := a.run(append([]string{"users"}, strings.Fields(args)...)...)
			o.changedNothing(t)
			if o.code != exitUsage {
				t.Errorf("%s: %d, want %d\n%s", args, o.code, exitUsage, o.stderr)
			}
		}
	})
	story(t, "listed", withPlayers, func(t *testing.T, a *awsAccount) {
		for i := range 40 {
			a.Directory.Add(10+i, fmt.Sprintf("p%d@example.com", i))
		}
		for _, args := range []string{"ban bea@example.com", "ban p30@example.com", "ban p39 --yes"} {
			if o := a.run(append([]string{"users"}, strings.Fields(args)...)...); o.code != 0 {
				t.Fatal(o.stderr)
			}
		}
		for flags, want := range map[string]string{
			"":               "bea@ p30@ p39@; 3 players: 3 banned\n",
			"--limit 2":      "bea@ p30@; 2 players: 2 banned; there are more\n",
			"--limit 3":      "bea@ p30@ p39@; 3 players: 3 banned\n",
			"--email p3":     "p30@ p39@; 2 players: 2 banned\n",
			"--email cy":     "; 0 players\n",
			"--sort created": "bea@ p30@ p39@; 3 players: 3 banned\n",
		} {
			o := a.run(append([]string{"users", "list", "--state", "banned"}, strings.Fields(flags)...)...)
			var names []string
			for line := range strings.Lines(o.stdout) {
				name, _, _ := strings.Cut(line, "example.com")
				names = append(names, name)
			}
			if got := strings.Join(names, " ") + "; " + o.stderr; o.code != 0 || got != want {
				t.Errorf("%q: %d, %q, want %q", flags, o.code, got, want)
			}
		}
		// One record that cannot be read hides no other, and no ban passes for none.
		a.Records[a.Directory.Users[0].Sub] = `{"format":1`
		o := a.run("users", "list", "--state", "banned", "--output", "json")
		var list []listed
		if err := json.Unmarshal([]byte(o.stdout), &list); err != nil || o.code != exitError || len(list) != 3 || !strings.Contains(o.stderr, "ann@example.com") {
			t.Errorf("%d, %v, %s%s", o.code, err, o.stdout, o.stderr)
		}
		if o := a.run("users", "list", "--wide"); o.code != exitError || strings.Count(o.stdout, "\n") != 43 || strings.Count(o.stdout, "\tunreadable\n") != 1 {
			t.Errorf("%d, %s%s", o.code, o.stdout, o.stderr)
		}
	})
	story(t, "that would reach nobody", withPlayers, func(t *testing.T, a *awsAccount) {
		for _, flags := range [][]string{
			{"--until", "1999-12-31"}, {"--until", "yesterday"}, {"--until", "soon"}, {"--until", "5 min ago"},
			{"--reason", `he said "no"`}, {"--reason", "two\nlines"}, {"--reason", strings.Repeat("x", 201)},
		} {
			o := a.run(append([]string{"users", "ban", "ann"}, flags...)...)
			o.changedNothing(t)
			if want := exitUsage; o.code != want {
				t.Errorf("%q: %d, want %d\n%s", flags, o.code, want, o.stderr)
			}
		}
	})
	story(t, "that nobody may write", withPlayers, func(t *testing.T, a *awsAccount) {
		a.Fault = func(name string) awsaccount.Fault {
			if strings.Contains(name, "UpdateItem") {
				return awsaccount.Fault{Before: awsfake.Error{Code: "AccessDeniedException", Message: "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: dynamodb:UpdateItem on resource: t because no identity-based policy allows the dynamodb:UpdateItem action"}}
			}
			return awsaccount.Fault{}
		}
		o := a.run("users", "ban", "ann", "bea", "--yes")
		if o.code != exitAccess || len(o.writes()) != 1 || a.Directory.Users[0].SignedOut || !strings.Contains(o.stderr, "dynamodb:UpdateItem") {
			t.Errorf("%d, %q\n%s", o.code, o.writes(), o.stderr)
		}
	})
}

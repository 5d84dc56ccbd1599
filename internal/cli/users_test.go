package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/awsaccount"
	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/players"
)

// withPlayers is a deployed stage with Ann, who plays, Bea, who waits for her
// mail, and Cy, who must not sign in.
func withPlayers(t *testing.T) *awsAccount {
	a := deployed(t)
	ann := a.Directory.Add(1, "ann@example.com")
	bea := a.Directory.Add(2, "bea@example.com")
	bea.Status, bea.Verified = "UNCONFIRMED", false
	a.Directory.Add(3, "cy@example.com").Disabled = true
	a.Records[ann.Sub] = `{"format":1,"games":{"my_game":{"files":{"persistent":` + file(500) + `,"1-1-LT1.save":` + file(1000) + `},` +
		`"left_alone":{"1-2-LT1.save":"size"}}},"usage":{"since":1795687500},"synced":1795687560,"support":[{"at":1795687000,"by":"sam","what":"restore","game":"my_game","files":1}]}`
	content := func(name, id string) string { return "users/" + ann.Sub + "/my_game/content/" + name + "/" + id }
	a.Buckets[savesBucket][content("persistent", "x")] = make([]byte, 500)
	a.Buckets[savesBucket][content("1-1-LT1.save", "x")] = make([]byte, 1000)
	a.Buckets[savesBucket][content("1-1-LT1.save", "w")] = make([]byte, 900)
	return a
}

var savesBucket = awsaccount.Physical(cfn.SaveFilesBucket)

// file is a committed file of a record.
func file(size int) string {
	return fmt.Sprintf(`{"id":"x","version":"1","size":%d,"modified_timestamp":1795680000,"checksum":"%s","committed_at":1795680000,"revision":1}`,
		size, strings.Repeat("0", 64))
}

// jsonLines decodes JSON values that stand one after the other.
func jsonLines[T any](t *testing.T, text string) []T {
	t.Helper()
	var list []T
	for decoder := json.NewDecoder(strings.NewReader(text)); decoder.More(); {
		var v T
		if err := decoder.Decode(&v); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		list = append(list, v)
	}
	return list
}

func TestUsersShow(t *testing.T) {
	story(t, "of a player", withPlayers, func(t *testing.T, a *awsAccount) {
		o := a.run("users", "show", "ann", "--output", "json")
		var s playerView
		if err := json.Unmarshal([]byte(o.stdout), &s); err != nil || o.code != 0 {
			t.Fatalf("%d, %v: %s%s", o.code, err, o.stdout, o.stderr)
		}
		if s.State != players.Confirmed || len(s.Games) != 1 || s.Games[0].Files != 2 || s.Games[0].Bytes != 1500 || !s.LastSync.Equal(time.Unix(1795687560, 0)) ||
			s.Games[0].Older != 1 || s.Games[0].OlderBytes != 900 || s.Games[0].LeftOut["1-2-LT1.save"] != "size" || len(s.Support) != 1 || s.Support[0].By != "sam" {
			t.Errorf("%+v", s)
		}
		o.changedNothing(t)
		if slices.ContainsFunc(o.calls, func(c string) bool { return strings.Contains(c, "AdminGetUser") }) {
			t.Error("looking at a player costs money")
		}
		// A record that cannot be read never passes for a player without saves.
		a.Records[a.Directory.Users[0].Sub] = `{"format":1`
		if o := a.run("users", "show", "ann"); o.code != 1 || !strings.Contains(o.stderr, "is damaged") {
			t.Errorf("a damaged record: %d, %s", o.code, o.stderr)
		}
	})
}

// Who is named by the whole id is shown after two calls, one after the other.
func TestUsersShowByID(t *testing.T) {
	story(t, "at once", withPlayers, func(t *testing.T, a *awsAccount) {
		a.SetLatency(time.Second)
		for name, want := range map[string]time.Duration{a.Directory.Users[0].Sub: 2 * time.Second, "ann@example.com": 3 * time.Second} {
			start := time.Now()
			if o := a.run("users", "show", name); o.code != 0 || time.Since(start) > want || !strings.Contains(o.stdout, "saves\tmy_game\t2\t") {
				t.Errorf("%s: %d after %s\n%s%s", name, o.code, time.Since(start), o.stdout, o.stderr)
			}
		}
	})
}

// What is done is done to those who were named, and each is answered.
func TestUsersSeveral(t *testing.T) {
	story(t, "some unknown", withPlayers, func(t *testing.T, a *awsAccount) {
		a.stdin = "ann\r\n\n  bea@example.com \nnobody@example.com\n" + a.Directory.Users[1].Sub + "\ncy\n"
		o := a.run("users", "disable", "-", "--yes", "--output", "json")
		list := jsonLines[disabled](t, o.stdout)
		if o.code != 1 || len(list) != 3 || strings.Count(o.stdout, "\n") != 3 || !strings.Contains(o.stderr, "1 of 5 players failed") {
			t.Errorf("%d, %s%s", o.code, o.stdout, o.stderr)
		}
		for _, u := range a.Directory.Users {
			if !u.Disabled {
				t.Errorf("%s is not disabled", u.Email)
			}
		}
		if until := list[0].MaySyncUntil; time.Until(until) > time.Hour+time.Second || until.Before(time.Now().Add(59*time.Minute)) {
			t.Errorf("may sync until %s", until)
		}
	})
	story(t, "without a permission", withPlayers, func(t *testing.T, a *awsAccount) {
		a.Fault = func(name string) awsaccount.Fault {
			if strings.Contains(name, "AdminDisableUser") {
				return awsaccount.Fault{Before: awsfake.Error{Code: "AccessDeniedException", Message: "no"}}
			}
			return awsaccount.Fault{}
		}
		o := a.run("users", "disable", "ann", "bea", "cy", "--yes")
		if n := len(o.writes()); o.code != exitAccess || n != 1 {
			t.Errorf("%d after %d attempts, want %d after the first\n%s", o.code, n, exitAccess, o.stderr)
		}
	})
	story(t, "to be deleted", withPlayers, func(t *testing.T, a *awsAccount) {
		a.stdin = "ann\nbea\n"
		o := a.run("users", "delete", "-")
		o.changedNothing(t)
		if o.code != exitUsage {
			t.Errorf("without --yes: %d", o.code)
		}
		if o := a.run("users", "delete", "-", "--yes"); o.code != 0 || len(a.Directory.Users) != 1 || len(a.Records) != 1 {
			t.Errorf("%d, %d accounts left\n%s", o.code, len(a.Directory.Users), o.stderr)
		}
	})
}

// The names that a filter does not tell apart, as on the local cloud, are told apart here.
func TestUsersAreCompared(t *testing.T) {
	story(t, "answering everybody", withPlayers, func(t *testing.T, a *awsAccount) {
		a.Directory.Lax = true
		for _, name := range []string{`"@example.com`, `a"`, "", "%", "ann@example.com\x00"} {
			o := a.run("users", "delete", name, "--yes")
			o.changedNothing(t)
			if o.code != exitNotFound {
				t.Errorf("%q: %d\n%s", name, o.code, o.stderr)
			}
		}
		if o := a.run("users", "list", "--state", "unconfirmed"); strings.Count(o.stdout, "\n") != 1 || !strings.HasPrefix(o.stdout, "bea@") {
			t.Errorf("the unconfirmed: %s", o.stdout)
		}
	})
}

// A row is printed before the next page is asked for, and a list that broke off is no list.
func TestUsersListStreams(t *testing.T) {
	story(t, "of two pages", withPlayers, func(t *testing.T, a *awsAccount) {
		for i := range 100 {
			a.Directory.Add(10+i, fmt.Sprintf("p%d@example.com", i))
		}
		a.Fault = func(name string) awsaccount.Fault {
			if strings.HasSuffix(name, "ListUsers #2") {
				return awsaccount.Fault{Before: awsfake.Error{Code: "InternalErrorException", Message: "no", Status: 400}}
			}
			return awsaccount.Fault{}
		}
		for _, format := range []string{"table", "json"} {
			o := a.run("users", "list", "--output", format)
			if n := strings.Count(o.stdout, "@"); o.code != 1 || n != 60 || json.Valid([]byte(o.stdout)) {
				t.Errorf("%s: %d, %d rows\n%s", format, o.code, n, o.stderr)
			}
		}
		if o := a.run("users", "list", "--sort", "email"); o.code != 1 || o.stdout != "" {
			t.Errorf("sorted: %d, %s", o.code, o.stdout)
		}
	})
	story(t, "as asked for", withPlayers, func(t *testing.T, a *awsAccount) {
		for args, want := range map[string]string{
			"":                                     "ann bea cy",
			"--sort state":                         "ann cy bea",
			"--sort created --limit 2":             "ann bea",
			"--limit 1":                            "ann",
			"--created-since 1999-12-20T09:00:02Z": "bea cy",
			"--wide --email A":                     "ann",
		} {
			o := a.run(append([]string{"users", "list", "--output", "json"}, strings.Fields(args)...)...)
			var list []listed
			if err := json.Unmarshal([]byte(o.stdout), &list); err != nil || o.code != 0 {
				t.Errorf("%s: %d, %v\n%s%s", args, o.code, err, o.stdout, o.stderr)
			}
			var names []string
			for _, p := range list {
				name, _, _ := strings.Cut(p.Email, "@")
				names = append(names, name)
				if wide := strings.Contains(args, "--wide"); !p.LastSync.IsZero() != (wide && name == "ann") {
					t.Errorf("%s: %s has synced at %s", args, name, p.LastSync)
				}
			}
			if got := strings.Join(names, " "); got != want {
				t.Errorf("%s: %s, want %s", args, got, want)
			}
		}
	})
}

// Of a password that is piped in exactly one line end is dropped.
func TestPasswordsArePipedIn(t *testing.T) {
	story(t, "in every form", withPlayers, func(t *testing.T, a *awsAccount) {
		for piped, want := range map[string]string{
			"Passw0rd": "Passw0rd", "Passw0rd\n": "Passw0rd", "Passw0rd\r\n": "Passw0rd",
			"": "", "\n": "", "\r\n": "", "Passw0rd\n\n": "", "Passw0rd\n\r\n": "", "two words\n": "",
			strings.Repeat("x", 70_000): "",
		} {
			ann := a.Directory.Users[0]
			ann.Password = ""
			a.stdin = piped
			o := a.run("users", "set-password", "ann")
			if code := map[bool]int{true: exitOK, false: exitUsage}[want != ""]; o.code != code || ann.Password != want {
				t.Errorf("%.20q: %d, %q\n%s", piped, o.code, ann.Password, o.stderr)
			}
			if strings.Contains(o.stderr, "Passw0rd") || strings.Contains(o.stdout, "Passw0rd") {
				t.Errorf("%.20q is printed", piped)
			}
		}
		a.stdin = "Passw0rd\n"
		if o := a.run("users", "create", "new@example.com", "--password-stdin"); o.code != 0 || a.Directory.Users[3].Password != "Passw0rd" || a.Directory.Users[3].Status != "CONFIRMED" {
			t.Errorf("create: %d, %s", o.code, o.stderr)
		}
		if o := a.run("users", "create", "ANN@example.com", "--password-stdin"); o.code != exitRefused {
			t.Errorf("an address that is taken: %d, %s", o.code, o.stderr)
		}
		if o := a.run("users", "set-email", "cy@example.com", "bea@example.com"); o.code != exitRefused {
			t.Errorf("an address that is taken: %d, %s", o.code, o.stderr)
		}
	})
}

// What is exported can be imported, here and into another stage, twice.
func TestUsersTravel(t *testing.T) {
	for _, format := range []string{"table", "json"} {
		story(t, "as "+format, withPlayers, func(t *testing.T, a *awsAccount) {
			out := a.run("users", "export", "--output", format)
			if out.code != 0 {
				t.Fatal(out.stderr)
			}
			file := filepath.Join(t.TempDir(), "players")
			if err := os.WriteFile(file, []byte(out.stdout), 0o600); err != nil {
				t.Fatal(err)
			}
			a.Directory.Users = a.Directory.Users[:1] // Ann
			for _, want := range []players.Counts{{Read: 3, Made: 2, There: 1}, {Read: 3, There: 3}} {
				o := a.run("users", "import", file, "--yes", "--output", "json")
				var counts players.Counts
				if err := json.Unmarshal([]byte(o.stdout), &counts); err != nil || o.code != 0 || counts != want {
					t.Errorf("%d, %+v, %v; want %+v\n%s", o.code, counts, err, want, o.stderr)
				}
			}
			cy := a.Directory.Users[slices.IndexFunc(a.Directory.Users, func(u *awsaccount.User) bool { return u.Email == "cy@example.com" })]
			if !cy.Disabled || !cy.Verified || cy.Status != "CONFIRMED" || len(a.Directory.Mails) > 0 {
				t.Errorf("%+v, mails %q", cy, a.Directory.Mails)
			}
		})
	}
	story(t, "half-way", withPlayers, func(t *testing.T, a *awsAccount) {
		a.stdin = "email\nx@example.com\ny@example.com\nz@example.com\n"
		a.Fault = func(name string) awsaccount.Fault {
			if strings.Contains(name, "AdminSetUserPassword") && len(a.Directory.Users) > 4 {
				return awsaccount.Fault{Before: awsfake.ErrLost}
			}
			return awsaccount.Fault{}
		}
		if o := a.run("users", "import", "-", "--yes"); o.code != 1 || !strings.Contains(o.stderr, "not tried") {
			t.Errorf("a lost connection: %d\n%s", o.code, o.stderr)
		}
		a.Fault = nil
		if o := a.run("users", "import", "-", "--yes"); o.code != 0 || len(a.Directory.Users) != 6 {
			t.Errorf("again: %d\n%s", o.code, o.stderr)
		}
		for _, u := range a.Directory.Users {
			if u.Status == "FORCE_CHANGE_PASSWORD" {
				t.Errorf("%s is stranded", u.Email)
			}
		}
	})
}

// A shell that waits for names is not kept, and gets names alone.
func TestPlayersAreCompleted(t *testing.T) {
	story(t, "in time", withPlayers, func(t *testing.T, a *awsAccount) {
		for typed, want := range map[string]string{"": "ann@example.com\nbea@example.com\ncy@example.com\n", "b": "bea@example.com\n", "x": ""} {
			o := a.run("__complete", "users", "show", "--debug", typed)
			if o.code != 0 || o.stdout != want+":4\n" || strings.Contains(o.stderr, "debug") {
				t.Errorf("%q: %d, %q\n%s", typed, o.code, o.stdout, o.stderr)
			}
		}
	})
	story(t, "or not at all", withPlayers, func(t *testing.T, a *awsAccount) {
		a.SetLatency(10 * time.Second)
		start := time.Now()
		if o := a.run("__complete", "users", "show", ""); o.stdout != ":4\n" || time.Since(start) > completionTime {
			t.Errorf("%q after %s", o.stdout, time.Since(start))
		}
	})
}

// The columns of a list fit a terminal of 40 cells, and none is wider than addresses mostly are.
// A narrower one has no columns.
func TestPlayerColumn(t *testing.T) {
	for room, want := range map[int]int{40 - 26: 14, 8: 8, 7: 48, 200: 48} {
		if got := playerColumn(room); got != want {
			t.Errorf("%d cells of %d, want %d", got, room, want)
		}
	}
}

//go:build e2e && (linux || darwin)

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/gameclient"
)

// TestIsolation: whatever player B says, it is never about player A's files.
func TestIsolation(t *testing.T) {
	t.Parallel()
	s := deploy(t, "isolation")
	victim, attacker := s.player(t), s.player(t)
	saved := time.Now().Add(-time.Hour)
	secret := map[string]string{"persistent": "A's secret", "1-1-LT1.save": "A's chapter one"}
	home := victim.device(t, saved, secret)
	home.sync(t, "persistent 1-1-LT1.save", "")

	t.Run("same names", func(t *testing.T) {
		// Older than the victim's, so a shared record would offer theirs for download.
		mine := map[string]string{"persistent": "B's own", "1-1-LT1.save": "B's chapter one"}
		attacker.device(t, saved.Add(-time.Hour), mine).sync(t, "persistent 1-1-LT1.save", "")
		fresh := attacker.device(t, saved.Add(-2*time.Hour), map[string]string{"persistent": "new"})
		fresh.sync(t, "persistent", "1-1-LT1.save persistent")
		fresh.holds(t, mine)
	})

	t.Run("body fields", func(t *testing.T) {
		newcomer := s.player(t)
		const body = `{"game_id":"my_game","manifest":{},%q:%q}`
		if plan := s.post(t, "/sync/plan", "Bearer "+victim.token(t), fmt.Appendf(nil, body, "", "")).plan(t); len(plan.Downloads) != 2 {
			t.Fatalf("the victim's own plan has %d downloads", len(plan.Downloads))
		}
		for _, field := range []string{"user_id", "userId", "sub", "username", "player", "identity", "requestContext"} {
			a := s.post(t, "/sync/plan", "Bearer "+newcomer.token(t), fmt.Appendf(nil, body, field, victim.sub))
			if plan := a.plan(t); len(plan.Downloads)+len(plan.Uploads) > 0 {
				t.Errorf("with the field %s the plan is %s", field, a.body)
			}
		}
	})

	t.Run("game ids and names", func(t *testing.T) {
		entry := `{"path":"x","size":1,"modified_timestamp":1.5,"checksum":"` + strings.Repeat("ab", 32) + `"}`
		asked := func(game, file string) answer {
			g, _ := json.Marshal(game)
			f, _ := json.Marshal(file)
			return s.post(t, "/sync/plan", "Bearer "+attacker.token(t), fmt.Appendf(nil, `{"game_id":%s,"manifest":{%s:%s}}`, g, f, entry))
		}
		for _, game := range []string{"../" + victim.sub + "/my_game", "my_game/../../" + victim.sub + "/my_game", "..", ""} {
			if a := asked(game, "persistent"); a.status != 400 || a.message() == "" {
				t.Errorf("the game %q: %d %.200s", game, a.status, a.body)
			}
		}
		for _, file := range []string{
			"../../" + victim.sub + "/my_game/persistent",
			"/users/" + victim.sub + "/my_game/persistent",
			"persistent/../../../" + victim.sub + "/my_game/persistent",
			"1-1-LT1.save/../../" + victim.sub + "/1-1-LT1.save",
			`..\` + victim.sub + `\persistent`,
			"..", "",
		} {
			// A file of no game is left alone.
			a := asked("my_game", file)
			for _, tr := range a.plan(t).Transfers() {
				if tr.Upload || tr.Filename == file {
					t.Errorf("the file %q: %.200s", file, a.body)
				}
			}
			if strings.Contains(string(a.body), victim.sub) {
				t.Errorf("the file %q: %.200s", file, a.body)
			}
		}
		// A game of the victim's name is the attacker's own, and empty.
		a := s.post(t, "/sync/plan", "Bearer "+attacker.token(t), fmt.Appendf(nil, `{"game_id":%q,"manifest":{}}`, victim.sub))
		if plan := a.plan(t); len(plan.Downloads) > 0 {
			t.Errorf("the game %s has %s", victim.sub, a.body)
		}
	})

	t.Run("guessed URLs", func(t *testing.T) { guessURLs(t, s, victim, attacker) })

	again := victim.device(t, saved.Add(-time.Hour), map[string]string{"persistent": "newer"})
	again.sync(t, "persistent", "1-1-LT1.save persistent")
	again.holds(t, secret)
}

// guessURLs takes the attacker's own URLs and puts the victim's names into them.
func guessURLs(t *testing.T, s *stage, victim, attacker *player) {
	client := s.client()
	downloads := attacker.wants(t, "persistent", "something old", time.Unix(1, 0)).Downloads
	uploads := attacker.wants(t, "persistent", "something new", time.Now()).Uploads
	i := slices.IndexFunc(downloads, func(d gameclient.Download) bool { return d.Filename == "persistent" })
	if i < 0 || len(uploads) != 1 {
		t.Fatalf("the attacker has %d downloads and %d uploads to begin with", len(downloads), len(uploads))
	}
	down, up := downloads[i], uploads[0]
	if own, err := client.Get(t.Context(), down); err != nil || string(own) != string(form("persistent", "B's own")) {
		t.Fatalf("the attacker's own download: %q, %v", own, err)
	}
	var keys []string
	for _, v := range clients(publicAccount).versions(t, s.info.Outputs.SaveFilesBucketName) {
		if strings.Contains(v.key, victim.sub) {
			keys = append(keys, v.key)
		}
	}
	if len(keys) == 0 {
		t.Fatal("the victim has nothing in the bucket")
	}
	for _, key := range keys {
		for _, own := range []string{down.URL, up.URL} {
			address := withPath(t, own, "/"+s.info.Outputs.SaveFilesBucketName+"/"+key)
			if body, err := client.Get(t.Context(), gameclient.Download{URL: address}); status(err) != http.StatusForbidden {
				t.Errorf("GET of the victim's %s by another's URL: %q, %v", key, body, err)
			}
			err := client.Put(t.Context(), gameclient.Upload{URL: address}, form("persistent", "something new"))
			if status(err) != http.StatusForbidden {
				t.Errorf("PUT to the victim's %s by another's URL: %v", key, err)
			}
		}
	}
	// And the URL is for what was announced, nothing else.
	if err := client.Put(t.Context(), up, form("persistent", "something longer than announced")); status(err) != http.StatusForbidden {
		t.Errorf("an upload of another length: %v", err)
	}
	if err := client.Put(t.Context(), gameclient.Upload{URL: down.URL}, form("persistent", "B's own")); status(err) != http.StatusForbidden {
		t.Errorf("an upload by a URL for download: %v", err)
	}
}

// wants asks for a plan about one file.
func (p *player) wants(t *testing.T, name, content string, changed time.Time) gameclient.Plan {
	t.Helper()
	d := p.device(t, changed, map[string]string{name: content})
	m, err := d.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := p.Plan(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// withPath is an address with another path.
func withPath(t *testing.T, address, path string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path, u.RawPath = path, ""
	return u.String()
}

// plan decodes a plan, which has all four lists.
func (a answer) plan(t *testing.T) gameclient.Plan {
	t.Helper()
	var lists map[string]json.RawMessage
	var plan gameclient.Plan
	if a.status != 200 || json.Unmarshal(a.body, &lists) != nil || json.Unmarshal(a.body, &plan) != nil {
		t.Fatalf("no plan but %d %.200s", a.status, a.body)
	}
	for _, name := range []string{"uploads", "downloads", "conflicts", "deletes"} {
		if !strings.HasPrefix(string(lists[name]), "[") {
			t.Errorf("the plan has no list of %s: %s", name, a.body)
		}
	}
	return plan
}

// status is the status of an answer that was an error, 0 for none.
func status(err error) int {
	if e, ok := err.(*gameclient.Error); ok {
		return e.Status
	}
	return 0
}

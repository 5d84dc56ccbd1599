//go:build e2e && (linux || darwin)

package e2e

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/renpy-cloud/renpyctl/cfn"
	pool "github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	deployed "github.com/renpy-cloud/renpyctl/internal/stage"
	"github.com/renpy-cloud/renpyctl/internal/support"
)

// desk is where somebody helps the players of a stage, and its user pool.
func (s *stage) desk(t *testing.T) (*support.Desk, *pool.Pool) {
	t.Helper()
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("test", secret, "")}
	at := deployed.At(cfg, deployed.Name(s.name))
	st, err := at.Deployed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id, err := at.WhoAmI(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	desk, err := support.Open(at, st, id.Account, id.Name())
	if err != nil {
		t.Fatal(err)
	}
	return desk, at.Pool(st.Outputs[cfn.OutputUserPoolID])
}

// spoilRecord writes something into a player's record that nobody can read.
func (s *stage) spoilRecord(t *testing.T, player string) {
	t.Helper()
	d, _ := s.desk(t)
	data, revision, err := d.Service.Manifests.Load(t.Context(), player)
	if err == nil {
		err = d.Service.Manifests.Save(t.Context(), player, data[:len(data)/2], revision)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestADeskHelps restores, bans and erases beside two devices of the shipped client,
// through the stores that the functions use.
func TestADeskHelps(t *testing.T) {
	t.Parallel()
	s := deploy(t, "desk")
	p := s.player(t)
	d, users := s.desk(t)
	game := s.game.GameID
	name := "1-1-LT1.save"
	one := p.device(t, time.Now().Add(-time.Hour), map[string]string{name: "good"})
	one.sync(t, name, "")
	two := p.device(t, time.Now().Add(-time.Hour), map[string]string{name: "good"})
	two.sync(t, "", "")
	one.save(t, time.Now(), name, "spoilt")
	one.sync(t, name, "")

	plan, err := d.PlanRestore(t.Context(), p.sub, game, support.Selection{Files: []string{name}, Version: "1"})
	if err != nil || len(plan.Changes) != 1 {
		t.Fatalf("%+v, %v", plan, err)
	}
	out, err := d.Restore(t.Context(), p.sub, game, plan)
	if err != nil || len(out) != 1 || !out[0].Current {
		t.Fatalf("%+v, %v", out, err)
	}
	one.sync(t, "", name)
	one.holds(t, map[string]string{name: "good"})
	two.sync(t, "", "")

	if _, err := d.Upload(t.Context(), p.sub, game, name, form(name, "by mail")); err != nil {
		t.Fatal(err)
	}
	two.sync(t, "", name)
	two.holds(t, map[string]string{name: "by mail"})
	if checkup, err := d.Verify(t.Context(), p.sub, true); err != nil || checkup.Files != 1 || len(checkup.Findings) > 0 {
		t.Errorf("%+v, %v", checkup, err)
	}

	plans := func() answer {
		return s.post(t, "/sync/plan", "Bearer "+p.token(t), []byte(`{"game_id": "`+game+`", "manifest": {}}`))
	}
	if err := d.Ban(t.Context(), p.sub, savesync.Ban{Reason: "spam"}); err != nil {
		t.Fatal(err)
	}
	if a := plans(); a.status != 403 {
		t.Errorf("a banned player is answered %d %s", a.status, a.message())
	}
	if err := d.Unban(t.Context(), p.sub); err != nil {
		t.Fatal(err)
	}
	if a := plans(); a.status != 200 {
		t.Errorf("after the ban the answer is %d %s", a.status, a.message())
	}

	receipt, err := d.Forget(t.Context(), users, pool.Player{Sub: p.sub, Email: p.email}, nil)
	if err != nil || receipt.Versions < 4 || !receipt.Account {
		t.Errorf("%+v, %v", receipt, err)
	}
	if a := plans(); a.status != 403 {
		t.Errorf("a forgotten player is answered %d %s", a.status, a.message())
	}
	if list, err := d.Items.Suppressed(t.Context()); err != nil || !list.Has("", p.email) || !list.Has(p.sub, "") {
		t.Errorf("%+v, %v", list, err)
	}
	for player, err := range d.Items.Players(t.Context(), "") {
		if err != nil || player != p.sub {
			t.Errorf("the table has the player %s, %v", player, err)
		}
	}
}

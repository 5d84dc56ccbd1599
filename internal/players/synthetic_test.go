package players_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/renpy-cloud/renpyctl/internal/awsfake"
	"github.com/renpy-cloud/renpyctl/internal/players"
)

// A synthetic player can sign in, gets no mail, and is nobody in lists and searches but
// for who asks for such players.
func TestSyntheticPlayers(t *testing.T) {
	d, pool, _, ann := directory(t)
	p, password, err := pool.CreateSynthetic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	user := d.Users[1]
	if user.Status != "CONFIRMED" || user.Password != password || len(d.Mails) > 0 || !p.Synthetic() || p.Sub != user.Sub || !strings.HasSuffix(p.Email, ".invalid") {
		t.Errorf("%+v, told as %+v; mails %q", user, p, d.Mails)
	}
	if other, again, err := pool.CreateSynthetic(t.Context()); err != nil || other.Email == p.Email || again == password {
		t.Errorf("another one is %+v, %v", other, err)
	}
	for _, q := range []players.Query{{}, {State: players.Confirmed}, {Email: "smoke-"}} {
		for player, err := range pool.List(t.Context(), q) {
			if err != nil || player.Email != ann.Email {
				t.Errorf("%+v lists %s, %v", q, player.Email, err)
			}
		}
	}
	if _, err := pool.Find(t.Context(), "smoke-"); !errors.Is(err, players.ErrNoPlayer) {
		t.Errorf("by the beginning of the address: %v", err)
	}
	if found := find(t, pool, p.Email); found.Sub != p.Sub {
		t.Errorf("by the whole address: %+v", found)
	}
	var list []string
	for player, err := range pool.Synthetic(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, player.Sub)
	}
	if want := []string{d.Users[1].Sub, d.Users[2].Sub}; !slices.Equal(list, want) {
		t.Errorf("synthetic are %q, want %q", list, want)
	}
}

// Nobody hides by an address alone: what a player signs up with, or changes to, is not
// verified.
func TestWhoPassesForSynthetic(t *testing.T) {
	const address = "smoke-abcdefghijklmnopqrstuvwxyz@renpyctl.invalid"
	for _, tc := range []struct {
		email    string
		verified bool
		want     bool
	}{
		{address, true, true},
		{address, false, false},
		{"smoke-abcdefghijklmnopqrstuvwxyz@example.com", true, false},
		{"smoke-abc@renpyctl.invalid", true, false},
		{"a" + address, true, false},
		{address + ".example.com", true, false},
	} {
		if got := (players.Player{Email: tc.email, Verified: tc.verified}).Synthetic(); got != tc.want {
			t.Errorf("%s, verified %v: %v", tc.email, tc.verified, got)
		}
	}
}

// An account that a try has made whose answer was lost is finished, although synthetic.
func TestSyntheticPlayerBegun(t *testing.T) {
	d, pool, fake, _ := directory(t)
	lost := true
	fake.Wrap(func(c awsfake.Call, service func() (any, error)) (any, error) {
		out, err := service()
		if _, creates := c.Input.(*idp.AdminCreateUserInput); creates && lost {
			lost = false
			return nil, awsfake.Error{Code: "UsernameExistsException", Message: "User account already exists"} // as the next try hears
		}
		return out, err
	})
	p, _, err := pool.CreateSynthetic(t.Context())
	if err != nil || len(d.Users) != 2 || d.Users[1].Sub != p.Sub || d.Users[1].Status != "CONFIRMED" {
		t.Errorf("%+v, %v; there are %d accounts", p, err, len(d.Users))
	}
}

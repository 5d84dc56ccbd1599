//go:build e2e && (linux || darwin)

package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAccess: the API admits nobody but a player of this stage who is signed in.
func TestAccess(t *testing.T) {
	t.Parallel()
	s, elsewhere := deploy(t, "access"), deploy(t, "access-2")
	p, stranger := s.player(t), elsewhere.player(t)

	genuine := p.token(t)
	header, body := part(t, genuine, 0), claims(t, genuine)
	with := func(name string, value any) map[string]any {
		changed := maps.Clone(body)
		changed[name] = value
		return changed
	}
	key := poolKey(t, s.game.UserPoolID)
	forger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	unsigned := segment(t, map[string]any{"alg": "none", "kid": header["kid"]}) + "." + segment(t, body) + "."
	past, future := time.Now().Add(-time.Minute).Unix(), time.Now().Add(time.Minute).Unix()

	for _, tc := range []struct {
		name, authorization string
		statuses            []int
	}{
		// First that the tokens made here are as good as genuine ones, but for what each is about.
		{"a genuine token", "Bearer " + genuine, []int{200}},
		{"a token made with the pool's key", "Bearer " + sign(t, key, header, with("exp", future)), []int{200}},

		{"no token", "", []int{401}},
		{"no token after Bearer", "Bearer ", []int{401}},
		{"not a token", "Bearer abc", []int{401}},
		{"an expired token", "Bearer " + sign(t, key, header, with("exp", past)), []int{401}},
		{"a token for later", "Bearer " + sign(t, key, header, with("nbf", future)), []int{401}},
		{"another app client's token", "Bearer " + sign(t, key, header, with("client_id", "another")), []int{401}},
		{"another issuer's token", "Bearer " + sign(t, key, header, with("iss", "https://example.com/pool")), []int{401}},
		{"a forged token", "Bearer " + sign(t, forger, header, body), []int{401}},
		{"an unsigned token", "Bearer " + unsigned, []int{401}},
		{"a token that was changed", "Bearer " + changed(t, genuine, with("sub", stranger.sub)), []int{401}},
		{"another pool's token", "Bearer " + stranger.token(t), []int{401}},
		// It is the pool's and for this client: only its lack of the scope tells it apart.
		{"an ID token", "Bearer " + s.idToken(t, p), []int{401, 403}},
		{"an ID token of another pool", "Bearer " + elsewhere.idToken(t, stranger), []int{401}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for path, request := range map[string]string{
				"/sync/plan":     `{"game_id":"my_game","manifest":{}}`,
				"/sync/complete": `{"game_id":"my_game","success":true,"error":null}`,
			} {
				a := s.post(t, path, tc.authorization, []byte(request))
				if !slices.Contains(tc.statuses, a.status) {
					t.Errorf("POST %s answers %d %.200s, want %d", path, a.status, a.body, tc.statuses)
				}
				if a.status != 200 && a.message() == "" {
					t.Errorf("POST %s answers without a message: %.200s", path, a.body)
				}
			}
		})
	}
}

// changed is a token with other claims and the same signature.
func changed(t *testing.T, token string, claims map[string]any) string {
	parts := strings.Split(token, ".")
	return parts[0] + "." + segment(t, claims) + "." + parts[2]
}

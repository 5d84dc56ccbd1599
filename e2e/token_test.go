//go:build e2e && (linux || darwin)

package e2e

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// claims reads a token without verifying it.
func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	return part(t, token, 1)
}

// idToken is the token of a sign-in that tells who the player is, which no game sends.
func (s *stage) idToken(t *testing.T, p *player) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"ClientId": s.game.ClientID, "AuthFlow": "USER_PASSWORD_AUTH",
		"AuthParameters": map[string]string{"USERNAME": p.email, "PASSWORD": password},
	})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.game.CognitoEndpoint+"/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.InitiateAuth")
	var out struct{ AuthenticationResult struct{ IdToken string } }
	if a := send(t, req); json.Unmarshal(a.body, &out) != nil || out.AuthenticationResult.IdToken == "" {
		t.Fatalf("no ID token: %d %.200s", a.status, a.body)
	}
	return out.AuthenticationResult.IdToken
}

func part(t *testing.T, token string, i int) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatal("the token is no JWT")
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[i])
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

// sign makes a token of a header and claims.
func sign(t *testing.T, key *rsa.PrivateKey, header, claims map[string]any) string {
	t.Helper()
	unsigned := segment(t, header) + "." + segment(t, claims)
	sum := sha256.Sum256([]byte(unsigned))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return unsigned + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func segment(t *testing.T, v map[string]any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// poolKey is the key with which the local cloud signs a pool's access tokens.
// It lies in its state (services/cognito.py, _pool_signing_key), and is the only
// way to a token that has run out but is genuine in all else: the shortest
// life that Cognito gives a token is five minutes.
func poolKey(t *testing.T, poolID string) *rsa.PrivateKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(stateDir, "state", "cognito-pool-keys", poolID+"-access.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("the pool's key is no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

package local

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// guard is what Python runs: MiniStack, and before it a guard that knows its callers.
//
//go:embed guard.py
var guard string

// Secret is the secret access key that calls to this cloud are signed with; the
// access key is any. There is one from the first [Cloud.Up] on.
func (c *Cloud) Secret() (string, error) {
	secret, err := os.ReadFile(c.file("secret"))
	return string(secret), err
}

// armed writes what the guard needs, a secret if there is none yet, and returns the secret.
func (c *Cloud) armed() (secret string, err error) {
	if err := os.WriteFile(c.file("guard.py"), []byte(guard), 0o600); err != nil {
		return "", err
	}
	secret, err = c.Secret()
	if err != nil && !errors.Is(err, fs.ErrNotExist) || secret != "" {
		return secret, err
	}
	secret = rand.Text()
	return secret, os.WriteFile(c.file("secret"), []byte(secret), 0o600)
}

// unsaved says that the last MiniStack has not written everything down at its
// end. It is asked when none runs.
func (c *Cloud) unsaved() bool {
	_, err := os.Stat(c.file("unsaved"))
	return err == nil
}

// AllowOrigins lets pages of these origins ("http://localhost:8042") reach what
// a game may, and of no other; a running cloud heeds it from the next request on.
func (c *Cloud) AllowOrigins(ctx context.Context, origins []string) error {
	for _, origin := range origins {
		if !isOrigin(origin) {
			return &Error{
				Kind: BadOrigin,
				What: fmt.Sprintf("%q is not the origin of a page", origin),
				Hint: "give it as the browser does: http://localhost:8042, in small letters, with nothing after it",
			}
		}
	}
	unlock, err := c.lock(ctx, func(string) {})
	if err != nil {
		return err
	}
	defer unlock()
	return noSpaceOr(os.WriteFile(c.file("origins"), []byte(strings.Join(origins, "\n")), 0o600))
}

// isOrigin takes what browsers send, but for "null", which any page can have them send.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && s == strings.ToLower(u.Scheme+"://"+u.Host)
}

func (c *Cloud) origins() []string {
	text, err := os.ReadFile(c.file("origins"))
	if err != nil {
		return nil
	}
	return strings.Fields(string(text))
}

// save has MiniStack write down everything while it runs, so that nothing is
// lost if it cannot; the error is then an [*Error] of kind [NotSaved]. One that
// does not answer, or is too old to have a guard, may still do so at its end.
func (c *Cloud) save(ctx context.Context) error {
	secret, err := c.Secret()
	if err != nil {
		return nil
	}
	limit, cancel := context.WithTimeout(ctx, c.stopTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limit, http.MethodPut, c.Endpoint()+"/_renpyctl/save", nil)
	if err != nil {
		return err
	}
	nothing := sha256.Sum256(nil)
	credentials := aws.Credentials{AccessKeyID: "renpyctl", SecretAccessKey: secret}
	if err := v4.NewSigner().SignHTTP(limit, credentials, req, hex.EncodeToString(nothing[:]), "renpyctl", "local", time.Now()); err != nil {
		return err
	}
	resp, err := roundTrip(req)
	if err != nil {
		return ctx.Err()
	}
	defer resp.Body.Close()
	var answer struct {
		Faults []string `json:"faults"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil || len(answer.Faults) == 0 {
		return nil
	}
	return &Error{
		Kind:   NotSaved,
		What:   "MiniStack cannot write down what is deployed on it, and so was not stopped",
		Hint:   "free some space on its disk and try again; renpyctl local reset gives up what is deployed",
		Output: answer.Faults[max(0, len(answer.Faults)-5):],
	}
}

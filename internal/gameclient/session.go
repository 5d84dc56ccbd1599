package gameclient

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// cognito calls an action of Cognito's user pools, by JSON 1.1 and unsigned.
func (c *Client) cognito(ctx context.Context, action string, in, out any) error {
	return c.post(ctx, c.cfg.CognitoEndpoint+"/", http.Header{
		"Content-Type": {"application/x-amz-json-1.1"},
		"X-Amz-Target": {"AWSCognitoIdentityProviderService." + action},
	}, in, out)
}

// SignUp makes an account that signs in by its e-mail address. It cannot sign
// in before it is confirmed, which a game cannot do. Errors of Cognito are
// [*Error]s: UsernameExistsException, InvalidPasswordException, …
func (c *Client) SignUp(ctx context.Context, email, password string) error {
	type attribute struct{ Name, Value string }
	in := struct {
		ClientId, Username, Password string
		UserAttributes               []attribute
	}{c.cfg.ClientID, email, password, []attribute{{"email", email}}}
	return c.cognito(ctx, "SignUp", in, &struct{}{})
}

// SignIn signs a player in. Errors of Cognito are [*Error]s:
// UserNotConfirmedException, NotAuthorizedException, …
func (c *Client) SignIn(ctx context.Context, email, password string) (*Session, error) {
	t, err := c.initiateAuth(ctx, "USER_PASSWORD_AUTH", map[string]string{"USERNAME": email, "PASSWORD": password})
	if err != nil {
		return nil, err
	}
	return &Session{client: c, tokens: t}, nil
}

// tokens is what Cognito hands out at a sign-in.
type tokens struct {
	access, refresh string
	expires         time.Time // of access
}

func (c *Client) initiateAuth(ctx context.Context, flow string, parameters map[string]string) (tokens, error) {
	in := struct {
		ClientId, AuthFlow string
		AuthParameters     map[string]string
	}{c.cfg.ClientID, flow, parameters}
	var out struct {
		AuthenticationResult struct {
			AccessToken, RefreshToken string
			ExpiresIn                 int64 // seconds
		}
	}
	if err := c.cognito(ctx, "InitiateAuth", in, &out); err != nil {
		return tokens{}, err
	}
	r := out.AuthenticationResult
	return tokens{r.AccessToken, r.RefreshToken, time.Now().Add(time.Duration(r.ExpiresIn) * time.Second)}, nil
}

// Session is a player who is signed in. It may be used by several goroutines at once.
type Session struct {
	client *Client

	mu     sync.Mutex
	tokens tokens
}

// refreshBefore is how long before its end an access token is renewed.
const refreshBefore = 5 * time.Minute

// AccessToken returns the token that the API admits, renewed if it soon ends.
func (s *Session) AccessToken(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Until(s.tokens.expires) > refreshBefore {
		return s.tokens.access, nil
	}
	t, err := s.client.initiateAuth(ctx, "REFRESH_TOKEN_AUTH", map[string]string{"REFRESH_TOKEN": s.tokens.refresh})
	if err != nil {
		return "", err
	}
	if t.refresh == "" { // Cognito sends no new one unless rotation is on
		t.refresh = s.tokens.refresh
	}
	s.tokens = t
	return t.access, nil
}

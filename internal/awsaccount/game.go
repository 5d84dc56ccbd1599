package awsaccount

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/cfn"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// Game is the part of an [Account] that a game reaches: sign-in, the API with its
// functions, and files by pre-signed URLs. It is the transport of a game's client. What
// the functions write is in the account's bucket and table then.
type Game struct {
	account *Account
	store   *memstore.Store
	service *savesync.Service

	// Fault is what goes wrong with a request: "InitiateAuth", "POST /sync/plan", "PUT
	// persistent", "GET 1-1-LT1.save". Nothing does where it answers nothing.
	Fault func(what string) (*http.Response, error)
	// Asked are the requests by the same names, in order.
	Asked []string
}

// Game returns what games reach of the account.
func (a *Account) Game() *Game {
	g := &Game{account: a, store: memstore.New(time.Now, 90*24*time.Hour)}
	g.service = &savesync.Service{
		Limits:    savesync.Limits{FileBytes: 1 << 20, PlayerBytes: 1 << 30, PlayerFiles: 500, PlansPerHour: 120, PlayerBytesPerDay: 256 << 20},
		Manifests: g.store, Objects: presigned{g.store}, Now: time.Now,
	}
	return g
}

// presigned is a store whose URLs are some.
type presigned struct{ *memstore.Store }

const presignedHost = "https://saves.s3.eu-west-1.amazonaws.com/?url="

func (s presigned) PresignPut(ctx context.Context, key string, size int64, life time.Duration) (string, error) {
	u, err := s.Store.PresignPut(ctx, key, size, life)
	return presignedHost + url.QueryEscape(u), err
}

func (s presigned) PresignGet(ctx context.Context, key, version string, life time.Duration) (string, error) {
	u, err := s.Store.PresignGet(ctx, key, version, life)
	return presignedHost + url.QueryEscape(u), err
}

// RoundTrip answers a request of a game's. Requests are answered one by one.
func (g *Game) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	g.account.mu.Lock()
	defer g.account.mu.Unlock()
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	what := whatOf(r)
	g.Asked = append(g.Asked, what)
	if g.Fault != nil {
		if answer, err := g.Fault(what); answer != nil || err != nil {
			return answer, err
		}
	}
	switch {
	case what == "InitiateAuth":
		return g.signIn(body), nil
	case strings.HasPrefix(what, "POST "):
		return g.call(r, body), nil
	}
	return g.transfer(r.Method, r.URL.Query().Get("url"), body), nil
}

// whatOf names a request.
func whatOf(r *http.Request) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return strings.TrimPrefix(target, "AWSCognitoIdentityProviderService.")
	}
	if address := r.URL.Query().Get("url"); address != "" {
		return r.Method + " " + nameIn(keyIn(address))
	}
	return r.Method + " " + r.URL.Path
}

// keyIn is the key that a URL of the store is for.
func keyIn(address string) string { return strings.Split(address, "|")[1] }

// nameIn is the file's name in a key: the part before its last one.
func nameIn(key string) string {
	parts := strings.Split(key, "/")
	return parts[len(parts)-2]
}

// Answer is an answer with a status and a body.
func Answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// signIn is Cognito's InitiateAuth by USER_PASSWORD_AUTH. A token is the player's id.
func (g *Game) signIn(body []byte) *http.Response {
	var in struct {
		ClientId       string
		AuthParameters map[string]string
	}
	d := g.account.Directory
	d.mu.Lock()
	defer d.mu.Unlock()
	if json.Unmarshal(body, &in) == nil && in.ClientId == Physical(cfn.UserPoolClient) {
		for _, u := range d.Users {
			if u.Email == in.AuthParameters["USERNAME"] && u.Password == in.AuthParameters["PASSWORD"] && u.Status == "CONFIRMED" && !u.Disabled {
				return Answer(200, fmt.Sprintf(`{"AuthenticationResult":{"AccessToken":%q,"RefreshToken":"r","ExpiresIn":3600}}`, u.Sub))
			}
		}
	}
	return Answer(400, `{"__type":"NotAuthorizedException","message":"Incorrect username or password."}`)
}

// call calls a function of the stage for the player of a token.
func (g *Game) call(r *http.Request, body []byte) *http.Response {
	player := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	serve := map[string]func(context.Context, string, []byte) savesync.Reply{
		"/sync/plan": g.service.ServePlan, "/sync/complete": g.service.ServeComplete,
	}[r.URL.Path]
	if serve == nil {
		return Answer(404, `{"message":"Not Found"}`)
	}
	g.service.Limits.Games = nil
	if games := g.account.Setting(cfn.ParamGameIDs); games != "" {
		g.service.Limits.Games = strings.Split(games, ",")
	}
	reply := serve(r.Context(), player, body)
	g.account.Records[player], _ = g.store.Record(player)
	g.keep(player)
	return Answer(reply.Status, string(reply.Body))
}

// transfer is S3's answer to a pre-signed URL.
func (g *Game) transfer(method, address string, body []byte) *http.Response {
	if method == http.MethodGet {
		data, err := g.store.Get(address)
		if err != nil {
			return Answer(403, "<Error><Code>AccessDenied</Code></Error>")
		}
		return Answer(200, data)
	}
	upload, err := g.store.Begin(address, string(body))
	if err != nil {
		return Answer(403, "<Error><Code>AccessDenied</Code></Error>")
	}
	upload.End()
	g.keep(strings.Split(upload.Key(), "/")[1])
	return Answer(200, "")
}

// keep puts what the store has of a player into the account's bucket of saves.
func (g *Game) keep(player string) {
	bucket := g.account.Buckets[Physical(cfn.SaveFilesBucket)]
	g.store.Versions(func(key string, v memstore.Version) {
		if slices.Contains(strings.Split(key, "/"), player) {
			bucket[key] = []byte(v.Data)
		}
	})
}

// Package gameclient does on the wire what the renpy-cloud client inside a
// shipped game does: sign up, sign in, sync, over a real save folder or with what
// a caller has in memory. The checks of a deployed backend play with it, and tests.
//
// A game's client cannot be changed once it has shipped, so neither can what is
// here: it was written from that client's observed behaviour, with its quirks.
//
//   - The manifest names "persistent" and one slot only: the files that begin
//     with the number of the numbered *.save file changed last.
//   - A file that was downloaded is changed "now", not when it was saved.
//   - Uploads come first, then downloads, then what the plan calls conflicts, each
//     in the plan's order. Deletions are announced but never carried out.
//   - A transfer that is answered with an error is skipped, and the completion
//     says success all the same.
//   - A transfer that meets no answer ends the sync: nothing after it is tried,
//     and nothing is completed.
//   - A plan that has only conflicts is one with nothing to do.
//
// It differs in one thing. The shipped client joins a file's name to the folder
// unchecked; here a name that would leave the folder ends the sync.
package gameclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config is what a game passes to renpy_cloud.configure(). Its JSON is that of
// `renpyctl config renpy --output json`.
type Config struct {
	APIBaseURL string `json:"api_base_url"` // with or without a slash at the end
	GameID     string `json:"game_id"`
	Region     string `json:"aws_region"`
	UserPoolID string `json:"cognito_user_pool_id"` // never sent: the client id names the pool
	ClientID   string `json:"cognito_app_client_id"`

	// CognitoEndpoint takes the place of https://cognito-idp.REGION.amazonaws.com,
	// which is all that the shipped client knows; "" leaves it there.
	CognitoEndpoint string `json:"local_cognito_endpoint,omitempty"`
}

// Timeout bounds each request, as the shipped client's timeout_seconds does by default.
const Timeout = 30 * time.Second

// maxAnswer is how many bytes of an answer are read: four times what a stage takes for
// one file by default.
const maxAnswer = 64 << 20

// Client reaches the backend of one game. It may be used by several goroutines at once.
type Client struct {
	cfg  Config
	http *http.Client
}

// New returns a client. Like Python's urllib it speaks HTTP/1.1 and opens a
// connection for each request; a transport that is not nil is used as it is.
func New(cfg Config, transport http.RoundTripper) *Client {
	cfg.APIBaseURL = strings.TrimSuffix(cfg.APIBaseURL, "/")
	if cfg.CognitoEndpoint == "" {
		cfg.CognitoEndpoint = "https://cognito-idp." + cfg.Region + ".amazonaws.com"
	}
	if transport == nil {
		transport = NewTransport()
	}
	return &Client{cfg: cfg, http: &http.Client{Transport: transport, Timeout: Timeout}}
}

// NewTransport returns the transport of a client that is given none. Names below
// .localhost it takes for this computer, as RFC 6761 wants it and few systems do.
func NewTransport() *http.Transport {
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	return &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: dial, DisableKeepAlives: true, Protocols: http1}
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err == nil && strings.HasSuffix(host, ".localhost") {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// Error is an answer other than 200.
type Error struct {
	Status  int    // of HTTP
	Code    string // Cognito's name for the error, or the API's field "error"; may be ""
	Message string // what the game shows to the player
}

func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("%d: %s", e.Status, e.Message)
	}
	return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message)
}

// NoAnswerError says that a request got no whole answer: there was no connection, or it
// broke, or [Timeout] was over. What was asked for may have been done all the same.
type NoAnswerError struct{ err error }

func (e *NoAnswerError) Error() string { return "no answer: " + e.err.Error() }

// Unwrap returns what the network said.
func (e *NoAnswerError) Unwrap() error { return e.err }

// post sends in as JSON and decodes the answer into out. The error is an
// [*Error] where the other side answered with one, and a [*NoAnswerError] without an answer.
func (c *Client) post(ctx context.Context, address string, header http.Header, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := c.do(ctx, http.MethodPost, address, header, body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the answer is not what was expected: %w", err)
	}
	return nil
}

// do sends one request and returns the body of the answer.
func (c *Client) do(ctx context.Context, method, address string, header http.Header, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Close = true // sent as "Connection: close"
	req.Header = header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "renpyctl-gameclient")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &NoAnswerError{withoutURL(err)}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, &NoAnswerError{withoutURL(err)}
	}
	if len(answer) > maxAnswer {
		return nil, fmt.Errorf("the answer is larger than %d MiB", maxAnswer>>20)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errorFrom(resp.StatusCode, answer)
	}
	return answer, nil
}

// errorFrom reads an error of Cognito or of the API. S3 answers in XML, of
// which the shipped client shows nothing but the status.
func errorFrom(status int, answer []byte) *Error {
	var fields struct {
		Type    string `json:"__type"`
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	e := &Error{Status: status, Message: http.StatusText(status)}
	if json.Unmarshal(answer, &fields) != nil {
		return e
	}
	// Some services put a namespace before the name: "com.amazon…#NotAuthorizedException".
	e.Code = fields.Type[strings.LastIndex(fields.Type, "#")+1:]
	if e.Code == "" {
		e.Code = fields.Error
	}
	if fields.Message != "" {
		e.Message = fields.Message
	}
	return e
}

// withoutURL takes the address out of an error of net/http: a pre-signed one is a secret.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

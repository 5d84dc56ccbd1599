package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// answerTimeout bounds the wait for one answer of a MiniStack on this machine.
const answerTimeout = 2 * time.Second

// editionPrefix begins the edition of every MiniStack that renpyctl starts.
const editionPrefix = "renpyctl "

// health is what MiniStack says of itself (app.py, _handle_health_request).
type health struct {
	Version  string            `json:"version"`
	Edition  string            `json:"edition"`
	Services map[string]string `json:"services"`
}

// health asks MiniStack whether it is there. It serves nothing before its state is loaded.
func (c *Cloud) health(ctx context.Context) (health, error) {
	ctx, cancel := context.WithTimeout(ctx, c.answerTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Endpoint()+"/_ministack/health", nil)
	if err != nil {
		return health{}, err
	}
	resp, err := roundTrip(req)
	if err != nil {
		return health{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return health{}, fmt.Errorf("health page answers %s", resp.Status)
	}
	var h health
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&h); err != nil {
		return health{}, err
	}
	if h.Version == "" || h.Services == nil {
		return health{}, errors.New("health page is not MiniStack's")
	}
	return h, nil
}

// roundTrip sends a request by a transport of its own: no proxy between here
// and 127.0.0.1, no connection kept.
func roundTrip(req *http.Request) (*http.Response, error) {
	return (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
}

// portFree says who has the port, if anyone. It is asked when no MiniStack of this folder runs.
func (c *Cloud) portFree(ctx context.Context) error {
	if h, err := c.health(ctx); err == nil {
		return c.otherMiniStack(h)
	}
	// Connecting comes first: macOS lets one bind 127.0.0.1 beside a listener on every interface.
	dialer := net.Dialer{Timeout: c.answerTimeout}
	if conn, err := dialer.DialContext(ctx, "tcp", c.address()); err == nil {
		conn.Close()
		return c.portTaken(nil)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", c.address())
	if err != nil {
		return c.portTaken(err)
	}
	return listener.Close()
}

const otherPortHint = "choose another with --local-port or RENPYCTL_LOCAL_PORT"

func (c *Cloud) portTaken(cause error) *Error {
	e := &Error{
		Kind: PortTaken,
		What: fmt.Sprintf("port %d is in use by another program, which is not MiniStack", c.cfg.Port),
		Hint: fmt.Sprintf("end it (lsof -nP -iTCP:%d -sTCP:LISTEN names it), or %s", c.cfg.Port, otherPortHint),
		Err:  cause,
	}
	if cause != nil {
		e.What = fmt.Sprintf("port %d cannot be used: %v", c.cfg.Port, cause)
		e.Hint = otherPortHint
	}
	return e
}

func (c *Cloud) otherMiniStack(h health) *Error {
	use := "set AWS_ENDPOINT_URL=" + c.Endpoint() + " in place of --local"
	if strings.HasPrefix(h.Edition, editionPrefix) { // and takes only its own secret
		use = "name its folder with RENPYCTL_LOCAL_DIR"
	}
	return &Error{
		Kind: OtherMiniStack,
		What: fmt.Sprintf("port %d belongs to a MiniStack %s that was not started from %s, or whose folder has gone since", c.cfg.Port, h.Version, c.cfg.Dir),
		Hint: fmt.Sprintf("to use it, %s; to have one of your own, end it (lsof -nP -iTCP:%d -sTCP:LISTEN names it), or %s", use, c.cfg.Port, otherPortHint),
	}
}

package storetest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// HTTP is a [Client] that sends requests, with the headers that the game client sends.
type HTTP struct{}

// Put implements [Client].
func (HTTP) Put(ctx context.Context, url, contentType, data string) error {
	_, err := exchange(ctx, http.MethodPut, url, contentType, data)
	return err
}

// Get implements [Client].
func (HTTP) Get(ctx context.Context, url string) (string, error) {
	return exchange(ctx, http.MethodGet, url, "", "")
}

func exchange(ctx context.Context, method, url, contentType, data string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(data))
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept-Encoding", "identity") // as Python's urllib
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return "", err
	case resp.StatusCode == http.StatusOK:
		return string(body), nil
	case resp.StatusCode == http.StatusForbidden:
		return "", fmt.Errorf("%w: %s", ErrRefused, body)
	case resp.StatusCode == http.StatusNotFound:
		return "", fmt.Errorf("%w: %s", savesync.ErrNotFound, body)
	default:
		return "", fmt.Errorf("%s: %s", resp.Status, body)
	}
}

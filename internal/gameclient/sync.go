package gameclient

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"
)

// Manifest is what a device tells of its files, by name.
type Manifest map[string]Entry

// Entry is one file of a manifest.
type Entry struct {
	Path     string      `json:"path"` // the name again
	Size     int64       `json:"size"` // bytes
	Modified json.Number `json:"modified_timestamp"`
	Checksum string      `json:"checksum"` // SHA-256 in hex
}

// NewEntry returns what a device tells of a file that was last changed at a time.
func NewEntry(name string, body []byte, modified time.Time) Entry {
	sum := sha256.Sum256(body)
	return Entry{Path: name, Size: int64(len(body)), Modified: pythonTime(modified), Checksum: hex.EncodeToString(sum[:])}
}

// Plan is what the backend asks a device to do.
type Plan struct {
	Uploads   []Upload          `json:"uploads"`
	Downloads []Download        `json:"downloads"`
	Conflicts []Conflict        `json:"conflicts"` // carried out last, in their order
	Deletes   []json.RawMessage `json:"deletes"`   // read but never carried out
}

// Upload asks for a file. Its URL is a secret.
type Upload struct {
	Filename string `json:"filename"`
	URL      string `json:"upload_url"`
}

// Download offers a file. Its URL is a secret.
type Download struct {
	Filename string `json:"filename"`
	URL      string `json:"download_url"`
}

// Conflict is a transfer in either direction. Its URLs are secrets.
type Conflict struct {
	Filename    string `json:"filename"`
	Action      string `json:"action"` // "upload" or "download"
	UploadURL   string `json:"upload_url,omitempty"`
	DownloadURL string `json:"download_url,omitempty"`
}

// Transfer is one file to send or to fetch. Its URL is a secret.
type Transfer struct {
	Filename string
	URL      string
	Upload   bool // else it is a download
}

// Transfers returns what the client does about the plan, in its order.
func (p Plan) Transfers() []Transfer {
	var list []Transfer
	for _, u := range p.Uploads {
		list = append(list, Transfer{u.Filename, u.URL, true})
	}
	for _, d := range p.Downloads {
		list = append(list, Transfer{d.Filename, d.URL, false})
	}
	for _, c := range p.Conflicts {
		switch c.Action {
		case "upload":
			list = append(list, Transfer{c.Filename, c.UploadURL, true})
		case "download":
			list = append(list, Transfer{c.Filename, c.DownloadURL, false})
		}
	}
	return list
}

// idle tells whether the client does nothing about the plan, not even complete it.
// It does not look at the conflicts.
func (p Plan) idle() bool { return len(p.Uploads)+len(p.Downloads)+len(p.Deletes) == 0 }

// Plan asks the backend what to do. Errors of the API are [*Error]s.
func (s *Session) Plan(ctx context.Context, m Manifest) (Plan, error) {
	in := struct {
		GameID   string   `json:"game_id"`
		Manifest Manifest `json:"manifest"`
	}{s.client.cfg.GameID, m}
	var plan Plan
	return plan, s.call(ctx, "/sync/plan", in, &plan)
}

// Complete says that the transfers are over. It claims success whatever
// happened, as the shipped client does.
func (s *Session) Complete(ctx context.Context) error {
	in := struct {
		GameID  string  `json:"game_id"`
		Success bool    `json:"success"`
		Error   *string `json:"error"`
	}{s.client.cfg.GameID, true, nil}
	return s.call(ctx, "/sync/complete", in, &struct{}{})
}

func (s *Session) call(ctx context.Context, path string, in, out any) error {
	token, err := s.AccessToken(ctx)
	if err != nil {
		return err
	}
	return s.client.post(ctx, s.client.cfg.APIBaseURL+path, http.Header{
		"Authorization": {"Bearer " + token},
		"Content-Type":  {"application/json"},
	}, in, out)
}

// Put uploads a file. The request has no headers but Accept-Encoding,
// Connection, Content-Length, Content-Type, Host and User-Agent: a signature
// over any other could never be met.
func (c *Client) Put(ctx context.Context, u Upload, body []byte) error {
	_, err := c.do(ctx, http.MethodPut, u.URL, http.Header{"Content-Type": {"application/octet-stream"}}, body)
	return err
}

// Get downloads a file.
func (c *Client) Get(ctx context.Context, d Download) ([]byte, error) {
	return c.do(ctx, http.MethodGet, d.URL, nil, nil)
}

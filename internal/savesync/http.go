package savesync

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// A Reply is the answer to a request, and what a log line may tell of it.
type Reply struct {
	// Status is the HTTP status.
	Status int
	// Body is JSON.
	Body []byte
	// RetryAfter is the Retry-After header, 0 for none.
	RetryAfter time.Duration
	// Cause is what lies behind an error, nil for none. It holds no token, URL or body.
	Cause error
	// Facts are names and counts for the log: no tokens, URLs or bodies.
	Facts []slog.Attr
}

// ServePlan answers POST /sync/plan. The player is the subject of a verified
// token, and nothing in the body can change whose files it is about.
func (s *Service) ServePlan(ctx context.Context, player string, body []byte) Reply {
	if err := authorize(player); err != nil {
		return refuse(err, nil)
	}
	game, m, err := decodePlan(body, s.Limits)
	if err != nil {
		return refuse(err, nil)
	}
	facts := []slog.Attr{slog.String("game", game), slog.Int("listed", len(m))}
	plan, err := s.Plan(ctx, player, game, m)
	if err != nil {
		return refuse(err, facts)
	}
	return answer(plan.wire(), append(facts, plan.facts()...))
}

// ServeComplete answers POST /sync/complete.
func (s *Service) ServeComplete(ctx context.Context, player string, body []byte) Reply {
	if err := authorize(player); err != nil {
		return refuse(err, nil)
	}
	c, err := decodeComplete(body, s.Limits)
	if err != nil {
		return refuse(err, nil)
	}
	facts := []slog.Attr{slog.String("game", c.Game), slog.Bool("client_success", c.Success)}
	if c.Error != "" {
		facts = append(facts, slog.String("client_error", c.Error))
	}
	damaged, err := s.Complete(ctx, player, c.Game)
	if err != nil {
		return refuse(err, facts)
	}
	if len(damaged) > 0 {
		facts = append(facts, slog.Any("damaged", damaged))
	}
	return answer(map[string]bool{"acknowledged": true}, facts)
}

// authorize returns an error when there is no player to act for.
func authorize(player string) error {
	if err := checkPlayer(player); err != nil {
		return &Refusal{Reason: Unauthorized, Message: "Please sign in again.", Cause: err}
	}
	return nil
}

// wirePlan is a plan as the client reads it: all four lists are always there.
type wirePlan struct {
	Uploads   []wireUpload   `json:"uploads"`
	Downloads []wireDownload `json:"downloads"`
	Conflicts []wireConflict `json:"conflicts"`
	Deletes   []string       `json:"deletes"`
}

type wireUpload struct {
	Filename string `json:"filename"`
	URL      string `json:"upload_url"`
}

type wireDownload struct {
	Filename string `json:"filename"`
	URL      string `json:"download_url"`
}

type wireConflict struct {
	Filename    string `json:"filename"`
	Action      string `json:"action"`
	UploadURL   string `json:"upload_url,omitempty"`
	DownloadURL string `json:"download_url,omitempty"`
}

func (p Plan) wire() wirePlan {
	w := wirePlan{Uploads: []wireUpload{}, Downloads: []wireDownload{}, Conflicts: []wireConflict{}, Deletes: []string{}}
	for _, t := range p.Uploads {
		w.Uploads = append(w.Uploads, wireUpload{t.Filename, t.URL})
	}
	for _, t := range p.Downloads {
		w.Downloads = append(w.Downloads, wireDownload{t.Filename, t.URL})
	}
	for _, t := range p.Conflicts {
		c := wireConflict{Filename: t.Filename, Action: "download", DownloadURL: t.URL}
		if t.Upload {
			c = wireConflict{Filename: t.Filename, Action: "upload", UploadURL: t.URL}
		}
		w.Conflicts = append(w.Conflicts, c)
	}
	return w
}

// facts tells what a plan does, for the log: how much, and which files it leaves
// alone and why, of the first few.
func (p Plan) facts() []slog.Attr {
	facts := []slog.Attr{slog.Int("uploads", len(p.Uploads)), slog.Int("downloads", len(p.Downloads))}
	if len(p.Conflicts) > 0 {
		facts = append(facts, slog.Int("conflicts", len(p.Conflicts)))
	}
	if len(p.Damaged) > 0 {
		facts = append(facts, slog.Any("damaged", p.Damaged))
	}
	if len(p.Barred) == 0 {
		return facts
	}
	named := map[string]Bar{}
	for _, e := range p.Barred[:min(len(p.Barred), maxLeftAlone)] {
		named[fmt.Sprintf("%.80s", e.Name)] = e.Barred
	}
	return append(facts, slog.Int("left_alone", len(p.Barred)), slog.Any("left_alone_files", named))
}

// answer is the reply to a request that was served.
func answer(v any, facts []slog.Attr) Reply {
	body, err := marshal(v)
	if err != nil {
		return refuse(err, facts)
	}
	return Reply{Status: 200, Body: body, Facts: facts}
}

// refuse is the reply to a request that was not served.
func refuse(err error, facts []slog.Attr) Reply {
	r, ok := errors.AsType[*Refusal](err)
	if !ok {
		r = &Refusal{Reason: Internal, Message: "Something went wrong in the cloud.", Cause: err}
	}
	body, _ := marshal(map[string]string{"message": r.Message, "error": string(r.Reason)}) // strings always encode
	facts = append(facts, slog.String("reason", string(r.Reason)))
	if r.Cause == nil {
		facts = append(facts, slog.String("refusal", r.Message))
	}
	return Reply{Status: r.Status(), Body: body, RetryAfter: r.RetryAfter, Cause: r.Cause, Facts: facts}
}

// Status returns the HTTP status of the refusal.
func (r *Refusal) Status() int {
	switch r.Reason {
	case Malformed:
		return 400
	case Unauthorized:
		return 401
	case Banned, Forgotten:
		return 403
	case Conflict:
		return 409
	case TooLarge:
		return 413
	case TooMany:
		return 429
	case Unavailable:
		return 503
	default:
		return 500
	}
}

// marshal encodes without the escapes that would make URLs longer.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

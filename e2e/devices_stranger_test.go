//go:build e2e && (linux || darwin)

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/gameclient"
)

// A stranger has an account of their own and calls anything in any order.
type stranger struct {
	*household
	r *rand.Rand
	// links are the upload URLs that were handed out, each with what is said to come.
	links []delivery
}

// attack has somebody do whatever is possible with an account, and then play: what
// they did may cost them what they sent, and nobody anything else.
func (h *household) attack(t *testing.T) {
	h.player = h.stage.player(t)
	h.witness = newWitness()
	defer h.tell(t)
	s := &stranger{household: h, r: rand.New(rand.NewPCG(h.seed, 1))}
	for range 40 {
		switch s.r.IntN(5) {
		case 0, 1:
			s.plan(t)
		case 2, 3:
			s.put(t)
		default:
			s.complete(t)
		}
		if s.r.IntN(8) == 0 {
			h.checkRecord(t)
		}
	}
	h.witness.note("-- from here on they play")
	m := h.join(t, 0)
	m.play(play{kind: saves, name: "9-1-LT1.save"})
	m.play(play{kind: saves, name: "persistent"})
	h.rest(t)
	h.checkRecord(t)
	h.checkDevices(t)
}

// plan asks for a plan about files that are nowhere, or in a form that is none.
func (s *stranger) plan(t *testing.T) {
	manifest, bodies := map[string]any{}, map[string][]byte{}
	for range s.r.IntN(6) {
		name := oneOf(s.r, append([]string{"9-1-LT1.save", "../persistent", "", "NUL", strings.Repeat("9", 200) + "-1.save"}, append(scriptFiles, foreignFiles...)...)...)
		body := form(name, fmt.Sprintf("M%03d of %s", s.r.IntN(10), s.player.email))
		if s.r.IntN(3) == 0 {
			body = oneOf(s.r, damages...)(body)
		}
		bodies[name] = body
		told := body
		if s.r.IntN(4) == 0 {
			told = []byte("other bytes")
		}
		manifest[name] = map[string]any{
			"path": "../" + name, "size": int64(len(body)) + oneOf[int64](s.r, 0, 0, 0, 1, 1<<40),
			"modified_timestamp": oneOf(s.r, json.Number("0"), "-1e300", "1e300", "1764158400.5", "1e-320"),
			"checksum":           contentOf(name, string(told)).checksum(),
		}
	}
	request, err := json.Marshal(map[string]any{"game_id": s.stage.game.GameID, "manifest": manifest})
	if err != nil {
		t.Fatal(err)
	}
	if s.r.IntN(6) == 0 { // not even a request
		request = request[:s.r.IntN(len(request))]
		if a := s.stage.post(t, "/sync/plan", "Bearer "+s.player.token(t), request); a.status < 400 || a.status > 499 || a.status == 429 {
			s.witness.violate("half a request is answered %d %.200s", a.status, a.body)
		}
		return
	}
	a := s.stage.post(t, "/sync/plan", "Bearer "+s.player.token(t), request)
	s.witness.note("a plan about %d files is answered %d", len(manifest), a.status)
	if a.status != 200 {
		s.witness.violate("the plan %s is answered %d %.200s", request, a.status, a.body)
		return
	}
	todo := a.plan(t).Transfers()
	for i, tr := range todo {
		if tr.Upload {
			told := manifest[tr.Filename].(map[string]any)
			if !fetchedOver(todo[i:], tr.Filename) {
				s.witness.wanted[contentOf(tr.Filename, string(bodies[tr.Filename]))] = true
			}
			s.links = append(s.links, delivery{
				gameclient.Upload{Filename: tr.Filename, URL: tr.URL}, bodies[tr.Filename],
				gameclient.Entry{Size: told["size"].(int64), Checksum: told["checksum"].(string)},
			})
		}
	}
}

// put sends something to a URL, several times at once, or to one that was used before.
func (s *stranger) put(t *testing.T) {
	if len(s.links) == 0 {
		return
	}
	d := oneOf(s.r, s.links...)
	if s.r.IntN(3) == 0 {
		d.body = []byte(strings.Repeat("x", len(d.body)))
	}
	var wg sync.WaitGroup
	for range 1 + s.r.IntN(3) {
		wg.Go(func() {
			err := s.stage.client().Put(t.Context(), d.upload, d.body)
			what := contentOf(d.upload.Filename, string(d.body))
			s.witness.note("%s is put and answered: %v", what, err)
			switch {
			case err == nil:
				s.witness.took(what)
			case int64(len(d.body)) == d.told.Size || status(err) != 403:
				s.witness.violate("%s is put and answered: %v", what, err)
			}
		})
	}
	wg.Wait()
}

// complete says that it is over, whatever that is, several times at once.
func (s *stranger) complete(t *testing.T) {
	body := fmt.Appendf(nil, `{"game_id":%q,"success":%s,"error":%q}`, s.stage.game.GameID, oneOf(s.r, "true", "false", "null", `"yes"`), strings.Repeat("?", s.r.IntN(1000)))
	token := s.player.token(t)
	begun := time.Now()
	var wg sync.WaitGroup
	for range 1 + s.r.IntN(4) {
		wg.Go(func() {
			if a := s.stage.post(t, "/sync/complete", "Bearer "+token, body); a.status != 200 && a.status != 409 {
				s.witness.violate("a completion is answered %d %.200s", a.status, a.body)
			}
		})
	}
	wg.Wait()
	s.witness.note("completions take %s", time.Since(begun))
}

// took notes what a stranger has sent.
func (w *witness) took(what content) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arrived[what] = true
}

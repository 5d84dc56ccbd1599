//go:build e2e && (linux || darwin)

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/gameclient"
)

// A line is a device's connection. It makes go wrong what an act wants, and tells
// the witness what got through. What it hands to the device is what the backend
// answered, or nothing.
type line struct {
	machine *machine
	witness *witness

	act       act // what the sync under way is to meet
	errand    errand
	transfers int    // begun in this sync
	later     []late // uploads that are to get there later
}

// An errand is a plan under way: what the device had and said, and what it was told.
type errand struct {
	asked time.Time
	told  gameclient.Manifest
	had   map[string]held   // by name, told or not
	byURL map[string]string // the names of the files to transfer
}

// A late is an upload that is yet to get there.
type late struct {
	delivery
	repeated bool // it brings the file as it is then
}

// A delivery is an upload on its way.
type delivery struct {
	upload gameclient.Upload
	body   []byte
	told   gameclient.Entry // what the device said that it would send
}

var errLine = errors.New("the line is down")

// begin makes the line ready for a sync.
func (l *line) begin(a act) { l.act, l.errand, l.transfers = a, errand{}, 0 }

// RoundTrip carries the shipped client's five kinds of requests.
func (l *line) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := readAll(req.Body)
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case strings.HasSuffix(req.URL.Path, "/sync/plan"):
		return l.plan(req, body)
	case strings.HasSuffix(req.URL.Path, "/sync/complete"):
		return l.complete(req)
	case req.Method == http.MethodPut:
		return l.put(req, body)
	case req.Method == http.MethodGet:
		return l.get(req)
	default: // a sign-in
		return transport.RoundTrip(req)
	}
}

func (l *line) plan(req *http.Request, body []byte) (*http.Response, error) {
	var asked struct{ Manifest gameclient.Manifest }
	if err := json.Unmarshal(body, &asked); err != nil {
		return nil, err
	}
	e := errand{asked: time.Now(), told: asked.Manifest, had: l.machine.files(), byURL: map[string]string{}}
	l.witness.note("%s asks:%s", l.machine.name, e)
	if l.act.planning == isLost {
		l.witness.note("%s's request is lost", l.machine.name)
		return nil, errLine
	}
	resp, answer, err := l.forward(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		l.witness.refused(l.machine, "a plan", resp.StatusCode, answer)
		return resp, nil
	}
	var plan gameclient.Plan
	if err := json.Unmarshal(answer, &plan); err != nil {
		l.witness.violate("the plan for %s cannot be read: %v", l.machine.name, err)
		return resp, nil
	}
	for _, t := range plan.Transfers() {
		e.byURL[t.URL] = t.Filename
	}
	l.errand = e
	l.witness.planned(l.machine, e, plan)
	if l.act.planning == unanswered {
		l.witness.note("%s does not get the answer", l.machine.name)
		return nil, errLine
	}
	for _, p := range l.act.meanwhile {
		l.machine.play(p)
	}
	return resp, nil
}

func (l *line) complete(req *http.Request) (*http.Response, error) {
	if l.act.completing == isLost {
		l.witness.note("%s's completion is lost", l.machine.name)
		return nil, errLine
	}
	resp, answer, err := l.forward(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		l.witness.refused(l.machine, "a completion", resp.StatusCode, answer)
	}
	l.witness.note("%s completes", l.machine.name)
	if l.act.completing == unanswered {
		return nil, errLine
	}
	return resp, nil
}

func (l *line) put(req *http.Request, body []byte) (*http.Response, error) {
	name := l.errand.byURL[req.URL.String()]
	d := delivery{gameclient.Upload{Filename: name, URL: req.URL.String()}, body, l.errand.told[name]}
	switch l.fate() {
	case isRefused:
		l.witness.note("%s's upload of %s is refused", l.machine.name, name)
		return unavailable(req), nil
	case isLost:
		l.witness.note("%s's upload of %s is lost", l.machine.name, name)
		return nil, errLine
	case breaksOff, fillsDisk:
		l.witness.note("%s's upload of %s breaks off", l.machine.name, name)
		req.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), broken{}))
		if resp, err := transport.RoundTrip(req); err == nil {
			resp.Body.Close()
		}
		return nil, errLine
	case isLate:
		l.witness.note("%s's upload of %s=%s hangs", l.machine.name, name, label(name, string(body)))
		l.later = append(l.later, late{d, false})
		return nil, errLine
	case unanswered:
		l.witness.delivers(l.machine, d, func() int { return l.send(req) })
		l.witness.note("%s does not hear of it", l.machine.name)
		return nil, errLine
	case isRepeated:
		l.later = append(l.later, late{d, true})
	}
	var resp *http.Response
	var err error
	l.witness.delivers(l.machine, d, func() int {
		if resp, _, err = l.forward(req); err != nil {
			return 0
		}
		return resp.StatusCode
	})
	return resp, err
}

func (l *line) get(req *http.Request) (*http.Response, error) {
	name := l.errand.byURL[req.URL.String()]
	f := l.fate()
	switch f {
	case isRefused:
		l.witness.note("%s's download of %s is refused", l.machine.name, name)
		return unavailable(req), nil
	case isLost:
		l.witness.note("%s's download of %s is lost", l.machine.name, name)
		return nil, errLine
	}
	resp, data, err := l.forward(req)
	if err != nil {
		return nil, err
	}
	if f == breaksOff || f == unanswered {
		l.witness.note("%s's download of %s breaks off", l.machine.name, name)
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(data[:len(data)/2]), broken{}))
		return resp, nil
	}
	l.witness.fetches(l.machine, l.errand, name, resp.StatusCode, data)
	if f == fillsDisk && resp.StatusCode == http.StatusOK {
		l.machine.put(name, half(data), time.Now().Add(l.machine.clock))
		l.witness.note("%s's disk is full, and half of %s stays", l.machine.name, name)
		return nil, errLine // to the client an error like any other
	}
	return resp, nil
}

// unavailable is an answer that S3 gives when it is too busy.
func unavailable(req *http.Request) *http.Response {
	return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Body: http.NoBody, Request: req}
}

// fate is that of the next transfer.
func (l *line) fate() fate {
	l.transfers++
	if l.transfers > len(l.act.transfers) {
		return arrives
	}
	return l.act.transfers[l.transfers-1]
}

// takeLate returns the uploads that are yet to get there.
func (l *line) takeLate() []delivery {
	var list []delivery
	for _, late := range l.later {
		if f, ok := l.machine.files()[late.upload.Filename]; ok && late.repeated {
			late.body = []byte(f.data)
		}
		list = append(list, late.delivery)
	}
	l.later = nil
	return list
}

// deliver lets a late upload get there.
func (l *line) deliver(d delivery) {
	req, err := http.NewRequest(http.MethodPut, d.upload.URL, bytes.NewReader(d.body))
	if err != nil {
		l.witness.violate("%v", err)
		return
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	l.witness.delivers(l.machine, d, func() int { return l.send(req) })
}

// send carries a request whose answer nobody hears, and returns its status.
func (l *line) send(req *http.Request) (status int) {
	resp, _, err := l.forward(req)
	if err != nil {
		return 0
	}
	return resp.StatusCode
}

// forward carries a request and returns the answer with its body, which can be
// read once more. That nothing comes back is a violation.
func (l *line) forward(req *http.Request) (*http.Response, []byte, error) {
	resp, err := transport.RoundTrip(req)
	if err != nil {
		l.witness.violate("%s gets no answer: %v", l.machine.name, err)
		return nil, nil, err
	}
	body, err := readAll(resp.Body)
	if err != nil {
		l.witness.violate("%s gets half an answer: %v", l.machine.name, err)
		return nil, nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, body, nil
}

func readAll(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	defer body.Close()
	return io.ReadAll(body)
}

// broken is the end of a body that breaks off.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errLine }

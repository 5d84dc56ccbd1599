//go:build e2e && (linux || darwin)

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/gameclient"
)

// A witness sees everything that passes a household's lines. It writes the history
// and remembers what has to be true in the end.
type witness struct {
	mu         sync.Mutex
	born       time.Time
	history    []string
	violations []string
	tally      tally

	// announced holds what an upload was asked for, with the earliest time that the
	// backend may have taken for it: the device's, or its own if that was earlier.
	announced map[content]time.Time
	// arrived holds what was uploaded in full, announced or not.
	arrived map[content]bool
	// inboxes holds the contents that arrived by each upload URL's path, and whether
	// they were those that it was for.
	inboxes map[string]map[content]bool
	// fetched holds what was downloaded, and by which device first.
	fetched map[content]string
	// replaced holds the local contents over which a download was written.
	replaced []replacement
}

// A content is a file's name and bytes.
type content struct{ name, data string }

func (c content) String() string { return c.name + "=" + label([]byte(c.data)) }

// checksum is the SHA-256 in hex, as the client tells it.
func (c content) checksum() string {
	sum := sha256.Sum256([]byte(c.data))
	return hex.EncodeToString(sum[:])
}

// A replacement is a content that a device had when it asked, and that a download
// has taken the place of.
type replacement struct {
	content
	device string
	since  time.Time // its time, or that of the plan's request if that was earlier
	by     content
}

// A tally counts what happened.
type tally struct{ Plans, Sent, Fetched, Refused int }

func (a tally) plus(b tally) tally {
	return tally{a.Plans + b.Plans, a.Sent + b.Sent, a.Fetched + b.Fetched, a.Refused + b.Refused}
}

func newWitness() *witness {
	return &witness{
		born: time.Now(), announced: map[content]time.Time{}, arrived: map[content]bool{},
		inboxes: map[string]map[content]bool{}, fetched: map[content]string{},
	}
}

// note adds a line to the history.
func (w *witness) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write(format, args...)
}

// violate notes a broken promise.
func (w *witness) violate(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken(format, args...)
}

// write and broken are note and violate for who holds the lock.
func (w *witness) write(format string, args ...any) {
	since := time.Since(w.born).Truncate(time.Millisecond)
	w.history = append(w.history, fmt.Sprintf("%7.3fs  ", since.Seconds())+fmt.Sprintf(format, args...))
}

func (w *witness) broken(format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	w.violations = append(w.violations, what)
	w.write("!! %s", what)
}

// refused is told of an answer other than 200. Nothing fails behind these
// functions, so it can only be that others of the player's devices were faster.
func (w *witness) refused(m *machine, what string, status int, answer []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.Refused++
	w.write("%s is refused %s: %d", m.name, what, status)
	if status != http.StatusConflict {
		w.broken("%s is refused %s: %d %.200s", m.name, what, status, answer)
	}
}

// planned is told of each plan.
func (w *witness) planned(m *machine, e errand, plan gameclient.Plan) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.Plans++
	var orders strings.Builder
	for _, u := range plan.Uploads {
		fmt.Fprintf(&orders, " send %s", u.Filename)
		told, ok := e.told[u.Filename]
		what := content{u.Filename, e.had[u.Filename].data}
		if !ok || told.Size == 0 || told.Checksum != what.checksum() {
			w.broken("%s is to send %s, which is nothing that it told of", m.name, u.Filename)
		}
		at := e.since(u.Filename)
		if before, ok := w.announced[what]; !ok || at.Before(before) {
			w.announced[what] = at
		}
	}
	for _, d := range plan.Downloads {
		fmt.Fprintf(&orders, " fetch %s", d.Filename)
	}
	if orders.Len() == 0 {
		orders.WriteString(" do nothing")
	}
	w.write("%s is told to%s", m.name, orders.String())
}

// since is the earliest time that the backend can have taken for a file: it does
// not believe in the future.
func (e errand) since(name string) time.Time {
	if t := e.had[name].mtime; t.Before(e.asked) {
		return t
	}
	return e.asked
}

// delivers has an upload made by send, which returns the status, and remembers what arrived.
func (w *witness) delivers(m *machine, d delivery, send func() int) {
	what := content{d.upload.Filename, string(d.body)}
	status := send()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.Sent++
	w.write("%s sends %s: %d", m.name, what, status)
	if length := int64(len(d.body)); length != d.told.Size {
		if status != http.StatusForbidden {
			w.broken("promise 2: %s sends %d bytes instead of %d and is answered %d", m.name, length, d.told.Size, status)
		}
		return
	}
	if status != http.StatusOK {
		w.broken("%s sends %s and is answered %d", m.name, what, status)
		return
	}
	w.arrived[what] = true
	inbox, _, _ := strings.Cut(d.upload.URL, "?")
	if w.inboxes[inbox] == nil {
		w.inboxes[inbox] = map[content]bool{}
	}
	w.inboxes[inbox][what] = what.checksum() == d.told.Checksum
}

// fetches is told of each download that reaches the device.
func (w *witness) fetches(m *machine, e errand, name string, status int, data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	what := content{name, string(data)}
	w.tally.Fetched++
	if status != http.StatusOK {
		w.broken("promise 2: %s is sent to fetch %s and is answered %d", m.name, name, status)
		return
	}
	w.write("%s fetches %s", m.name, what)
	if w.fetched[what] == "" {
		w.fetched[what] = m.name
	}
	had := content{name, e.had[name].data}
	if _, told := e.told[name]; told && had == what {
		w.broken("promise 4: %s fetches %s, which it told that it has", m.name, what)
	}
	if had.data != "" && had != what {
		w.replaced = append(w.replaced, replacement{had, m.name, e.since(name), what})
	}
}

//go:build e2e && (linux || darwin)

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/gameclient"
	"github.com/renpy-cloud/renpyctl/internal/savesync"
)

// A witness sees everything that passes a household's lines. It writes the history
// and remembers what has to be true in the end.
type witness struct {
	mu         sync.Mutex
	born       time.Time
	history    []string
	violations []string
	tally      tally

	// record is what the table had when last nothing was under way. Contents that it
	// knows as older stay known, and files never vanish from it.
	record map[string]committed

	// announced holds what an upload was asked for, with the earliest time that the
	// backend may have taken for it: the device's, or its own if that was earlier.
	announced map[content]time.Time
	// losing holds what was asked for only to be kept, at least once, and wanted what
	// was asked for to be committed.
	losing, wanted map[content]bool
	// arrived holds what was uploaded in full, announced or not.
	arrived map[content]bool
	// inboxes holds what came by each upload URL's path.
	inboxes map[string]*inbox
	// fetched holds what was downloaded, and by which device first.
	fetched map[content]string
	// replaced holds the local contents over which a download was written.
	replaced []replacement
}

// An inbox is where one content is announced to arrive.
type inbox struct {
	// contents holds what came, and whether it was what was announced.
	contents map[content]bool
	// arrivals counts how often something came.
	arrivals int
}

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
	told   bool      // the device listed it
	sent   bool      // it was asked for first
	since  time.Time // its time, or that of the plan's request if that was earlier
	by     content
}

// A tally counts what happened.
type tally struct {
	Plans, Sent, Fetched, Refused int

	Conflicts int // transfers that came as conflicts
	Kept      int // uploads that were asked for only to be kept
	Damaged   int // uploads that cannot be read
	Foreign   int // files that were listed and are none of the game's
	Ended     int // syncs that a transfer without an answer ended
}

func (a tally) plus(b tally) tally {
	return tally{
		a.Plans + b.Plans, a.Sent + b.Sent, a.Fetched + b.Fetched, a.Refused + b.Refused,
		a.Conflicts + b.Conflicts, a.Kept + b.Kept, a.Damaged + b.Damaged, a.Foreign + b.Foreign, a.Ended + b.Ended,
	}
}

func newWitness() *witness {
	return &witness{
		born: time.Now(), announced: map[content]time.Time{}, losing: map[content]bool{}, wanted: map[content]bool{}, arrived: map[content]bool{},
		inboxes: map[string]*inbox{}, fetched: map[content]string{},
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

// ended is told of each sync that a transfer without an answer ended.
func (w *witness) ended(m *machine) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.Ended++
	w.write("%s's sync ends", m.name)
}

// planned is told of each plan.
func (w *witness) planned(m *machine, e errand, plan gameclient.Plan) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.Plans++
	w.tally.Conflicts += len(plan.Conflicts)
	for name := range e.told {
		if !travels.MatchString(name) {
			w.tally.Foreign++
		}
	}
	todo := plan.Transfers()
	if len(plan.Conflicts) == len(todo) && len(todo) > 0 {
		w.broken("promise 10: the plan for %s has conflicts alone, which the client does not look at", m.name)
	}
	var orders strings.Builder
	for i, t := range todo {
		if !travels.MatchString(t.Filename) {
			w.broken("promise 10: %s is to transfer %q, which is none of the game's", m.name, t.Filename)
		}
		if !t.Upload {
			fmt.Fprintf(&orders, " fetch %s", t.Filename)
			continue
		}
		fmt.Fprintf(&orders, " send %s", t.Filename)
		w.asked(m, e, t.Filename, fetchedOver(todo[i:], t.Filename))
	}
	if len(plan.Conflicts) > 0 {
		fmt.Fprintf(&orders, " (the last %d as conflicts)", len(plan.Conflicts))
	}
	if orders.Len() == 0 {
		orders.WriteString(" do nothing")
	}
	w.write("%s is told to%s", m.name, orders.String())
}

// fetchedOver tells whether a file is to be fetched.
func fetchedOver(todo []gameclient.Transfer, name string) bool {
	return slices.ContainsFunc(todo, func(t gameclient.Transfer) bool { return !t.Upload && t.Filename == name })
}

// asked is told of each upload of a plan, and whether another content is to be
// fetched over it afterwards.
func (w *witness) asked(m *machine, e errand, name string, replaced bool) {
	told, ok := e.told[name]
	what := contentOf(name, e.had[name].data)
	f, had := w.record[what.name]
	switch {
	case !ok || told.Size == 0 || told.Checksum != what.checksum():
		w.broken("%s is to send %s, which is nothing that it told of", m.name, name)
	case told.Size > maxFileBytes:
		w.broken("promise 10: %s is to send %s, which is too large", m.name, what)
	case had && older(f, what):
		w.broken("promise 3: %s is to send %s, which is known as older", m.name, what)
	case had && name == "persistent" && !replaced && f.Health != savesync.Damaged && w.newcomer(e):
		w.broken("promise 11: %s has no save, and is to send its persistent over the one of who has", m.name)
	}
	if replaced {
		w.tally.Kept++
		w.losing[what] = true
	} else {
		w.wanted[what] = true
	}
	at := e.since(name)
	if before, ok := w.announced[what]; !ok || at.Before(before) {
		w.announced[what] = at
	}
}

// travels matches the files that sync, numberedSave all that look like a save of a slot.
var (
	travels      = regexp.MustCompile(`^(persistent|[0-9]+-[A-Za-z0-9 _.()-]*\.save)$`)
	numberedSave = regexp.MustCompile(`^[0-9]+-.*\.save$`)
)

// newcomer tells whether a device lists no save of a slot, while the cloud has one.
func (w *witness) newcomer(e errand) bool {
	for name := range e.told {
		if numberedSave.MatchString(name) {
			return false
		}
	}
	for name := range w.record {
		if numberedSave.MatchString(name) {
			return true
		}
	}
	return false
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
	what := contentOf(d.upload.Filename, string(d.body))
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
	if what.broken() {
		w.tally.Damaged++
	}
	path, _, _ := strings.Cut(d.upload.URL, "?")
	if w.inboxes[path] == nil {
		w.inboxes[path] = &inbox{contents: map[content]bool{}}
	}
	w.inboxes[path].contents[what] = what.checksum() == d.told.Checksum
	w.inboxes[path].arrivals++
}

// fetches is told of each download that reaches the device.
func (w *witness) fetches(m *machine, e errand, name string, status int, data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	what := contentOf(name, string(data))
	w.tally.Fetched++
	if status != http.StatusOK {
		w.broken("promise 2: %s is sent to fetch %s and is answered %d", m.name, name, status)
		return
	}
	w.write("%s fetches %s", m.name, what)
	if w.fetched[what] == "" {
		w.fetched[what] = m.name
	}
	had := contentOf(name, e.had[name].data)
	_, told := e.told[name]
	if told && had == what {
		w.broken("promise 4: %s fetches %s, which it told that it has", m.name, what)
	}
	if had.data != "" && had != what {
		_, sent := w.announced[had]
		w.replaced = append(w.replaced, replacement{had, m.name, told, sent, e.since(name), what})
	}
}

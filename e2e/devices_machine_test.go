//go:build e2e && (linux || darwin)

package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/gameclient"
)

// A machine is one of the player's devices: a folder, a clock and a line.
type machine struct {
	name, owner string
	clock       time.Duration // how far it is ahead
	dir         string
	device      *gameclient.Device
	line        *line

	contents int                 // how many it has made up
	kept     map[string][]string // every content that a file had
}

// A held is a file in a machine's folder.
type held struct {
	data  string
	mtime time.Time
}

// act does what an act wants. What the device sent before and is late gets there
// during the sync.
func (m *machine) act(t *testing.T, a act) {
	for _, p := range a.plays {
		m.play(p)
	}
	var wg sync.WaitGroup
	for _, d := range m.line.takeLate() {
		wg.Go(func() { m.line.deliver(d) })
	}
	if !a.offline {
		_ = m.sync(t, a) // that it fails is the script's will, or known to the witness
	}
	wg.Wait()
}

// sync syncs once, on a line on which goes wrong what the act wants. The error is
// that of the plan or the completion, or else of a transfer.
func (m *machine) sync(t *testing.T, a act) error {
	m.line.begin(a)
	report, err := m.device.Sync(t.Context())
	for _, name := range report.Downloaded {
		// The client gave it the time of this computer; the machine's clock is another.
		if f, ok := m.files()[name]; ok {
			m.put(name, []byte(f.data), f.mtime.Add(m.clock))
		}
	}
	if err == nil && len(report.Failed) > 0 {
		err = report.Failed[0].Err
	}
	return err
}

// play changes a file as a player or a game does.
func (m *machine) play(p play) {
	was, exists := m.files()[p.name]
	now := time.Now().Add(m.clock - p.ago)
	switch {
	case p.kind == deletes && exists:
		m.line.witness.note("%s deletes %s", m.name, p.name)
		if err := os.Remove(filepath.Join(m.dir, p.name)); err != nil {
			panic(err)
		}
		return
	case p.kind == touches && exists:
		m.put(p.name, []byte(was.data), now)
	case p.kind == restores && len(m.kept[p.name]) > 0:
		m.put(p.name, []byte(m.kept[p.name][p.pick%len(m.kept[p.name])]), now)
	case p.kind == crashes:
		m.put(p.name, nil, now)
	case p.kind == savesLong:
		m.put(p.name, []byte(m.content()+strings.Repeat(" and more", 8000)), now)
	default:
		m.put(p.name, []byte(m.content()), now)
	}
	f := m.files()[p.name]
	m.line.witness.note("%s has %s=%s@%s", m.name, p.name, label([]byte(f.data)), clockTime(f.mtime))
}

// content makes up a content that no other file has, of any player. All of a
// player's are of the same length, so that S3 takes one for another.
func (m *machine) content() string {
	m.contents++
	return fmt.Sprintf("%s%03d of %s", m.name, m.contents, m.owner)
}

// label is how the history calls a content: "A001", "A001+" for a long one.
func label(data []byte) string {
	name, rest, ok := strings.Cut(string(data), " ")
	switch {
	case len(data) == 0:
		return "(empty)"
	case ok && strings.Contains(rest, " and more"):
		return name + "+"
	default:
		return name
	}
}

// clockTime is how the history writes a file's time: its last digits tell files apart.
func clockTime(t time.Time) string { return t.Format("2006-01-02T15:04:05.000") }

// put writes a file.
func (m *machine) put(name string, data []byte, mtime time.Time) {
	path := filepath.Join(m.dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		panic(err) // the test's own folder
	}
	if err := os.Chtimes(path, mtime, mtime); err != nil {
		panic(err)
	}
	if !slices.Contains(m.kept[name], string(data)) {
		m.kept[name] = append(m.kept[name], string(data))
	}
}

// files reads the folder. The client's backups are in a folder inside it.
func (m *machine) files() map[string]held {
	files := map[string]held{}
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(m.dir, e.Name()))
		if err != nil {
			panic(err)
		}
		info, err := e.Info()
		if err != nil {
			panic(err)
		}
		files[e.Name()] = held{string(data), info.ModTime()}
	}
	return files
}

// String is what the device tells of its files, as the history has it.
func (e errand) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(e.told)) {
		f := e.had[name]
		fmt.Fprintf(&b, " %s=%s@%s", name, label([]byte(f.data)), clockTime(f.mtime))
	}
	return b.String()
}

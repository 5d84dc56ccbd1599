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
	backup   map[string]held     // the files as somebody saved them elsewhere
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
	if report.Ended {
		m.line.witness.ended(m)
	}
	if err == nil && len(report.Failed) > 0 {
		err = report.Failed[0].Err
	}
	return err
}

// play changes files as a player, a game or bad luck does.
func (m *machine) play(p play) {
	files := m.files()
	was, exists := files[p.name]
	now := time.Now().Add(m.clock - p.ago)
	old := m.kept[p.name]
	switch {
	case p.kind == backsUp:
		m.backup = files
		m.line.witness.note("%s's files are saved elsewhere", m.name)
		return
	case p.kind == rollsBack && m.backup != nil:
		m.clear()
		for name, f := range m.backup {
			m.put(name, []byte(f.data), f.mtime)
		}
		m.line.witness.note("%s's files are as they were:%s", m.name, listing(m.files()))
		return
	case p.kind == begins:
		m.clear()
		m.put("persistent", m.content("persistent", ""), now)
		m.line.witness.note("%s is set up anew, and the game begins:%s", m.name, listing(m.files()))
		return
	case p.kind == losesPower:
		for i, name := range slices.Sorted(maps.Keys(files)) {
			if f := files[name]; f.data != "" && (i+p.pick)%3 == 0 {
				m.put(name, zeros([]byte(f.data)), now)
			}
		}
		m.line.witness.note("the power fails on %s:%s", m.name, listing(m.files()))
		return
	case p.kind == deletes && exists:
		m.line.witness.note("%s deletes %s", m.name, p.name)
		if err := os.Remove(filepath.Join(m.dir, p.name)); err != nil {
			panic(err)
		}
		return
	case p.kind == touches && exists:
		m.put(p.name, []byte(was.data), now)
	case p.kind == restores && len(old) > 0:
		m.put(p.name, []byte(old[p.pick%len(old)]), now)
	case p.kind == crashes:
		m.put(p.name, nil, now)
	case p.kind == damaging && was.data != "":
		m.put(p.name, damages[p.pick%len(damages)]([]byte(was.data)), now)
	case p.kind == signs && exists:
		m.put(p.name, m.content(p.name, ""), was.mtime)
	case p.kind == savesSigned && p.name == "persistent":
		m.put(p.name, append(m.content(p.name, ""), "signature 0123456789abcdef\n"...), now)
	case p.kind == savesLong:
		m.put(p.name, m.content(p.name, strings.Repeat(" and more", 8000)), now)
	case p.kind == savesLarge:
		m.put(p.name, m.content(p.name, strings.Repeat("x", largeBytes)), now)
	case p.kind == savesHuge:
		m.put(p.name, m.content(p.name, strings.Repeat("x", maxFileBytes)), now)
	default:
		m.put(p.name, m.content(p.name, ""), now)
	}
	m.line.witness.note("%s has%s", m.name, listing(map[string]held{p.name: m.files()[p.name]}))
}

// content makes up a content for a file that no other has, of any player. All of a
// player's with equally long additions are of the same length, so that S3 takes one
// for another.
func (m *machine) content(name, addition string) []byte {
	m.contents++
	size := strings.Repeat("+", min(len(addition)/10_000, 1)+min(len(addition)/largeBytes, 1)+min(len(addition)/maxFileBytes, 1))
	return form(name, fmt.Sprintf("%s%03d%s of %s%s", m.name, m.contents, size, m.owner, addition))
}

// clear deletes all files.
func (m *machine) clear() {
	for name := range m.files() {
		if err := os.Remove(filepath.Join(m.dir, name)); err != nil {
			panic(err)
		}
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

// listing is what is in files, as the history has it.
func listing(files map[string]held) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, " %s=%s@%s", name, label(name, files[name].data), clockTime(files[name].mtime))
	}
	return b.String()
}

// String is what the device tells of its files, as the history has it.
func (e errand) String() string {
	told := map[string]held{}
	for name := range e.told {
		told[name] = e.had[name]
	}
	return listing(told)
}

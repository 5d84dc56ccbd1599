package gameclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// backups is the folder inside the save folder that keeps what downloads overwrote.
const backups = ".renpy_cloud_backups"

// Device is a player's save folder on one machine.
type Device struct {
	session *Session
	dir     string
}

// Device returns the device whose saves are in dir, which must exist.
func (s *Session) Device(dir string) *Device { return &Device{session: s, dir: dir} }

// Report is what a sync did. Names are in the plan's order.
type Report struct {
	Uploaded   []string
	Downloaded []string
	Failed     []Failure // transfers that did not work
	// Ended says that the last failure ended the sync: what comes after it in the
	// plan was not tried, and nothing was completed.
	Ended bool
}

// Failure is a transfer that did not work.
type Failure struct {
	Filename string
	Err      error
}

// Sync syncs the folder once: it asks for a plan, carries out the transfers one
// by one and completes. A folder without files asks nothing. An error means
// that the plan was not had, or that the completion was refused; what a
// transfer met is in the report.
func (d *Device) Sync(ctx context.Context) (Report, error) {
	manifest, err := d.Manifest()
	if err != nil || len(manifest) == 0 {
		return Report{}, err
	}
	plan, err := d.session.Plan(ctx, manifest)
	if err != nil || plan.idle() {
		return Report{}, err
	}
	report := d.transfer(ctx, plan)
	if report.Ended {
		return report, nil
	}
	return report, d.session.Complete(ctx)
}

// transfer carries out a plan up to the first transfer that ends the sync.
func (d *Device) transfer(ctx context.Context, plan Plan) Report {
	var report Report
	for _, t := range plan.Transfers() {
		carry, done := d.download, &report.Downloaded
		if t.Upload {
			carry, done = d.upload, &report.Uploaded
		}
		err := carry(ctx, t)
		if err == nil {
			*done = append(*done, t.Filename)
			continue
		}
		report.Failed = append(report.Failed, Failure{t.Filename, err})
		if _, answered := errors.AsType[*Error](err); !answered {
			report.Ended = true
			break
		}
	}
	return report
}

// upload sends the file as it is now, which may not be as the manifest told.
func (d *Device) upload(ctx context.Context, t Transfer) error {
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	body, err := root.ReadFile(t.Filename)
	if err != nil {
		return err
	}
	return d.session.client.Put(ctx, Upload{t.Filename, t.URL}, body)
}

func (d *Device) download(ctx context.Context, t Transfer) error {
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if !filepath.IsLocal(t.Filename) {
		return fmt.Errorf("the name %q would leave the save folder", t.Filename)
	}
	body, err := d.session.client.Get(ctx, Download{t.Filename, t.URL})
	if err != nil {
		return err
	}
	if err := backUp(root, t.Filename); err != nil {
		return err
	}
	return root.WriteFile(t.Filename, body, 0o644)
}

// backUp copies the file that is about to be overwritten, if there is one.
func backUp(root *os.Root, name string) error {
	old, err := root.ReadFile(name)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := root.MkdirAll(backups, 0o755); err != nil {
		return err
	}
	copied := filepath.Join(backups, fmt.Sprintf("%s.%d", filepath.Base(name), time.Now().UnixNano()))
	return root.WriteFile(copied, old, 0o644)
}

// Manifest lists what the device would tell of: "persistent", and the files of
// the slot that was saved last.
func (d *Device) Manifest() (Manifest, error) {
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	files, err := regularFiles(root)
	if err != nil {
		return nil, err
	}
	slot := newestSlot(files)
	m := Manifest{}
	for _, f := range files {
		if f.Name() != "persistent" && (slot == "" || !strings.HasPrefix(f.Name(), slot)) {
			continue
		}
		body, err := root.ReadFile(f.Name())
		if err != nil {
			return nil, err
		}
		m[f.Name()] = NewEntry(f.Name(), body, f.ModTime())
	}
	return m, nil
}

func regularFiles(root *os.Root) ([]fs.FileInfo, error) {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, err
	}
	var files []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			files = append(files, info)
		}
	}
	return files, nil
}

// slotPrefix is the beginning of a numbered slot's files. Automatic and quick
// saves begin with a word.
var slotPrefix = regexp.MustCompile(`^[0-9]+-`)

// newestSlot returns the prefix of the slot that was saved last, "1-"; "" where
// there is none.
func newestSlot(files []fs.FileInfo) string {
	numbered := slices.DeleteFunc(slices.Clone(files), func(f fs.FileInfo) bool {
		return !strings.HasSuffix(f.Name(), ".save") || !slotPrefix.MatchString(f.Name())
	})
	if len(numbered) == 0 {
		return ""
	}
	newest := slices.MaxFunc(numbered, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	return slotPrefix.FindString(newest.Name())
}

// pythonTime writes a time as Python's json.dumps writes st_mtime: the float
// nearest to it, in the fewest digits that name this float, and never without a
// point ("1732345678.0").
func pythonTime(t time.Time) json.Number {
	seconds := float64(t.Unix()) + 1e-9*float64(t.Nanosecond())
	text := strconv.FormatFloat(seconds, 'f', -1, 64)
	if seconds == math.Trunc(seconds) {
		text += ".0"
	}
	return json.Number(text)
}

package savesync_test

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

// A local is a file in a device's save folder.
type local struct {
	data  string
	mtime float64
}

// A device plays a game and syncs it as CONTRACT.md says the shipped client does.
type device struct {
	name string
	// player is whose account it is signed in to.
	player string
	// skew is how far the device's clock is ahead of the server's.
	skew time.Duration
	// coarse says that its disk keeps times in steps of 2 seconds (FAT), blind that
	// it does not tell capitals from small letters.
	coarse, blind bool
	// slow says that large uploads outlast the client's patience.
	slow bool
	// bad is a file whose upload never gets an answer.
	bad   string
	files map[string]local
	// kept holds every content a file had on this device, for players who put an old one back.
	kept map[string][]string
	// backup is what the device's files were when somebody last saved them elsewhere.
	backup map[string]local

	// request is the call to the API that is under way.
	request *request
	// todo holds the transfers of the current plan that are still to be made.
	todo []transfer
	// answered says that the plan had something to do: then complete is to be sent.
	answered bool
	// planned says that the last plan was served, barred is what it left alone.
	planned bool
	barred  map[string]savesync.Bar
}

// A transfer is one entry of a plan.
type transfer struct {
	upload    bool
	name, url string
}

// clock returns the time on the device, as Python's st_mtime has it.
func (d *device) clock(server time.Time) float64 {
	return float64(server.Add(d.skew).UnixNano()) / 1e9
}

// spelling returns the name under which the device's disk has a file, or would have it.
func (d *device) spelling(name string) string {
	if d.blind {
		for there := range d.files {
			if strings.EqualFold(there, name) {
				return there
			}
		}
	}
	return name
}

// write puts a content into a file at a time on the device's clock.
func (d *device) write(name, data string, mtime float64) {
	if d.coarse {
		mtime = math.Floor(mtime/2) * 2
	}
	name = d.spelling(name)
	d.files[name] = local{data, mtime}
	d.kept[name] = append(d.kept[name], data)
}

// slot returns the number before the first hyphen of the newest numbered save.
func (d *device) slot() (slot string, ok bool) {
	newest := 0.0
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		number, _, hyphen := strings.Cut(name, "-")
		if !hyphen || strings.Trim(number, "0123456789") != "" || number == "" || !strings.HasSuffix(name, ".save") {
			continue
		}
		if f := d.files[name]; !ok || f.mtime > newest {
			slot, newest, ok = number, f.mtime, true
		}
	}
	return slot, ok
}

// listed returns the names that the device lists: "persistent" and its newest slot.
func (d *device) listed() []string {
	slot, ok := d.slot()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		if name == "persistent" || ok && strings.HasPrefix(name, slot+"-") {
			names = append(names, name)
		}
	}
	return names
}

// planBody returns the body of POST /sync/plan, or nothing when the device has no
// file to list: then the client does not call.
func (d *device) planBody() []byte {
	manifest := map[string]any{}
	for _, name := range d.listed() {
		f := d.files[name]
		manifest[name] = map[string]any{
			"path":               name,
			"size":               len(f.data),
			"modified_timestamp": json.Number(strconv.FormatFloat(f.mtime, 'f', -1, 64)),
			"checksum":           memstore.Checksum(f.data),
		}
	}
	if len(manifest) == 0 {
		return nil
	}
	body, err := json.Marshal(map[string]any{"game_id": game, "manifest": manifest})
	if err != nil {
		panic(err) // a test's own data
	}
	return body
}

// completeBody is what the client always sends.
var completeBody = []byte(`{"game_id": "` + game + `", "success": true, "error": null}`)

// accept takes a plan's answer as the client does: uploads, downloads, and then the
// conflicts, each in its order. Without an upload, download or deletion it does nothing.
func (d *device) accept(body []byte) error {
	var plan struct {
		Uploads []struct {
			Filename string `json:"filename"`
			URL      string `json:"upload_url"`
		} `json:"uploads"`
		Downloads []struct {
			Filename string `json:"filename"`
			URL      string `json:"download_url"`
		} `json:"downloads"`
		Conflicts []struct {
			Filename    string `json:"filename"`
			Action      string `json:"action"`
			UploadURL   string `json:"upload_url"`
			DownloadURL string `json:"download_url"`
		} `json:"conflicts"`
		Deletes []any
	}
	if err := json.Unmarshal(body, &plan); err != nil {
		return err
	}
	d.todo, d.answered = nil, len(plan.Uploads)+len(plan.Downloads)+len(plan.Deletes) > 0
	if !d.answered && len(plan.Conflicts) > 0 {
		return errors.New("the plan has conflicts alone, which the client does not look at")
	}
	for _, u := range plan.Uploads {
		d.todo = append(d.todo, transfer{upload: true, name: u.Filename, url: u.URL})
	}
	for _, u := range plan.Downloads {
		d.todo = append(d.todo, transfer{name: u.Filename, url: u.URL})
	}
	for _, c := range plan.Conflicts {
		d.todo = append(d.todo, transfer{upload: c.Action == "upload", name: c.Filename, url: c.UploadURL + c.DownloadURL})
	}
	return nil
}

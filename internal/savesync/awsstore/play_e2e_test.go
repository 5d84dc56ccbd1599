//go:build e2e

package awsstore_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/renpy-cloud/renpyctl/internal/savesync"
	"github.com/renpy-cloud/renpyctl/internal/savesync/awsstore"
)

const (
	player = "0f2b4c6e-aaaa-bbbb-cccc-0123456789ab"
	game   = "my_game"
)

// console is a device that plays and syncs; its clock is the machine's.
type console struct {
	name    string
	service *savesync.Service
	files   map[string]played
}

type played struct {
	data  []byte
	mtime float64
}

func (c *console) write(name, data string) {
	c.files[name] = played{[]byte(data), float64(time.Now().UnixMicro()) / 1e6}
}

// sync makes one whole sync, in which every third transfer fails if it is flaky.
// It reports whether there was anything to do.
func (c *console) sync(t *testing.T, flaky bool) (busy bool) {
	manifest := map[string]any{}
	for name, f := range c.files {
		manifest[name] = map[string]any{"path": name, "size": len(f.data), "modified_timestamp": f.mtime, "checksum": sum(f.data)}
	}
	body, err := json.Marshal(map[string]any{"game_id": game, "manifest": manifest})
	if err != nil {
		t.Fatal(err)
	}
	reply := c.service.ServePlan(t.Context(), player, body)
	if reply.Status == http.StatusConflict && flaky {
		return true
	}
	if reply.Status != http.StatusOK {
		t.Errorf("%s: %d %s: %v", c.name, reply.Status, reply.Body, reply.Cause)
		return false
	}
	var plan struct {
		Uploads, Downloads []struct {
			Filename    string
			UploadURL   string `json:"upload_url"`
			DownloadURL string `json:"download_url"`
		}
	}
	if err := json.Unmarshal(reply.Body, &plan); err != nil {
		t.Fatal(err)
	}
	for _, u := range plan.Uploads {
		if flaky && rand.N(3) == 0 {
			continue
		}
		if status, answer := send(t, http.MethodPut, u.UploadURL, c.files[u.Filename].data); status != http.StatusOK {
			t.Errorf("%s sends %s: %d %s", c.name, u.Filename, status, answer)
		}
	}
	for _, d := range plan.Downloads {
		if flaky && rand.N(3) == 0 {
			continue
		}
		status, data := send(t, http.MethodGet, d.DownloadURL, nil)
		if status != http.StatusOK {
			t.Errorf("%s fetches %s: %d %s", c.name, d.Filename, status, data)
			continue
		}
		c.write(d.Filename, string(data))
	}
	if len(plan.Uploads)+len(plan.Downloads) == 0 {
		return false
	}
	if rand.N(4) > 0 || !flaky {
		c.service.ServeComplete(t.Context(), player, []byte(`{"game_id": "`+game+`", "success": true, "error": null}`))
	}
	return true
}

// TestDevicesOnTheWire has four devices play and sync at once through DynamoDB and
// S3, with transfers that fail and completions that never come. Then they come to
// rest, and all have the same files, which are those that the record names.
func TestDevicesOnTheWire(t *testing.T) {
	w := newWorld(t)
	newService := func() *savesync.Service { // each device's requests meet other processes
		return &savesync.Service{
			Limits:    savesync.Limits{FileBytes: 1 << 20, PlayerBytes: 1 << 30, PlayerFiles: 500, PlansPerHour: 10_000},
			Manifests: awsstore.NewManifests(w.config),
			Objects:   awsstore.NewObjects(w.config),
		}
	}
	var devices []*console
	for i := range 4 {
		devices = append(devices, &console{name: fmt.Sprintf("device %d", i), service: newService(), files: map[string]played{}})
	}
	var wg sync.WaitGroup
	for _, d := range devices {
		wg.Go(func() {
			for round := range 12 {
				name := []string{"persistent", "1-1-LT1.save", "1-2-LT1.save"}[rand.N(3)]
				d.write(name, fmt.Sprintf("%s of %s in round %d", name, d.name, round))
				d.sync(t, true)
			}
		})
	}
	wg.Wait()
	rounds := 0
	for busy := true; busy && !t.Failed(); rounds++ {
		busy = false
		for _, d := range devices {
			busy = d.sync(t, false) || busy
		}
		if rounds > 4 {
			t.Fatal("the devices do not come to rest")
		}
	}
	t.Logf("at rest after %d rounds", rounds)
	for _, d := range devices[1:] {
		if !maps.EqualFunc(d.files, devices[0].files, func(a, b played) bool { return string(a.data) == string(b.data) }) {
			t.Errorf("%s and %s differ", devices[0].name, d.name)
		}
	}
	checkRecord(t, w, devices[0].files)
}

// checkRecord wants the record to name exactly the given files, in versions that
// are there, under keys that hold no other bytes. That a key has only one version
// is S3's doing; MiniStack 1.5.33 ignores the condition of a CopyObject.
func checkRecord(t *testing.T, w world, files map[string]played) {
	t.Helper()
	data, _, err := awsstore.NewManifests(w.config).Load(t.Context(), player)
	if err != nil {
		t.Fatal(err)
	}
	var record savesync.Record
	if err := json.Unmarshal(data, &record); err != nil {
		t.Fatal(err)
	}
	committed, objects := record.Games[game].Files, awsstore.NewObjects(w.config)
	if got, want := slices.Sorted(maps.Keys(committed)), slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Errorf("the record names %v, want %v", got, want)
	}
	for name, f := range committed {
		key := strings.Join([]string{"users", player, game, "content", name, f.ID}, "/")
		current, err := objects.Read(t.Context(), key, "", f.Size)
		if err != nil || sum(current.Data) != f.Checksum || f.Checksum != sum(files[name].data) {
			t.Errorf("%s: the record has %+v, the bucket %d bytes %q, %v", name, f, current.Size, current.Data, err)
		}
		if size, err := objects.Stat(t.Context(), key, f.Version); err != nil || size != f.Size {
			t.Errorf("%s: the version that is named has %d bytes, %v", name, size, err)
		}
	}
}

//go:build e2e && (linux || darwin)

package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// checkArrived: promise 1, that all that was uploaded in full is in some version of
// the bucket, and what was announced where the backend keeps it, whether it won or
// not; promise 5, that none of it was forgotten; and promise 2, that nothing else was
// handed out.
func (h *household) checkArrived(t *testing.T) {
	t.Helper()
	bucket := h.bucket(t)
	for what := range h.witness.arrived {
		if !bucket.content[what] && !bucket.inbox[what] {
			h.witness.violate("promise 1: %s, which was uploaded, is in no version", what)
		}
	}
	for _, in := range h.witness.inboxes {
		for what, announced := range in.contents {
			// What came over it in the same inbox may have hidden it from the backend.
			if !announced || len(in.contents) > 1 {
				continue
			}
			if !bucket.content[what] {
				h.witness.violate("promise 1: %s arrived, and is in no version that stays", what)
			}
			h.checkStanding(what)
		}
	}
	for what, device := range h.witness.fetched {
		if !h.witness.arrived[what] {
			h.witness.violate("promise 2: %s was given %s, which nobody uploaded in full", device, what)
		}
	}
}

// checkStanding: what arrived is the committed content of its file, or was not
// above it. Among contents that can be read the time of what is committed never goes
// back, so the last record tells of all before it.
func (h *household) checkStanding(what content) {
	f, ok := h.witness.record[what.name]
	is := content{what.name, f.data}
	switch {
	case ok && f.Checksum == what.checksum():
	case !ok || !older(f, what):
		h.witness.violate("promise 5: %s arrived and is neither committed nor known as older", what)
	case h.beginning(what):
	case !what.broken() && is.broken():
		h.witness.violate("promise 9: %s, which can be read, arrived, but %s is committed", what, is)
	case h.witness.losing[what], what.broken() && !is.broken():
	case newer(h.witness.announced[what], f):
		h.witness.violate("promise 3: %s of %s is newer than what is committed, of %s", what, clockTime(h.witness.announced[what]), f.Modified)
	}
}

// beginning tells whether a content is the beginning of another one of its file,
// which it then does not replace.
func (h *household) beginning(what content) bool {
	for whole := range h.witness.arrived {
		if whole.name == what.name && len(whole.data) > len(what.data) && strings.HasPrefix(whole.data, what.data) {
			return true
		}
	}
	return false
}

// checkReplaced looks at the downloads that came over something else. Promise 11: what
// a device listed was known, or asked for before. Promise 3: what it did not list was
// not newer. What was replaced for being damaged may have had any time.
func (h *household) checkReplaced() {
	damaged := map[string]bool{}
	for what := range h.witness.arrived {
		damaged[what.name] = damaged[what.name] || what.broken()
	}
	for _, r := range h.witness.replaced {
		f := h.witness.record[r.name]
		known := f.Checksum == r.checksum() || older(f, r.content)
		switch {
		case known || r.sent:
		case r.told:
			h.witness.violate("promise 11: on %s %s came over %s, which is not kept", r.device, r.by, r.content)
		case newer(r.since, f) && !damaged[r.name]:
			h.witness.violate("promise 3: on %s %s came over %s of %s; what is committed is of %s", r.device, r.by, r.content, clockTime(r.since), f.Modified)
		}
	}
}

// checkDevices: all is quiet, so what a device lists is what is committed, but for
// what cannot travel. The last device, which came with nothing of its own, has every save.
func (h *household) checkDevices(t *testing.T) {
	record := h.witness.record
	for _, m := range h.machines {
		manifest, err := m.device.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		spellings := map[string]int{}
		for name := range manifest {
			spellings[strings.ToLower(name)]++
		}
		for name, told := range manifest {
			folded := strings.ToLower(name)
			stays := told.Size == 0 || told.Size > maxFileBytes || !travels.MatchString(name) || spellings[folded] > 1
			if f, ok := record[folded]; !stays && (!ok || f.Checksum != told.Checksum) {
				h.witness.violate("promise 4: all is quiet, but %s on %s is not what the record has", name, m.name)
			}
		}
	}
	last := h.machines[len(h.machines)-1]
	files := last.files()
	for name, f := range record {
		if what := (content{name, files[f.spelled].data}); what.checksum() != f.Checksum {
			h.witness.violate("promise 4: the new device %s has %s, which is not what the record has", last.name, what)
		}
	}
}

// nobodyElse: promise 8. The bucket and the table have nothing but of those who played.
func nobodyElse(t *testing.T, s *stage, cloud sdk, households []*household) {
	players := map[string]bool{}
	for _, h := range households {
		if h.player != nil {
			players[h.player.sub] = true
		}
	}
	for _, v := range cloud.versions(t, s.info.Outputs.SaveFilesBucketName) {
		parts := strings.Split(v.key, "/")
		if len(parts) < 2 || parts[0] != "users" && parts[0] != "inbox" || !players[parts[1]] {
			t.Errorf("promise 8: the bucket has %s, which is nobody's", v.key)
		}
	}
	scan := dynamodb.NewScanPaginator(cloud.dynamodb, &dynamodb.ScanInput{TableName: &s.info.Outputs.ManifestTableName})
	for scan.HasMorePages() {
		page, err := scan.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			if id, ok := item["user_id"].(*ddb.AttributeValueMemberS); !ok || !players[id.Value] {
				t.Errorf("promise 8: the table has an item of %v, who is nobody", item["user_id"])
			}
		}
	}
}

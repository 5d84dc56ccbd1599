//go:build e2e && (linux || darwin)

package e2e

import (
	"slices"
	"strings"
	"testing"
)

// A holding is all that the bucket has of a player, in any version.
type holding struct {
	content, inbox map[content]bool
}

// bucket reads all that the bucket has of the player, and checks how it lies there.
func (h *household) bucket(t *testing.T) holding {
	t.Helper()
	held := holding{map[content]bool{}, map[content]bool{}}
	for _, prefix := range []string{"users/" + h.player.sub + "/", "inbox/" + h.player.sub + "/"} {
		for _, v := range h.cloud.stored(t, h.stage.info.Outputs.SaveFilesBucketName, prefix) {
			h.checkStored(v)
			if v.marker {
				continue
			}
			data, ok := h.object(t, v.key, &v.id)
			if !ok {
				h.witness.violate("promise 1: somebody deleted %s", v.key)
			}
			name, kept, _ := h.nameOf(v.key)
			if kept {
				held.content[contentOf(name, data)] = true
			} else {
				held.inbox[contentOf(name, data)] = true
			}
		}
	}
	return held
}

// nameOf returns the file that a key of the player's is for, and whether the backend
// keeps a content there.
func (h *household) nameOf(key string) (name string, kept, ok bool) {
	rest, kept := strings.CutPrefix(key, h.contents())
	if !kept {
		if rest, ok = strings.CutPrefix(key, h.inboxes()); !ok {
			return "", false, false
		}
	}
	name, id, ok := strings.Cut(rest, "/")
	return name, kept, ok && !strings.Contains(id, "/") && slices.Contains(scriptFiles, name)
}

// checkStored: promise 12. When all is quiet, the current version of a key of the
// backend's is what the record names, or a delete marker, so that nothing else stays
// for ever. That of an inbox whose one upload was as announced is a delete marker, too.
func (h *household) checkStored(v stored) {
	name, kept, ok := h.nameOf(v.key)
	switch {
	case !ok:
		h.witness.violate("promise 8: the player has the key %s", v.key)
	case v.marker || !v.latest:
	case kept:
		if f := h.witness.record[strings.ToLower(name)]; v.key != h.contents()+f.spelled+"/"+f.ID {
			h.witness.violate("promise 12: %s stays for ever, and nobody names it", v.key)
		}
	case h.once(v.key):
		h.witness.violate("promise 12: %s was settled, and stays for the whole retention time", v.key)
	}
}

// once tells whether what was announced came to an inbox, once.
func (h *household) once(key string) bool {
	for path, in := range h.witness.inboxes {
		if strings.HasSuffix(path, "/"+key) && in.arrivals == 1 {
			for _, announced := range in.contents {
				return announced
			}
		}
	}
	return false
}

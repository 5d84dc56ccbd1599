package support

import (
	"errors"
	"slices"
	"testing"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/renpy-cloud/renpyctl/internal/players"
	"github.com/renpy-cloud/renpyctl/internal/savesync/memstore"
)

var tester = players.Player{Sub: player, Email: "smoke-abcdefghijklmnopqrstuvwxyz@renpyctl.invalid", Verified: true}

// versions counts the versions and markers in the bucket.
func (r *room) versions() (n int) {
	r.store.Versions(func(string, memstore.Version) { n++ })
	return n
}

// Nothing is left of a synthetic player, not even that there was one.
func TestEraseSyntheticLeavesNothing(t *testing.T) {
	r := newRoom(t)
	r.save(slot1, "one")
	r.save(slot1, "two")
	r.store.Put("inbox/"+player+"/"+game+"/persistent/x", "not settled")
	r.table.items[player] = map[string]ddb.AttributeValue{"user_id": text(player), "game_id": text("*")}
	r.store.Put("users/another/"+game+"/content/persistent/x", "another player's")
	var gone accounts

	r.table.fail = true
	err := r.EraseSynthetic(t.Context(), &gone, tester)
	if residue, ok := errors.AsType[*ResidueError](err); !ok || !slices.Equal(residue.Left, []string{"the record", "the account"}) || len(gone) > 0 {
		t.Fatalf("with the record there the account is to stay: %v, %v", err, gone)
	}
	r.table.fail = false
	if err := r.EraseSynthetic(t.Context(), &gone, tester); err != nil || !slices.Equal(gone, []string{tester.Email}) {
		t.Fatalf("%v, %v", err, gone)
	}
	if n := r.versions(); n != 1 || len(r.table.items) > 0 {
		t.Errorf("left are %d versions and the items %v", n, r.table.items)
	}
}

// It is for nobody whose saves count.
func TestEraseSyntheticRefusesPeople(t *testing.T) {
	r := newRoom(t)
	r.save(slot1, "one")
	before := r.versions()
	var gone accounts
	for _, p := range []players.Player{{Sub: player, Email: "ann@example.com", Verified: true}, {Sub: player, Email: tester.Email}} {
		if err := r.EraseSynthetic(t.Context(), &gone, p); err == nil {
			t.Errorf("%+v is erased", p)
		}
	}
	if r.versions() != before || len(gone) > 0 {
		t.Errorf("left are %d of %d versions, gone are %v", r.versions(), before, gone)
	}
}

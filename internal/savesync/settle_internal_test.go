package savesync

import "testing"

// A record that was rebuilt from the copy of a request that died has the upload still, and
// its content as what is committed: when the upload is over, that is not to expire.
func TestWhatIsCommittedIsNotRetired(t *testing.T) {
	g := &Game{Files: map[string]File{"persistent": {ID: "c1"}}}
	for _, id := range []string{"c1", "c2"} {
		var u Upload
		u.Name, u.ID = "persistent", id
		g.drop(u)
	}
	if len(g.Retired) != 1 || g.Retired[0].ID != "c2" {
		t.Errorf("retired are %v", g.Retired)
	}
}

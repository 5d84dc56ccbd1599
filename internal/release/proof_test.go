package release_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/release"
)

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

// A body counts by its hash, and is meant by its version.
func TestHeld(t *testing.T) {
	b := newArtefacts(t)
	b.exists = true
	const key = "code/a.zip"
	version, err := b.store.Upload(t.Context(), key, sum("zip"), strings.NewReader("zip"), 3)
	if err != nil || version != "v-"+key {
		t.Fatalf("version %q, %v", version, err)
	}
	if lacks := b.complete(); lacks != "" {
		t.Errorf("the bucket kept no versions, and was not set up: %s", lacks)
	}
	for _, c := range []struct{ body, key, version, want string }{
		{"zip", key, "", version}, {"zip", key, version, version}, {"zip", key, "another", ""}, {"zip", "code/b.zip", "", ""},
		{"evil", key, "", ""}, {"uploaded in parts", key, "", ""},
	} {
		b.objects[key] = c.body
		if got, err := b.store.Held(t.Context(), c.key, c.version, sum("zip")); got != c.want || err != nil {
			t.Errorf("%+v: held as %q, %v", c, got, err)
		}
	}
	if _, err := b.store.Upload(t.Context(), key, sum("zip"), strings.NewReader("pit"), 3); err == nil {
		t.Error("S3 was not told of the hash")
	}
}

func TestTemplate(t *testing.T) {
	b := newArtefacts(t)
	b.exists = true
	key := release.TemplateKey(sum("Resources: {}"))
	for body, whole := range map[string]bool{"Resources: {}": true, "Resources: {Admin: {}}": false, "": false} {
		b.objects[key] = body
		got, err := b.store.Template(t.Context(), key)
		if _, forged := errors.AsType[*release.ForgedError](err); whole != (got == body && err == nil) || whole == forged {
			t.Errorf("%q is read as %q, %v", body, got, err)
		}
	}
	b.objects["template/x.yaml"] = "Resources: {}"
	for _, other := range []string{"template/x.yaml", "template/gone.yaml", ""} {
		if got, err := b.store.Template(t.Context(), other); got != "" || err == nil {
			t.Errorf("%s is read as %q, %v", other, got, err)
		}
	}
}

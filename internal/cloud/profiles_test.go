package cloud_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

func TestProfiles(t *testing.T) {
	dir := t.TempDir()
	config, credentials := filepath.Join(dir, "config"), filepath.Join(dir, "credentials")
	files := map[string]string{
		config:      "[default]\nregion = x\n[ profile my game ] # mine\n[sso-session corp]\n[services s]\n  [profile dev]\n[other]\n",
		credentials: "[old]\n[dev]\n; [not]\n",
	}
	if got := cloud.Profiles(config, credentials); len(got) > 0 {
		t.Errorf("without files: %q", got)
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := cloud.Profiles(config, credentials), []string{"default", "dev", "my game", "old"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

package archtest

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestDependabotLeavesThePinned: what go.mod holds back on purpose is proposed
// to nobody, and nothing else is held back in silence.
func TestDependabotLeavesThePinned(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var pinned []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) \S+ // the last without`).FindAllSubmatch(mod, -1) {
		pinned = append(pinned, string(m[1]))
	}
	file, err := os.ReadFile("../../.github/dependabot.yml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Updates []struct {
			Ecosystem string `yaml:"package-ecosystem"`
			Ignore    []struct {
				Name string `yaml:"dependency-name"`
			}
		}
	}
	if err := yaml.Unmarshal(file, &config); err != nil {
		t.Fatal(err)
	}
	var ignored []string
	for _, u := range config.Updates {
		for _, i := range u.Ignore {
			ignored = append(ignored, i.Name)
		}
	}
	if len(pinned) == 0 || !slices.Equal(ignored, pinned) {
		t.Errorf("dependabot.yml leaves alone %q; go.mod holds %q", ignored, pinned)
	}
}

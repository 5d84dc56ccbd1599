package cfn_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/renpy-cloud/renpyctl/cfn"
)

// What is read of the functions is what a YAML reader reads, all of it.
func TestPropertiesAsYAML(t *testing.T) {
	var template struct {
		Resources map[string]struct {
			Properties yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal([]byte(cfn.Template()), &template); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{cfn.SyncPlanFunction, cfn.SyncCompleteFunction} {
		want := map[string]string{}
		node := template.Resources[id].Properties
		scalars(&node, nil, want)
		delete(want, "Code.S3ObjectVersion") // a condition, which nobody reads
		got := cfn.Properties(cfn.Template(), id)
		for path, raw := range got {
			got[path], _ = plain(raw)
		}
		delete(got, "Code.S3ObjectVersion")
		if len(want) < 20 || !maps.Equal(got, want) {
			t.Errorf("%s: read\n%v\nand YAML is\n%v", id, got, want)
		}
	}
	if got := cfn.Properties(cfn.Template(), "Nobody"); len(got) > 0 {
		t.Errorf("of nobody: %v", got)
	}
}

// scalars writes down every scalar below a node, and lists of one, by their path.
func scalars(node *yaml.Node, path []string, into map[string]string) {
	switch {
	case node.Kind == yaml.MappingNode:
		for i := 0; i < len(node.Content); i += 2 {
			scalars(node.Content[i+1], append(path, node.Content[i].Value), into)
		}
	case node.Kind == yaml.SequenceNode && len(node.Content) == 1:
		scalars(node.Content[0], path, into)
	case node.Kind == yaml.ScalarNode:
		tag := node.Tag
		if strings.HasPrefix(tag, "!!") {
			tag = ""
		}
		into[strings.Join(path, ".")] = strings.TrimSpace(tag + " " + node.Value)
	}
}

// plain is a property as YAML reads it, with its tag and without quotes.
func plain(raw string) (string, error) {
	tag := ""
	raw = strings.TrimSuffix(strings.TrimPrefix(raw, "["), "]")
	if strings.HasPrefix(raw, "!") {
		tag, raw, _ = strings.Cut(raw, " ")
	}
	var text string
	err := yaml.Unmarshal([]byte(raw), &text)
	return strings.TrimSpace(tag + " " + text), err
}

func TestResolve(t *testing.T) {
	values := map[string]string{"GameIds": "my_game", "Stage": "dev", "SyncPlanRole.Arn": "arn:x", "Architecture": "arm64"}
	for property, want := range map[string]string{
		"256": "256 true", "bootstrap": "bootstrap true", `"true"`: "true true", "!Ref GameIds": "my_game true",
		"!GetAtt SyncPlanRole.Arn": "arn:x true", "[!Ref Architecture]": "arm64 true",
		`!Sub "renpy-cloud-${Stage}-syncPlan"`: "renpy-cloud-dev-syncPlan true", `!Sub "${Stage}${Nobody}"`: "dev false",
		"!Ref Nobody": " false", "!If [A, B, C]": "!If [A, B, C] false", "{a: b}": "{a: b} false", `"`: " false", "": " true",
	} {
		value, known := cfn.Resolve(property, values)
		if got := fmt.Sprint(value, " ", known); got != want {
			t.Errorf("%s is %q, want %q", property, got, want)
		}
	}
}

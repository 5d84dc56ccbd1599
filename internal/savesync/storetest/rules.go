package storetest

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A Rule is one rule of a bucket's lifecycle. Numbers that a rule does not have are 0.
type Rule struct {
	ID      string
	Enabled bool
	// Prefix begins the keys of the objects that it is for.
	Prefix string
	// ExpirationDays is when a current version gets a delete marker, NoncurrentDays
	// when another one is destroyed.
	ExpirationDays, NoncurrentDays int
	// ExpiredMarkers says that a delete marker over nothing is removed.
	ExpiredMarkers bool
	// AbortDays is when an unfinished upload is given up.
	AbortDays int
	// Other names what else the rule has.
	Other string
}

func sortRules(rules []Rule) []Rule {
	return slices.SortedFunc(slices.Values(rules), func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
}

// templateRule is a rule as CloudFormation has it.
type templateRule struct {
	ID                          string `yaml:"Id"`
	Status                      string `yaml:"Status"`
	Prefix                      string `yaml:"Prefix"`
	ExpirationInDays            int    `yaml:"ExpirationInDays"`
	ExpiredObjectDeleteMarker   bool   `yaml:"ExpiredObjectDeleteMarker"`
	NoncurrentVersionExpiration struct {
		NoncurrentDays int `yaml:"NoncurrentDays"`
	} `yaml:"NoncurrentVersionExpiration"`
	AbortIncompleteMultipartUpload struct {
		DaysAfterInitiation int `yaml:"DaysAfterInitiation"`
	} `yaml:"AbortIncompleteMultipartUpload"`
}

// TemplateRules returns the lifecycle that a template gives the bucket of saves
// when its SaveRetentionDays are so many.
func TemplateRules(t testing.TB, template string, retention int) []Rule {
	t.Helper()
	var doc struct {
		Resources struct {
			SaveFilesBucket struct {
				Properties struct {
					LifecycleConfiguration struct {
						Rules yaml.Node `yaml:"Rules"`
					} `yaml:"LifecycleConfiguration"`
				} `yaml:"Properties"`
			} `yaml:"SaveFilesBucket"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal([]byte(template), &doc); err != nil {
		t.Fatal(err)
	}
	node := &doc.Resources.SaveFilesBucket.Properties.LifecycleConfiguration.Rules
	resolve(t, node, retention)
	text, err := yaml.Marshal(node)
	if err != nil {
		t.Fatal(err)
	}
	var list []templateRule
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true) // a rule that does more has to be understood here first
	if err := decoder.Decode(&list); err != nil {
		t.Fatal(err)
	}
	var rules []Rule
	for _, r := range list {
		rules = append(rules, Rule{
			ID: r.ID, Enabled: r.Status == "Enabled", Prefix: r.Prefix,
			ExpirationDays: r.ExpirationInDays, NoncurrentDays: r.NoncurrentVersionExpiration.NoncurrentDays,
			ExpiredMarkers: r.ExpiredObjectDeleteMarker, AbortDays: r.AbortIncompleteMultipartUpload.DaysAfterInitiation,
		})
	}
	return rules
}

// resolve puts the retention in place of !Ref SaveRetentionDays.
func resolve(t testing.TB, n *yaml.Node, retention int) {
	t.Helper()
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		if n.Tag != "!Ref" || n.Value != "SaveRetentionDays" {
			t.Fatalf("the lifecycle refers to %s %s", n.Tag, n.Value)
		}
		n.Tag, n.Value = "!!int", strconv.Itoa(retention)
	}
	for _, c := range n.Content {
		resolve(t, c, retention)
	}
}

package cfn

import (
	"fmt"
	"slices"
	"testing"
)

// TestEveryParameterIsASettingOrFollows keeps a new parameter from being
// forgotten: operators set it, or the deploy gives it.
func TestEveryParameterIsASettingOrFollows(t *testing.T) {
	given := []string{ParamStage, ParamArtifactsBucket, ParamSyncPlanCodeKey, ParamSyncCompleteCodeKey, ParamSyncPlanCodeVersion, ParamSyncCompleteCodeVersion, ParamArchitecture, ParamDomainSuffix, ParamRelease, ParamHistory}
	for _, s := range Settings() {
		given = append(given, s.Name)
	}
	slices.Sort(given)
	if want := sorted(frozenParameters); !slices.Equal(given, want) {
		t.Errorf("settings and given parameters are %v, the template has %v", given, want)
	}
}

func TestSettingsKnowTheirDefaults(t *testing.T) {
	parameters := parse(t)["Parameters"].(object)
	for _, s := range Settings() {
		if want := fmt.Sprint(parameters[s.Name].(object)["Default"]); s.Default != want {
			t.Errorf("%s: default %q, the template says %q", s.Name, s.Default, want)
		}
	}
}

func TestCheckSettings(t *testing.T) {
	const domain, address = "arn:aws:ses:eu-west-1:1:identity/example.com", "arn:aws:ses:eu-west-1:1:identity/a@example.com"
	for _, c := range []struct {
		identity, from string
		ok             bool
	}{{"", "", true}, {"", "a@example.com", false}, {domain, "", false}, {domain, "a@example.com", true}, {address, "", true}, {address, "A <a@example.com>", true}} {
		err := CheckSettings(map[string]string{ParamEmailIdentity: c.identity, ParamEmailFrom: c.from})
		if (err == nil) != c.ok {
			t.Errorf("%q from %q: %v", c.identity, c.from, err)
		}
	}
}

func TestOutputsAreListed(t *testing.T) {
	listed := slices.Sorted(slices.Values(Outputs()))
	if want := sorted(parse(t)["Outputs"].(object)); !slices.Equal(listed, want) {
		t.Errorf("Outputs() lists %v, the template has %v", listed, want)
	}
}

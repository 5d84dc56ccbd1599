package cfn

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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

// What the settings admit is what the template admits.
func TestSettingsAreTheTemplates(t *testing.T) {
	parameters := parse(t)["Parameters"].(object)
	for _, s := range Settings() {
		p := parameters[s.Name].(object)
		var allowed []string
		if list, ok := p["AllowedValues"].([]any); ok {
			for _, value := range list {
				allowed = append(allowed, fmt.Sprint(value))
			}
		}
		for name, pair := range map[string][2]any{
			"Default": {s.Default, p["Default"]}, "MinValue": {s.Min, cmp.Or(p["MinValue"], any(0))}, "MaxValue": {s.Max, cmp.Or(p["MaxValue"], any(0))},
			"MaxLength": {s.Length, cmp.Or(p["MaxLength"], any(0))}, "AllowedPattern": {s.Pattern, cmp.Or(p["AllowedPattern"], any(""))},
			"ConstraintDescription": {s.Must, p["ConstraintDescription"]}, "AllowedValues": {s.Allowed, allowed},
			"a list": {s.List, p["Type"] == "CommaDelimitedList"}, "a number": {s.Number(), p["Type"] == "Number"},
		} {
			if have, want := fmt.Sprint(pair[0]), fmt.Sprint(pair[1]); have != want {
				t.Errorf("%s: %s is %q, the template says %q", s.Name, name, have, want)
			}
		}
		if err := s.Check(s.Default); err != nil {
			t.Errorf("%s does not admit its default: %v", s.Name, err)
		}
		if words := strings.Contains(s.Help, "bytes") || strings.Contains(s.Help, "days"); words != (s.Unit != Count) {
			t.Errorf("%s counts %q and says %q", s.Name, s.Unit, s.Help)
		}
	}
}

func TestSettingsCheckValues(t *testing.T) {
	for value, ok := range map[string]bool{
		"LogRetentionDays=30": true, "LogRetentionDays=31": false, "ThrottleRateLimit=10001": false, "ThrottleRateLimit=0": false, "ThrottleRateLimit=10000": true,
		"MaxPlansPerHour=1e3": false, "MaxPlansPerHour=": false, "MaxPlansPerHour=+5": false, "MaxPlansPerHour=007": false, "UserPoolTier=lite": false,
		"CheckSaves=": false, "GameIds=": true, "GameIds=a,b": true, "GameIds=a, b": false, "GameIds=-a": false,
		"CorsAllowOrigins=https://a.example,https://b.example:8080": true, "CorsAllowOrigins=https://a.example/path": false, "CorsAllowOrigins=*": true,
		"EmailFrom=My Game <saves@example.com>": true, "EmailFrom=My Game": false, "PermissionsBoundary=arn:aws:iam::123456789012:role/x": false,
	} {
		name, value, _ := strings.Cut(value, "=")
		for _, s := range Settings() {
			if err := s.Check(value); s.Name == name && (err == nil) != ok {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
	long := Setting{Length: 3, Must: "must be short"}
	if long.Check("abcd") == nil || long.Check("abc") != nil {
		t.Error("the length is not checked")
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

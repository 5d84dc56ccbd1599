package cfn

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// object is a JSON object, as the template's YAML is decoded.
type object = map[string]any

// parse decodes the template, with its short intrinsic functions written out:
// !Ref X becomes {"Ref": "X"}, !Sub X becomes {"Fn::Sub": "X"}.
func parse(t *testing.T) object {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(Template()), &doc); err != nil {
		t.Fatal(err)
	}
	return decode(t, doc.Content[0]).(object)
}

func decode(t *testing.T, n *yaml.Node) any {
	t.Helper()
	if tag := n.Tag; strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") {
		n.Tag = ""
		name := "Fn::" + tag[1:]
		if tag == "!Ref" {
			name = "Ref"
		}
		return object{name: decode(t, n)}
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := object{}
		for i := 0; i < len(n.Content); i += 2 {
			if _, twice := m[n.Content[i].Value]; twice {
				t.Errorf("line %d: key %s twice", n.Content[i].Line, n.Content[i].Value)
			}
			m[n.Content[i].Value] = decode(t, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		s := []any{}
		for _, c := range n.Content {
			s = append(s, decode(t, c))
		}
		return s
	default:
		var v any
		if err := n.Decode(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// resource returns one resource of the template, whole.
func resource(t *testing.T, logicalID string) object {
	t.Helper()
	r, ok := parse(t)["Resources"].(object)[logicalID].(object)
	if !ok {
		t.Fatalf("the template has no resource %s", logicalID)
	}
	return r
}

// properties returns the properties of one resource.
func properties(t *testing.T, logicalID string) object {
	t.Helper()
	return resource(t, logicalID)["Properties"].(object)
}

// frozenResources are the template's resources, for ever: CloudFormation deletes
// a resource whose logical id disappears, and everything in it. New ones are
// added; none is renamed, and none changes its type.
var frozenResources = map[string]string{
	"ApiAccessLogGroup":          "AWS::Logs::LogGroup",
	"CognitoUserPool":            "AWS::Cognito::UserPool",
	"CognitoUserPoolClient":      "AWS::Cognito::UserPoolClient",
	"CognitoUserPoolDomain":      "AWS::Cognito::UserPoolDomain",
	"HttpApi":                    "AWS::ApiGatewayV2::Api",
	"HttpApiAuthorizer":          "AWS::ApiGatewayV2::Authorizer",
	"HttpApiStage":               "AWS::ApiGatewayV2::Stage",
	"ManifestTable":              "AWS::DynamoDB::Table",
	"PasswordPageClient":         "AWS::Cognito::UserPoolClient",
	"SaveFilesBucket":            "AWS::S3::Bucket",
	"SaveFilesBucketPolicy":      "AWS::S3::BucketPolicy",
	"SyncCompleteIntegration":    "AWS::ApiGatewayV2::Integration",
	"SyncCompleteLambdaFunction": "AWS::Lambda::Function",
	"SyncCompleteLogGroup":       "AWS::Logs::LogGroup",
	"SyncCompletePermission":     "AWS::Lambda::Permission",
	"SyncCompleteRole":           "AWS::IAM::Role",
	"SyncCompleteRoute":          "AWS::ApiGatewayV2::Route",
	"SyncPlanIntegration":        "AWS::ApiGatewayV2::Integration",
	"SyncPlanLambdaFunction":     "AWS::Lambda::Function",
	"SyncPlanLogGroup":           "AWS::Logs::LogGroup",
	"SyncPlanPermission":         "AWS::Lambda::Permission",
	"SyncPlanRole":               "AWS::IAM::Role",
	"SyncPlanRoute":              "AWS::ApiGatewayV2::Route",
	"AlarmTopic":                 "AWS::SNS::Topic",
	"AlarmTopicPolicy":           "AWS::SNS::TopicPolicy",
	"AlarmSubscription":          "AWS::SNS::Subscription",
	"SyncPlanErrorsAlarm":        "AWS::CloudWatch::Alarm",
	"SyncCompleteErrorsAlarm":    "AWS::CloudWatch::Alarm",
	"SyncPlanThrottlesAlarm":     "AWS::CloudWatch::Alarm",
	"SyncCompleteThrottlesAlarm": "AWS::CloudWatch::Alarm",
	"ApiErrorsAlarm":             "AWS::CloudWatch::Alarm",
	"ApiLatencyAlarm":            "AWS::CloudWatch::Alarm",
	"SignUpMailsAlarm":           "AWS::CloudWatch::Alarm",
}

func TestLogicalIDsAreFrozen(t *testing.T) {
	got := map[string]string{}
	for id, r := range parse(t)["Resources"].(object) {
		got[id] = r.(object)["Type"].(string)
	}
	if !maps.Equal(got, frozenResources) {
		t.Errorf("resources:\ngot  %v\nwant %v", got, frozenResources)
	}
}

func TestNamedResourcesExist(t *testing.T) {
	for _, id := range []string{
		UserPool, UserPoolClient, ManifestTable, SaveFilesBucket, HTTPAPI, HTTPAPIStage, SyncPlanFunction,
		SyncCompleteFunction, SyncPlanRole, SyncCompleteRole, SyncPlanLogGroup, SyncCompleteLogGroup, APIAccessLogGroup,
	} {
		if _, ok := frozenResources[id]; !ok {
			t.Errorf("cfn.go names %s, which the template does not have", id)
		}
	}
}

func TestOutputsAreFrozen(t *testing.T) {
	want := map[string]any{
		OutputAPIEndpoint: object{"Fn::GetAtt": "HttpApi.ApiEndpoint"},
		OutputUserPoolID:  object{"Ref": "CognitoUserPool"},
		OutputAppClientID: object{"Ref": "CognitoUserPoolClient"},
		OutputPasswordPage: object{"Fn::Sub": "https://${CognitoUserPoolDomain}.auth.${AWS::Region}.amazoncognito.com/forgotPassword" +
			"?client_id=${PasswordPageClient}&response_type=code&scope=openid&redirect_uri=https%3A%2F%2F${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"},
		OutputRegion:              object{"Ref": "AWS::Region"},
		OutputManifestTableName:   object{"Ref": "ManifestTable"},
		OutputSaveFilesBucketName: object{"Ref": "SaveFilesBucket"},
		OutputRelease:             object{"Ref": "Release"},
	}
	outputs := parse(t)["Outputs"].(object)
	if got, want := sorted(outputs), sorted(want); !slices.Equal(got, want) {
		t.Errorf("outputs %v, want %v", got, want)
	}
	for name, value := range want {
		o := outputs[name].(object)
		equal(t, name, o["Value"], value)
		if o["Description"] == nil {
			t.Errorf("output %s has no description", name)
		}
	}
}

// frozenParameters are the template's parameters with their defaults; nil means none.
var frozenParameters = map[string]any{
	ParamStage:                   "dev",
	ParamArtifactsBucket:         nil,
	ParamSyncPlanCodeKey:         nil,
	ParamSyncCompleteCodeKey:     nil,
	ParamSyncPlanCodeVersion:     "",
	ParamSyncCompleteCodeVersion: "",
	ParamArchitecture:            "arm64",
	ParamUserPoolTier:            "LITE",
	ParamEmailIdentity:           "",
	ParamEmailFrom:               "",
	ParamThrottleRateLimit:       100,
	ParamThrottleBurstLimit:      200,
	ParamCorsAllowOrigins:        "",
	ParamLogRetentionDays:        30,
	ParamSaveRetentionDays:       90,
	ParamTableRecoveryDays:       35,
	ParamGameIDs:                 "",
	ParamMaxFileBytes:            "16777216",
	ParamMaxPlayerBytes:          "536870912",
	ParamMaxPlayerFiles:          500,
	ParamMaxPlansPerHour:         120,
	ParamMaxPlayerBytesPerDay:    "268435456",
	ParamMaxRequestsPerMinute:    120,
	ParamCheckSaves:              "true",
	ParamPermissionsBoundary:     "",
	ParamAlarmEmail:              "",
	ParamAlarmTopicARN:           "",
	ParamDomainSuffix:            "SHORT", // for ever: stages that were not told otherwise have it
	ParamRelease:                 0,
	ParamHistory:                 "",
}

func TestParametersAreFrozen(t *testing.T) {
	parameters := parse(t)["Parameters"].(object)
	if got, want := sorted(parameters), sorted(frozenParameters); !slices.Equal(got, want) {
		t.Errorf("parameters %v, want %v", got, want)
	}
	for name, def := range frozenParameters {
		equal(t, name, parameters[name].(object)["Default"], def)
	}
}

func TestParametersAreBoundedAndExplained(t *testing.T) {
	for name, v := range parse(t)["Parameters"].(object) {
		p := v.(object)
		for _, key := range []string{"Description", "ConstraintDescription"} {
			if s, _ := p[key].(string); s == "" {
				t.Errorf("%s has no %s", name, key)
			}
		}
		if p["AllowedValues"] != nil {
			continue
		}
		if p["Type"] == "Number" {
			low, high, def := number(t, p["MinValue"]), number(t, p["MaxValue"]), number(t, p["Default"])
			if def < low || def > high {
				t.Errorf("%s: default %d is not within %d and %d", name, def, low, high)
			}
		} else if p["AllowedPattern"] == nil {
			t.Errorf("%s admits any text", name)
		}
	}
}

func number(t *testing.T, v any) int {
	t.Helper()
	switch v := v.(type) {
	case int:
		return v
	case string:
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatal(err)
		}
		return n
	default:
		t.Fatalf("%v is no number", v)
		return 0
	}
}

func TestParameterPatterns(t *testing.T) {
	for name, values := range map[string]struct{ good, bad []string }{
		ParamStage: {
			good: []string{"a", "dev", "prod-eu", "a1", "abcdefghijklmnopqrst"},
			bad:  []string{"", "Dev", "1st", "-a", "a-", "a_b", "a.b", "prod ", "abcdefghijklmnopqrstu"},
		},
		ParamArtifactsBucket: {
			good: []string{"abc", "renpy-cloud-dev-artifacts-123456789012-us-east-1"},
			bad:  []string{"", "ab", "Abc", "-abc", "abc-", "a_b", "a/b"},
		},
		ParamSyncPlanCodeKey: {
			good: []string{"functions/3f2a.zip"},
			bad:  []string{"", "a b", "a?b"},
		},
		ParamHistory: {
			good: []string{"", "1:0123456789abcdef0123456789abcdef", "2:0123456789abcdef0123456789abcdef,1:0123456789abcdef0123456789abcdef"},
			bad:  []string{"1", "1:x", "1:0123456789abcdef0123456789abcdef,", ",", "-1:0123456789abcdef0123456789abcdef"},
		},
		ParamCorsAllowOrigins: { // each item by itself
			good: []string{"", "*", "https://example.itch.io", "http://localhost:8042"},
			bad:  []string{"example.itch.io", "https://", "https://example.itch.io/", "https://*", "https://a:123456", "null"},
		},
		ParamPermissionsBoundary: {
			good: []string{"", "arn:aws:iam::123456789012:policy/renpyctl-prod-boundary", "arn:aws-us-gov:iam::123456789012:policy/team/b"},
			bad:  []string{"renpyctl-prod-boundary", "arn:aws:iam::123456789012:role/b", "arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::1:policy/b"},
		},
		ParamEmailIdentity: {
			good: []string{"", "arn:aws:ses:eu-west-1:123456789012:identity/example.com", "arn:aws-eusc:ses:eusc-de-east-1:123456789012:identity/saves@example.com"},
			bad:  []string{"example.com", "arn:aws:ses:eu-west-1:123456789012:configuration-set/a", "arn:aws:ses:eu-west-1:123456789012:identity/a b"},
		},
		ParamEmailFrom: {
			good: []string{"", "saves@example.com", "My Game <saves@example.com>", "<saves@example.com>"},
			bad:  []string{"example.com", "My Game", "My Game saves@example.com", "a@b@c", "My Game <saves@example.com> x", "My\nGame <saves@example.com>", "saves@example.com\nx"},
		},
		ParamAlarmEmail: {
			good: []string{"", "ann@example.com"},
			bad:  []string{"ann", "a@b.c\nd", "a b@example.com", "a@b@c"},
		},
		ParamGameIDs: {
			good: []string{"", "my_game", "My-Game.2,other"},
			bad:  []string{".a", "a,-b", "a,", ",a", "a, b", "a/b", "a;b", strings.Repeat("a", 65)},
		},
	} {
		p := parse(t)["Parameters"].(object)[name].(object)
		pattern := regexp.MustCompile(p["AllowedPattern"].(string))
		admits := func(s string) bool {
			limit, limited := p["MaxLength"].(int)
			return pattern.MatchString(s) && !(limited && len(s) > limit)
		}
		for _, s := range values.good {
			if !admits(s) {
				t.Errorf("%s refuses %q", name, s)
			}
		}
		for _, s := range values.bad {
			if admits(s) {
				t.Errorf("%s admits %q", name, s)
			}
		}
	}
}

func TestTemplateFitsInARequest(t *testing.T) {
	// CloudFormation's limit for a template that is not in S3, in bytes.
	if n := len(Template()); n >= 51_200 {
		t.Errorf("the template has %d bytes", n)
	}
}

func TestTemplateSHA256(t *testing.T) {
	if got := TemplateSHA256(); !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(got) {
		t.Errorf("%q is no SHA-256 in hex", got)
	}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

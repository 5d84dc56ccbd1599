package cfn

import (
	"regexp"
	"strconv"
	"strings"
)

// Properties reads what a template gives a resource: its scalar properties as
// they are written, by their path: {"Environment.Variables.GAME_IDS": "!Ref GameIds"}.
// It knows the style in which this program's templates are written and no other
// YAML; a test holds it to a real reader. Nothing is read of a resource that is
// not there.
func Properties(template, logicalID string) map[string]string {
	_, block, _ := strings.Cut(template, "\n  "+logicalID+":\n")
	properties := map[string]string{}
	var path []string // the keys that lead to a line, two spaces deeper each
	for line := range strings.Lines(block) {
		text := strings.TrimLeft(line, " ")
		depth := (len(line)-len(text))/2 - 2
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' {
			continue
		}
		if depth < 0 {
			break // the next resource
		}
		key, value, isPair := strings.Cut(text, ":")
		if !isPair || depth > len(path) || text[0] == '-' {
			continue // of a list, or of a text that goes over lines
		}
		path = append(path[:depth], key)
		value, _, _ = strings.Cut(value, " #")
		if value = strings.TrimSpace(value); value != "" && path[0] == "Properties" {
			properties[strings.Join(path[1:], ".")] = value
		}
	}
	return properties
}

var reference = regexp.MustCompile(`\$\{[^}]*\}`)

// Resolve works out a property as [Properties] reads it. Values says what
// references lead to, by what they name: "GameIds", "AWS::Region", or, for an
// attribute, "SyncPlanRole.Arn". Known is false where that does not suffice.
func Resolve(property string, values map[string]string) (value string, known bool) {
	if one, isList := strings.CutPrefix(property, "["); isList {
		property = strings.TrimSuffix(one, "]")
	}
	tag, name, tagged := strings.Cut(property, " ")
	switch {
	case tagged && (tag == "!Ref" || tag == "!GetAtt"):
		value, known = values[name]
		return value, known
	case tagged && tag == "!Sub":
		text, ok := Resolve(name, nil)
		known = ok
		text = reference.ReplaceAllStringFunc(text, func(r string) string {
			v, there := values[r[2:len(r)-1]]
			known = known && there
			return v
		})
		return text, known
	case strings.HasPrefix(property, `"`):
		value, err := strconv.Unquote(property)
		return value, err == nil
	}
	return property, !strings.ContainsAny(property[:min(1, len(property))], "!{|>&*'")
}

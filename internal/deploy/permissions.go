package deploy

import (
	"encoding/json"
	"slices"

	"github.com/renpy-cloud/renpyctl/internal/stack"
	"github.com/renpy-cloud/renpyctl/internal/stage"
)

// Permission is something that a role may do only from then on, or no longer.
type Permission struct {
	Who   string // the function's short name, or the role's logical id
	Grant string // "s3:GetObject on arn:…"
	Lost  bool
}

// Permissions tells what a role's inline policies let it do after a change, and
// what no longer: nothing of a role that is new or removed, and nothing where
// CloudFormation does not give the role before and after as JSON.
func Permissions(c stack.Change) []Permission {
	if c.Type != "AWS::IAM::Role" || c.Action == stack.Add || c.Action == stack.Remove {
		return nil
	}
	who := c.LogicalID
	for _, f := range stage.Functions() {
		if f.Role == c.LogicalID {
			who = f.Name
		}
	}
	before, knownBefore := grants(c.Before)
	after, knownAfter := grants(c.After)
	if !knownBefore || !knownAfter {
		return nil
	}
	var list []Permission
	for _, g := range after {
		if !slices.Contains(before, g) {
			list = append(list, Permission{Who: who, Grant: g})
		}
	}
	for _, g := range before {
		if !slices.Contains(after, g) {
			list = append(list, Permission{Who: who, Grant: g, Lost: true})
		}
	}
	return list
}

// grants reads the inline policies of a role in CloudFormation's JSON into
// sentences: "s3:GetObject on arn:…". Known is false where there is no such JSON.
func grants(resource string) (list []string, known bool) {
	var role struct {
		Properties struct {
			Policies []struct {
				PolicyDocument struct {
					Statement []struct {
						Effect           string
						Action, Resource oneOrMany
					}
				}
			}
		}
	}
	if resource == "" || json.Unmarshal([]byte(resource), &role) != nil {
		return nil, false
	}
	for _, p := range role.Properties.Policies {
		for _, st := range p.PolicyDocument.Statement {
			for _, action := range st.Action {
				for _, r := range st.Resource {
					sentence := action + " on " + r
					if st.Effect == "Deny" {
						sentence = "not " + sentence
					}
					list = append(list, sentence)
				}
			}
		}
	}
	return list, true
}

// oneOrMany is a string or a list of strings, as policies have them. A value
// that is neither (a function that is not resolved) is kept as its JSON.
type oneOrMany []string

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneOrMany) UnmarshalJSON(b []byte) error {
	var many []json.RawMessage
	if json.Unmarshal(b, &many) != nil {
		many = []json.RawMessage{b}
	}
	for _, raw := range many {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		*o = append(*o, text)
	}
	return nil
}

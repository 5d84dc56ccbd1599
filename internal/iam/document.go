// Package iam writes the IAM policies under which renpyctl works: for whoever
// runs it, for CloudFormation, for support, and for GitHub Actions to assume a
// role. It calls nothing; the documents follow from the names of a stage.
//
// The actions of renpyctl's own calls are named by the Service Authorization
// Reference, those that CloudFormation makes by the "handlers" of its resource
// types' schemas (as aws-cloudformation/rain keeps them). A test holds both to
// the program's code and to the template.
package iam

import "maps"

// Document is a policy document.
type Document struct {
	Version   string // of the policy language
	Statement []Statement
}

// Statement is one statement of a policy. Its Sid says what it is for.
type Statement struct {
	Sid       string
	Effect    string
	Principal map[string]string `json:",omitempty"` // of trust policies only
	Action    []string
	Resource  []string  `json:",omitempty"` // of all but trust policies
	Condition Condition `json:",omitempty"`
}

// Condition holds the values that keys must have, by operator and key:
// {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}.
type Condition map[string]map[string]string

func document(statements ...Statement) Document {
	return Document{Version: "2012-10-17", Statement: statements}
}

func everything() []string { return []string{"*"} }

func allow(sid string, resources []string, actions ...string) Statement {
	return Statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources}
}

// when adds a condition to a statement that has none of that operator yet.
func (s Statement) when(operator, key, value string) Statement {
	conditions := Condition{operator: {key: value}}
	maps.Copy(conditions, s.Condition)
	s.Condition = conditions
	return s
}

package ui

import "testing"

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text          string
		width, indent int
		want          string
	}{
		{"one two three", 80, 4, "one two three"},
		{"one two three", 11, 4, "one two\n    three"},
		{"one two three", 12, 4, "one two\n    three"},
		{"one two three", 17, 4, "one two three"},
		{"to arn:aws:iam::123456789012:role/x now", 14, 2, "to\n  arn:aws:iam::123456789012:role/x\n  now"}, // to be copied
		{"日本 語", 9, 4, "日本\n    語"},
		{"--service-code lambda", 16, 0, "--service-code\nlambda"},
		{"", 10, 2, ""},
	} {
		if got := Wrap(c.text, c.width, c.indent); got != c.want {
			t.Errorf("%q in %d from %d:\n%s", c.text, c.width, c.indent, got)
		}
	}
}

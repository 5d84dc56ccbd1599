package logs

import (
	"encoding/json"
	"testing"
)

// Of every object that encoding/json reads, fields visits the same fields with the
// same values, and nothing makes it fail otherwise than by saying so.
func FuzzFields(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{ }`, `{"a":1}`, ` {"a" : "b\"}", "c":[1,{"d":"]"}] , "e":null}` + "\n", `{"a":{"b":{}},"a":-1.5e3}`,
		`{`, `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":"\`, `{"a":[}`, `{1:2}`, `{"a":}`, `{,}`, `{"a":1}x`, "", "\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, object string) {
		got := map[string]string{}
		whole := fields(object, func(name, value string) {
			var n string
			if json.Unmarshal([]byte(`"`+name+`"`), &n) == nil {
				got[n] = value
			}
			text(value)
			number(value)
			members(value)
		})
		var want map[string]json.RawMessage
		if json.Unmarshal([]byte(object), &want) != nil || want == nil {
			return
		}
		if !whole || len(got) != len(want) {
			t.Fatalf("%q: whole %v, fields %q; want %q", object, whole, got, want)
		}
		for name, value := range want {
			if got[name] != string(value) {
				t.Errorf("%q: %q is %q, want %q", object, name, got[name], value)
			}
		}
	})
}

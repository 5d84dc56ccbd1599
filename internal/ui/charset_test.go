package ui

import (
	"bytes"
	"fmt"
	"testing"
)

func TestForeignCharset(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"LANG": "C"}, false},
		{map[string]string{"LANG": "de_DE.UTF-8"}, false},
		{map[string]string{"LANG": "C.utf8"}, false},
		{map[string]string{"LANG": "de_DE.ISO-8859-15@euro"}, true},
		{map[string]string{"LANG": "ja_JP.eucJP", "LC_ALL": "C.UTF-8"}, false},
		{map[string]string{"LANG": "C.UTF-8", "LC_CTYPE": "ru_RU.KOI8-R"}, true},
	} {
		if got := foreignCharset(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: %v", c.env, got)
		}
	}
	var b bytes.Buffer
	fmt.Fprint(ascii{&b}, "✓ a → “säve” … "+spinner[0]+Accent("x"))
	if want := "+ a > \"s?ve\" . *" + Accent("x"); b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

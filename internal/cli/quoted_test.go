//go:build unix

package cli

import (
	"os/exec"
	"testing"
)

// What a hint quotes, a shell reads back as it was.
func TestQuoted(t *testing.T) {
	for _, word := range []string{
		"plain-word_1.zip", "", "My Game", "Ann's save", `$HOME`, "`id`", `a"b`, `it's $5 "a" \x`, `back\slash`, "a,b", "{x}", "*", "~", "säve", "#1", "a\nb", "!!", "50%",
	} {
		got, err := exec.Command("sh", "-c", "printf %s "+quoted(word)).Output()
		if err != nil || string(got) != word {
			t.Errorf("%q is typed as %s and read as %q, %v", word, quoted(word), got, err)
		}
	}
	for word, want := range map[string]string{"ann@example.com": "ann@example.com", "My Game": `"My Game"`, "a b$c": "'a b$c'"} {
		if got := quoted(word); got != want {
			t.Errorf("%q is typed as %s, want %s", word, got, want)
		}
	}
}

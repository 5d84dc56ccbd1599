package cli

import (
	"runtime"
	"strings"
	"unicode"
)

// quoted is a word of a command line as it can be typed into a shell, where that
// is possible in the same way into bash, PowerShell and cmd.
func quoted(word string) string {
	windows := runtime.GOOS == "windows"
	special := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_./:+=-@", r) && !(r == '\\' && windows)
	}
	switch {
	case word != "" && !strings.ContainsFunc(word, special):
		return word
	case !strings.ContainsAny(word, "$`\"!%") && (!strings.Contains(word, `\`) || windows && !strings.HasSuffix(word, `\`)):
		return `"` + word + `"`
	case !strings.Contains(word, "'"):
		return "'" + word + "'"
	case windows:
		return "'" + strings.ReplaceAll(word, "'", "''") + "'" // PowerShell
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

package ui

import (
	"io"
	"strings"
)

// foreignCharset tells whether the locale says that the terminal shows another
// character set than UTF-8, as de_DE.ISO-8859-1 does. C and POSIX say nothing of
// it: containers have them, and their terminals show UTF-8.
func foreignCharset(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} { // the order of setlocale(3)
		locale := getenv(name)
		if locale == "" {
			continue
		}
		_, charset, named := strings.Cut(locale, ".")
		charset, _, _ = strings.Cut(charset, "@")
		return named && strings.ReplaceAll(strings.ToLower(charset), "-", "") != "utf8"
	}
	return false
}

// ascii writes what such a terminal shows, a character for each, so that columns
// stay columns.
type ascii struct{ to io.Writer }

func (a ascii) Write(p []byte) (int, error) {
	_, err := io.WriteString(a.to, strings.Map(inASCII, string(p)))
	return len(p), err
}

var likeness = map[rune]rune{
	'✓': '+', '✗': 'x', '…': '.', '→': '>', '·': '.', '━': '=', '╺': '-', '─': '-', '×': 'x', '–': '-', '—': '-', '“': '"', '”': '"', '‘': '\'', '’': '\'',
}

func inASCII(r rune) rune {
	switch like, known := likeness[r]; {
	case r < 0x80:
		return r
	case known:
		return like
	case r >= 0x2800 && r <= 0x28ff: // a picture of the spinner
		return '*'
	}
	return '?'
}
